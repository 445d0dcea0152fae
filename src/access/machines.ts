import type { Principal } from "./model.ts";

/** Keys that machines have while they boot, as whoever keeps them knows them. */
export interface MachineKeys {
  /** Undefined: nobody's, or one that has ended. */
  holder(key: string): Promise<Principal | undefined>;
}

export const MACHINE_KEY = /^gantry_boot_[A-Za-z0-9_-]{43}$/;

/** The scope of endpoints that tell a machine of itself: by the key of its boot, or by the token of a structure. */
export const BOOT_SCOPE = "boot";

/** The scope of endpoints that take only the key of a boot. */
export const MACHINE_SCOPE = "machine";

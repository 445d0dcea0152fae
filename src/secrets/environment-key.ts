import { GantryError } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import { MASTER_KEY_UNREACHABLE } from "./errors.ts";
import { keyOf, localKey, type KeyProvider, type MasterKey } from "./master-key.ts";

const NOW = "GANTRY_MASTER_KEY";
const BEFORE = "GANTRY_MASTER_KEY_PREVIOUS";

/** What the environment had of master keys. */
export interface EnvironmentKeys {
  readonly now: string | undefined;
  /** The one before: to go over from it to the new one. */
  readonly before: string | undefined;
}

/** Takes the keys out of an environment, so that programs that are started with it do not get them. */
export function takeEnvironmentKeys(environment: NodeJS.ProcessEnv): EnvironmentKeys {
  const { [NOW]: now, [BEFORE]: before } = environment;
  delete environment[NOW];
  delete environment[BEFORE];
  return { now: now || undefined, before: before || undefined };
}

/** Master keys that came by the environment. */
export function environmentKeys({ now, before }: EnvironmentKeys, random: Random): KeyProvider {
  async function put(): Promise<MasterKey> {
    if (now === undefined) throw new GantryError(MASTER_KEY_UNREACHABLE, `${NOW} is not in the server's environment`);
    return localKey(keyOf(now, NOW), random);
  }
  return {
    source: "environment",
    async keys() {
      const key = await put();
      return before === undefined ? [key] : [key, localKey(keyOf(before, BEFORE), random)];
    },
    first: put,
    next: put,
    settle: async () => undefined,
    close: () => undefined,
  };
}

import { GantryError } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import { MASTER_KEY_INVALID } from "./errors.ts";
import { KEY_BYTES, keyName, open, seal, sealingKey } from "./seal.ts";

/** A key that wraps data keys. What wraps may be here or elsewhere (Vault). */
export interface MasterKey {
  /** Another key has another id. */
  readonly id: string;
  wrap(bytes: Uint8Array): Promise<Uint8Array>;
  /** Throws what says why: the wrong key, changed bytes, a place that does not answer. */
  unwrap(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A place that gives master keys. */
export interface KeyProvider {
  /** As `sourceText` writes it. */
  readonly source: string;
  /**
   * The keys that can be had there, the one that was put there last first. `wanted`: the id of the key that is needed, so that older ones
   * are looked for.
   *
   * Errors: `master_key_unreachable`, `master_key_invalid`.
   */
  keys(wanted?: string): Promise<readonly MasterKey[]>;
  /** The key of the very first start, made when the place is one where Gantry makes keys. */
  first(): Promise<MasterKey>;
  /** The key to go over to: a new one where Gantry makes keys, else the one that was put there last. */
  next(): Promise<MasterKey>;
  /** After the key with this id has become the current one, or was found to be it: what is left of going over is cleared up. */
  settle(id: string): Promise<void>;
  /** Stops what it does to stay known there. */
  close(): void;
}

const CONTEXT = ["gantry master key"];

/** A key of 32 bytes that is here. */
export function localKey(key: Uint8Array, random: Random): MasterKey {
  const kept = sealingKey(Buffer.from(key));
  return {
    id: keyName(kept),
    wrap: async (bytes) => seal(kept, 0, bytes, CONTEXT, random),
    unwrap: async (bytes) => open(kept, bytes, CONTEXT),
  };
}

/** 32 bytes of base64, as files, the environment and Vault hold them; white space around it does not count. Errors: `master_key_invalid`. */
export function keyOf(text: string, where: string): Buffer {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, "base64");
  const exact = /^[A-Za-z0-9+/]{43}=?$/.test(trimmed);
  if (!exact || key.length !== KEY_BYTES)
    throw new GantryError(MASTER_KEY_INVALID, `${where} does not hold 32 bytes in base64`);
  return key;
}

const CHECK = Buffer.from("gantry master key check: the key that gives this back is the right one");

/** What is stored to know the key again. */
export function checkOf(key: MasterKey): Promise<Uint8Array> {
  return key.wrap(CHECK);
}

/** Whether the key is the one of which the check value was made. Throws only when its place does not answer. */
export async function isKeyOf(key: MasterKey, check: Uint8Array): Promise<boolean> {
  try {
    return CHECK.equals(await key.unwrap(check));
  } catch (error) {
    if (error instanceof GantryError && error.kind !== MASTER_KEY_INVALID) throw error;
    return false;
  }
}

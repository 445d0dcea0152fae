import { createHmac } from "node:crypto";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import { SECRET_DAMAGED } from "./errors.ts";
import type { Keyring } from "./keyring.ts";
import { derivedKey, generationOf, NotSealedHere, open, seal, type SealContext } from "./seal.ts";

/**
 * Sealing for every room: bytes that only this server opens again, bound to a tenant and a context (what they are and whose). Data keys are
 * read outside of transactions: seal before one begins, open after it ended.
 */
export interface Sealer {
  /** Errors: `secrets_locked`. */
  seal(tenantId: Id, bytes: Uint8Array, context: SealContext): Promise<Buffer>;
  /** Seals many at once with one key, without waiting in between. Errors: `secrets_locked`. */
  sealing(tenantId: Id, count: number): Promise<TenantSealer>;
  /** Errors: `secrets_locked`, `secret_damaged`. */
  open(tenantId: Id, sealed: Uint8Array, context: SealContext): Promise<Buffer>;
  /**
   * A fingerprint of what may be guessed, as hexadecimal: the same for the same parts, and worth nothing to who has the database alone.
   *
   * Errors: `secrets_locked`.
   */
  fingerprint(tenantId: Id, parts: readonly string[]): Promise<string>;
}

export interface TenantSealer {
  readonly generation: number;
  /** As often as was said before. */
  seal(bytes: Uint8Array, context: SealContext): Buffer;
}

export function createSealer({ keyring, random }: { readonly keyring: Keyring; readonly random: Random }): Sealer {
  async function sealing(tenantId: Id, count: number): Promise<TenantSealer> {
    const { generation, key } = await keyring.sealing(tenantId, count);
    let left = count;
    return {
      generation,
      seal(bytes, context) {
        left -= 1;
        if (left < 0) throw new Error("more is sealed than nonces were set aside for");
        return seal(key, generation, bytes, [tenantId, ...context], random);
      },
    };
  }

  return {
    seal: async (tenantId, bytes, context) => (await sealing(tenantId, 1)).seal(bytes, context),
    sealing,
    async open(tenantId, sealed, context) {
      try {
        const found = await keyring.opening(tenantId, generationOf(sealed));
        if (found === undefined) throw new NotSealedHere("its data key is not there");
        return open(found.key, sealed, [tenantId, ...context]);
      } catch (cause) {
        if (!(cause instanceof NotSealedHere)) throw cause;
        throw new GantryError(SECRET_DAMAGED, `a sealed value does not open: ${cause.message}`, { cause });
      }
    },
    async fingerprint(tenantId, parts) {
      // The first key stays for good, so that a fingerprint outlives a new one.
      let first = await keyring.opening(tenantId, 1);
      if (first === undefined) {
        await keyring.sealing(tenantId, 1);
        first = await keyring.opening(tenantId, 1);
      }
      if (first === undefined) throw new Error("a tenant with data keys has no first one");
      const hash = createHmac("sha256", derivedKey(first.key, "fingerprint"));
      for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
      return hash.digest("hex");
    },
  };
}

import { hashToken, MACHINE_KEY, UNAUTHENTICATED } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { Sealer } from "../secrets/index.ts";
import type { BootKey } from "./model.ts";
import { deleteKeys, insertKey, selectKey, selectKeys } from "./store.ts";

/**
 * Keys of machines that boot. A key is worked out from its id under the tenant's data key, so that it can be told to the machine again (by
 * DHCP, on the kernel's command line) though only its hash is kept. A foundation has one at a time.
 */
export interface BootKeys {
  /** A key that is not there yet. Not inside a transaction. Errors: `secrets_locked`. */
  draft(tenantId: Id): Promise<KeyDraft>;
  /** Makes a draft good; those the foundation had before end. */
  mint(tx: Transaction, draft: KeyDraft, holder: KeyHolder): Promise<BootKey>;
  /** The key that a foundation has now, for who tells it to the machine. Errors: `secrets_locked`. */
  current(foundationId: Id): Promise<{ readonly key: string; readonly expiresAt: number } | undefined>;
  /** When the key of a foundation ends; null: it has none. */
  expiryOf(foundationId: Id): Promise<number | null>;
  /** Whose key it is. Errors: `unauthenticated`, the same whatever is wrong. */
  admit(key: string): Promise<BootKey>;
}

export interface KeyDraft {
  readonly id: Id;
  readonly key: string;
}

export type KeyHolder = Pick<BootKey, "tenantId" | "foundationId" | "structureId" | "jobId">;

/** Milliseconds a key lasts: a slow installation, with all it fetches. */
export const KEY_MILLISECONDS = 4 * 60 * 60 * 1000;

export interface BootKeysParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly sealer: Pick<Sealer, "fingerprint">;
}

export function createBootKeys({ database, clock, random, sealer }: BootKeysParts): BootKeys {
  async function keyOf(tenantId: Id, id: Id): Promise<string> {
    const mac = await sealer.fingerprint(tenantId, ["boot key", id]);
    return `gantry_boot_${Buffer.from(mac, "hex").toString("base64url")}`;
  }

  async function live(foundationId: Id): Promise<BootKey | undefined> {
    const [newest] = await selectKeys(database.kysely, foundationId);
    return newest === undefined || newest.closed || newest.suspended || newest.expiresAt <= clock.now()
      ? undefined
      : newest;
  }

  return {
    async draft(tenantId) {
      const id = random.id();
      return { id, key: await keyOf(tenantId, id) };
    },
    async mint(tx, { id, key }, holder) {
      const now = clock.now();
      await deleteKeys(tx, { expiredAt: now });
      await deleteKeys(tx, { foundationId: holder.foundationId });
      const hash = hashOf(key);
      const made = {
        id,
        ...holder,
        hash,
        createdAt: now,
        expiresAt: now + KEY_MILLISECONDS,
        closed: false,
        suspended: false,
      };
      await insertKey(tx, made);
      return made;
    },
    async current(foundationId) {
      const key = await live(foundationId);
      return key === undefined ? undefined : { key: await keyOf(key.tenantId, key.id), expiresAt: key.expiresAt };
    },
    expiryOf: async (foundationId) => (await live(foundationId))?.expiresAt ?? null,
    async admit(key) {
      const found = MACHINE_KEY.test(key) ? await selectKey(database.kysely, hashOf(key)) : undefined;
      if (found === undefined || found.suspended || found.expiresAt <= clock.now()) throw refused();
      return found;
    },
  };
}

/** The one answer to whoever may not ask, whatever is wrong. */
export function refused(): GantryError {
  return new GantryError(UNAUTHENTICATED, "the token is not valid");
}

function hashOf(key: string): string {
  return hashToken(key).sha256.toString("hex");
}

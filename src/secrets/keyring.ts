import type { KeyObject } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import { isUniqueViolation, type Database, type Transaction } from "../platform/database/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { MASTER_KEY_UNCHANGED, SECRET_DAMAGED, SECRETS_LOCKED } from "./errors.ts";
import {
  holdMasterKey,
  insertDataKey,
  reserveNonces,
  rewrapDataKey,
  saveMasterKey,
  selectDataKeys,
  selectMasterKey,
} from "./keys-store.ts";
import { checkOf, isKeyOf, type KeyProvider, type MasterKey } from "./master-key.ts";
import type { DataKey, MasterKeyRecord } from "./model.ts";
import { KEY_BYTES, NotSealedHere, packed, sealingKey, unpacked } from "./seal.ts";

/**
 * The keys in memory: the master key as far as it is at hand, and the data keys of tenants that were asked for. Without the right master
 * key the ring is locked: it says which key is needed, tries again by itself, and everything else of the server goes on.
 */
export interface Keyring {
  /** Looks for the master key; makes one at the very first start. Never throws for a key that is missing. */
  start(): Promise<void>;
  /** Looks for the master key now. Errors: `secrets_locked`. */
  unlock(): Promise<void>;
  readonly status: KeyringStatus;
  /** The newest data key of a tenant, made when there is none, with so many nonces set aside. Not inside a transaction. Errors: `secrets_locked`. */
  sealing(tenantId: Id, count: number): Promise<OpenDataKey>;
  /** A data key by its generation; undefined when there is none. Not inside a transaction. Errors: `secrets_locked`. */
  opening(tenantId: Id, generation: number): Promise<OpenDataKey | undefined>;
  /**
   * Gives a tenant a new data key: what is sealed from now on is sealed by it. `also`: what else is written in the same transaction.
   *
   * Errors: `secrets_locked`.
   */
  renew(tenantId: Id, also?: (tx: Transaction, generation: number) => Promise<void>): Promise<number>;
  /**
   * Goes over to another master key: all data keys are wrapped by it, or none. `also`: what else is written in the same transaction.
   *
   * Errors: `secrets_locked`, `master_key_unchanged`, and those of the place.
   */
  goOver(
    provider: KeyProvider,
    also?: (tx: Transaction, change: MasterKeyChange) => Promise<void>,
  ): Promise<MasterKeyChange>;
  stop(): void;
}

export interface OpenDataKey {
  readonly generation: number;
  readonly key: KeyObject;
}

export interface MasterKeyChange {
  readonly before: string;
  readonly id: string;
  readonly source: string;
  /** How many data keys were wrapped anew. */
  readonly dataKeys: number;
}

export interface KeyringStatus {
  readonly state: "open" | "locked";
  /** Why it is locked. */
  readonly reason: string | null;
  /** The master key that is needed (or in use): its id, and where it was last got. Null before the first start. */
  readonly masterKey: { readonly id: string; readonly source: string; readonly since: number } | null;
}

export interface KeyringParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** The place that the configuration names. */
  readonly provider: KeyProvider;
  /** A place by what the database has of it. Errors: `master_key_source_invalid`. */
  readonly providerOf: (source: string) => KeyProvider;
  /** How often one data key may seal. */
  readonly mostSeals?: number;
}

/** Milliseconds until a missing master key is looked for again. */
const TRY_AGAIN = 10_000;
/** Nonces are set aside in blocks, so that not every value is a write more. */
const BLOCK = 65_536;
/**
 * NIST SP 800-38D, 8.3: with random nonces a key seals at most 2^32 times. Half of it, and the tenant gets a new key.
 */
const MOST_SEALS = 2 ** 31;
/** How often somebody else may be faster. */
const TRIES = 10;

interface Ring {
  readonly master: MasterKey;
  readonly provider: KeyProvider;
  readonly record: MasterKeyRecord;
}

type AlsoMade = (tx: Transaction, generation: number) => Promise<void>;

interface TenantKeys {
  readonly keys: Map<number, KeyObject>;
  newest: number;
  /** Nonces of the newest key that are set aside and not used yet. */
  left: number;
}

export function createKeyring(parts: KeyringParts): Keyring {
  const { database, clock, random, log, mostSeals = MOST_SEALS } = parts;
  const tenants = new Map<Id, TenantKeys>();
  const block = Math.min(BLOCK, mostSeals);
  let ring: Ring | undefined;
  let needed: MasterKeyRecord | undefined;
  let reason = "the server has not looked for the master key yet";
  let cancelTry = (): void => {};
  let stopped = false;
  let looking: Promise<void> | undefined;

  /** Where the key is looked for, and why it is not found, is for who looks after the server: `gantry secret status` tells it. */
  function locked(): GantryError {
    const key = needed === undefined ? "no master key is at hand" : `the master key ${needed.id} is needed`;
    return new GantryError(SECRETS_LOCKED, `secrets are locked: ${key}`);
  }

  function opened(): Ring {
    if (ring === undefined) throw locked();
    return ring;
  }

  async function look(): Promise<void> {
    needed = await selectMasterKey(database.kysely);
    ring = needed === undefined ? await firstRing() : await ringOf(needed);
    needed = ring.record;
    await settle(ring);
  }

  /** The key is there whether or not its file gets its name now: the next start clears up. */
  async function settle({ provider, record }: Ring): Promise<void> {
    await provider
      .settle(record.id)
      .catch((error: unknown) => log.warn({ error: messageOf(error) }, "clearing up after a new master key failed"));
  }

  async function firstRing(): Promise<Ring> {
    const { provider } = parts;
    const master = await provider.first();
    const check = await checkOf(master);
    const made = { id: master.id, source: provider.source, check, createdAt: clock.now() };
    await database.transaction(async (tx) => {
      if ((await selectMasterKey(tx)) === undefined) await saveMasterKey(tx, made);
    });
    const record = await selectMasterKey(database.kysely);
    // Another server may have been first.
    return record === undefined || record.id === master.id
      ? { master, provider, record: { ...made, current: true } }
      : ringOf(record);
  }

  /** The place of the configuration is asked first, then the one where the key was last got. */
  async function ringOf(record: MasterKeyRecord): Promise<Ring> {
    const elsewhere = record.source === parts.provider.source ? [] : [() => parts.providerOf(record.source)];
    const found: string[] = [];
    for (const place of [() => parts.provider, ...elsewhere]) {
      try {
        const provider = place();
        for (const master of await provider.keys(record.id)) {
          if (master.id === record.id && (await isKeyOf(master, record.check))) {
            if (provider !== parts.provider)
              log.warn(
                { configured: parts.provider.source, used: record.source },
                "the configuration names another place than that of the master key: go over to it, or name the old one",
              );
            return { master, provider, record };
          }
          found.push(`${provider.source} holds another key (${master.id})`);
        }
      } catch (error) {
        found.push(messageOf(error));
      }
    }
    throw new GantryError(SECRETS_LOCKED, found.join("; "));
  }

  async function lookAndTell(): Promise<void> {
    try {
      await look();
      log.info({ masterKey: ring?.record.id, source: ring?.provider.source }, "secrets are open");
    } catch (error) {
      const before = ring === undefined ? reason : "";
      ring = undefined;
      reason = messageOf(error);
      // Once for each reason, however often it is looked for again.
      if (reason !== before) log.error({ masterKey: needed?.id, source: needed?.source, reason }, "secrets are locked");
      tryAgainLater();
    }
  }

  /** One look at a time: whoever asks meanwhile waits for the same. */
  function lookOnce(): Promise<void> {
    looking ??= lookAndTell().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  function tryAgainLater(): void {
    cancelTry();
    if (stopped) return;
    cancelTry = clock.after(TRY_AGAIN, () => void lookOnce());
  }

  async function keysOf(tenantId: Id, reload = false): Promise<TenantKeys> {
    opened();
    const known = tenants.get(tenantId);
    if (known !== undefined && !reload) return known;
    const rows = await selectDataKeys(database.kysely, tenantId);
    const unwrappedKeys: (readonly [number, KeyObject])[] = [];
    for (const row of rows)
      if (known?.keys.has(row.generation) !== true) unwrappedKeys.push([row.generation, await unwrapped(row)]);
    // Of others that ask at the same time, one may have been here meanwhile.
    const kept: TenantKeys = tenants.get(tenantId) ?? { keys: new Map(), newest: 0, left: 0 };
    tenants.set(tenantId, kept);
    for (const [generation, key] of unwrappedKeys) kept.keys.set(generation, key);
    const newest = rows.at(-1)?.generation ?? 0;
    if (newest > kept.newest) {
      kept.newest = newest;
      kept.left = 0;
    }
    return kept;
  }

  /** Another server may have gone over to a new master key: then that is looked for once. */
  async function unwrapped(row: DataKey): Promise<KeyObject> {
    if (opened().record.id !== row.masterKeyId) {
      await lookOnce();
      if (opened().record.id !== row.masterKeyId) return unwrapped((await freshRow(row)) ?? row);
    }
    try {
      return sealingKey(unpacked(await opened().master.unwrap(row.wrapped), row.tenantId, row.generation));
    } catch (cause) {
      if (!(cause instanceof NotSealedHere)) throw cause;
      throw new GantryError(
        SECRET_DAMAGED,
        `data key ${row.generation} of the tenant ${row.tenantId} does not open: ${cause.message}`,
        { cause },
      );
    }
  }

  async function freshRow(row: DataKey): Promise<DataKey | undefined> {
    const found = (await selectDataKeys(database.kysely, row.tenantId)).find(
      ({ generation }) => generation === row.generation,
    );
    if (found?.masterKeyId === row.masterKeyId) throw locked();
    return found;
  }

  /** False: somebody else made it, or went over to another master key, in the same moment. */
  async function makeDataKey(tenantId: Id, generation: number, also: AlsoMade): Promise<boolean> {
    const { master, record } = opened();
    const key = Buffer.from(random.token(KEY_BYTES), "base64url");
    const wrapped = await master.wrap(packed(key, tenantId, generation));
    const row: DataKey = {
      tenantId,
      generation,
      wrapped,
      masterKeyId: record.id,
      reserved: 0,
      createdAt: clock.now(),
    };
    try {
      return await database.transaction(async (tx) => {
        if (!(await holdMasterKey(tx, record.id))) return false;
        await insertDataKey(tx, row);
        await also(tx, generation);
        return true;
      });
    } catch (error) {
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }

  async function renew(tenantId: Id, also: AlsoMade = async () => undefined): Promise<number> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const { newest } = await keysOf(tenantId, true);
      if (await makeAfter(tenantId, newest, also)) return newest + 1;
    }
    throw new Error("a data key could not be made: others were faster each time");
  }

  /** Makes the data key behind this one. False: somebody else did, or went over to another master key, which then is known. */
  async function makeAfter(tenantId: Id, newest: number, also: AlsoMade = async () => undefined): Promise<boolean> {
    const made = await makeDataKey(tenantId, newest + 1, also);
    if (!made && (await selectMasterKey(database.kysely))?.id !== opened().record.id) await lookOnce();
    await keysOf(tenantId, true);
    return made;
  }

  async function sealing(tenantId: Id, count: number): Promise<OpenDataKey> {
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const found = await keysOf(tenantId);
      const key = found.keys.get(found.newest);
      if (key === undefined) {
        await makeAfter(tenantId, 0);
      } else if (found.left >= count) {
        found.left -= count;
        return { generation: found.newest, key };
      } else {
        const wanted = Math.max(block, count);
        const place = { tenantId, generation: found.newest };
        if (await reserveNonces(database.kysely, place, wanted, mostSeals)) {
          found.left += wanted;
          // Whoever renewed the key elsewhere is noticed here at the latest.
          await keysOf(tenantId, true);
        } else await makeAfter(tenantId, found.newest);
      }
    }
    throw new Error("no data key could be had: others were faster each time");
  }

  async function wrapAll(from: MasterKey, to: MasterKey, rows: readonly DataKey[]): Promise<readonly Uint8Array[]> {
    const wrapped: Uint8Array[] = [];
    for (const row of rows) {
      // What does not belong there is told before anything is changed.
      const key = unpacked(await from.unwrap(row.wrapped), row.tenantId, row.generation);
      wrapped.push(await to.wrap(packed(key, row.tenantId, row.generation)));
    }
    return wrapped;
  }

  async function goOver(
    provider: KeyProvider,
    also: (tx: Transaction, change: MasterKeyChange) => Promise<void> = async () => undefined,
  ): Promise<MasterKeyChange> {
    const before = opened();
    const next = await provider.next();
    const staysThere = next.id === before.record.id;
    // Within Vault a new version of the same key is something to go over to.
    if (staysThere && !next.id.startsWith("transit/"))
      throw new GantryError(
        MASTER_KEY_UNCHANGED,
        `${provider.source} gives the master key ${next.id}, which is in use already`,
      );
    const record = { id: next.id, source: provider.source, check: await checkOf(next), createdAt: clock.now() };
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const rows = await selectDataKeys(database.kysely);
      const wrapped = await wrapAll(before.master, next, rows);
      const change: MasterKeyChange = {
        before: before.record.id,
        id: next.id,
        source: provider.source,
        dataKeys: rows.length,
      };
      const done = await database.transaction(async (tx) => {
        if (!(await holdMasterKey(tx, before.record.id))) return undefined;
        // Nobody makes a data key now: who does holds the same row.
        if ((await selectDataKeys(tx)).length !== rows.length) return false;
        await saveMasterKey(tx, record);
        for (const [index, row] of rows.entries()) await rewrapDataKey(tx, row, wrapped[index]!, next.id);
        await also(tx, change);
        return true;
      });
      if (done === undefined) {
        await lookOnce();
        throw new GantryError(MASTER_KEY_UNCHANGED, "another server has just gone over to a new master key");
      }
      if (!done) continue;
      ring = { master: next, provider, record: { ...record, current: true } };
      needed = ring.record;
      await settle(ring);
      log.info({ masterKey: next.id, source: provider.source, dataKeys: rows.length }, "the master key is a new one");
      return change;
    }
    throw new Error("going over to a new master key failed: others made data keys each time");
  }

  return {
    start: lookOnce,
    async unlock() {
      if (ring === undefined) await lookOnce();
      opened();
    },
    get status(): KeyringStatus {
      const record = ring?.record ?? needed;
      return {
        state: ring === undefined ? "locked" : "open",
        reason: ring === undefined ? reason : null,
        masterKey: record === undefined ? null : { id: record.id, source: record.source, since: record.createdAt },
      };
    },
    sealing,
    async opening(tenantId, generation) {
      const known = (await keysOf(tenantId)).keys.get(generation);
      const key = known ?? (await keysOf(tenantId, true)).keys.get(generation);
      return key === undefined ? undefined : { generation, key };
    },
    renew,
    goOver,
    stop() {
      stopped = true;
      cancelTry();
    },
  };
}

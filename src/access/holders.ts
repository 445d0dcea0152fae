import type { Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import { createGroupCommit, type Database } from "../platform/database/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { accountById } from "./account-store.ts";
import { ACCESS_SUBJECT, type AccessChanges } from "./changes.ts";
import { compiled } from "./compiled.ts";
import type { AccountHolder, AccountTokens } from "./door.ts";
import type { Principal } from "./model.ts";
import { bindingsOfAccount, grantsOf } from "./role-store.ts";
import { tokenByHash, tokenById, wasRevoked, writeUse } from "./token-store.ts";

/**
 * Who holds which token, and what they may do: kept in memory between requests. A change that is made on this server is known before
 * whoever made it is answered; one that is made on another server on the same database, at most `LOOK_MILLISECONDS` later.
 */
export interface Holders extends AccountTokens {
  /** An account by itself, without a token. Undefined: it is gone, or may not be used. */
  account(id: Id): Promise<AccountHolder | undefined>;
  /**
   * Who started something with a token, as far as he may still act: with no more than the token allows. A token that has ended since does not
   * matter; one that was revoked does.
   *
   * @returns `account`, `token`: which of the two is gone, may not be used, or was revoked
   */
  starter(who: { readonly accountId: Id; readonly tokenId: Id | null }): Promise<AccountHolder | "account" | "token">;
  /**
   * Calls `look` whenever somebody's rights may be others than before, until what it returns is called. For what goes on for long: it asks
   * again whether it may.
   */
  watch(principal: Pick<Principal, "kind">, look: () => void): () => void;
  /** Resolves when what is being written of uses is written. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

export interface HolderParts {
  readonly database: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly changes: AccessChanges;
}

/** How long a change on another server may stay unseen, and a token that ends may feed a stream. */
export const LOOK_MILLISECONDS = 1000;

/** How often the last use of a token is written at the most. */
const USE_MILLISECONDS = 60_000;

/** Tokens in memory. */
const MOST_KEPT = 20_000;

interface Kept {
  readonly holder: AccountHolder;
  readonly expiresAt: number;
  lastUsedAt: number;
}

export function createHolders({ database, bus, clock, log, changes }: HolderParts): Holders {
  const kept = new Map<string, Kept>();
  const watchers = new Set<() => void>();
  const uses = createGroupCommit(database);
  const writing = new Set<Promise<void>>();
  /** Counts how often all was forgotten: what was read before must not be kept after. */
  let generation = 0;
  let revision = -1;
  let looked = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;
  let cancelTick = (): void => {};

  function forget(): void {
    generation += 1;
    kept.clear();
    for (const watcher of watchers) watcher();
  }
  changes.onChange(forget);
  const unsubscribe = bus.subscribe(ACCESS_SUBJECT, () => {
    looked = Number.NEGATIVE_INFINITY;
  });

  function isRecent(): boolean {
    // A clock that was put back must not make us trust for hours.
    return Math.abs(clock.now() - looked) < LOOK_MILLISECONDS;
  }

  async function compareRevision(): Promise<void> {
    const now = await changes.revision();
    looked = clock.now();
    if (now === revision) return;
    revision = now;
    forget();
  }

  /** Asks the database whether another server changed something. Many who ask at once ask it once. */
  function look(): Promise<void> {
    looking ??= compareRevision().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  async function load(key: string, read: () => Promise<Kept | undefined>): Promise<Kept | undefined> {
    for (;;) {
      const before = generation;
      const found = await read();
      if (before !== generation) continue;
      if (found === undefined) return undefined;
      if (kept.size >= MOST_KEPT) kept.delete(kept.keys().next().value!);
      kept.set(key, found);
      return found;
    }
  }

  async function ofToken(sha256: string): Promise<Kept | undefined> {
    const token = await tokenByHash(database.kysely, sha256);
    if (token === undefined) return undefined;
    const account = await accountById(database.kysely, token.accountId);
    if (account === undefined || account.disabledAt !== null) return undefined;
    const bindings = await bindingsOfAccount(database.kysely, account.id, account.directoryGroups);
    const holder = compiled(account, token, await grantsOf(database.kysely, bindings));
    return { holder, expiresAt: token.expiresAt, lastUsedAt: token.lastUsedAt ?? Number.NEGATIVE_INFINITY };
  }

  async function ofAccount(id: Id): Promise<Kept | undefined> {
    const account = await accountById(database.kysely, id);
    if (account === undefined || account.disabledAt !== null) return undefined;
    const bindings = await bindingsOfAccount(database.kysely, account.id, account.directoryGroups);
    const holder = compiled(account, undefined, await grantsOf(database.kysely, bindings));
    return { holder, expiresAt: Number.POSITIVE_INFINITY, lastUsedAt: 0 };
  }

  async function ofStarter(accountId: Id, tokenId: Id): Promise<Kept | undefined> {
    const account = await accountById(database.kysely, accountId);
    if (account === undefined || account.disabledAt !== null) return undefined;
    if (await wasRevoked(database.kysely, tokenId)) return undefined;
    const token = await tokenById(database.kysely, tokenId);
    const bindings = await bindingsOfAccount(database.kysely, account.id, account.directoryGroups);
    const holder = compiled(account, token, await grantsOf(database.kysely, bindings));
    return { holder, expiresAt: Number.POSITIVE_INFINITY, lastUsedAt: 0 };
  }

  async function starter(accountId: Id, tokenId: Id | null): Promise<AccountHolder | "account" | "token"> {
    if (!isRecent()) await look();
    const key = tokenId === null ? `account ${accountId}` : `starter ${accountId} ${tokenId}`;
    const read = (): Promise<Kept | undefined> =>
      tokenId === null ? ofAccount(accountId) : ofStarter(accountId, tokenId);
    const found = kept.get(key) ?? (await load(key, read));
    if (found !== undefined) return found.holder;
    return tokenId !== null && (await wasRevoked(database.kysely, tokenId)) ? "token" : "account";
  }

  function used(found: Kept): AccountHolder | undefined {
    const now = clock.now();
    if (found.expiresAt <= now) return undefined;
    if (now - found.lastUsedAt >= USE_MILLISECONDS) {
      found.lastUsedAt = now;
      writeLater(found.holder.tokenId!, now);
    }
    return found.holder;
  }

  /** Together with other uses, and never on a request's way. */
  function writeLater(tokenId: Id, at: number): void {
    const done = uses
      .submit((tx) => writeUse(tx, tokenId, at))
      .catch((error: unknown) => log.warn({ error: messageOf(error) }, "the use of a token was not written"))
      .finally(() => writing.delete(done));
    writing.add(done);
  }

  async function findToken(key: string): Promise<AccountHolder | undefined> {
    if (!isRecent()) await look();
    const found = kept.get(key) ?? (await load(key, () => ofToken(key)));
    return found === undefined ? undefined : used(found);
  }

  function tick(): void {
    cancelTick();
    cancelTick = () => {};
    if (watchers.size === 0) return;
    cancelTick = clock.after(LOOK_MILLISECONDS, () => {
      // Tokens end by time as well, of which nobody tells.
      for (const watcher of watchers) watcher();
      tick();
    });
  }

  return {
    holder(token) {
      const key = token.sha256.toString("hex");
      const found = isRecent() ? kept.get(key) : undefined;
      return found === undefined ? findToken(key) : used(found);
    },
    async account(id) {
      const found = await starter(id, null);
      return typeof found === "string" ? undefined : found;
    },
    starter: ({ accountId, tokenId }) => starter(accountId, tokenId),
    watch(principal, changed) {
      // The owner of the server is who he is as long as the server runs.
      if (principal.kind === "administrator" || principal.kind === "server") return () => {};
      const watcher = (): void => changed();
      watchers.add(watcher);
      if (watchers.size === 1) tick();
      return () => {
        watchers.delete(watcher);
        if (watchers.size === 0) tick();
      };
    },
    async settled() {
      await Promise.all(writing);
    },
    async close() {
      unsubscribe();
      watchers.clear();
      tick();
      await Promise.all(writing);
    },
  };
}

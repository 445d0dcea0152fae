import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database, Queries, Transaction } from "../platform/database/index.ts";
import type { Account, AccountToken } from "./account-model.ts";
import { accountById } from "./account-store.ts";
import { requireToManage, unknownAccount, visibleAccount } from "./account-service.ts";
import type { TenantNames } from "./door.ts";
import { ACCOUNT_INVALID, ACCOUNT_NEEDED, RIGHTS_EXCEEDED, TOKEN_INVALID, TOKEN_UNKNOWN } from "./errors.ts";
import { requireToGive } from "./giving.ts";
import type { Principal } from "./model.ts";
import type { Permission } from "./permissions.ts";
import { placeOfScope, type Places } from "./places.ts";
import type { Grant } from "./policy.ts";
import { bindingsOfAccount, grantsOf } from "./role-store.ts";
import { deleteExpired, deleteToken, insertToken, tokenById, tokensOfAccount, writeRevoked } from "./token-store.ts";
import { hashToken } from "./token.ts";
import type { AccessWrites } from "./writes.ts";

export interface TokenDraft {
  readonly name: string;
  /** Seconds. Left out: 90 days, or as long as the token that makes it. */
  readonly expiresIn?: number | undefined;
  /** What it allows at the most. Left out: all that its account may do, or what the token that makes it allows. */
  readonly permissions?: readonly Permission[] | undefined;
  /** Id or name of the only tenant it opens. */
  readonly tenant?: string | undefined;
}

/** A token that was made: told here, and never again. */
export type NewToken = AccountToken & { readonly token: string };

export interface TokenService {
  /** Of an account, by id or name; undefined: of who asks, as everywhere below. Errors: `account_unknown`, `account_needed`. */
  list(principal: Principal, account: string | undefined): Promise<readonly AccountToken[]>;
  /** Errors: `account_unknown`, `account_needed`, `token_invalid`, `rights_exceeded`, `forbidden`. */
  create(principal: Principal, account: string | undefined, draft: TokenDraft): Promise<NewToken>;
  /** By id or name. Errors: `account_unknown`, `account_needed`, `token_unknown`, `forbidden`. */
  revoke(principal: Principal, account: string | undefined, idOrName: string): Promise<void>;
}

export interface TokenServiceParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly writes: AccessWrites;
  readonly places: Places;
  readonly tenants: TenantNames;
}

const DAY = 24 * 60 * 60 * 1000;
const USUAL_LIFE = 90 * DAY;
const LONGEST_LIFE = 366 * DAY;
const MOST_TOKENS = 100;
/** How long a token is listed that has ended. */
const SHOWN_AFTER_END = 30 * DAY;

export function createTokenService(parts: TokenServiceParts): TokenService {
  const { database, clock, random, writes, places, tenants } = parts;

  /** The token must be less, or as much, as the one it is made with. */
  async function limited(principal: Principal, draft: TokenDraft): Promise<Omit<AccountToken, "id" | "accountId">> {
    const now = clock.now();
    const maker = principal.tokenId === undefined ? undefined : await tokenById(database.kysely, principal.tokenId);
    const tenantId = draft.tenant === undefined ? null : await tenantFor(principal, draft.tenant);
    // Who has just logged in stands there himself: the session is short so that it is not left behind, not so that its work is.
    const latest = maker === undefined || maker.kind === "session" ? now + LONGEST_LIFE : maker.expiresAt;
    const expiresAt =
      draft.expiresIn === undefined ? Math.min(now + USUAL_LIFE, latest) : now + Math.round(draft.expiresIn * 1000);
    if (!(expiresAt > now) || expiresAt > now + LONGEST_LIFE)
      throw new GantryError(TOKEN_INVALID, `a token lasts from one second to ${LONGEST_LIFE / DAY} days`);
    if (expiresAt > latest)
      throw new GantryError(
        RIGHTS_EXCEEDED,
        `the token that asks ends ${new Date(latest).toISOString()}: what it makes ends no later`,
      );
    const allowed = maker?.permissions ?? null;
    const more = allowed === null ? [] : (draft.permissions ?? []).filter((one) => !allowed.includes(one));
    if (more.length > 0)
      throw new GantryError(RIGHTS_EXCEEDED, `the token that asks does not allow ${more.join(", ")}`, {
        details: { missing: more },
      });
    const only = maker?.tenantId ?? null;
    if (only !== null && tenantId !== null && only !== tenantId)
      throw new GantryError(RIGHTS_EXCEEDED, "the token that asks opens another tenant alone");
    return {
      name: draft.name,
      kind: "personal",
      permissions: draft.permissions ?? allowed,
      tenantId: only ?? tenantId,
      expiresAt,
      lastUsedAt: null,
      createdAt: now,
    };
  }

  async function tenantFor(principal: Principal, idOrName: string): Promise<Id> {
    const found = await tenants.find(idOrName).catch((error: unknown) => {
      if (error instanceof GantryError) return undefined;
      throw error;
    });
    if (found === undefined || principal.rightsIn(found.id) === undefined) throw tenants.unknown(idOrName);
    return found.id;
  }

  /** What the token will open must be the maker's own already. */
  async function requireWithin(
    principal: Principal,
    account: Account,
    { permissions, tenantId }: Pick<AccountToken, "permissions" | "tenantId">,
  ): Promise<void> {
    const grants = await grantsOfAccount(database.kysely, account);
    const used = grants.filter(
      ({ scope }) => tenantId === null || scope.kind === "server" || scope.tenantId === tenantId,
    );
    const all = new Set(used.flatMap((grant) => grant.permissions));
    const unheld = (permissions ?? []).filter((one) => !all.has(one));
    if (unheld.length > 0)
      throw new GantryError(RIGHTS_EXCEEDED, `account '${account.name}' does not hold ${unheld.join(", ")} itself`, {
        details: { missing: unheld },
      });
    if (account.id === principal.accountId) return;
    for (const { scope, ...grant } of used) {
      const given =
        permissions === null ? grant.permissions : grant.permissions.filter((one) => permissions.includes(one));
      const at = scope.kind === "server" ? undefined : placeOfScope(scope, await places.in(scope.tenantId));
      requireToGive(principal, { permissions: given, scope }, at);
    }
  }

  async function own(principal: Principal): Promise<Account> {
    const { accountId, name } = principal;
    if (accountId === undefined) throw new GantryError(ACCOUNT_NEEDED, `${name} is no account`);
    const found = await accountById(database.kysely, accountId);
    if (found === undefined) throw unknownAccount(name);
    return found;
  }

  /** Whose tokens are meant; others' only for who manages them. */
  async function meant(principal: Principal, idOrName: string | undefined, manage: boolean): Promise<Account> {
    if (idOrName === undefined) return own(principal);
    const account = await visibleAccount(database.kysely, principal, idOrName);
    if (manage) requireToManage(principal, account);
    return account;
  }

  return {
    async list(principal, idOrName) {
      return tokensOfAccount(database.kysely, (await meant(principal, idOrName, false)).id);
    },
    async create(principal, idOrName, draft) {
      const account = await meant(principal, idOrName, true);
      if (account.disabledAt !== null)
        throw new GantryError(ACCOUNT_INVALID, `account '${account.name}' is disabled: enable it first`);
      const kept = { ...(await limited(principal, draft)), id: random.id(), accountId: account.id };
      await requireWithin(principal, account, kept);
      const token = newAccountToken(random);
      await writes.write(principal, async (tx) => {
        const others = (await tokensOfAccount(tx, account.id)).filter(
          ({ kind, expiresAt }) => kind === "personal" && expiresAt > kept.createdAt,
        );
        if (others.length >= MOST_TOKENS)
          throw new GantryError(
            TOKEN_INVALID,
            `account '${account.name}' has ${MOST_TOKENS} tokens already: revoke one first`,
          );
        if (others.some(({ name }) => name === kept.name))
          throw new GantryError(
            TOKEN_INVALID,
            `account '${account.name}' has a token '${kept.name}' already: choose another name`,
          );
        await keepToken(tx, kept, token);
        await writes.token(tx, "token.created", account, kept);
      });
      return { ...kept, token };
    },
    async revoke(principal, idOrName, token) {
      const account = await meant(principal, idOrName, true);
      await writes.write(principal, async (tx) => {
        const all = await tokensOfAccount(tx, account.id);
        const found = all.find(({ id }) => id === token) ?? all.findLast(({ name }) => name === token);
        if (found !== undefined) await requireToRevoke(tx, principal, found);
        if (found === undefined || !(await deleteToken(tx, account.id, found.id)))
          throw new GantryError(TOKEN_UNKNOWN, `account '${account.name}' has no token '${token.slice(0, 80)}'`);
        await writeRevoked(tx, found.id, clock.now());
        await writes.token(tx, "token.revoked", account, found);
      });
    },
  };
}

/** A token that allows some things alone may leak: it takes away itself, and what allows no more. Errors: `rights_exceeded`. */
async function requireToRevoke(tx: Transaction, { tokenId }: Principal, token: AccountToken): Promise<void> {
  const by = tokenId === undefined || tokenId === token.id ? undefined : await tokenById(tx, tokenId);
  if (by === undefined || by.accountId !== token.accountId) return;
  const { permissions, tenantId } = by;
  const within =
    (permissions === null || token.permissions?.every((one) => permissions.includes(one)) === true) &&
    (tenantId === null || token.tenantId === tenantId);
  if (!within) throw new GantryError(RIGHTS_EXCEEDED, `the token that asks allows less than the token '${token.name}'`);
}

/** A token nobody can guess. */
export function newAccountToken(random: Random): string {
  return `gantry_account_${random.token(32)}`;
}

/** Keeps what recognises a token, and forgets those that ended long ago. The caller calls `changed` in the same transaction. */
export async function keepToken(tx: Transaction, kept: AccountToken, token: string): Promise<void> {
  await deleteExpired(tx, kept.createdAt - SHOWN_AFTER_END);
  await insertToken(tx, kept, hashToken(token).sha256.toString("hex"));
}

/** What an account may do, by itself and by the groups of its directory. */
export async function grantsOfAccount(queries: Queries, account: Account): Promise<readonly Grant[]> {
  return grantsOf(queries, await bindingsOfAccount(queries, account.id, account.directoryGroups));
}

import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { isUniqueViolation, type Database, type Queries, type Transaction } from "../platform/database/index.ts";
import { requireVersion } from "../platform/requests/index.ts";
import { accountNameProblem, newAccountNameProblem, type Account, type AccountKind } from "./account-model.ts";
import {
  accountNamed,
  accountsOf,
  deleteAccount,
  insertAccount,
  isNameTaken,
  updateAccount,
  type AccountPage,
} from "./account-store.ts";
import { ACCOUNT_INVALID, ACCOUNT_NAME_TAKEN, ACCOUNT_UNKNOWN } from "./errors.ts";
import { serverRights } from "./giving.ts";
import type { Principal } from "./model.ts";
import { forbidden, requireEverywhere } from "./policy.ts";
import { bindingsOfAccount } from "./role-store.ts";
import { revokeTokensOf } from "./token-store.ts";
import type { AccessWrites } from "./writes.ts";

export interface AccountDraft {
  readonly kind: AccountKind;
  readonly name: string;
  readonly displayName: string;
  readonly email: string | null;
}

export type AccountPatch = Partial<Pick<AccountDraft, "displayName" | "email">> & { readonly disabled?: boolean };

export interface AccountService {
  /** The tenant's service accounts and the people with a role in it, by name; who holds `server.manage` sees all people. */
  list(principal: Principal, page: AccountPage): Promise<readonly Account[]>;
  /** By id or name. Errors: `account_unknown`. */
  get(principal: Principal, idOrName: string): Promise<Account>;
  /** Errors: `account_invalid`, `account_name_taken`, `forbidden`. */
  create(principal: Principal, draft: AccountDraft): Promise<Account>;
  /** One that is disabled loses its tokens at once. Errors: `account_unknown`, `version_mismatch`, `forbidden`. */
  change(principal: Principal, idOrName: string, version: number | null, patch: AccountPatch): Promise<Account>;
  /** Its tokens and role bindings go along. Errors: `account_unknown`, `version_mismatch`, `forbidden`. */
  remove(principal: Principal, idOrName: string, version: number | null): Promise<void>;
}

export interface AccountServiceParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly writes: AccessWrites;
}

export function createAccountService({ database, clock, random, writes }: AccountServiceParts): AccountService {
  async function change(
    tx: Transaction,
    principal: Principal,
    idOrName: string,
    version: number | null,
    patch: AccountPatch,
  ): Promise<Account> {
    const before = await visibleAccount(tx, principal, idOrName);
    requireToManage(principal, before);
    requireVersion(`account '${before.name}'`, before.version, version);
    const { disabled, ...rest } = patch;
    const now = clock.now();
    const disabledAt = disabled === undefined ? before.disabledAt : disabled ? (before.disabledAt ?? now) : null;
    const after = { ...before, ...rest, disabledAt, version: before.version + 1, updatedAt: now };
    check(after);
    await updateAccount(tx, after);
    if (disabledAt !== null) await revokeTokensOf(tx, after.id, now);
    await writes.account(tx, "account.changed", after, { before: shownInAudit(before), after: shownInAudit(after) });
    return after;
  }

  return {
    list(principal, page) {
      const all = serverRights(principal).everywhere("server.manage");
      return accountsOf(database.kysely, principal.tenantId, all ? "all" : "bound", page);
    },
    get: (principal, idOrName) => visibleAccount(database.kysely, principal, idOrName),
    async create(principal, draft) {
      const now = clock.now();
      const account: Account = {
        ...draft,
        id: random.id(),
        tenantId: draft.kind === "service" ? principal.tenantId : null,
        source: "local",
        externalId: null,
        directoryGroups: [],
        disabledAt: null,
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      check(account);
      requireToManage(principal, account);
      const taken = new GantryError(ACCOUNT_NAME_TAKEN, `there is an account '${account.name}' already`);
      try {
        await writes.write(principal, async (tx) => {
          if (await isNameTaken(tx, account.tenantId, account.name)) throw taken;
          await insertAccount(tx, account);
          await writes.account(tx, "account.created", account, { after: shownInAudit(account) });
        });
      } catch (error) {
        throw isUniqueViolation(error) ? taken : error;
      }
      return account;
    },
    change: (principal, idOrName, version, patch) =>
      writes.write(principal, (tx) => change(tx, principal, idOrName, version, patch)),
    remove: (principal, idOrName, version) =>
      writes.write(principal, async (tx) => {
        const account = await visibleAccount(tx, principal, idOrName);
        requireToManage(principal, account);
        requireVersion(`account '${account.name}'`, account.version, version);
        await deleteAccount(tx, account.id);
        await writes.account(tx, "account.removed", account, { before: shownInAudit(account) });
      }),
  };
}

/** People are of the whole server, service accounts of their tenant. Errors: `forbidden`. */
export function requireToManage(principal: Principal, account: Pick<Account, "tenantId">): void {
  if (account.tenantId !== null) requireEverywhere(principal, "access.manage");
  else if (!serverRights(principal).everywhere("server.manage"))
    throw forbidden(principal.name, "server.manage", "on the whole server: people belong to all of it");
}

/** By id or name, as far as who asks may know of it. Errors: `account_unknown`. */
export async function visibleAccount(queries: Queries, principal: Principal, idOrName: string): Promise<Account> {
  const { tenantId, accountId } = principal;
  const found = await accountNamed(queries, tenantId, idOrName);
  if (found === undefined || !(await isVisible(queries, principal, tenantId, accountId, found)))
    throw unknownAccount(idOrName);
  return found;
}

async function isVisible(
  queries: Queries,
  principal: Principal,
  tenantId: Id,
  self: Id | undefined,
  account: Account,
): Promise<boolean> {
  if (account.tenantId !== null || account.id === self) return true;
  if (serverRights(principal).everywhere("server.manage")) return true;
  const bindings = await bindingsOfAccount(queries, account.id, []);
  return bindings.some(({ scope }) => scope.kind === "server" || scope.tenantId === tenantId);
}

export function unknownAccount(idOrName: string): GantryError {
  return new GantryError(ACCOUNT_UNKNOWN, `there is no account '${idOrName.slice(0, 80)}'`);
}

function shownInAudit({ displayName, email, disabledAt, source }: Account): JsonObject {
  return { displayName, email, disabledAt, source };
}

const LONGEST_TEXT = 255;

/** Errors: `account_invalid`. */
function check({ name, displayName, email, version, source }: Account): void {
  const wrong = version === 1 && source === "local" ? newAccountNameProblem(name) : accountNameProblem(name);
  if (wrong !== undefined) throw new GantryError(ACCOUNT_INVALID, `the name '${name.slice(0, 80)}' ${wrong}`);
  if (displayName.length > LONGEST_TEXT)
    throw new GantryError(ACCOUNT_INVALID, `the display name of '${name}' is longer than ${LONGEST_TEXT} characters`);
  if (email !== null && (email.length > LONGEST_TEXT || !/^[^\s@]+@[^\s@]+$/.test(email)))
    throw new GantryError(ACCOUNT_INVALID, `the address of '${name}' is none for mail: it is NAME@DOMAIN`);
}

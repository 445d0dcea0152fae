import type { Id } from "../kernel/ids.ts";
import type { Queries, Transaction } from "../platform/database/index.ts";
import type { Account, AccountKind, AccountSource } from "./account-model.ts";
import type { AccountColumns } from "./tables.ts";

/** Accounts in the database. Whoever writes calls `accessChanged` in the same transaction. */

/** Throws a unique violation when the name, or the directory's id, is taken. */
export async function insertAccount(tx: Transaction, account: Account): Promise<void> {
  await tx
    .insertInto("account")
    .values({ ...columnsOf(account), password: null })
    .execute();
}

/** Replaces everything but the password. False when it is not there, or not of the version before this one. */
export async function updateAccount(tx: Transaction, account: Account): Promise<boolean> {
  const { id, ...columns } = columnsOf(account);
  const done = await tx
    .updateTable("account")
    .set(columns)
    .where("id", "=", id)
    .where("version", "=", account.version - 1)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

/** Its tokens and role bindings go along. */
export async function deleteAccount(tx: Transaction, id: Id): Promise<void> {
  await tx.deleteFrom("account").where("id", "=", id).execute();
}

export async function accountById(queries: Queries, id: Id): Promise<Account | undefined> {
  const row = await queries.selectFrom("account").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : accountOf(row);
}

/** The person of this name. */
export async function personNamed(queries: Queries, name: string): Promise<Account | undefined> {
  const row = await queries
    .selectFrom("account")
    .selectAll()
    .where("tenant_id", "is", null)
    .where("name", "=", name)
    .executeTakeFirst();
  return row === undefined ? undefined : accountOf(row);
}

/** The person a directory knows by this id. */
export async function personOfDirectory(
  queries: Queries,
  source: AccountSource,
  externalId: string,
): Promise<Account | undefined> {
  const row = await queries
    .selectFrom("account")
    .selectAll()
    .where("source", "=", source)
    .where("external_id", "=", externalId)
    .executeTakeFirst();
  return row === undefined ? undefined : accountOf(row);
}

/** The person, or the service account of the tenant, of this id or name. */
export async function accountNamed(queries: Queries, tenantId: Id, idOrName: string): Promise<Account | undefined> {
  const row = await queries
    .selectFrom("account")
    .selectAll()
    .where((one) => one.or([one("id", "=", idOrName), one("name", "=", idOrName)]))
    .where((one) => one.or([one("tenant_id", "is", null), one("tenant_id", "=", tenantId)]))
    .orderBy("name")
    .executeTakeFirst();
  return row === undefined ? undefined : accountOf(row);
}

/** Whether an account of any tenant, or a person, has the name. */
export async function isNameTaken(queries: Queries, tenantId: Id | null, name: string): Promise<boolean> {
  let taken = queries.selectFrom("account").select("id").where("name", "=", name);
  // A person is named everywhere.
  if (tenantId !== null)
    taken = taken.where((one) => one.or([one("tenant_id", "is", null), one("tenant_id", "=", tenantId)]));
  return (await taken.executeTakeFirst()) !== undefined;
}

export interface AccountPage {
  readonly after: string;
  readonly limit: number;
  readonly kind?: AccountKind | undefined;
}

/**
 * The service accounts of a tenant, and people: all of them, or those who hold a role in it by name, not by a group of their directory.
 * By name.
 */
export async function accountsOf(
  queries: Queries,
  tenantId: Id,
  people: "all" | "bound",
  { after, limit, kind }: AccountPage,
): Promise<readonly Account[]> {
  let found = queries.selectFrom("account").selectAll().where("name", ">", after);
  if (kind !== undefined) found = found.where("kind", "=", kind);
  const rows = await found
    .where((one) =>
      one.or([
        one("tenant_id", "=", tenantId),
        people === "all"
          ? one("tenant_id", "is", null)
          : one.and([
              one("tenant_id", "is", null),
              one(
                "id",
                "in",
                one
                  .selectFrom("role_binding")
                  .select("account_id")
                  .where("account_id", "is not", null)
                  .where((it) => it.or([it("tenant_id", "=", tenantId), it("tenant_id", "is", null)])),
              ),
            ]),
      ]),
    )
    .orderBy("name")
    .limit(limit)
    .execute();
  return rows.map(accountOf);
}

/** How the password of a person is recognised; undefined: there is none. */
export async function passwordOf(queries: Queries, id: Id): Promise<string | undefined> {
  const row = await queries.selectFrom("account").select("password").where("id", "=", id).executeTakeFirst();
  return row?.password ?? undefined;
}

export async function writePassword(tx: Transaction, id: Id, password: string | null): Promise<void> {
  await tx.updateTable("account").set({ password }).where("id", "=", id).execute();
}

function columnsOf(account: Account): Omit<AccountColumns, "password"> {
  return {
    id: account.id,
    kind: account.kind,
    name: account.name,
    display_name: account.displayName,
    email: account.email,
    tenant_id: account.tenantId,
    source: account.source,
    external_id: account.externalId,
    directory_groups: JSON.stringify(account.directoryGroups),
    disabled_at: account.disabledAt,
    version: account.version,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
  };
}

function accountOf(row: AccountColumns): Account {
  return {
    id: row.id,
    kind: row.kind as AccountKind,
    name: row.name,
    displayName: row.display_name,
    email: row.email,
    tenantId: row.tenant_id,
    source: row.source as AccountSource,
    externalId: row.external_id,
    directoryGroups: JSON.parse(row.directory_groups) as readonly string[],
    disabledAt: row.disabled_at,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

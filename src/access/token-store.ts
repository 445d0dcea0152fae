import type { Id } from "../kernel/ids.ts";
import type { Queries, Transaction } from "../platform/database/index.ts";
import type { AccountToken } from "./account-model.ts";
import type { Permission } from "./permissions.ts";
import type { AccountTokenColumns } from "./tables.ts";

/** Tokens of accounts in the database. A token that was revoked is gone. Whoever writes calls `accessChanged` in the same transaction. */

/** `sha256`: hex. */
export async function insertToken(tx: Transaction, token: AccountToken, sha256: string): Promise<void> {
  await tx
    .insertInto("account_token")
    .values({
      id: token.id,
      account_id: token.accountId,
      name: token.name,
      kind: token.kind,
      sha256,
      permissions: token.permissions === null ? null : JSON.stringify(token.permissions),
      tenant_id: token.tenantId,
      expires_at: token.expiresAt,
      last_used_at: token.lastUsedAt,
      created_at: token.createdAt,
    })
    .execute();
}

/** The tokens of an account, oldest first. */
export async function tokensOfAccount(queries: Queries, accountId: Id): Promise<readonly AccountToken[]> {
  const rows = await queries
    .selectFrom("account_token")
    .selectAll()
    .where("account_id", "=", accountId)
    .orderBy("id")
    .execute();
  return rows.map(tokenOf);
}

/** By the SHA-256 of the token, hex: the database never sees the token, and finding one says nothing of another. */
export async function tokenByHash(queries: Queries, sha256: string): Promise<AccountToken | undefined> {
  const row = await queries.selectFrom("account_token").selectAll().where("sha256", "=", sha256).executeTakeFirst();
  return row === undefined ? undefined : tokenOf(row);
}

export async function tokenById(queries: Queries, id: Id): Promise<AccountToken | undefined> {
  const row = await queries.selectFrom("account_token").selectAll().where("id", "=", id).executeTakeFirst();
  return row === undefined ? undefined : tokenOf(row);
}

/** False when the account has no such token. */
export async function deleteToken(tx: Transaction, accountId: Id, id: Id): Promise<boolean> {
  const gone = await tx
    .deleteFrom("account_token")
    .where("account_id", "=", accountId)
    .where("id", "=", id)
    .executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

/** Remembers that a token did not just end: what it started must not go on. */
export async function writeRevoked(tx: Transaction, id: Id, now: number): Promise<void> {
  await tx.insertInto("revoked_token").values({ id, revoked_at: now }).execute();
}

export async function wasRevoked(queries: Queries, id: Id): Promise<boolean> {
  const row = await queries.selectFrom("revoked_token").select("id").where("id", "=", id).executeTakeFirst();
  return row !== undefined;
}

/** Revokes all tokens of an account. */
export async function revokeTokensOf(tx: Transaction, accountId: Id, now: number): Promise<void> {
  const tokens = await tx.selectFrom("account_token").select("id").where("account_id", "=", accountId).execute();
  for (const { id } of tokens) await writeRevoked(tx, id, now);
  await tx.deleteFrom("account_token").where("account_id", "=", accountId).execute();
}

/** Removes tokens that ended before. Those that allowed less than their account may do stay: what they started is held to it. */
export async function deleteExpired(tx: Transaction, before: number): Promise<void> {
  await tx
    .deleteFrom("account_token")
    .where("expires_at", "<", before)
    .where("permissions", "is", null)
    .where("tenant_id", "is", null)
    .execute();
}

export async function writeUse(tx: Transaction, id: Id, at: number): Promise<void> {
  await tx.updateTable("account_token").set({ last_used_at: at }).where("id", "=", id).execute();
}

function tokenOf(row: AccountTokenColumns): AccountToken {
  return {
    id: row.id,
    accountId: row.account_id,
    name: row.name,
    kind: row.kind === "session" ? "session" : "personal",
    permissions: row.permissions === null ? null : (JSON.parse(row.permissions) as readonly Permission[]),
    tenantId: row.tenant_id,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    createdAt: row.created_at,
  };
}

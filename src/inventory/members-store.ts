import type { TokenHolder } from "../access/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { ColumnTypes, Migration, Queries, Transaction } from "../platform/database/index.ts";

/** Tokens by which a structure asks for its members, and what it reported of them last. */

interface StructureTokenColumns {
  id: string;
  tenant_id: string;
  structure_id: string;
  description: string;
  sha256: string;
  created_at: number;
}

interface MembersReportColumns {
  structure_id: string;
  missing: string;
  at: number;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    structure_token: StructureTokenColumns;
    members_report: MembersReportColumns;
  }
}

/** Both go with their structure. */
export const membersMigration: Migration = {
  name: "1151_members",
  statements: ({ id, text, json, time, strict }: ColumnTypes) => [
    `CREATE TABLE structure_token (
      id ${id} PRIMARY KEY,
      tenant_id ${id} NOT NULL,
      structure_id ${id} NOT NULL REFERENCES structure(id) ON DELETE CASCADE,
      description ${text} NOT NULL,
      sha256 ${text} NOT NULL UNIQUE,
      created_at ${time} NOT NULL
    )${strict}`,
    "CREATE INDEX structure_token_structure ON structure_token (structure_id)",
    `CREATE TABLE members_report (
      structure_id ${id} PRIMARY KEY REFERENCES structure(id) ON DELETE CASCADE,
      missing ${json} NOT NULL,
      at ${time} NOT NULL
    )${strict}`,
  ],
};

export interface StructureToken {
  readonly id: Id;
  readonly description: string;
  readonly createdAt: number;
}

/** What a structure said of its members last. */
export interface MembersReport {
  /** Names. */
  readonly missing: readonly string[];
  /** Epoch milliseconds. */
  readonly at: number;
}

export async function insertToken(
  tx: Queries,
  tenantId: Id,
  structureId: Id,
  token: StructureToken & { readonly sha256: string },
): Promise<void> {
  await tx
    .insertInto("structure_token")
    .values({
      id: token.id,
      tenant_id: tenantId,
      structure_id: structureId,
      description: token.description,
      sha256: token.sha256,
      created_at: token.createdAt,
    })
    .execute();
}

export async function tokensOf(queries: Queries, structureId: Id): Promise<readonly StructureToken[]> {
  const rows = await queries
    .selectFrom("structure_token")
    .select(["id", "description", "created_at"])
    .where("structure_id", "=", structureId)
    .orderBy("id")
    .execute();
  return rows.map((row) => ({ id: row.id, description: row.description, createdAt: row.created_at }));
}

/** False when there is no such token of the structure. */
export async function deleteToken(queries: Queries, structureId: Id, id: Id): Promise<boolean> {
  const gone = await queries
    .deleteFrom("structure_token")
    .where("structure_id", "=", structureId)
    .where("id", "=", id)
    .executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

/** Whose token this is. */
export async function holderOfToken(queries: Queries, sha256: string): Promise<TokenHolder | undefined> {
  const row = await queries
    .selectFrom("structure_token")
    .innerJoin("structure", "structure.id", "structure_token.structure_id")
    .select(["structure_token.tenant_id", "structure_token.id as token_id", "structure.id", "structure.name"])
    .where("structure_token.sha256", "=", sha256)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  return { tokenId: row.token_id, tenantId: row.tenant_id, structureId: row.id, name: row.name };
}

/** Whether a token was not revoked. */
export async function hasToken(queries: Queries, id: Id): Promise<boolean> {
  return (
    (await queries.selectFrom("structure_token").select("id").where("id", "=", id).executeTakeFirst()) !== undefined
  );
}

/** Keeps the report. @returns the one before */
export async function keepReport(
  tx: Transaction,
  structureId: Id,
  report: MembersReport,
): Promise<MembersReport | undefined> {
  const before = await reportOf(tx, structureId);
  const values = { missing: JSON.stringify(report.missing), at: report.at };
  if (before === undefined)
    await tx
      .insertInto("members_report")
      .values({ structure_id: structureId, ...values })
      .execute();
  else await tx.updateTable("members_report").set(values).where("structure_id", "=", structureId).execute();
  return before;
}

export async function reportOf(queries: Queries, structureId: Id): Promise<MembersReport | undefined> {
  const row = await queries
    .selectFrom("members_report")
    .select(["missing", "at"])
    .where("structure_id", "=", structureId)
    .executeTakeFirst();
  return row === undefined ? undefined : { missing: JSON.parse(row.missing) as readonly string[], at: row.at };
}

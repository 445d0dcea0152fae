import { hash } from "node:crypto";
import type { AuditDraft } from "../access/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { ColumnValue, Transaction } from "../platform/database/index.ts";
import { OWNED_RULES, type Kind } from "./kinds.ts";
import { memberColumns, type MemberColumn, type TableName } from "./rows.ts";

/**
 * What is said in the audit of a row of the inventory that is written. A created row is said whole, a removed one as it was, of a changed
 * one the members that changed, as they were and as they are: what was at any time can be worked out from what is. So of rows that are created
 * by the thousand a digest is enough: an import of 100,000 would else be written twice.
 */

/** More rows of a kind that are created at once are told by their digests. */
export const MOST_WHOLE = 1000;

const KINDS: ReadonlyMap<TableName, Kind> = new Map(OWNED_RULES.map(({ table, kind }) => [table, kind]));

/** What a table is about: `inventory_group` keeps groups. */
export function kindOfTable(table: TableName | "tenant"): Kind {
  return table === "tenant" ? "tenant" : (KINDS.get(table) as Kind);
}

/** A row as its columns hold it. */
export type StoredRow = Readonly<Record<string, ColumnValue>> & { readonly id: Id; readonly name: string };

interface About {
  readonly chain: Id;
  readonly table: TableName | "tenant";
}

/** `as`: with its members, or with the SHA-256 of their JSON text alone. */
export function createdEntry({ chain, table }: About, row: StoredRow, as: "whole" | "digest"): AuditDraft {
  const text = membersText(table, row);
  const dataText = as === "whole" ? `{"after":${text}}` : `{"sha256":"${hash("sha256", text, "hex")}"}`;
  return { chain, action: "inventory.created", subject: subjectOf(table, row), dataText };
}

export function removedEntry({ chain, table }: About, row: StoredRow): AuditDraft {
  const dataText = `{"before":${membersText(table, row)}}`;
  return { chain, action: "inventory.removed", subject: subjectOf(table, row), dataText };
}

/** Under the name that it has from now on. Undefined: it is as it was. */
export function changedEntry({ chain, table }: About, before: StoredRow, after: StoredRow): AuditDraft | undefined {
  const changed = memberColumns(table).filter(({ column }) => before[column] !== after[column]);
  if (changed.length === 0) return undefined;
  const dataText = `{"before":${objectText(changed, before)},"after":${objectText(changed, after)}}`;
  return { chain, action: "inventory.changed", subject: subjectOf(table, after), dataText };
}

function subjectOf(table: TableName | "tenant", { id, name }: StoredRow): AuditDraft["subject"] {
  return { kind: kindOfTable(table), id, name };
}

function membersText(table: TableName | "tenant", row: StoredRow): string {
  return objectText(memberColumns(table), row);
}

/** JSON members are kept as text: it is taken as it is. */
function objectText(members: readonly MemberColumn[], row: StoredRow): string {
  let text = "";
  for (const { key, column, as } of members) {
    const value = row[column] ?? null;
    const shown = as === "flag" ? value === 1 : value;
    text += `${text === "" ? "{" : ","}${key}${as === "json" && value !== null ? String(value) : JSON.stringify(shown)}`;
  }
  return text === "" ? "{}" : `${text}}`;
}

/** A row as it will be stored. `values`: in the order of its members. */
export function storedAs(table: TableName, id: Id, values: readonly ColumnValue[]): StoredRow {
  const row: Record<string, ColumnValue> = { id };
  let at = 0;
  for (const { column } of memberColumns(table)) row[column] = values[at++] ?? null;
  return row as StoredRow;
}

/** The tenant's own row as it is stored. */
export async function tenantRow(tx: Transaction, id: Id): Promise<StoredRow> {
  return (await tx
    .selectFrom("tenant")
    .selectAll()
    .where("id", "=", id)
    .executeTakeFirstOrThrow()) as unknown as StoredRow;
}

/** Rows as they are stored, by id. */
export async function storedRows(
  tx: Transaction,
  table: TableName,
  ids: readonly Id[],
): Promise<ReadonlyMap<Id, StoredRow>> {
  const rows = await tx.selectFrom(table).selectAll().where("id", "in", ids).execute();
  return new Map(rows.map((row) => [row.id, row as unknown as StoredRow]));
}

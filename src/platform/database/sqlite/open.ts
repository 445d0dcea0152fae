import { closeSync, openSync } from "node:fs";
import type { SQLInputValue } from "node:sqlite";
import { Kysely } from "kysely";
import { GantryError, messageOf } from "../../../kernel/errors.ts";
import type { BulkInsert, BulkUpdate, ColumnValue } from "../bulk.ts";
import type { Database } from "../database.ts";
import { DATA_NOT_WRITABLE } from "../errors.ts";
import { conflictText, quoted } from "../text.ts";
import { runTransaction } from "../transactions.ts";
import type { Tables } from "../tables.ts";
import { sqliteDialect } from "./dialect.ts";
import { coded, openHandle, type SqliteHandle } from "./handle.ts";

/** Errors: `data_not_writable`, `database_unusable`. */
export function openSqlite(path: string): Database {
  if (path !== ":memory:") makeFile(path);
  const handle = openHandle(path);
  const kysely = new Kysely<Tables>({ dialect: sqliteDialect(path, handle) });
  return {
    kysely,
    dialect: "sqlite",
    transaction: (work) => runTransaction(kysely, work),
    bulkInsert: async (_tx, insert) => coded(path, () => runEach(handle, insertText(insert), insert.rows)),
    bulkUpdate: async (_tx, update) => coded(path, () => runEach(handle, updateText(update), reordered(update))),
    close: () => kysely.destroy(),
  };
}

/** The database holds sealed secrets and logs: it is for its owner only. Its WAL gets the same mode from SQLite. */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, "a", 0o600));
  } catch (cause) {
    throw new GantryError(DATA_NOT_WRITABLE, `the database ${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

function runEach(handle: SqliteHandle, text: string, rows: readonly (readonly ColumnValue[])[]): number {
  const { statement } = handle.prepare(text);
  let changes = 0;
  for (const row of rows) changes += Number(statement.run(...(row as SQLInputValue[])).changes);
  return changes;
}

function insertText({ table, columns, onConflict }: BulkInsert): string {
  const places = columns.map(() => "?").join(", ");
  const names = columns.map(quoted).join(", ");
  return `insert into ${quoted(table)} (${names}) values (${places})${conflictText(columns, onConflict)}`;
}

function updateText({ table, keys, set }: BulkUpdate): string {
  const assigned = set.map((name) => `${quoted(name)} = ?`).join(", ");
  const found = keys.map((name) => `${quoted(name)} = ?`).join(" and ");
  return `update ${quoted(table)} set ${assigned} where ${found}`;
}

/** The statement has what is set before the keys, a row the other way round. */
function reordered({ keys, rows }: BulkUpdate): readonly (readonly ColumnValue[])[] {
  return rows.map((row) => [...row.slice(keys.length), ...row.slice(0, keys.length)]);
}

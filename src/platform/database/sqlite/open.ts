import { closeSync, openSync } from "node:fs";
import type { SQLInputValue } from "node:sqlite";
import { Kysely } from "kysely";
import { GantryError, messageOf } from "../../../kernel/errors.ts";
import type { BulkInsert, BulkUpdate, ColumnValue } from "../bulk.ts";
import type { Database, Queries, Transaction } from "../database.ts";
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
    transaction: (work, how) => (how?.relaxed === true ? relaxed(kysely, handle, work) : runTransaction(kysely, work)),
    bulkInsert: async (_tx, insert) => coded(path, () => insertRows(handle, insert)),
    bulkUpdate: async (_tx, update) => coded(path, () => runEach(handle, updateText(update), reordered(update))),
    close: () => kysely.destroy(),
  };
}

/** Holds the connection, so that no other commit is a relaxed one. */
async function relaxed<Result>(
  kysely: Queries,
  handle: SqliteHandle,
  work: (tx: Transaction) => Promise<Result>,
): Promise<Result> {
  const committed: (() => void)[] = [];
  const result = await kysely.connection().execute(async (connection) => {
    handle.wait("normal");
    try {
      return await runTransaction(connection, work, (action) => committed.push(action));
    } finally {
      handle.wait("full");
    }
  });
  for (const action of committed) action();
  return result;
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

/** Values in one statement: more do not make it faster. */
const VALUES_AT_ONCE = 192;

/** Several rows a statement, as long as there are enough; the rest one by one. */
function insertRows(handle: SqliteHandle, insert: BulkInsert): number {
  const { rows } = insert;
  const together = Math.max(1, Math.floor(VALUES_AT_ONCE / Math.max(1, insert.columns.length)));
  const whole = together === 1 || rows.length < 2 * together ? 0 : rows.length - (rows.length % together);
  let changes = 0;
  if (whole > 0) {
    const { statement } = handle.prepare(insertText(insert, together));
    for (let start = 0; start < whole; start += together) {
      const values: SQLInputValue[] = [];
      for (let at = start; at < start + together; at += 1) values.push(...(rows[at] as SQLInputValue[]));
      changes += Number(statement.run(...values).changes);
    }
  }
  return changes + runEach(handle, insertText(insert, 1), whole === 0 ? rows : rows.slice(whole));
}

function insertText({ table, columns, onConflict }: BulkInsert, count: number): string {
  const places = `(${columns.map(() => "?").join(", ")})`;
  const names = columns.map(quoted).join(", ");
  const values = Array.from({ length: count }, () => places).join(", ");
  return `insert into ${quoted(table)} (${names}) values ${values}${conflictText(columns, onConflict)}`;
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

import { CompiledQuery } from "kysely";
import type {
  BulkInsert,
  BulkUpdate,
  ColumnValue,
  Database,
  Dialect,
  Queries,
  Transaction,
} from "../platform/database/index.ts";

/** The little of SQL the hot paths need: whole groups of rows in one statement, the same text for both databases. */

export type SqlValue = ColumnValue;

export interface Sql {
  readonly dialect: Dialect;
  /** Runs one statement with `?` for parameters and returns its rows. */
  rows<Row>(text: string, parameters?: readonly SqlValue[]): Promise<readonly Row[]>;
}

/** SQL within a transaction. */
export interface SqlTransaction extends Sql {
  insert(insert: BulkInsert): Promise<number>;
  update(update: BulkUpdate): Promise<number>;
}

export function readerOf(database: Database): Sql {
  return {
    dialect: database.dialect,
    rows: (text, parameters) => run(database.dialect, database.kysely, text, parameters),
  };
}

export function sqlOf(database: Database, tx: Transaction): SqlTransaction {
  return {
    dialect: database.dialect,
    rows: (text, parameters) => run(database.dialect, tx, text, parameters),
    insert: (insert) => database.bulkInsert(tx, insert),
    update: (update) => database.bulkUpdate(tx, update),
  };
}

async function run<Row>(
  dialect: Dialect,
  queries: Queries,
  text: string,
  parameters: readonly SqlValue[] = [],
): Promise<readonly Row[]> {
  const statement = dialect === "postgres" ? numbered(text) : text;
  const result = await queries.executeQuery(CompiledQuery.raw(statement, [...parameters]));
  return result.rows as readonly Row[];
}

/** PostgreSQL numbers its parameters. Our texts hold no question mark but as a parameter. */
function numbered(text: string): string {
  let count = 0;
  return text.replaceAll("?", () => {
    count += 1;
    return `$${count}`;
  });
}

/** SQLite takes 32,766 parameters a statement, PostgreSQL 65,535. */
const MOST_PARAMETERS = 30_000;

/** Most rows in one statement; more gain nothing. */
const MOST_ROWS = 512;

/**
 * Cuts rows into pieces whose sizes are powers of two, so that a handful of statement texts serves any number of rows, and both databases
 * can keep them prepared.
 */
export function pieces<Item>(items: readonly Item[], width: number): readonly (readonly Item[])[] {
  const result: (readonly Item[])[] = [];
  let size = MOST_ROWS;
  while (size * width > MOST_PARAMETERS) size /= 2;
  for (let start = 0; start < items.length;) {
    while (size > items.length - start) size /= 2;
    result.push(items.slice(start, start + size));
    start += size;
  }
  return result;
}

/** `?, ?, ?` */
export function marks(count: number): string {
  return count === 1 ? "?" : "?, ".repeat(count - 1) + "?";
}

/** A column of `withValues`: name and SQL type. */
export type ValueColumn = readonly [name: string, type: "text" | "bigint" | "double precision"];

/**
 * Runs `WITH v(columns) AS (VALUES …) statement` for all rows: an `UPDATE … FROM v` then changes each row in its own way. Returns all
 * returned rows.
 */
export async function withValues<Row>(
  sql: Sql,
  columns: readonly ValueColumn[],
  rows: readonly (readonly SqlValue[])[],
  statement: string,
): Promise<Row[]> {
  const names = columns.map(([name]) => name).join(", ");
  // Types on the first row are enough: the rows below take them over.
  const first = `(${columns.map(([, type]) => `CAST(? AS ${type})`).join(", ")})`;
  const other = `(${marks(columns.length)})`;
  const result: Row[] = [];
  for (const piece of pieces(rows, columns.length)) {
    const text = `WITH v(${names}) AS (VALUES ${repeated(first, other, piece.length)}) ${statement}`;
    result.push(...(await sql.rows<Row>(text, piece.flat())));
  }
  return result;
}

function repeated(first: string, other: string, count: number): string {
  return count === 1 ? first : `${first}, ${`${other}, `.repeat(count - 2)}${other}`;
}

/** Runs a statement with `IN (…)` for all ids, in pieces. Returns all rows. */
export async function rowsIn<Row>(
  sql: Sql,
  ids: readonly string[],
  text: (list: string) => string,
  before: readonly SqlValue[] = [],
  after: readonly SqlValue[] = [],
): Promise<Row[]> {
  const result: Row[] = [];
  for (const piece of pieces(ids, 1)) {
    result.push(...(await sql.rows<Row>(text(marks(piece.length)), [...before, ...piece, ...after])));
  }
  return result;
}

/** The part of a query that gives each replica different rows. SQLite has one writer and needs none. */
export function skipLocked(sql: Sql): string {
  return sql.dialect === "postgres" ? "FOR UPDATE SKIP LOCKED" : "";
}

export function lockRows(sql: Sql): string {
  return sql.dialect === "postgres" ? "FOR UPDATE" : "";
}

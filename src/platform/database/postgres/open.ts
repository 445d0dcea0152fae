import { CompiledQuery, Kysely, PostgresDialect } from "kysely";
import pg from "pg";
import { GantryError, messageOf } from "../../../kernel/errors.ts";
import type { Logger } from "../../logging/index.ts";
import type { BulkInsert, BulkUpdate, ColumnValue } from "../bulk.ts";
import type { Database, Transaction } from "../database.ts";
import { DATABASE_UNREACHABLE } from "../errors.ts";
import { conflictText, quoted } from "../text.ts";
import type { Tables } from "../tables.ts";
import { runTransaction } from "../transactions.ts";
import { columnTypeReader, type ColumnTypeReader } from "./column-types.ts";
import { readNumbers } from "./numbers.ts";

const MOST_CONNECTIONS = 10;
/** Milliseconds until a server that does not answer counts as gone. */
const CONNECT_TIMEOUT = 10_000;
/** Milliseconds a transaction may stand still: one that hangs holds back every reader of the event stream. */
const IDLE_IN_TRANSACTION = 60_000;
/** Rows in one statement. */
const CHUNK = 5000;

/** Errors: `database_unreachable`. */
export async function openPostgres(url: string, options: { log: Logger; connections?: number }): Promise<Database> {
  const pool = new pg.Pool({
    connectionString: url,
    max: options.connections ?? MOST_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION,
    application_name: "gantry",
    types: { getTypeParser: readNumbers },
  });
  // The pool drops a connection that breaks while nobody uses it, and opens another when one is needed.
  pool.on("error", (error) => options.log.warn({ error }, "a database connection broke"));
  // One that breaks while it is used says so to its user by the next statement; an error nobody listens to would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  try {
    (await pool.connect()).release();
  } catch (cause) {
    await pool.end();
    throw new GantryError(DATABASE_UNREACHABLE, `PostgreSQL${placeOf(url)} refuses: ${messageOf(cause)}`, { cause });
  }
  const kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const types = columnTypeReader();
  return {
    kysely,
    dialect: "postgres",
    transaction: (work, how) =>
      runTransaction(kysely, async (tx) => {
        if (how?.relaxed === true) await tx.executeQuery(CompiledQuery.raw("set local synchronous_commit = off"));
        return work(tx);
      }),
    bulkInsert: (tx, insert) => bulkInsert(tx, types, insert),
    bulkUpdate: (tx, update) => bulkUpdate(tx, types, update),
    close: () => kysely.destroy(),
  };
}

/** Where the server is, without the user and the password. */
export function placeOf(url: string): string {
  const parsed = URL.parse(url);
  const host = parsed?.searchParams.get("host") ?? parsed?.host ?? "";
  return host === "" ? "" : ` at ${host}`;
}

async function bulkInsert(tx: Transaction, types: ColumnTypeReader, insert: BulkInsert): Promise<number> {
  const names = insert.columns.map(quoted).join(", ");
  const source = await unnested(tx, types, insert.table, insert.columns);
  const end = conflictText(insert.columns, insert.onConflict);
  const text = `insert into ${quoted(insert.table)} (${names}) select * from ${source}${end}`;
  return runChunks(tx, text, insert.columns.length, insert.rows);
}

async function bulkUpdate(tx: Transaction, types: ColumnTypeReader, update: BulkUpdate): Promise<number> {
  const columns = [...update.keys, ...update.set];
  const source = await unnested(tx, types, update.table, columns);
  // Numbered, as a column may be both a key and set.
  const names = columns.map((_, index) => `c${index}`).join(", ");
  const assigned = update.set.map((name, index) => `${quoted(name)} = given.c${update.keys.length + index}`).join(", ");
  const found = update.keys.map((name, index) => `changed.${quoted(name)} = given.c${index}`).join(" and ");
  const text = `update ${quoted(update.table)} as changed set ${assigned} from ${source} as given (${names}) where ${found}`;
  return runChunks(tx, text, columns.length, update.rows);
}

/** One array for each column, cast to the column's type. */
async function unnested(tx: Transaction, types: ColumnTypeReader, table: string, columns: readonly string[]) {
  const known = await types.read(tx, table);
  const arrays = columns.map((name, index) => {
    const type = known.get(name);
    if (type === undefined) throw new Error(`table ${table} has no column ${name}`);
    return `$${index + 1}::${type}[]`;
  });
  return `unnest(${arrays.join(", ")})`;
}

async function runChunks(
  tx: Transaction,
  text: string,
  width: number,
  rows: readonly (readonly ColumnValue[])[],
): Promise<number> {
  let changes = 0;
  for (let start = 0; start < rows.length; start += CHUNK) {
    const chunk = rows.slice(start, start + CHUNK);
    const arrays = Array.from({ length: width }, (_, column) => chunk.map((row) => row[column]));
    const answer = await tx.executeQuery(CompiledQuery.raw(text, arrays));
    changes += Number(answer.numAffectedRows ?? 0n);
  }
  return changes;
}

import pg from "pg";
import { GantryError, messageOf } from "../../../kernel/errors.ts";
import type { ColumnValue } from "../bulk.ts";
import { DATABASE_UNREACHABLE } from "../errors.ts";
import {
  CATALOGUE,
  type CatalogueRow,
  GROUP_BYTES,
  GROUP_ROWS,
  shapesOf,
  type Snapshot,
  type TableShape,
  weightOf,
} from "../snapshot.ts";
import { quoted } from "../text.ts";
import { readNumbers } from "./numbers.ts";
import { placeOf } from "./open.ts";

/** Rows that are asked for first: nobody knows yet how long they are. */
const FIRST_ROWS = 16;

/**
 * One transaction, repeatable read and read only, on a connection of its own. It has no number, so it holds back no reader of events.
 *
 * Errors: `database_unreachable`.
 */
export async function openPostgresSnapshot(url: string): Promise<Snapshot> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 10_000,
    application_name: "gantry snapshot",
    types: { getTypeParser: readNumbers },
  });
  // One that breaks says so to its user by the next statement; an error nobody listens to would end the process.
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("begin transaction isolation level repeatable read read only");
    // Who reads it may be slow. What is seen is settled by the first reading, not by `begin`.
    await client.query("set local idle_in_transaction_session_timeout = 0");
    await client.query("select 1 from pg_class limit 1");
  } catch (cause) {
    await client.end().catch(() => {});
    throw new GantryError(DATABASE_UNREACHABLE, `PostgreSQL${placeOf(url)} refuses: ${messageOf(cause)}`, { cause });
  }
  return {
    dialect: "postgres",
    tables: async () => shapesOf((await client.query<CatalogueRow>(CATALOGUE.postgres)).rows),
    rows: (table) => rowsOf(client, table),
    async lastCounted(table) {
      if (table.counted === null) return null;
      const answer = await client.query<{ last: number | null }>(
        "select pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass) as last",
        [quoted(table.name), table.counted],
      );
      return answer.rows[0]?.last ?? null;
    },
    close: () => client.end(),
  };
}

async function* rowsOf(client: pg.Client, table: TableShape): AsyncGenerator<readonly (readonly ColumnValue[])[]> {
  const names = table.columns.map((column) => quoted(column.name)).join(", ");
  await client.query(`declare reading no scroll cursor for select ${names} from ${quoted(table.name)}`);
  let wanted = FIRST_ROWS;
  for (;;) {
    const { rows } = await client.query<ColumnValue[]>({ text: `fetch ${wanted} from reading`, rowMode: "array" });
    if (rows.length > 0) yield rows;
    if (rows.length < wanted) break;
    const bytes = rows.reduce((sum, row) => sum + weightOf(row), 0);
    // As many as make a group when they are as long as those before; never many more at once, as the next may be longer.
    wanted = Math.max(1, Math.min(GROUP_ROWS, wanted * 8, Math.floor((GROUP_BYTES * rows.length) / bytes)));
  }
  await client.query("close reading");
}

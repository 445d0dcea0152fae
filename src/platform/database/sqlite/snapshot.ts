import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { GantryError } from "../../../kernel/errors.ts";
import type { ColumnValue } from "../bulk.ts";
import { DATABASE_IN_MEMORY, DATABASE_UNUSABLE } from "../errors.ts";
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
import { BUSY_TIMEOUT, coded } from "./handle.ts";

/**
 * A read transaction on a connection of its own: the write-ahead log keeps what it sees, and no writer waits for it. While it is open the
 * log is not taken back into the file, so it grows by what is written meanwhile.
 *
 * Errors: `database_in_memory`, `database_unusable`.
 */
export function openSqliteSnapshot(path: string): Snapshot {
  if (path === ":memory:") throw new GantryError(DATABASE_IN_MEMORY, "the database is in the server's memory alone");
  if (!existsSync(path)) throw new GantryError(DATABASE_UNUSABLE, `there is no database ${path}`);
  return coded(path, () => {
    const database = new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT });
    try {
      database.exec("begin");
      // What is seen is settled by the first reading, not by `begin`.
      database.prepare("select count(*) from sqlite_schema").get();
    } catch (error) {
      database.close();
      throw error;
    }
    return snapshotOf(path, database);
  });
}

function snapshotOf(path: string, database: DatabaseSync): Snapshot {
  return {
    dialect: "sqlite",
    tables: async () => shapesOf(database.prepare(CATALOGUE.sqlite).all() as unknown as CatalogueRow[]),
    async *rows(table) {
      const names = table.columns.map((column) => quoted(column.name)).join(", ");
      const statement = coded(path, () => database.prepare(`select ${names} from ${quoted(table.name)}`));
      statement.setReturnArrays(true);
      yield* grouped(statement.iterate() as unknown as Iterable<readonly ColumnValue[]>);
    },
    async lastCounted(table: TableShape) {
      if (table.counted === null) return null;
      const row = database.prepare("select seq from sqlite_sequence where name = ?").get(table.name);
      return row === undefined ? null : Number(row["seq"]);
    },
    async close() {
      database.close();
    },
  };
}

function* grouped(rows: Iterable<readonly ColumnValue[]>): Generator<readonly (readonly ColumnValue[])[]> {
  let group: (readonly ColumnValue[])[] = [];
  let bytes = 0;
  for (const row of rows) {
    group.push(row);
    bytes += weightOf(row);
    if (bytes < GROUP_BYTES && group.length < GROUP_ROWS) continue;
    yield group;
    group = [];
    bytes = 0;
  }
  if (group.length > 0) yield group;
}

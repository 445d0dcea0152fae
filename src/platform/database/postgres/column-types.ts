import { sql } from "kysely";
import type { Transaction } from "../database.ts";

/** Types of a table's columns by name, as PostgreSQL writes them. */
export interface ColumnTypeReader {
  read(tx: Transaction, table: string): Promise<ReadonlyMap<string, string>>;
}

/** Reads each table once: the schema does not change while a server runs. */
export function columnTypeReader(): ColumnTypeReader {
  const known = new Map<string, ReadonlyMap<string, string>>();
  return {
    async read(tx, table) {
      const before = known.get(table);
      if (before !== undefined) return before;
      const answer = await sql<{ name: string; type: string }>`
        select attname as name, format_type(atttypid, atttypmod) as type
        from pg_attribute
        where attrelid = to_regclass(${`"${table}"`}) and attnum > 0 and not attisdropped`.execute(tx);
      const types = new Map(answer.rows.map((row) => [row.name, row.type]));
      // A table that is not there yet may come later.
      if (types.size > 0) known.set(table, types);
      return types;
    },
  };
}

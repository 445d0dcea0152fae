import type { ColumnValue } from "./bulk.ts";
import type { Dialect } from "./database.ts";

/** A column, and what its values are in both databases. */
export interface TableColumn {
  readonly name: string;
  readonly kind: "text" | "integer" | "real" | "blob";
}

export interface TableShape {
  readonly name: string;
  /** In the order in which the table was made. */
  readonly columns: readonly TableColumn[];
  /** The column that the database counts up; null: none. */
  readonly counted: string | null;
}

/** All rows of a database as they were at one moment. */
export interface Snapshot {
  readonly dialect: Dialect;
  /** By name. */
  tables(): Promise<readonly TableShape[]>;
  /** Every row, values in the order of the columns, in groups of about a megabyte. */
  rows(table: TableShape): AsyncIterable<readonly (readonly ColumnValue[])[]>;
  /** The number that was counted up to last, also when its row is gone; null: none was. */
  lastCounted(table: TableShape): Promise<number | null>;
  close(): Promise<void>;
}

/** Bytes after which a group of rows is complete. */
export const GROUP_BYTES = 1024 * 1024;
/** Rows after which it is complete, however small they are. */
export const GROUP_ROWS = 5000;

/** About how much a row takes in memory. */
export function weightOf(row: readonly ColumnValue[]): number {
  let bytes = 16;
  for (const value of row) bytes += typeof value === "string" || value instanceof Uint8Array ? value.length : 8;
  return bytes;
}

/** What both databases' catalogues answer, a row a column. */
export interface CatalogueRow {
  readonly table_name: string;
  readonly column_name: string;
  readonly column_type: string;
  /** Whether the database counts this column up. */
  readonly counted: number | boolean;
}

export function shapesOf(rows: readonly CatalogueRow[]): readonly TableShape[] {
  const shapes = new Map<string, { name: string; columns: TableColumn[]; counted: string | null }>();
  for (const row of rows) {
    const shape = shapes.get(row.table_name) ?? { name: row.table_name, columns: [], counted: null };
    shapes.set(row.table_name, shape);
    shape.columns.push({ name: row.column_name, kind: kindOf(row.column_type) });
    if (row.counted) shape.counted = row.column_name;
  }
  return [...shapes.values()];
}

function kindOf(type: string): TableColumn["kind"] {
  const lower = type.toLowerCase();
  if (lower === "blob" || lower === "bytea") return "blob";
  if (lower === "real" || lower === "double precision") return "real";
  return lower === "text" ? "text" : "integer";
}

/** Tables of the program with their columns, out of each database's catalogue. */
export const CATALOGUE: Readonly<Record<Dialect, string>> = {
  sqlite: `
    select m.name as table_name, c.name as column_name, c.type as column_type,
      c.pk = 1 and m.sql like '%autoincrement%' as counted
    from sqlite_schema as m join pragma_table_xinfo(m.name) as c
    where m.type = 'table' and m.name not like 'sqlite\\_%' escape '\\'
    order by m.name, c.cid`,
  postgres: `
    select c.relname as table_name, a.attname as column_name, format_type(a.atttypid, null) as column_type,
      a.attidentity <> '' as counted
    from pg_class as c join pg_attribute as a on a.attrelid = c.oid
    where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
    order by c.relname collate "C", a.attnum`,
};

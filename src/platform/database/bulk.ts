/** A value as both databases take it: booleans are 0 and 1, JSON is text, time is epoch milliseconds. */
export type ColumnValue = string | number | null | Uint8Array;

export interface BulkInsert {
  readonly table: string;
  readonly columns: readonly string[];
  /** One value for each column, in the order of `columns`. */
  readonly rows: readonly (readonly ColumnValue[])[];
  /** What happens to a row whose `columns` (a unique key) exist: left as it is, or its other given columns are replaced. */
  readonly onConflict?: { readonly columns: readonly string[]; readonly do: "nothing" | "update" };
}

export interface BulkUpdate {
  readonly table: string;
  /** Columns that find a row; compared by equality, so they also fence: `["id", "attempt"]`. */
  readonly keys: readonly string[];
  /** Columns that are set. */
  readonly set: readonly string[];
  /** The values of `keys`, then of `set`. */
  readonly rows: readonly (readonly ColumnValue[])[];
}

import type { BulkInsert } from "./bulk.ts";

/** A name of a table or column in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The end of an insert that says what happens to rows that exist; the same in both databases. */
export function conflictText(columns: readonly string[], onConflict: BulkInsert["onConflict"]): string {
  if (onConflict === undefined) return "";
  const key = onConflict.columns.map(quoted).join(", ");
  const replaced = columns.filter((name) => !onConflict.columns.includes(name));
  if (onConflict.do === "nothing" || replaced.length === 0) return ` on conflict (${key}) do nothing`;
  const assigned = replaced.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(", ");
  return ` on conflict (${key}) do update set ${assigned}`;
}

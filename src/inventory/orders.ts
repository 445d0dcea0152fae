import type { AnyRow } from "./edit-model.ts";

/** Rows in the order of any member. Pure. */

type Rows = ReadonlyMap<string, AnyRow>;

const known = new WeakMap<Rows, Map<string, readonly AnyRow[]>>();

/** So many orders of one kind are kept at once. */
const MOST_ORDERS = 6;

/**
 * All rows by a member, then by name: nothing first, then flags, numbers, texts. Worked out when first asked for, and kept for as long as
 * the snapshot's own map of the rows lives: it is another one as soon as a row of the kind changes.
 */
export function orderedBy(rows: Rows, member: string): readonly AnyRow[] {
  const orders = known.get(rows) ?? new Map<string, readonly AnyRow[]>();
  known.set(rows, orders);
  const found = orders.get(member) ?? sortedBy(rows.values(), member);
  orders.delete(member);
  orders.set(member, found);
  const [oldest] = orders.keys();
  if (orders.size > MOST_ORDERS && oldest !== undefined) orders.delete(oldest);
  return found;
}

export function sortedBy(rows: Iterable<AnyRow>, member: string): readonly AnyRow[] {
  return [...rows].sort((a, b) => compareValues(valueAt(a, member), valueAt(b, member)) || compareNames(a, b));
}

export function valueAt(row: AnyRow, member: string): unknown {
  return (row as unknown as Readonly<Record<string, unknown>>)[member];
}

export function compareNames(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Nothing before flags before numbers before texts. */
export function compareValues(a: unknown, b: unknown): number {
  const [first, second] = [rank(a), rank(b)];
  if (first !== second) return first - second;
  const [one, other] = [a as string, b as string];
  return one < other ? -1 : one > other ? 1 : 0;
}

function rank(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value === "boolean") return 1;
  return typeof value === "number" ? 2 : 3;
}

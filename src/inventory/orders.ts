import type { AnyRow } from "./edit-model.ts";

/** Rows in the order of any member. Pure. */

const known = new WeakMap<object, Map<string, readonly AnyRow[]>>();

/** So many orders of the same rows are kept at once. */
const MOST_ORDERS = 6;

/**
 * Rows by a member, then by name: nothing first, then flags, numbers, texts. Worked out when first asked for, and kept for as long as
 * what holds the rows lives: a map of a snapshot, or a list of an index. Each is another one as soon as something in it changes.
 */
export function orderedBy(holder: object, rows: () => Iterable<AnyRow>, member: string): readonly AnyRow[] {
  const orders = known.get(holder) ?? new Map<string, readonly AnyRow[]>();
  known.set(holder, orders);
  const found = orders.get(member) ?? sortedBy(rows(), member);
  orders.delete(member);
  orders.set(member, found);
  const [oldest] = orders.keys();
  if (orders.size > MOST_ORDERS && oldest !== undefined) orders.delete(oldest);
  return found;
}

function sortedBy(rows: Iterable<AnyRow>, member: string): readonly AnyRow[] {
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

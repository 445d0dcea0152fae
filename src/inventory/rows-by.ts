import type { AnyRow } from "./edit-model.ts";

/**
 * Rows of one kind in another order, and by other members than the name. Worked out when first asked for, and kept for as long as the
 * snapshot's own map of them lives: it is another one as soon as a row of the kind changes.
 */
export interface RowsBy {
  /** By name. */
  readonly sorted: readonly AnyRow[];
  /** By a member, then by name: nothing first, then numbers, then texts. */
  sortedBy(member: string): readonly AnyRow[];
  byId(id: string): AnyRow | undefined;
  /** Those with one of these values of an index, by name. */
  having(index: RowIndex, values: Iterable<string>): readonly AnyRow[];
}

/** What rows are found by. */
export type RowIndex = "site" | "groups" | "blueprint" | "label" | "parent" | "role";

type Rows = ReadonlyMap<string, AnyRow>;

const known = new WeakMap<Rows, RowsBy>();

/** So many orders of one kind are kept at once. */
const MOST_ORDERS = 6;

export function rowsBy(rows: Rows): RowsBy {
  const before = known.get(rows);
  if (before !== undefined) return before;
  const made = make(rows);
  known.set(rows, made);
  return made;
}

function make(rows: Rows): RowsBy {
  let sorted: readonly AnyRow[] | undefined;
  let ids: Map<string, AnyRow> | undefined;
  const orders = new Map<string, readonly AnyRow[]>();
  const indexes = new Map<RowIndex, ReadonlyMap<string, readonly AnyRow[]>>();
  function byName(): readonly AnyRow[] {
    // Read in this order, and changed rarely: sorting what is sorted is a walk.
    return (sorted ??= [...rows.values()].sort(compareNames));
  }
  return {
    get sorted() {
      return byName();
    },
    sortedBy(member) {
      if (member === "name") return byName();
      const found =
        orders.get(member) ?? [...byName()].sort((a, b) => compareValues(valueAt(a, member), valueAt(b, member)));
      orders.delete(member);
      orders.set(member, found);
      const [oldest] = orders.keys();
      if (orders.size > MOST_ORDERS && oldest !== undefined) orders.delete(oldest);
      return found;
    },
    byId(id) {
      ids ??= new Map([...rows.values()].map((row) => [row.id, row]));
      return ids.get(id);
    },
    having(index, values) {
      const entries = indexes.get(index) ?? indexOf(byName(), index);
      indexes.set(index, entries);
      const lists = [...values].flatMap((value) => {
        const list = entries.get(value);
        return list === undefined ? [] : [list];
      });
      if (lists.length < 2) return lists[0] ?? [];
      return [...new Set(lists.flat())].sort(compareNames);
    },
  };
}

function indexOf(rows: readonly AnyRow[], index: RowIndex): ReadonlyMap<string, readonly AnyRow[]> {
  const found = new Map<string, AnyRow[]>();
  for (const row of rows) {
    for (const value of valuesOf(row, index)) {
      const list = found.get(value);
      if (list === undefined) found.set(value, [row]);
      else list.push(row);
    }
  }
  return found;
}

/** Values a row is found by. A label is found by its key, and by key and value. */
function valuesOf(row: AnyRow, index: RowIndex): readonly string[] {
  if (index === "label") {
    const labels = Object.entries(valueAt(row, "labels") as Readonly<Record<string, string>>);
    return labels.flatMap(([key, value]) => [key, `${key}=${value}`]);
  }
  const value = valueAt(row, index);
  if (Array.isArray(value)) return value as readonly string[];
  return typeof value === "string" ? [value] : [""];
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

import type { RecordSet } from "./model.ts";

/** What changes from one state of a zone to another. */
export interface Difference {
  /** Sets as they are to be; `before` is null where the server had none. */
  readonly put: readonly { readonly set: RecordSet; readonly before: RecordSet | null }[];
  readonly drop: readonly RecordSet[];
}

export function differenceOf(before: readonly RecordSet[], after: readonly RecordSet[]): Difference {
  const known = new Map(before.map((set) => [keyOf(set), set]));
  const put = [];
  for (const set of after) {
    const key = keyOf(set);
    const old = known.get(key) ?? null;
    known.delete(key);
    if (old === null || !sameSet(old, set)) put.push({ set, before: old });
  }
  return { put, drop: [...known.values()] };
}

export function keyOf(set: Pick<RecordSet, "name" | "type">): string {
  return `${set.name} ${set.type}`;
}

function sameSet(one: RecordSet, other: RecordSet): boolean {
  return (
    one.ttl === other.ttl &&
    one.values.length === other.values.length &&
    one.values.every((value, index) => value === other.values[index])
  );
}

import type { RecordSet } from "./model.ts";

/** What changes from one state of a zone to another. */
export interface Difference {
  /** Sets as they are to be; `before` is null where the server had none. */
  readonly put: readonly { readonly set: RecordSet; readonly before: RecordSet | null }[];
  readonly drop: readonly RecordSet[];
}

/** Sets that are the same objects in both are passed over: a zone that was made of another one shares nearly all of them. */
export function differenceOf(before: readonly RecordSet[], after: readonly RecordSet[]): Difference {
  const [was, is] = withoutShared(before, after);
  const known = new Map(was.map((set) => [keyOf(set), set]));
  const put = [];
  for (const set of is) {
    const key = keyOf(set);
    const old = known.get(key) ?? null;
    known.delete(key);
    if (old === null || !sameSet(old, set)) put.push({ set, before: old });
  }
  return { put, drop: [...known.values()] };
}

type Pair = readonly [readonly RecordSet[], readonly RecordSet[]];

function withoutShared(before: readonly RecordSet[], after: readonly RecordSet[]): Pair {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  let [end, nextEnd] = [before.length, after.length];
  while (end > start && nextEnd > start && before[end - 1] === after[nextEnd - 1])
    [end, nextEnd] = [end - 1, nextEnd - 1];
  const [was, is] = [before.slice(start, end), after.slice(start, nextEnd)];
  const [ofWas, ofIs] = [new Set(was), new Set(is)];
  return [was.filter((set) => !ofIs.has(set)), is.filter((set) => !ofWas.has(set))];
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

/** A map that differs from another one in little. Neither is ever changed: snapshots of a large inventory share what they have in common. */

/** Below this a copy costs nothing worth saving. */
const SMALL = 1000;

/** Undefined: the name goes. */
export type Changes<Value> = ReadonlyMap<string, Value | undefined>;

/**
 * The map with changes. Names keep their place, new ones come last. Costs what was changed lately, and now and then a copy of everything.
 */
export function withChanges<Value>(
  map: ReadonlyMap<string, Value>,
  changes: Changes<Value>,
): ReadonlyMap<string, Value> {
  if (changes.size === 0) return map;
  const [base, before] = partsOf(map);
  const together = before.size + changes.size;
  if (base.size >= SMALL && together <= Math.max(SMALL / 4, base.size / 64))
    return new OverlayMap<Value>(base, new Map([...before, ...changes]));
  const copy = new Map(map);
  for (const [name, value] of changes) {
    if (value === undefined) copy.delete(name);
    else copy.set(name, value);
  }
  return copy;
}

/** A value that is another one in two maps. Undefined: the map has no such name. */
export interface Differing<Value> {
  readonly before: Value | undefined;
  readonly after: Value | undefined;
}

/** Names whose values are not the same ones. Costs what was changed lately when one map was made of the other, else a walk through both. */
export function differingIn<Value>(
  before: ReadonlyMap<string, Value>,
  after: ReadonlyMap<string, Value>,
): ReadonlyMap<string, Differing<Value>> {
  const found = new Map<string, Differing<Value>>();
  if (before === after) return found;
  const [base, earlier] = partsOf(before);
  const [nextBase, later] = partsOf(after);
  const together = base === nextBase;
  for (const names of together ? [earlier.keys(), later.keys()] : [before.keys(), after.keys()]) {
    for (const name of names) {
      const [was, is] = [before.get(name), after.get(name)];
      if (was !== is) found.set(name, { before: was, after: is });
    }
  }
  return found;
}

function partsOf<Value>(map: ReadonlyMap<string, Value>): readonly [ReadonlyMap<string, Value>, Changes<Value>] {
  return map instanceof OverlayMap ? (map as OverlayMap<Value>).parts() : [map, new Map<string, Value | undefined>()];
}

class OverlayMap<Value> implements ReadonlyMap<string, Value> {
  readonly #base: ReadonlyMap<string, Value>;
  readonly #changes: Changes<Value>;
  readonly size: number;

  constructor(base: ReadonlyMap<string, Value>, changes: Changes<Value>) {
    this.#base = base;
    this.#changes = changes;
    let size = base.size;
    for (const [name, value] of changes) size += (value === undefined ? 0 : 1) - (base.has(name) ? 1 : 0);
    this.size = size;
  }

  parts(): readonly [ReadonlyMap<string, Value>, Changes<Value>] {
    return [this.#base, this.#changes];
  }

  get(name: string): Value | undefined {
    return this.#changes.has(name) ? this.#changes.get(name) : this.#base.get(name);
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  *entries(): MapIterator<[string, Value]> {
    const changes = this.#changes;
    for (const entry of this.#base) {
      if (!changes.has(entry[0])) yield entry;
      else {
        const value = changes.get(entry[0]);
        if (value !== undefined) yield [entry[0], value];
      }
    }
    for (const [name, value] of changes) if (value !== undefined && !this.#base.has(name)) yield [name, value];
  }

  *keys(): MapIterator<string> {
    for (const [name] of this.entries()) yield name;
  }

  *values(): MapIterator<Value> {
    for (const [, value] of this.entries()) yield value;
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }

  forEach(visit: (value: Value, name: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [name, value] of this.entries()) visit(value, name, this);
  }
}

import { extendValues, parseKey, type Layer } from "../variables/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";

/** What layers say and what becomes of it: quickly where no operator is involved, by the one rule of `variables` elsewhere. Pure. */

/** What one layer says. */
export interface Said {
  /** Names without operator and class, and their values. */
  readonly plain: ReadonlyMap<string, Json>;
  /** The other names, each with all that is said of it. */
  readonly special: ReadonlyMap<string, JsonObject>;
  /** Every name it has a say in. */
  readonly names: readonly string[];
}

/** What layers say, each worked out once. */
export function createReader(): (layer: Layer) => Said {
  const known = new WeakMap<object, Said>();
  return (layer) => {
    const values = layer.values ?? {};
    const before = known.get(values);
    if (before !== undefined) return before;
    const said = read(values);
    known.set(values, said);
    return said;
  };
}

/** A name without operator and class, as in `variables`; those that start with `_` are built in. */
const PLAIN_KEY = /^[a-zA-Z0-9_][a-zA-Z0-9_-]*$/;

/** Names that were looked at. The same few come again and again. */
const plainKeys = new Set<string>();
const MOST_KEYS = 10_000;

/** Whether nothing but names without operator and class is said. */
export function isPlain(values: JsonObject): boolean {
  for (const key in values) if (!plainKeys.has(key) && !isPlainKey(key)) return false;
  return true;
}

function isPlainKey(key: string): boolean {
  if (!PLAIN_KEY.test(key)) return false;
  if (plainKeys.size >= MOST_KEYS) plainKeys.clear();
  plainKeys.add(key);
  return true;
}

function read(values: JsonObject): Said {
  const entries = Object.entries(values);
  if (isPlain(values)) return { plain: new Map(entries), special: new Map(), names: entries.map(([name]) => name) };
  const of = new Map<string, Record<string, Json>>();
  for (const [text, value] of entries) {
    // What is no key is not kept; names that come in are checked.
    const name = parseKey(text, true)?.name;
    if (name !== undefined) of.set(name, { ...of.get(name), [text]: value });
  }
  const plain = new Map<string, Json>();
  const special = new Map<string, JsonObject>();
  for (const [name, said] of of) {
    const value = said[name];
    if (value !== undefined && Object.keys(said).length === 1) plain.set(name, value);
    else special.set(name, said);
  }
  return { plain, special, names: [...of.keys()] };
}

/** What layers give to one name, one on top of the other. Errors: as `resolve`. */
export function valueOf(
  name: string,
  before: Json | undefined,
  layers: readonly Layer[],
  reader: (layer: Layer) => Said,
  classes: readonly string[],
): Json | undefined {
  const values = new Map([[name, before]]);
  for (const layer of layers) {
    const { plain, special } = reader(layer);
    const said = special.get(name);
    if (said !== undefined) extendValues(values, [{ source: layer.source, values: said }], classes);
    else if (plain.has(name)) values.set(name, plain.get(name));
  }
  return values.get(name);
}

/** Whether two values are the same for Ansible. */
export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((item, index) => same(item as Json, b[index] as Json));
  }
  const [one, other] = [a as JsonObject, b as JsonObject];
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]))
  );
}

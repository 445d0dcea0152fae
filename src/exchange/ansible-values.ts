import { parseKey, resolve, type Layer } from "../variables/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";

/** What layers say and what becomes of it: quickly where no operator is involved, by the one rule of `variables` elsewhere. Pure. */

/** What one layer says. */
export interface Said {
  readonly values: JsonObject;
  /** Names without operator and class, and their values. */
  readonly entries: readonly (readonly [string, Json])[];
  /** Only such names. */
  readonly plain: boolean;
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

/** Whether nothing but names without operator and class is said. */
export function isPlain(values: JsonObject): boolean {
  for (const key in values) if (!PLAIN_KEY.test(key)) return false;
  return true;
}

function read(values: JsonObject): Said {
  const entries = Object.entries(values);
  if (isPlain(values)) return { values, entries, plain: true, names: entries.map(([key]) => key) };
  const keys = entries.map(([key, value]) => ({ key: parseKey(key, true), value }));
  const counts = new Map<string, number>();
  for (const { key } of keys) if (key !== undefined) counts.set(key.name, (counts.get(key.name) ?? 0) + 1);
  return {
    values,
    entries: keys.flatMap(({ key, value }) =>
      key?.operator === "set" && key.class === undefined && counts.get(key.name) === 1
        ? [[key.name, value] as const]
        : [],
    ),
    plain: false,
    names: [...counts.keys()],
  };
}

/** What layers give one on top of the other, and which layer had the last say in each. `classes`: as in `resolve`. */
export function fold(
  layers: readonly Layer[],
  reader: (layer: Layer) => Said,
  classes: readonly string[],
): { readonly values: Map<string, Json>; readonly last: Map<string, Layer> } {
  const values = new Map<string, Json>();
  const last = new Map<string, Layer>();
  for (const layer of layers) {
    const said = reader(layer);
    if (said.plain) for (const [name, value] of said.entries) values.set(name, value);
    else overlay(values, layer, said, classes);
    for (const name of said.names) if (values.has(name)) last.set(name, layer);
  }
  for (const name of last.keys()) if (!values.has(name)) last.delete(name);
  return { values, last };
}

/** Puts what a layer says over values. Throws as `resolve` does. */
export function overlay(values: Map<string, Json>, layer: Layer, said: Said, classes: readonly string[]): void {
  const concerned = said.names.filter((name) => values.has(name));
  const base = Object.fromEntries(concerned.map((name) => [name, values.get(name)!]));
  const under: Layer = { source: { kind: "built_in", name: "before" }, values: base };
  const after = resolve([under, layer], { classes }).values;
  for (const name of said.names) {
    const value = Object.hasOwn(after, name) ? after[name] : undefined;
    if (value === undefined) values.delete(name);
    else values.set(name, value);
  }
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

/** Layers of variables become one set of values, each of which knows where it came from. Pure. Time grows with what the layers hold (joining copies: a list put together by many layers is copied by each). */
import type { ErrorKind, Problem } from "../kernel/errors.ts";
import { GantryError, problem } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { combine } from "./combine.ts";
import { VARIABLE_NAME_INVALID } from "./errors.ts";
import type { Operator, VariableKey } from "./names.ts";
import { keyProblem, parseKey } from "./names.ts";

/** Who says something about variables. Only `built_in` may use reserved names. */
export interface VariableSource {
  readonly kind: "tenant" | "blueprint" | "site" | "group" | "foundation" | "structure" | "built_in";
  readonly name: string;
}

export interface Layer {
  readonly source: VariableSource;
  readonly values: JsonObject | null;
}

/** One layer's say in one variable. */
export interface Contribution {
  readonly source: VariableSource;
  readonly operator: Operator;
  readonly value: Json;
  readonly class?: string;
}

export interface Explanation {
  readonly value: Json;
  /** The sources whose parts are in the value, in the order they were applied. */
  readonly from: readonly VariableSource[];
  /** The operator applied last. */
  readonly operator: Operator;
  /** What `from` said, in the same order. */
  readonly parts: readonly Contribution[];
  /** What was said and no longer counts, in the order it was said: values set over, values deleted, deletions set over. */
  readonly overrode: readonly Contribution[];
}

export interface Resolution {
  readonly values: JsonObject;
  readonly explain: Readonly<Record<string, Explanation>>;
  /** Variables that would be there, had not the last of these contributions deleted them. */
  readonly deleted: Readonly<Record<string, readonly Contribution[]>>;
}

export interface ResolveOptions {
  /** The classes of the target: its foundation's type, and the classes of that type's driver. */
  readonly classes?: readonly string[];
}

interface Held {
  value: Json | undefined;
  parts: Contribution[];
  overrode: Contribution[];
}

/** Within one layer. */
const ORDER: Readonly<Record<Operator, number>> = { remove: 0, set: 1, prepend: 2, append: 3, delete: 4 };

/**
 * Resolves layers, first applied first: the later wins. Within a layer all `-` come first, then plain names, then `<`, `>`, `~`;
 * of two keys that are otherwise equal, the one without a class comes first, then in the order of `classes`. Layers are not
 * changed. Throws `variable_name_invalid` or `variable_type_conflict`, with all problems when there are several.
 */
export function resolve(layers: readonly Layer[], options: ResolveOptions = {}): Resolution {
  const held = new Map<string, Held>();
  applyAll(held, layers, options.classes ?? []);
  const values: [string, Json][] = [];
  const explain: [string, Explanation][] = [];
  const deleted: [string, readonly Contribution[]][] = [];
  for (const [name, { value, parts, overrode }] of held) {
    if (value === undefined) {
      deleted.push([name, overrode]);
      continue;
    }
    values.push([name, value]);
    const from = parts.map((part) => part.source);
    explain.push([name, { value, from, operator: parts.at(-1)?.operator ?? "set", parts, overrode }]);
  }
  return {
    values: Object.fromEntries(values),
    explain: Object.fromEntries(explain),
    deleted: Object.fromEntries(deleted),
  };
}

/** One overlay over plain values. Neither is changed. Throws as `resolve` does. */
export function applyOverlay(
  base: JsonObject,
  overlay: JsonObject | null,
  classes: readonly string[] = [],
): JsonObject {
  const held = new Map<string, Held>();
  for (const [name, value] of Object.entries(base)) held.set(name, { value, parts: [], overrode: [] });
  applyAll(held, [{ source: { kind: "structure", name: "overlay" }, values: overlay }], classes);
  const values = [...held].flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries(values);
}

function applyAll(held: Map<string, Held>, layers: readonly Layer[], classes: readonly string[]): void {
  const problems: Problem[] = [];
  let kind: ErrorKind | undefined;
  function report(of: ErrorKind, message: string, source: VariableSource): void {
    kind ??= of;
    problems.push(problem(of, `${source.kind} ${source.name}: ${message}`));
  }
  for (const { source, values } of layers) {
    for (const { key, value } of ordered(source, values ?? {}, classes, report)) {
      try {
        apply(held, key, value, source);
      } catch (error) {
        if (!(error instanceof GantryError)) throw error;
        report(error.kind, `variable ${key.name}: ${error.message}`, source);
      }
    }
  }
  const [first] = problems;
  if (kind === undefined || first === undefined) return;
  throw new GantryError(kind, first.message, { problems });
}

interface Entry {
  readonly key: VariableKey;
  readonly value: Json;
}

/** The entries of a layer that count, in the order they are applied. */
function ordered(
  source: VariableSource,
  values: JsonObject,
  classes: readonly string[],
  report: (kind: ErrorKind, message: string, source: VariableSource) => void,
): Entry[] {
  const rank = new Map(classes.map((one, index) => [one, index]));
  const entries: { key: VariableKey; value: Json; rank: number }[] = [];
  for (const [text, value] of Object.entries(values)) {
    const key = parseKey(text, source.kind === "built_in");
    if (key === undefined) {
      report(VARIABLE_NAME_INVALID, keyProblem(text), source);
      continue;
    }
    const classRank = key.class === undefined ? -1 : rank.get(key.class);
    if (classRank !== undefined) entries.push({ key, value, rank: classRank });
  }
  return entries.sort((a, b) => ORDER[a.key.operator] - ORDER[b.key.operator] || a.rank - b.rank);
}

function apply(held: Map<string, Held>, key: VariableKey, value: Json, source: VariableSource): void {
  const before = held.get(key.name);
  const after = combine(before?.value, key.operator, value);
  const said: Contribution = {
    source,
    operator: key.operator,
    value,
    ...(key.class === undefined ? {} : { class: key.class }),
  };
  if (before === undefined) {
    if (after !== undefined) held.set(key.name, { value: after, parts: [said], overrode: [] });
    return;
  }
  if (key.operator === "set") {
    before.overrode.push(...before.parts);
    before.parts = [said];
  } else if (key.operator === "delete") {
    if (before.value === undefined) return;
    before.overrode.push(...before.parts, said);
    before.parts = [];
  } else if (after === undefined || same(before.value, after)) return;
  else before.parts.push(said);
  before.value = after;
}

/** Whether taking out, or joining nothing, left the value as it was. Joining makes new values, so only sizes need a look. */
function same(before: Json | undefined, after: Json): boolean {
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null)
    return before === after;
  if (Array.isArray(before) && Array.isArray(after)) {
    return before.length === after.length;
  }
  const names = Object.keys(after);
  return (
    names.length === Object.keys(before).length &&
    names.every((name) => (after as JsonObject)[name] === (before as JsonObject)[name])
  );
}

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
  readonly kind: "tenant" | "blueprint" | "site" | "group" | "complex" | "foundation" | "structure" | "built_in";
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

/** What layers came to so far. It may be gone on with by several, and is never changed. */
export interface Fold {
  readonly held: ReadonlyMap<string, Held>;
  readonly problems: readonly Problem[];
  /** Of the first problem. */
  readonly kind: ErrorKind | undefined;
}

interface Held {
  readonly value: Json | undefined;
  readonly parts: readonly Contribution[];
  readonly overrode: readonly Contribution[];
}

/** A `Held` that only the fold that is being made knows. */
interface OwnHeld {
  value: Json | undefined;
  parts: Contribution[];
  overrode: Contribution[];
}

/** No layer yet. */
export const EMPTY_FOLD: Fold = { held: new Map(), problems: [], kind: undefined };

/** Within one layer. */
const ORDER: Readonly<Record<Operator, number>> = { remove: 0, set: 1, prepend: 2, append: 3, delete: 4 };

/**
 * Resolves layers, first applied first: the later wins. Within a layer all `-` come first, then plain names, then `<`, `>`, `~`;
 * of two keys that are otherwise equal, the one without a class comes first, then in the order of `classes`. Layers are not
 * changed. Throws `variable_name_invalid` or `variable_type_conflict`, with all problems when there are several.
 */
export function resolve(layers: readonly Layer[], options: ResolveOptions = {}): Resolution {
  return resolutionOf(extendFold(EMPTY_FOLD, layers, options.classes ?? []));
}

/** Further layers over what earlier ones came to, for targets of these classes. Problems are kept until the end. */
export function extendFold(before: Fold, layers: readonly Layer[], classes: readonly string[]): Fold {
  const held = new Map<string, Held>(before.held);
  const problems: Problem[] = [...before.problems];
  let { kind } = before;
  function report(of: ErrorKind, message: string, source: VariableSource): void {
    kind ??= of;
    problems.push(problem(of, `${source.kind} ${source.name}: ${message}`));
  }
  const own = new Set<string>();
  for (const { source, values } of layers) {
    for (const { key, value } of ordered(source, values ?? {}, classes, report)) {
      try {
        apply(held, own, key, value, source);
      } catch (error) {
        if (!(error instanceof GantryError)) throw error;
        report(error.kind, `variable ${key.name}: ${error.message}`, source);
      }
    }
  }
  return { held, problems, kind };
}

/** What a fold of all layers means. Throws as `resolve` does. */
export function resolutionOf(fold: Fold): Resolution {
  throwProblems(fold.problems, fold.kind);
  const values: Record<string, Json> = {};
  const explain: Record<string, Explanation> = {};
  const deleted: Record<string, readonly Contribution[]> = {};
  for (const [name, { value, parts, overrode }] of fold.held) {
    if (value === undefined) {
      deleted[name] = overrode;
      continue;
    }
    values[name] = value;
    const from = parts.map((part) => part.source);
    explain[name] = { value, from, operator: parts.at(-1)?.operator ?? "set", parts, overrode };
  }
  return { values, explain, deleted };
}

/** One overlay over plain values. Neither is changed. Throws as `resolve` does. */
export function applyOverlay(
  base: JsonObject,
  overlay: JsonObject | null,
  classes: readonly string[] = [],
): JsonObject {
  const values = new Map<string, Json | undefined>(Object.entries(base));
  extendValues(values, [{ source: { kind: "structure", name: "overlay" }, values: overlay }], classes);
  return objectOf(values);
}

/**
 * Applies layers to values, which are changed, without remembering who said what: for many at once. A name whose value is undefined
 * is not there. Throws as `resolve` does.
 */
export function extendValues(
  values: Map<string, Json | undefined>,
  layers: readonly Layer[],
  classes: readonly string[],
): void {
  const problems: Problem[] = [];
  let kind: ErrorKind | undefined;
  function report(of: ErrorKind, message: string, source: VariableSource): void {
    kind ??= of;
    problems.push(problem(of, `${source.kind} ${source.name}: ${message}`));
  }
  for (const { source, values: said } of layers) {
    for (const { key, value } of ordered(source, said ?? {}, classes, report)) {
      try {
        const before = values.get(key.name);
        const after = combine(before, key.operator, value);
        // What is taken away again keeps its place, as it does with provenance.
        if (after !== undefined || before !== undefined) values.set(key.name, after);
      } catch (error) {
        if (!(error instanceof GantryError)) throw error;
        report(error.kind, `variable ${key.name}: ${error.message}`, source);
      }
    }
  }
  throwProblems(problems, kind);
}

/** The values a fold came to so far. Throws as `resolve` does. */
export function valuesOfFold(fold: Fold): Map<string, Json | undefined> {
  throwProblems(fold.problems, fold.kind);
  return new Map([...fold.held].map(([name, { value }]) => [name, value]));
}

export function objectOf(values: ReadonlyMap<string, Json | undefined>): JsonObject {
  const object: Record<string, Json> = {};
  for (const [name, value] of values) {
    if (value === undefined) continue;
    if (name === "__proto__") Object.defineProperty(object, name, { value, enumerable: true });
    else object[name] = value;
  }
  return object;
}

function throwProblems(problems: readonly Problem[], kind: ErrorKind | undefined): void {
  const [first] = problems;
  if (kind === undefined || first === undefined) return;
  throw new GantryError(kind, first.message, { problems: [...problems] });
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
  const entries: { key: VariableKey; value: Json; rank: number }[] = [];
  let plain = true;
  for (const [text, value] of Object.entries(values)) {
    const key = parseKey(text, source.kind === "built_in");
    if (key === undefined) {
      report(VARIABLE_NAME_INVALID, keyProblem(text), source);
      continue;
    }
    const rank = key.class === undefined ? -1 : classes.indexOf(key.class);
    if (key.class !== undefined && rank < 0) continue;
    if (key.operator !== "set" || rank >= 0) plain = false;
    entries.push({ key, value, rank });
  }
  // Names that are only set are set in any order.
  return plain ? entries : entries.sort((a, b) => ORDER[a.key.operator] - ORDER[b.key.operator] || a.rank - b.rank);
}

function apply(held: Map<string, Held>, own: Set<string>, key: VariableKey, value: Json, source: VariableSource): void {
  const { name, operator } = key;
  const before = held.get(name);
  const after = combine(before?.value, operator, value);
  const said: Contribution =
    key.class === undefined ? { source, operator, value } : { source, operator, value, class: key.class };
  if (before === undefined) {
    if (after === undefined) return;
    held.set(name, { value: after, parts: [said], overrode: [] });
    own.add(name);
    return;
  }
  if (operator === "delete" && before.value === undefined) return;
  if (operator !== "set" && operator !== "delete" && (after === undefined || same(before.value, after))) return;
  const mine = owned(held, own, name, before);
  if (operator === "set") {
    mine.overrode.push(...mine.parts);
    mine.parts = [said];
  } else if (operator === "delete") {
    mine.overrode.push(...mine.parts, said);
    mine.parts = [];
  } else mine.parts.push(said);
  mine.value = after;
}

/** What earlier folds hold too is copied before it is changed, once. */
function owned(held: Map<string, Held>, own: Set<string>, name: string, before: Held): OwnHeld {
  if (own.has(name)) return before as OwnHeld;
  const mine: OwnHeld = { value: before.value, parts: [...before.parts], overrode: [...before.overrode] };
  held.set(name, mine);
  own.add(name);
  return mine;
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

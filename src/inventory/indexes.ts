import type { Id } from "../kernel/ids.ts";
import { invariant } from "../kernel/errors.ts";
import {
  CHILD_GROUPS,
  FOUNDATION_RULES,
  includedIn,
  OWNED_INTERFACES,
  shapeOf,
  STRUCTURE_RULES,
  type Dimension,
  type FoundationDimension,
  type IndexRule,
  type RowsKind,
} from "./index-keys.ts";
import type { Managed, Snapshot, Structure } from "./model.ts";
import { withChanges } from "./overlay-map.ts";
import { changedNames } from "./sorted-names.ts";

/**
 * Finds things of a snapshot without looking at all of them. What is asked for is built when it is asked for first, and carried over to
 * the next snapshot when little has changed. Lists of names are in order and are not to be changed. Pure.
 */
export interface Indexes {
  /** The names of every row of a kind. */
  names(kind: RowsKind): readonly string[];
  /** The name of the row of this id. */
  byId(kind: RowsKind, id: Id): string | undefined;
  /**
   * Structures by what they have: a `site` (or one below it), a `group` (or one below it, or one it includes), a `blueprint` (or one that
   * builds upon it), a `label` (`NAME` or `NAME=VALUE`), a `role`, a `parent`, a `foundation`, an address of a `block`, who manages them.
   */
  structures(dimension: Exclude<Dimension, "standing">, key: string): readonly string[];
  /** Foundations by their `site` (or one above it), their `blueprint` (or one it builds upon), or the `complex` that offers them. */
  foundations(dimension: FoundationDimension, key: string): readonly string[];
  /** Structures that stand on a foundation, or are to go: all the foreman cares for. */
  standing(): readonly string[];
  /** Groups right below this one; the empty name: those without one above them. */
  childGroups(name: string): readonly string[];
  interfacesOf(owner: "structure" | "foundation", name: string): readonly string[];
}

type Row = Managed & { readonly name: string };
type Buckets = ReadonlyMap<string, readonly string[]>;

/** One row that changed. Undefined: it was not there, or is gone. */
export interface RowChange {
  readonly before: Row | undefined;
  readonly after: Row | undefined;
}

/** By name, of each kind. */
export type RowChanges = ReadonlyMap<RowsKind, ReadonlyMap<string, RowChange>>;

interface Built {
  readonly names: Map<RowsKind, readonly string[]>;
  readonly ids: Map<RowsKind, ReadonlyMap<Id, string>>;
  readonly buckets: Map<IndexRule, Buckets>;
}

const NONE: readonly string[] = [];
/** More changes than these cost more to carry over than to build anew. */
const MOST_CARRIED = 2000;

const known = new WeakMap<Snapshot, Built>();

export function indexesOf(world: Snapshot): Indexes {
  const built = known.get(world) ?? { names: new Map(), ids: new Map(), buckets: new Map() };
  known.set(world, built);
  return {
    names: (kind) => namesOf(world, built, kind),
    byId: (kind, id) => idsOf(world, built, kind).get(id),
    structures: (dimension, key) => bucketsOf(world, built, STRUCTURE_RULES[dimension]).get(key) ?? NONE,
    foundations: (dimension, key) => bucketsOf(world, built, FOUNDATION_RULES[dimension]).get(key) ?? NONE,
    standing: () => bucketsOf(world, built, STRUCTURE_RULES.standing).get("") ?? NONE,
    childGroups: (name) => bucketsOf(world, built, CHILD_GROUPS).get(name) ?? NONE,
    interfacesOf: (owner, name) => bucketsOf(world, built, OWNED_INTERFACES).get(`${owner} ${name}`) ?? NONE,
  };
}

/** The structures that stand on a foundation, or are to go, in order: of 100,000 that are only recorded none is looked at. */
export function standingStructures(snapshot: Snapshot): readonly Structure[] {
  return indexesOf(snapshot)
    .standing()
    .flatMap((name) => snapshot.structures.get(name) ?? []);
}

function namesOf(world: Snapshot, built: Built, kind: RowsKind): readonly string[] {
  const names = built.names.get(kind) ?? [...world[kind].keys()].sort();
  built.names.set(kind, names);
  return names;
}

function idsOf(world: Snapshot, built: Built, kind: RowsKind): ReadonlyMap<Id, string> {
  const ids = built.ids.get(kind) ?? new Map([...world[kind].values()].map(({ id, name }) => [id, name]));
  built.ids.set(kind, ids);
  return ids;
}

function bucketsOf(world: Snapshot, built: Built, rule: IndexRule): Buckets {
  const before = built.buckets.get(rule);
  if (before !== undefined) return before;
  const buckets = new Map<string, string[]>();
  const rows = world[rule.rows];
  for (const name of namesOf(world, built, rule.rows)) {
    const row = rows.get(name);
    invariant(row !== undefined, "an index holds the names of the rows there are");
    for (const key of rule.keys(row as never, world)) {
      const bucket = buckets.get(key);
      if (bucket === undefined) buckets.set(key, [name]);
      else bucket.push(name);
    }
  }
  built.buckets.set(rule, buckets);
  return buckets;
}

/** Gives the next snapshot what was built for the one before it. `changes`: every row in which the two differ. */
export function carryIndexes(before: Snapshot, next: Snapshot, changes: RowChanges): void {
  const built = known.get(before);
  if (built === undefined || known.has(next)) return;
  const carried: Built = { names: new Map(), ids: new Map(), buckets: new Map() };
  for (const [kind, names] of built.names) {
    const changed = few(changes, kind);
    if (changed !== undefined) carried.names.set(kind, carryNames(names, changed));
  }
  for (const [kind, ids] of built.ids) {
    const changed = few(changes, kind);
    if (changed !== undefined) carried.ids.set(kind, carryIds(ids, changed));
  }
  for (const [rule, buckets] of built.buckets) {
    const changed = few(changes, rule.rows);
    if (changed === undefined || !keepsShape(rule, buckets, next, changes)) continue;
    carried.buckets.set(rule, carryBuckets(rule, buckets, before, next, changed));
  }
  known.set(next, carried);
}

const UNCHANGED: ReadonlyMap<string, RowChange> = new Map();

function few(changes: RowChanges, kind: RowsKind): ReadonlyMap<string, RowChange> | undefined {
  const changed = changes.get(kind) ?? UNCHANGED;
  return changed.size > MOST_CARRIED ? undefined : changed;
}

function carryNames(names: readonly string[], changed: ReadonlyMap<string, RowChange>): readonly string[] {
  const added: string[] = [];
  const removed: string[] = [];
  for (const [name, { before, after }] of changed) {
    if (before === undefined && after !== undefined) added.push(name);
    else if (before !== undefined && after === undefined) removed.push(name);
  }
  return added.length + removed.length === 0 ? names : changedNames(names, added, removed);
}

function carryIds(ids: ReadonlyMap<Id, string>, changed: ReadonlyMap<string, RowChange>): ReadonlyMap<Id, string> {
  const differing = new Map<Id, string | undefined>();
  for (const { before } of changed.values()) if (before !== undefined) differing.set(before.id, undefined);
  for (const { after } of changed.values()) if (after !== undefined) differing.set(after.id, after.name);
  for (const [id, name] of differing) if (ids.get(id) === name) differing.delete(id);
  return withChanges(ids, differing);
}

function carryBuckets(
  rule: IndexRule,
  buckets: Buckets,
  before: Snapshot,
  next: Snapshot,
  changed: ReadonlyMap<string, RowChange>,
): Buckets {
  const moves = new Map<string, { readonly added: string[]; readonly removed: string[] }>();
  function move(key: string): { readonly added: string[]; readonly removed: string[] } {
    const known = moves.get(key) ?? { added: [], removed: [] };
    moves.set(key, known);
    return known;
  }
  for (const [name, change] of changed) {
    const was = change.before === undefined ? NONE : rule.keys(change.before as never, before);
    const is = change.after === undefined ? NONE : rule.keys(change.after as never, next);
    for (const key of was) if (!is.includes(key)) move(key).removed.push(name);
    for (const key of is) if (!was.includes(key)) move(key).added.push(name);
  }
  const differing = new Map<string, readonly string[] | undefined>();
  for (const [key, { added, removed }] of moves) {
    const names = changedNames(buckets.get(key) ?? NONE, added, removed);
    differing.set(key, names.length === 0 ? undefined : names);
  }
  return withChanges(buckets, differing);
}

/** Whether rows that did not change have the keys they had: a tree may grow and lose leaves that nobody names. */
function keepsShape(rule: IndexRule, buckets: Buckets, next: Snapshot, changes: RowChanges): boolean {
  const { tree } = rule;
  if (tree === undefined) return true;
  for (const [name, { before, after }] of changes.get(tree) ?? UNCHANGED) {
    const [was, is] = [shapeOf(before), shapeOf(after)];
    if (was.length === is.length && was.every((part, at) => part === is[at])) continue;
    if (buckets.has(name) || includedIn(after).some((one) => buckets.has(one))) return false;
    for (const row of next[tree].values()) if (shapeOf(row).includes(name)) return false;
  }
  return true;
}

import { lineage } from "../blueprints/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { nearest } from "../kernel/nearest.ts";
import type { AnyRow } from "./edit-model.ts";
import { meant } from "./edit-touched.ts";
import { FILTER_INVALID } from "./errors.ts";
import { ruleOf, titleOf, type Kind } from "./kinds.ts";
import type { Snapshot } from "./model.ts";
import { indexesOf, type Indexes } from "./indexes.ts";
import { valueAt } from "./orders.ts";

/** Which things of a kind a list shows. Every member that is given must hold. */
export interface Filter {
  /** Of this site or one below it. */
  readonly site?: string | undefined;
  /** In this group, one below it, or one it includes. */
  readonly group?: string | undefined;
  /** `key` or `key=value`; all of them. */
  readonly label?: readonly string[] | undefined;
  /** Made by this blueprint, or by one that builds upon it. */
  readonly blueprint?: string | undefined;
  readonly state?: string | undefined;
  readonly role?: string | undefined;
  /** Directly below this one; empty: below none. */
  readonly parent?: string | undefined;
  /** The member `kind` of sites and groups. */
  readonly kind?: string | undefined;
  /** Foundations this complex offers, and what stands on them. */
  readonly complex?: string | undefined;
  /** What stands on this foundation, belongs to it, or lets it wait. */
  readonly foundation?: string | undefined;
}

/** What a filter leaves. */
export interface Filtered {
  /** Names among which they are, in order, as an index knows them. Undefined: among all. */
  readonly names: readonly string[] | undefined;
  readonly passes: (row: AnyRow) => boolean;
}

/**
 * Narrows the things of a kind by the index that leaves the fewest.
 *
 * Errors: `filter_invalid` for a filter that things of this kind do not have, and for a site, group or blueprint that is not there.
 */
export function filtered(snapshot: Snapshot, kind: Kind, filter: Filter): Filtered {
  const shape = ruleOf(kind).schema.shape as Readonly<Record<string, unknown>>;
  const conditions: Condition[] = [];
  for (const [name, value] of Object.entries(filter)) {
    if (value === undefined) continue;
    conditions.push(...conditionsOf(snapshot, kind, shape, name as keyof Filter, value as string & readonly string[]));
  }
  let names: readonly string[] | undefined;
  if (kind === "structure") {
    const indexes = indexesOf(snapshot);
    for (const { index, key } of conditions) {
      // Whoever has nothing there is in no index.
      if (index === undefined || key === undefined || key === "") continue;
      const found = index === "standing" ? indexes.standing() : indexes.structures(index, key);
      if (names === undefined || found.length < names.length) names = found;
    }
  }
  return { names, passes: (row) => conditions.every(({ holds }) => holds(row)) };
}

interface Condition {
  /** Where structures for which it holds are found, and under what. */
  readonly index?: Parameters<Indexes["structures"]>[0] | "standing";
  readonly key?: string;
  readonly holds: (row: AnyRow) => boolean;
}

function conditionsOf(
  snapshot: Snapshot,
  kind: Kind,
  shape: Readonly<Record<string, unknown>>,
  name: keyof Filter,
  value: string & readonly string[],
): readonly Condition[] {
  switch (name) {
    case "site": {
      const lies = kind === "interface" || kind === "dependency";
      if (kind !== "site" && !lies) need(kind, shape, name, "site");
      const sites = below(snapshot.sites, known("site", value, snapshot.sites));
      if (kind === "site") return [{ holds: ({ name: own }) => sites.has(own) }];
      return lies ? [whoseOwner(snapshot, sites)] : [member("site", sites, "site", value)];
    }
    case "group": {
      if (kind !== "group") need(kind, shape, name, "groups");
      const groups = groupsBelow(snapshot, known("group", value, snapshot.groups));
      return [kind === "group" ? { holds: ({ name: own }) => groups.has(own) } : inGroups(groups, value)];
    }
    case "label":
      need(kind, shape, name, "labels");
      return value.map(labelled);
    case "blueprint":
      need(kind, shape, name, "blueprint");
      return [
        member("blueprint", builtUpon(snapshot, known("blueprint", value, snapshot.blueprints)), "blueprint", value),
      ];
    case "state":
      if (!ruleOf(kind).built) throw none(kind, name);
      if (kind === "foundation" && value === "located") return [{ holds: isLocated }];
      // What stands on nothing is planned for ever.
      return [
        value === "planned" ? member("state", new Set([value])) : member("state", new Set([value]), "standing", value),
      ];
    case "parent":
    case "role":
      need(kind, shape, name, name);
      return [member(name, new Set([value]), name, value)];
    case "complex":
      if (kind !== "structure") need(kind, shape, name, name);
      return [offeredBy(snapshot, kind, known("complex", value, snapshot.complexes))];
    case "foundation":
      need(kind, shape, name, name);
      return [member(name, new Set([known("foundation", value, snapshot.foundations)]), name, value)];
    default:
      need(kind, shape, name, "kind");
      return [member("kind", new Set([value]))];
  }
}

function need(kind: Kind, shape: Readonly<Record<string, unknown>>, filter: string, has: string): void {
  if (!Object.hasOwn(shape, has)) throw none(kind, filter);
}

function none(kind: Kind, filter: string): GantryError {
  return new GantryError(FILTER_INVALID, `a list of ${ruleOf(kind).plural} has no filter '${filter}'`);
}

function known(kind: Kind, name: string, rows: ReadonlyMap<string, unknown>): string {
  if (rows.has(name)) return name;
  throw new GantryError(
    FILTER_INVALID,
    `there is no ${titleOf(kind)} '${name.slice(0, 80)}'${meant(name, rows.keys())}`,
    { details: { unknown: kind } },
  );
}

function member(of: string, values: ReadonlySet<string>, index?: Condition["index"], key?: string): Condition {
  const holds = (row: AnyRow): boolean => {
    const value = valueAt(row, of);
    return values.has(typeof value === "string" ? value : "");
  };
  return index === undefined || key === undefined ? { holds } : { index, key, holds };
}

function inGroups(values: ReadonlySet<string>, key: string): Condition {
  const holds = (row: AnyRow): boolean =>
    (valueAt(row, "groups") as readonly string[]).some((name) => values.has(name));
  return { index: "group", key, holds };
}

function labelled(text: string): Condition {
  const split = text.indexOf("=");
  const key = split < 0 ? text : text.slice(0, split);
  const holds = (row: AnyRow): boolean => {
    const labels = valueAt(row, "labels") as Readonly<Record<string, Json>>;
    return Object.hasOwn(labels, key) && (split < 0 || labels[key] === text.slice(split + 1));
  };
  return { index: "label", key: text, holds };
}

/** It is planned, and somebody said which machine it is. */
function isLocated(row: AnyRow): boolean {
  return valueAt(row, "state") === "planned" && valueAt(row, "locatedAt") !== null;
}

function offeredBy({ foundations }: Snapshot, kind: Kind, complex: string): Condition {
  if (kind === "foundation") return member("complex", new Set([complex]));
  return { holds: (row) => foundations.get(String(valueAt(row, "foundation") ?? ""))?.complex === complex };
}

/** Interfaces by whose they are, dependencies by what waits. */
function whoseOwner(snapshot: Snapshot, sites: ReadonlySet<string>): Condition {
  const holds = (row: AnyRow): boolean => {
    const { structure, foundation } = row as unknown as { structure: string | null; foundation: string | null };
    const owner = snapshot.foundations.get(foundation ?? "") ?? snapshot.structures.get(structure ?? "");
    return owner !== undefined && sites.has(owner.site);
  };
  return { holds };
}

/** A thing and those below it in a tree. */
function below(rows: ReadonlyMap<string, { readonly parent: string | null }>, top: string): ReadonlySet<string> {
  return closure(top, childrenOf(rows));
}

const children = new WeakMap<object, ReadonlyMap<string, readonly string[]>>();

function childrenOf(
  rows: ReadonlyMap<string, { readonly parent: string | null; readonly includes?: readonly string[] }>,
): ReadonlyMap<string, readonly string[]> {
  const before = children.get(rows);
  if (before !== undefined) return before;
  const found = new Map<string, string[]>();
  function add(parent: string, child: string): void {
    const list = found.get(parent);
    if (list === undefined) found.set(parent, [child]);
    else list.push(child);
  }
  for (const [name, { parent, includes }] of rows) {
    if (parent !== null) add(parent, name);
    for (const included of includes ?? []) add(name, included);
  }
  children.set(rows, found);
  return found;
}

function closure(top: string, next: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const found = new Set<string>();
  const open = [top];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const child of next.get(name) ?? []) open.push(child);
  }
  return found;
}

/** A group, those below it, and those it includes: a structure of one of these is in it. */
function groupsBelow(snapshot: Pick<Snapshot, "groups">, group: string): ReadonlySet<string> {
  return closure(group, childrenOf(snapshot.groups));
}

const upon = new WeakMap<object, Map<string, ReadonlySet<string>>>();

/** A blueprint, and those that build upon it. */
function builtUpon({ blueprints }: Pick<Snapshot, "blueprints">, blueprint: string): ReadonlySet<string> {
  const cache = upon.get(blueprints) ?? new Map<string, ReadonlySet<string>>();
  upon.set(blueprints, cache);
  const found =
    cache.get(blueprint) ??
    new Set([...blueprints.keys()].filter((name) => lineage(blueprints, name).some((one) => one.name === blueprint)));
  cache.set(blueprint, found);
  return found;
}

/** The name among `names`, or `filter_invalid` with the nearest one. */
export function oneOf(what: string, name: string, names: readonly string[]): string {
  if (names.includes(name)) return name;
  const near = nearest(name, names);
  const hint = near === undefined ? `: known are ${names.join(", ")}` : `; did you mean '${near}'?`;
  throw new GantryError(FILTER_INVALID, `there is no ${what} '${name.slice(0, 60)}'${hint}`);
}

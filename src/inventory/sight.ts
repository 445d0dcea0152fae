import { forbidden, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { AnyRow, Edit, EditContext, EditPlan } from "./edit-model.ts";
import { REFERENCE_UNKNOWN } from "./errors.ts";
import { indexesOf } from "./indexes.ts";
import { KIND_NAMES, ownedRule, type Kind, type OwnedKind } from "./kinds.ts";
import { scriptStructureOf } from "./dependencies.ts";
import type { Complex, Dependency, Group, Snapshot } from "./model.ts";
import { notFound } from "./not-found.ts";
import { withChanges } from "./overlay-map.ts";
import { placeOf } from "./place.ts";
import { siteChain } from "./site-chain.ts";

/**
 * What somebody whose rights reach only some places may see and change of the inventory. What they may not read is not there for them: it
 * is left out of lists, and answered as something that does not exist. Pure.
 */

/** Tells rows that may be read. Undefined: all may. */
export function readable(
  { rights }: Principal,
  snapshot: Snapshot,
  kind: OwnedKind,
): ((row: object) => boolean) | undefined {
  if (rights.everywhere("inventory.read")) return undefined;
  return (row) => rights.at("inventory.read", placeOf(snapshot, kind, row));
}

/** Errors: `not_found`, as if nothing were there. */
export function requireReadable(principal: Principal, snapshot: Snapshot, kind: OwnedKind, row: AnyRow, asked: string) {
  if (readable(principal, snapshot, kind)?.(row) === false) throw notFound(kind, asked, []);
}

/**
 * Before edits are planned: what they name may be read, so that no answer tells of what may not.
 *
 * Errors: `not_found`.
 */
export function requireVisible(principal: Principal, snapshot: Snapshot, edits: readonly Edit[]): void {
  if (principal.rights.everywhere("inventory.read")) return;
  for (const { kind, ...edit } of edits) {
    if (edit.action === "create" || kind === "tenant" || !KIND_NAMES.includes(kind)) continue;
    const { rows } = ownedRule(kind);
    const named: ReadonlyMap<string, AnyRow> = snapshot[rows];
    const row = named.get(edit.name) ?? named.get(indexesOf(snapshot).byId(rows, edit.name) ?? "");
    if (row === undefined) throw notFound(kind, edit.name, []);
    requireReadable(principal, snapshot, kind, row, edit.name);
  }
}

/**
 * Of planned edits: each thing that is touched may be changed where it is, and where it will be.
 *
 * Errors: `forbidden`, `not_found`.
 */
export function requireWritable(
  principal: Principal,
  snapshot: Snapshot,
  plan: EditPlan,
  edits: readonly Edit[],
): void {
  const { rights } = principal;
  if (rights.everywhere("inventory.write")) return;
  const after = snapshotAfter(snapshot, plan);
  // What goes or changes along was named by nobody, and is not named to whom may not see it.
  for (const { kind, name, action } of plan.results.slice(edits.length))
    if (action !== "unchanged") requireAlong(principal, snapshot, kind, name);
  for (const { kind, name, action } of plan.results) {
    if (action === "unchanged") continue;
    const before = rowBefore(snapshot, kind, name);
    if (before !== undefined) requireAtPlace(principal, snapshot, kind, before, name);
    const row = plan.row(kind, name);
    if (row !== undefined) requireAtPlace(principal, after, kind, row, name);
  }
}

function requireAlong({ name: who, rights }: Principal, snapshot: Snapshot, kind: Kind, name: string): void {
  const row = rowBefore(snapshot, kind, name);
  if (row === undefined || rights.at("inventory.write", placeOf(snapshot, kind, row))) return;
  throw forbidden(who, "inventory.write", "where things are that would go or change along");
}

/**
 * Who puts a group into another gives the rights that hold in that one over the structures of the first: he needs the permission there. A
 * group that is not there yet will be somebody else's.
 *
 * Errors: `reference_unknown`.
 */
export function requireIncluded(
  { rights }: Principal,
  permission: "inventory.write" | "change.propose" | "change.apply",
  snapshot: Snapshot,
  groups: readonly Pick<Group, "name" | "includes">[],
): void {
  if (rights.everywhere(permission)) return;
  for (const { name, includes } of groups)
    for (const included of includes) {
      if (snapshot.groups.get(name)?.includes.includes(included) === true) continue;
      const row = snapshot.groups.get(included);
      if (row !== undefined && rights.at(permission, placeOf(snapshot, "group", row))) continue;
      throw new GantryError(
        REFERENCE_UNKNOWN,
        `group '${name}': includes names the group '${included.slice(0, 80)}', which is not there, or not yours to change`,
        { details: { member: "includes" } },
      );
    }
}

/** Tells of what somebody may know that is there: what may be read, what is at no place, and what sites have for those below them. */
export function knownTo({ rights }: Principal, snapshot: Snapshot): EditContext["knows"] {
  if (rights.everywhere("inventory.read")) return undefined;
  let above: ReadonlySet<string> | undefined;
  const sitesAbove = (): ReadonlySet<string> => {
    above ??= new Set(
      [...snapshot.sites.values()]
        .filter((site) => rights.at("inventory.read", placeOf(snapshot, "site", site)))
        .flatMap(({ name }) => siteChain(snapshot, name)),
    );
    return above;
  };
  return (kind, row) => {
    if (OF_ALL.includes(kind) || rights.at("inventory.read", placeOf(snapshot, kind, row))) return true;
    if (!SHARED.includes(kind)) return false;
    const { site } = row as AnyRow & { readonly site?: string | null };
    return typeof site !== "string" || sitesAbove().has(site);
  };
}

/** What is at no place, for all of the tenant. */
const OF_ALL: readonly OwnedKind[] = ["zone", "blueprint", "field_schema"];
/** What a site has for all sites below it. */
const SHARED: readonly OwnedKind[] = ["address_block", "network", "link"];

type JoiningPermission = "inventory.write" | "change.propose" | "change.apply";

/** A row as it will be. */
interface Written {
  readonly kind: Kind;
  readonly row: object;
}

/** The members by which a thing comes below a site, a group or a complex, and gets its variables and its secrets. */
const BELOW: readonly (readonly [kind: Kind, member: string, to: "site" | "group" | "complex"])[] = [
  ["structure", "site", "site"],
  ["structure", "groups", "group"],
  ["foundation", "site", "site"],
  ["foundation", "complex", "complex"],
  ["site", "parent", "site"],
  ["group", "parent", "group"],
];

/**
 * What comes below a site or a group gets what that has for those below it, secrets as well: who puts it there needs the permission there,
 * not at the thing alone. So does who lets members of a complex host something, or scripts of a dependency run on a structure.
 *
 * Errors: `forbidden`.
 */
export function requireJoined(
  principal: Principal,
  permission: JoiningPermission,
  snapshot: Snapshot,
  written: readonly Written[],
): void {
  const { name: who, rights } = principal;
  if (rights.everywhere(permission)) return;
  for (const { kind, row } of written)
    for (const [of, member, to] of BELOW) {
      if (of !== kind) continue;
      const before = namesIn(rowBefore(snapshot, kind, (row as { readonly name: string }).name), member);
      for (const name of namesIn(row, member)) {
        const there = snapshot[ownedRule(to).rows].get(name);
        // What is made along with it is looked at by itself.
        if (there === undefined || before.includes(name)) continue;
        if (!rights.at(permission, placeOf(snapshot, to, there)))
          throw forbidden(
            who,
            permission,
            `at ${to} '${name}', whose variables and secrets would reach what comes there`,
          );
      }
    }
  requireHosts(principal, permission, snapshot, written);
  requireScripts(principal, permission, snapshot, written);
}

/** Members of a complex host what it offers: who names them needs the permission where they are. */
function requireHosts(
  principal: Principal,
  permission: JoiningPermission,
  snapshot: Snapshot,
  written: readonly Written[],
): void {
  for (const { kind, row } of written) {
    if (kind !== "complex") continue;
    const { name } = row as Complex;
    const before = namesIn(rowBefore(snapshot, kind, name), "members");
    for (const member of namesIn(row, "members"))
      if (!before.includes(member))
        requireAtStructure(principal, permission, snapshot, member, `would host what complex '${name}' offers`);
  }
}

/**
 * Scripts of dependencies run on a structure of others: who lets them run there, also by another step of the chain that leads there, needs
 * the permission where it is.
 */
function requireScripts(
  principal: Principal,
  permission: JoiningPermission,
  snapshot: Snapshot,
  written: readonly Written[],
): void {
  const changed = written.filter(({ kind }) => kind === "dependency").map(({ row }) => row as Dependency);
  if (changed.length === 0) return;
  const after = withChanges(snapshot.dependencies, new Map(changed.map((row) => [row.name, row])));
  const ran = (row: Dependency | undefined): string =>
    JSON.stringify([row?.createScript ?? null, row?.destroyScript ?? null]);
  for (const [name, row] of after) {
    if (row.createScript === null && row.destroyScript === null) continue;
    const on = scriptStructureOf(after, name);
    const before = snapshot.dependencies.get(name);
    const asBefore = ran(row) === ran(before) && on === scriptStructureOf(snapshot.dependencies, name);
    if (on === undefined || (before !== undefined && asBefore)) continue;
    requireAtStructure(principal, permission, snapshot, on, `would run scripts of dependency '${name.slice(0, 80)}'`);
  }
}

/** What is made along with it is looked at by itself. */
function requireAtStructure(
  { name: who, rights }: Principal,
  permission: JoiningPermission,
  snapshot: Snapshot,
  name: string,
  what: string,
): void {
  const there = snapshot.structures.get(name);
  if (there === undefined || rights.at(permission, placeOf(snapshot, "structure", there))) return;
  throw forbidden(who, permission, `at structure '${name.slice(0, 80)}', which ${what}`);
}

function namesIn(row: object | undefined, member: string): readonly string[] {
  const value = (row as Readonly<Record<string, unknown>> | undefined)?.[member];
  return Array.isArray(value) ? (value as readonly string[]) : typeof value === "string" ? [value] : [];
}

function requireAtPlace(
  { name: who, rights }: Principal,
  snapshot: Snapshot,
  kind: Kind,
  row: object,
  name: string,
): void {
  const place = placeOf(snapshot, kind, row);
  if (rights.at("inventory.write", place)) return;
  if (kind !== "tenant" && !rights.at("inventory.read", place)) throw notFound(kind, name, []);
  throw forbidden(who, "inventory.write", `where ${kind.replaceAll("_", " ")} '${name.slice(0, 80)}' is, or would be`);
}

function rowBefore(snapshot: Snapshot, kind: Kind, name: string): object | undefined {
  return kind === "tenant" ? snapshot.tenant : snapshot[ownedRule(kind).rows].get(name);
}

/** The snapshot with what a plan writes, as far as places go by it. */
export function snapshotAfter(snapshot: Snapshot, { writes: { insert, update } }: Pick<EditPlan, "writes">): Snapshot {
  const written = <Row extends { readonly name: string }>(
    rows: ReadonlyMap<string, Row>,
    ...lists: readonly (readonly Row[])[]
  ): ReadonlyMap<string, Row> => withChanges(rows, new Map(lists.flat().map((row) => [row.name, row])));
  const sites = written(snapshot.sites, insert.sites, update.sites);
  const groups = written(snapshot.groups, insert.groups, update.groups);
  const structures = written(snapshot.structures, insert.structures, update.structures);
  const foundations = written(snapshot.foundations, insert.foundations, update.foundations);
  const complexes = written(snapshot.complexes, insert.complexes, update.complexes);
  return { ...snapshot, sites, groups, structures, foundations, complexes };
}

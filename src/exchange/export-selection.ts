import {
  createResolver,
  FILTER_INVALID,
  filtered,
  groupOrder,
  meant,
  NOT_FOUND,
  parseVariableQuery,
  siteChain,
  type Snapshot,
  valueAtPath,
} from "../inventory/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { ALL } from "./ansible-groups.ts";
import { same } from "./ansible-values.ts";
import type { ExportRequest } from "./export-model.ts";
import { addTo } from "./lists.ts";

/** Which structures and groups an export is of. Pure. */
export interface Selection {
  /** `all`, or the name of a group. */
  readonly group: string;
  readonly hosts: readonly string[];
  /** Groups to write beside those the hosts are in. Undefined: all there are. */
  readonly groups: ReadonlySet<string> | undefined;
  /** Groups whose variables count. */
  readonly concerned: readonly string[];
}

/**
 * @param seen the snapshot as far as it may be read: what is not in it is not there; left out, all of it
 *
 * Errors: `not_found` for the group and for hosts, `filter_invalid`, `variable_path_invalid`.
 */
export function select(
  snapshot: Snapshot,
  request: Pick<ExportRequest, "group" | "filter">,
  seen: Snapshot = snapshot,
): Selection {
  const { blueprint, label, vars = [], host } = request.filter;
  const top = topOf(seen, request.group);
  const group = top.kind === "group" ? top.name : ALL;
  const site = top.kind === "site" ? bothSites(seen, top.name, request.filter.site) : request.filter.site;
  const { names, passes } = filtered(seen, "structure", {
    site,
    blueprint,
    label,
    ...(group === ALL ? {} : { group }),
  });
  const chosen = host === undefined ? undefined : new Set(host.map((name) => hostOf(seen, name)));
  const matches = variablesMatch(snapshot, vars);
  const hosts = [...(names ?? seen.structures.keys())].filter((name) => {
    const structure = seen.structures.get(name);
    return (
      structure !== undefined &&
      structure.wanted !== "absent" &&
      chosen?.has(name) !== false &&
      passes(structure) &&
      matches(name)
    );
  });
  const isWhole =
    site === undefined && blueprint === undefined && label === undefined && vars.length === 0 && chosen === undefined;
  const allGroups = seen === snapshot ? undefined : new Set(seen.groups.keys());
  const groups = !isWhole ? new Set<string>() : group === ALL ? allGroups : groupsBelow(seen, group);
  return { group: top.name, hosts, groups, concerned: concernedBy(snapshot, hosts, groups) };
}

function variablesMatch(snapshot: Snapshot, texts: readonly string[]): (structure: string) => boolean {
  const queries = texts.map(parseVariableQuery);
  if (queries.length === 0) return () => true;
  const resolver = createResolver(snapshot);
  return (structure) =>
    queries.every(({ path: [variable, ...parts], value }) =>
      same(valueAtPath(resolver.value(structure, variable), parts), value),
    );
}

/** What is exported: a group or, as sites are shown among the groups, a site. */
function topOf(snapshot: Snapshot, idOrName: string): { readonly kind: "group" | "site"; readonly name: string } {
  if (idOrName === ALL || snapshot.groups.has(idOrName)) return { kind: "group", name: idOrName };
  if (snapshot.sites.has(idOrName)) return { kind: "site", name: idOrName };
  for (const { id, name } of snapshot.groups.values()) if (id === idOrName) return { kind: "group", name };
  for (const { id, name } of snapshot.sites.values()) if (id === idOrName) return { kind: "site", name };
  const names = [ALL, ...snapshot.groups.keys(), ...snapshot.sites.keys()];
  throw new GantryError(NOT_FOUND, `there is no group '${idOrName.slice(0, 80)}'${meant(idOrName, names)}`);
}

/** The inner one of two sites. Errors: `filter_invalid` when neither lies in the other. */
function bothSites(snapshot: Snapshot, top: string, filter: string | undefined): string {
  if (filter === undefined || siteChain(snapshot, top).includes(filter)) return top;
  // One that is not there is told by the filter itself.
  if (!snapshot.sites.has(filter) || siteChain(snapshot, filter).includes(top)) return filter;
  throw new GantryError(FILTER_INVALID, `neither of the sites '${top}' and '${filter}' lies in the other`);
}

function hostOf(snapshot: Snapshot, name: string): string {
  if (snapshot.structures.has(name)) return name;
  throw new GantryError(
    NOT_FOUND,
    `there is no structure '${name.slice(0, 80)}'${meant(name, snapshot.structures.keys())}`,
  );
}

function groupsBelow(snapshot: Snapshot, top: string): ReadonlySet<string> {
  const children = new Map<string, string[]>();
  for (const { name, parent } of snapshot.groups.values()) if (parent !== null) addTo(children, parent, name);
  const found = new Set<string>();
  const waiting = [top];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    waiting.push(...(children.get(name) ?? []), ...(snapshot.groups.get(name)?.includes ?? []));
  }
  return found;
}

function concernedBy(
  snapshot: Snapshot,
  hosts: readonly string[],
  groups: ReadonlySet<string> | undefined,
): readonly string[] {
  if (groups === undefined) return [...snapshot.groups.keys()];
  const order = groupOrder(snapshot.groups);
  const found = new Set(groups);
  for (const name of hosts)
    for (const group of order.effective(snapshot.structures.get(name)?.groups ?? [])) found.add(group);
  return [...found];
}

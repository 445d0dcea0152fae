import {
  createResolver,
  filtered,
  groupOrder,
  meant,
  NOT_FOUND,
  parseVariableQuery,
  type ResolverOptions,
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

/** Errors: `not_found` for the group and for hosts, `filter_invalid`, `variable_path_invalid`. */
export function select(
  snapshot: Snapshot,
  request: Pick<ExportRequest, "group" | "filter">,
  options: ResolverOptions = {},
): Selection {
  const { site, blueprint, label, vars = [], host } = request.filter;
  const group = groupOf(snapshot, request.group);
  const { rows, passes } = filtered(snapshot, "structure", snapshot.structures, {
    site,
    blueprint,
    label,
    ...(group === ALL ? {} : { group }),
  });
  const named = host === undefined ? undefined : new Set(host.map((name) => hostOf(snapshot, name)));
  const matches = variablesMatch(snapshot, vars, options);
  const hosts = rows
    .filter((row) => {
      const structure = snapshot.structures.get(row.name);
      return (
        structure !== undefined &&
        structure.wanted !== "absent" &&
        named?.has(row.name) !== false &&
        passes(row) &&
        matches(row.name)
      );
    })
    .map(({ name }) => name);
  const isWhole =
    site === undefined && blueprint === undefined && label === undefined && vars.length === 0 && named === undefined;
  const groups = !isWhole ? new Set<string>() : group === ALL ? undefined : groupsBelow(snapshot, group);
  return { group, hosts, groups, concerned: concernedBy(snapshot, hosts, groups) };
}

function variablesMatch(
  snapshot: Snapshot,
  texts: readonly string[],
  options: ResolverOptions,
): (structure: string) => boolean {
  const queries = texts.map(parseVariableQuery);
  if (queries.length === 0) return () => true;
  const resolver = createResolver(snapshot, options);
  return (structure) =>
    queries.every(({ path: [variable, ...parts], value }) =>
      same(valueAtPath(resolver.value(structure, variable), parts), value),
    );
}

function groupOf(snapshot: Snapshot, idOrName: string): string {
  if (idOrName === ALL || snapshot.groups.has(idOrName)) return idOrName;
  for (const { id, name } of snapshot.groups.values()) if (id === idOrName) return name;
  throw new GantryError(
    NOT_FOUND,
    `there is no group '${idOrName.slice(0, 80)}'${meant(idOrName, [ALL, ...snapshot.groups.keys()])}`,
  );
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

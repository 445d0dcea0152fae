import { nearest } from "../kernel/nearest.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import { IMPORT_CIRCLE, IMPORT_SYNTAX } from "./errors.ts";
import type { ImportDocument, ImportRequest, ImportRow, SourceFile } from "./import-model.ts";
import { findCircle, hostnameOf, Rows } from "./import-rows.ts";
import { parseJson, placeInJson, refused } from "./import-text.ts";

/**
 * An inventory as Ansible's dynamic inventories and `ansible-inventory --list --export` write it: groups with `hosts`, `children` and
 * `vars`, and the hosts' variables in `_meta.hostvars`. Pure.
 */

/** What a format says of a host beside its variables. */
export interface HostFacts {
  readonly data: JsonObject;
  /** Addresses of its own. */
  readonly addresses: ImportRow["addresses"];
}

export interface HostContext {
  readonly name: string;
  readonly variables: JsonObject;
  readonly isHost: (name: string) => boolean;
  readonly warn: (message: string, ...path: readonly string[]) => void;
}

interface SourceGroup {
  readonly hosts: readonly string[];
  readonly children: readonly string[];
  readonly variables: JsonObject;
}

/** Ansible's own groups: every host is in `all`, and those that are in no other group are in `ungrouped`. */
const ALL = "all";
const UNGROUPED = "ungrouped";

/** Ansible's default of `ansible_group_priority`; ours is 0. */
const DEFAULT_PRIORITY = 1;

/** Names a variable has had in the life of Ansible and OpenStack-Ansible, newest first. */
export const ADDRESS_VARIABLES = [
  "ansible_host",
  "ansible_ssh_host",
  "management_address",
  "container_address",
] as const;

export function readAnsible(request: ImportRequest): ImportDocument {
  return readInventory(request, oneFile(request.files), ({ variables }) => ({
    data: { managementAddress: managementAddress(variables) },
    addresses: [],
  }));
}

/** The first file; an inventory is in one. */
export function oneFile(files: readonly SourceFile[]): SourceFile {
  const [first, second] = files;
  const where = { file: second?.path ?? first?.path ?? "the import" };
  if (first === undefined || second !== undefined)
    throw refused(IMPORT_SYNTAX, `this format is one file, and there are ${files.length}`, where);
  return first;
}

/** How a host is reached; null when nothing says it. */
export function managementAddress(variables: JsonObject): string | null {
  for (const name of ADDRESS_VARIABLES) {
    const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
    // A template is an address only once it is rendered.
    if (typeof value === "string" && /^[^\s{}]{1,255}$/.test(value)) return value;
  }
  return null;
}

/** @throws GantryError `import_invalid` */
export function readInventory(
  request: ImportRequest,
  { path: file, text }: SourceFile,
  factsOf: (context: HostContext) => HostFacts,
): ImportDocument {
  const source = parseJson(text, file);
  const where = (...path: readonly (string | number)[]) => placeInJson(text, file, path);
  if (!isJsonObject(source)) throw refused(IMPORT_SYNTAX, "an inventory is a map of groups", where());
  const rows = new Rows();

  const groups = groupsOf(source, rows, where);
  const parents = parentsOf(groups);
  const circle = findCircle(
    groups.keys(),
    (name) => groups.get(name)?.children.filter((child) => groups.has(child)) ?? [],
  );
  if (circle !== undefined) {
    const [first = "", second = ""] = circle;
    const index = groups.get(first)?.children.indexOf(second) ?? 0;
    rows.wrong(`groups contain each other: ${circle.join(" → ")}`, where(first, "children", index), IMPORT_CIRCLE);
  }

  // Only variables make a difference between a group `all` and none.
  const all = groups.get(ALL);
  const hasAll = all !== undefined && Object.keys(all.variables).length > 0;
  for (const [name, group] of groups) {
    if (name === UNGROUPED || (name === ALL && !hasAll)) continue;
    const [parent = hasAll && name !== ALL ? ALL : null] = parents.get(name) ?? [];
    const { ansible_group_priority: priority, ...variables } = group.variables;
    const included = group.children.filter((child) => !groups.has(child) || parents.get(child)?.[0] !== name);
    rows.add({
      kind: "group",
      name,
      data: {
        kind: "ansible",
        parent,
        includes: name === ALL ? [] : included.sort(),
        priority: isWhole(priority) ? Number(priority) - DEFAULT_PRIORITY : 0,
        variables: rows.variables(`group ${name}`, variables, (variable) => where(name, "vars", variable)),
      },
    });
  }
  readHosts(request, source, { rows, groups, hasAll, where, factsOf });
  return rows.document(file);
}

function isWhole(value: Json | undefined): boolean {
  return typeof value === "number" ? Number.isInteger(value) : typeof value === "string" && /^-?\d{1,6}$/.test(value);
}

type Where = (...path: readonly (string | number)[]) => ReturnType<typeof placeInJson>;

function groupsOf(source: JsonObject, rows: Rows, where: Where): Map<string, SourceGroup> {
  const groups = new Map<string, SourceGroup>();
  for (const [name, value] of Object.entries(source)) {
    if (name === "_meta") continue;
    // As the oldest inventories write it: a list of hosts.
    if (Array.isArray(value)) groups.set(name, { hosts: texts(value, rows, where, name), children: [], variables: {} });
    else if (!isJsonObject(value)) rows.wrong(`group '${name.slice(0, 60)}' is neither a map nor a list`, where(name));
    else if (!["hosts", "children", "vars"].some((member) => Object.hasOwn(value, member))) {
      // Ansible takes such a map for the variables of a host.
      groups.set(name, { hosts: [name], children: [], variables: value });
    } else {
      groups.set(name, {
        hosts: names(value, "hosts", rows, where, name),
        children: [...new Set(names(value, "children", rows, where, name))],
        variables: variablesOf(value["vars"], rows, () => where(name, "vars"), `the variables of group ${name}`),
      });
    }
  }
  return groups;
}

/** Hosts and children are lists, or maps by name. */
function names(group: JsonObject, member: string, rows: Rows, where: Where, name: string): readonly string[] {
  const value = group[member] ?? [];
  if (isJsonObject(value)) return Object.keys(value);
  if (Array.isArray(value)) return texts(value, rows, where, name, member);
  rows.wrong(`the ${member} of group '${name}' are no list`, where(name, member));
  return [];
}

function texts(list: readonly Json[], rows: Rows, where: Where, ...path: readonly string[]): readonly string[] {
  for (const [index, item] of list.entries()) {
    if (typeof item !== "string" || item === "")
      rows.wrong(`${JSON.stringify(item).slice(0, 60)} in group '${path[0]}' is no name`, where(...path, index));
  }
  return list.filter((item) => typeof item === "string");
}

function variablesOf(value: Json | undefined, rows: Rows, where: () => ReturnType<Where>, of: string): JsonObject {
  if (isJsonObject(value)) return value;
  if (value !== undefined && value !== null) rows.wrong(`${of} are no map`, where());
  return {};
}

/** The groups a group is in, but for `all`, in the order of their names: the first one becomes its parent. */
function parentsOf(groups: ReadonlyMap<string, SourceGroup>): ReadonlyMap<string, readonly string[]> {
  const parents = new Map<string, string[]>();
  for (const name of [...groups.keys()].sort()) {
    if (name === ALL || name === UNGROUPED) continue;
    for (const child of groups.get(name)?.children ?? []) {
      const before = parents.get(child);
      if (before === undefined) parents.set(child, [name]);
      else before.push(name);
    }
  }
  return parents;
}

interface HostParts {
  readonly rows: Rows;
  readonly groups: ReadonlyMap<string, SourceGroup>;
  readonly hasAll: boolean;
  readonly where: Where;
  readonly factsOf: (context: HostContext) => HostFacts;
}

function readHosts(request: ImportRequest, source: JsonObject, parts: HostParts): void {
  const { rows, groups, hasAll, where } = parts;
  const namedIn = new Map<string, Set<string>>();
  for (const [group, { hosts }] of groups) {
    for (const host of hosts) {
      const found = namedIn.get(host) ?? new Set();
      namedIn.set(host, found);
      if (group !== ALL && group !== UNGROUPED) found.add(group);
    }
  }
  const meta = variablesOf(source["_meta"], rows, () => where("_meta"), "_meta");
  const hostvars = variablesOf(meta["hostvars"], rows, () => where("_meta", "hostvars"), "hostvars");
  for (const name of Object.keys(hostvars)) {
    if (!namedIn.has(name))
      rows.warn(
        `host '${name}' has variables but is in no group: Ansible does not know it`,
        where("_meta", "hostvars", name),
      );
  }
  for (const [name, inGroups] of namedIn) {
    const own = variablesOf(
      Object.hasOwn(hostvars, name) ? hostvars[name] : undefined,
      rows,
      () => where("_meta", "hostvars", name),
      `the variables of host ${name}`,
    );
    const variables = rows.variables(`host ${name}`, own, (variable) => where("_meta", "hostvars", name, variable));
    const facts = parts.factsOf({
      name,
      variables,
      isHost: (other) => namedIn.has(other),
      warn: (message, ...path) => rows.warn(message, where("_meta", "hostvars", name, ...path)),
    });
    rows.add({
      kind: "structure",
      name,
      data: {
        hostname: hostnameOf(name),
        site: request.site,
        groups: inGroups.size === 0 && hasAll ? [ALL] : [...inGroups].sort(),
        variables,
        ...facts.data,
      },
      ...(facts.addresses === undefined || facts.addresses.length === 0 ? {} : { addresses: facts.addresses }),
    });
  }
  checkParents(rows, where);
}

/** A structure that hosts itself, over others, is a mistake in the source. */
function checkParents(rows: Rows, where: Where): void {
  const parents = new Map(rows.of("structure").map(({ name, data }) => [name, data["parent"]]));
  const circle = findCircle(parents.keys(), (name) => {
    const parent = parents.get(name);
    return typeof parent === "string" ? [parent] : [];
  });
  if (circle !== undefined) {
    const [first = ""] = circle;
    rows.wrong(
      `hosts stand on each other: ${circle.join(" → ")}`,
      where("_meta", "hostvars", first, "physical_host"),
      IMPORT_CIRCLE,
    );
  }
}

/** `; did you mean 'x'?` */
export function nearestText(typed: string, known: Iterable<string>): string {
  const near = nearest(typed, known);
  return near === undefined ? "" : `; did you mean '${near}'?`;
}

import type { ResolverOptions, StructureData, World } from "../inventory/index.ts";
import type { Layer } from "../variables/index.ts";
import { canonicalJson, type Json, type JsonObject } from "../kernel/json.ts";
import { createFileCollector, holdsFile, type FileCollector } from "./ansible-files.ts";
import { ALL, precedence, type Node } from "./ansible-groups.ts";
import { createLayering, NEVER_AT_GROUPS, type Shared } from "./ansible-layers.ts";
import type { AnsibleGroup, AnsibleHost, AnsibleInventory } from "./ansible-model.ts";
import { compareNames } from "./ansible-names.ts";
import { isPlain, same, valueOf } from "./ansible-values.ts";

/**
 * Plans an Ansible inventory whose every host resolves to what our own rule gives it. Variables stay at the groups they are said at,
 * wherever Ansible's precedence leads to the same value; only what differs goes to the host. Pure.
 *
 * Ansible can overrule a variable of a group, never take it away: what one host of a group does not have is at none of the groups
 * that host is in.
 */
export interface AnsiblePlanner {
  /** `hosts`: names of structures. `groups`: the groups to write; those that the hosts are in come with them. Undefined: all. */
  plan(hosts: readonly string[], groups?: ReadonlySet<string>): AnsibleInventory;
}

export interface PlannerOptions extends ResolverOptions {
  /** Whether hosts get the built-in variables (`_id`, `_site` …). */
  readonly builtIn: boolean;
  /** Where there is nowhere to put files, values that are files stay as they are written. */
  readonly keepFiles?: boolean;
}

const NO_OVERRIDES: JsonObject = {};
const NOTHING: ReadonlySet<string> = new Set();

/** Said for a host by any of these, Ansible knows where to reach it. */
const REACHED_BY = ["ansible_host", "ansible_ssh_host", "management_address", "container_address"];

export function createAnsiblePlanner(world: World, options: PlannerOptions): AnsiblePlanner {
  const layering = createLayering(world, options);
  const { graph, reader } = layering;

  interface Host {
    readonly structure: StructureData;
    readonly shared: Shared;
    readonly own: readonly Layer[];
    /** Where operators are involved: what becomes of the names that its own layers speak of. Undefined: the name is not there. */
    readonly settled: ReadonlyMap<string, Json | undefined> | undefined;
  }

  function hostOf(name: string): Host {
    const structure = world.structures.get(name)!;
    const shared = layering.sharedOf(structure);
    const own = layering.ownLayers(structure);
    return { structure, shared, own, settled: settledOf(structure, shared, own) };
  }

  function settledOf(structure: StructureData, shared: Shared, own: readonly Layer[]): Host["settled"] {
    if (own.every(({ values }) => isPlain(values ?? {}))) return undefined;
    const names = new Set(own.flatMap((layer) => reader(layer).names));
    const classes = layering.classesOf(structure);
    return new Map([...names].map((name) => [name, valueOf(name, shared.value(name), own, reader, classes)]));
  }

  function hostVariables({ structure, shared, own: layers, settled }: Host, overrides: JsonObject): JsonObject {
    const own: Record<string, Json> = { ...overrides };
    if (settled === undefined) {
      for (const layer of layers) Object.assign(own, layer.values);
    } else {
      for (const [name, value] of settled) {
        if (value === undefined) delete own[name];
        else own[name] = value;
      }
    }
    const address = structure.managementAddress ?? structure.addresses[0]?.address;
    if (address !== undefined && !isReached(own, shared)) own["ansible_host"] = address;
    return own;
  }

  /** Whether the variables of groups say anything about it at all. */
  const reached = REACHED_BY.filter((name) =>
    [...graph.nodes.values()].some((node) => node.layers.some((layer) => speaksOf(layer, name))),
  );

  function isReached(own: JsonObject, shared: Shared): boolean {
    return (
      REACHED_BY.some((name) => Object.hasOwn(own, name)) || reached.some((name) => shared.value(name) !== undefined)
    );
  }

  return {
    plan(names, groups) {
      const hosts = [...names].sort(compareNames).map(hostOf);
      const shareds = new Map<Shared, number>();
      for (const { shared } of hosts) shareds.set(shared, (shareds.get(shared) ?? 0) + 1);
      const placement = place(shareds, hosts);
      const overrides = new Map([...shareds.keys()].map((shared) => [shared, overridesOf(shared, placement)]));
      const files = createFileCollector();
      const written = hosts.map((host): AnsibleHost => {
        const variables = hostVariables(host, overrides.get(host.shared) ?? {});
        return { name: host.structure.name, variables: shown(variables, `host ${host.structure.name}`, files) };
      });
      const nodes = nodesToWrite(shareds, groups);
      return { groups: groupsOf(nodes, hosts, placement, files), hosts: written, files: files.files };
    },
  };

  function shown(variables: JsonObject, where: string, files: FileCollector): JsonObject {
    if (options.keepFiles === true) return variables;
    let changed: Record<string, Json> | undefined;
    for (const name in variables) {
      const value = variables[name]!;
      if (typeof value !== "object" || value === null || !holdsFile(value)) continue;
      const after = files.placed(value, `${where}, variable ${name}`);
      if (after !== value) (changed ??= { ...variables })[name] = after;
    }
    return changed ?? variables;
  }

  /** What each group will say. */
  function place(shareds: ReadonlyMap<Shared, number>, hosts: readonly Host[]): Placement {
    const banned = new Map<Node, Set<string>>();
    function ban(node: Node, name: string): void {
      const known = banned.get(node);
      if (known === undefined) banned.set(node, new Set([name]));
      else known.add(name);
    }
    const votes = new Map<Node, Map<string, Map<string, { readonly value: Json; count: number }>>>();
    for (const [shared, count] of shareds) {
      for (const name of namesInQuestion(shared)) {
        const value = shared.value(name);
        if (value === undefined) banAll(shared, name);
        else if (shared.special.includes(name)) voteFor(shared, name, value, count);
      }
    }
    /** Ansible gives to all of a group what the group says: it must not say what these hosts do not have. */
    function banAll(shared: Shared, name: string): void {
      for (const node of shared.nodes) if (node.layers.some((layer) => speaksOf(layer, name))) ban(node, name);
    }
    /** What is made by operators stands at the group that has the last say, in the form that most of its hosts have. */
    function voteFor(shared: Shared, name: string, value: Json, count: number): void {
      const last = shared.last(name);
      const node = shared.nodes.find((one) => one.holds && one.layers.some((layer) => layer === last));
      if (node !== undefined && !layering.literals(node).has(name)) vote(node, name, value, count);
    }
    for (const { shared, settled } of hosts)
      for (const [name, value] of settled ?? []) if (value === undefined) banAll(shared, name);
    function vote(node: Node, name: string, value: Json, count: number): void {
      const ofNode = votes.get(node) ?? new Map();
      votes.set(node, ofNode);
      const ofName = ofNode.get(name) ?? new Map();
      ofNode.set(name, ofName);
      const text = canonicalJson(value);
      const found = ofName.get(text);
      if (found === undefined) ofName.set(text, { value, count });
      else found.count += count;
    }

    const known = new Map<Node, ReadonlyMap<string, Json>>();
    return {
      bans: banned.size > 0,
      banned: (node) => banned.get(node) ?? NOTHING,
      variables(node) {
        const before = known.get(node);
        if (before !== undefined) return before;
        const found = new Map(layering.literals(node));
        for (const [name, counted] of votes.get(node) ?? []) {
          const [best] = [...counted].sort(([a, one], [b, other]) => other.count - one.count || (a < b ? -1 : 1));
          if (best !== undefined) found.set(name, best[1].value);
        }
        for (const name of banned.get(node) ?? []) found.delete(name);
        found.delete(NEVER_AT_GROUPS);
        known.set(node, found);
        return found;
      },
    };
  }

  /** Names for which Ansible may make something else of the groups than we do. */
  function namesInQuestion(shared: Shared): Iterable<string> {
    return shared.inOrder ? shared.special : shared.names();
  }

  function speaksOf(layer: Layer, name: string): boolean {
    const { plain, special } = reader(layer);
    return plain.has(name) || special.has(name);
  }

  /** What the hosts with these groups resolve differently by Ansible's rule. */
  function overridesOf(shared: Shared, placement: Placement): JsonObject {
    if (shared.inOrder && shared.special.length === 0 && !placement.bans) return NO_OVERRIDES;
    const names = new Set(namesInQuestion(shared));
    for (const node of shared.nodes) for (const name of placement.banned(node)) names.add(name);
    const differing: Record<string, Json> = {};
    for (const name of names) {
      const value = shared.value(name);
      const theirs = shared.nodes.findLast((node) => placement.variables(node).has(name));
      const found = theirs === undefined ? undefined : placement.variables(theirs).get(name);
      if (value !== undefined && !same(found, value)) differing[name] = value;
    }
    return differing;
  }

  function nodesToWrite(
    shareds: ReadonlyMap<Shared, number>,
    groups: ReadonlySet<string> | undefined,
  ): readonly Node[] {
    const wanted = new Set<Node>([graph.nodes.get(ALL)!]);
    for (const shared of shareds.keys()) for (const node of shared.nodes) wanted.add(node);
    for (const node of graph.nodes.values())
      if (!node.derived && (groups === undefined || groups.has(node.name))) wanted.add(node);
    return [...wanted].sort((a, b) =>
      a.name === ALL || b.name === ALL ? precedence(a, b) : compareNames(a.name, b.name),
    );
  }

  function groupsOf(
    nodes: readonly Node[],
    hosts: readonly Host[],
    placement: Placement,
    files: FileCollector,
  ): readonly AnsibleGroup[] {
    const members = new Map<Node, string[]>(nodes.map((node) => [node, []]));
    for (const { structure, shared } of hosts)
      for (const node of shared.direct) members.get(node)?.push(structure.name);
    const written = new Set(nodes);
    const below = new Set(nodes.flatMap((node) => node.children));
    return nodes.map((node): AnsibleGroup => {
      const children = node.children.filter((child) => {
        const found = graph.nodes.get(child);
        return found === undefined || written.has(found);
      });
      const roots = node.name === ALL ? nodes.filter((one) => one !== node && !below.has(one.name)) : [];
      const variables = Object.fromEntries(placement.variables(node));
      return {
        name: node.name,
        hosts: members.get(node) ?? [],
        children: [...new Set([...children, ...roots.map(({ name }) => name)])].sort(compareNames),
        priority: node.priority,
        variables: shown(variables, `group ${node.name}`, files),
      };
    });
  }
}

interface Placement {
  /** Whether any group must not say something. */
  readonly bans: boolean;
  /** What it must not say. */
  banned(node: Node): ReadonlySet<string>;
  variables(node: Node): ReadonlyMap<string, Json>;
}

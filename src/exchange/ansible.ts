import type { StructureData, World } from "../inventory/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { createFileCollector, holdsFile, type FileCollector } from "./ansible-files.ts";
import { ALL, precedence, type Node } from "./ansible-groups.ts";
import { createLayering, type Part, type Question, type Shared } from "./ansible-layers.ts";
import type { AnsibleGroup, AnsibleHost, AnsibleInventory } from "./ansible-model.ts";
import { compareNames } from "./ansible-names.ts";
import { createOwnSayings } from "./ansible-own.ts";
import { placementOf, type Placement } from "./ansible-placement.ts";
import { isPlain, valueOf } from "./ansible-values.ts";

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

export interface PlannerOptions {
  /** Whether hosts get the built-in variables (`_id`, `_site` …). */
  readonly builtIn: boolean;
  /** Where there is nowhere to put files, values that are files stay as they are written. */
  readonly keepFiles?: boolean;
}

/** Said for a host by any of these, Ansible knows where to reach it. */
const REACHED_BY = ["ansible_host", "ansible_ssh_host", "management_address", "container_address"];

export function createAnsiblePlanner(world: World, options: PlannerOptions): AnsiblePlanner {
  const own = createOwnSayings(world, options);
  const layering = createLayering(world, own.classes);
  const { graph, reader } = layering;

  interface Host {
    readonly structure: StructureData;
    readonly shared: Shared;
    /** Where operators are involved: what becomes of the names that its own layers speak of. Undefined: the name is not there. */
    readonly settled: ReadonlyMap<string, Json | undefined> | undefined;
    /** Whether a file may be in what it says. */
    readonly files: boolean;
  }

  function hostOf(name: string): Host {
    const structure = world.structures.get(name)!;
    const shared = layering.sharedOf(structure);
    const { special, files } = own.glance(structure);
    const settled = special ? settledOf(structure, shared) : undefined;
    return { structure, shared, settled, files: files || settled !== undefined };
  }

  function settledOf(structure: StructureData, shared: Shared): Host["settled"] {
    const layers = own.layers(structure);
    if (layers.every(({ values }) => isPlain(values ?? {}))) return undefined;
    const names = new Set(layers.flatMap((layer) => reader(layer).names));
    const classes = own.classes(structure);
    return new Map(
      [...names].map((name) => [name, valueOf(name, shared.question(name).value, layers, reader, classes)]),
    );
  }

  function hostVariables({ structure, shared, settled }: Host, overrides: JsonObject): JsonObject {
    const variables =
      settled === undefined
        ? merged([overrides, ...own.layers(structure).map(({ values }) => values ?? {})])
        : { ...overrides };
    for (const [name, value] of settled ?? []) {
      if (value === undefined) delete variables[name];
      else variables[name] = value;
    }
    const address = structure.managementAddress ?? structure.addresses[0]?.address;
    if (address !== undefined && !isReached(variables, shared)) variables["ansible_host"] = address;
    return variables;
  }

  /** Whether the variables of groups say anything about it at all. */
  const reached = REACHED_BY.filter((name) => [...graph.nodes.values()].some((node) => layering.speaksOf(node, name)));

  function isReached(variables: JsonObject, shared: Shared): boolean {
    return (
      REACHED_BY.some((name) => Object.hasOwn(variables, name)) ||
      reached.some((name) => shared.question(name).value !== undefined)
    );
  }

  return {
    plan(names, groups) {
      const hosts = [...names].sort(compareNames).map(hostOf);
      const asked = new Map<readonly Question[], number>();
      for (const { shared } of hosts) asked.set(shared.questions, (asked.get(shared.questions) ?? 0) + 1);
      const placement = placementOf(layering, asked, goneFrom(hosts));
      const files = createFileCollector();
      const written = hosts.map((host): AnsibleHost => {
        const { name } = host.structure;
        const overrides = placement.overrides(host.shared);
        const variables = (): JsonObject => hostVariables(host, overrides.values);
        if (options.keepFiles === true || !(host.files || overrides.files)) return { name, variables };
        const placed = shown(variables(), `host ${name}`, files);
        return { name, variables: () => placed };
      });
      return { groups: groupsOf(hosts, groups, placement, files), hosts: written, files: files.files };
    },
  };

  /** What operators of hosts take away. */
  function* goneFrom(hosts: readonly Host[]): Generator<Question> {
    for (const { shared, settled } of hosts)
      for (const [name, value] of settled ?? []) if (value === undefined) yield shared.question(name);
  }

  function shown(variables: JsonObject, where: string, files: FileCollector): JsonObject {
    if (options.keepFiles === true || !holdsFile(variables)) return variables;
    return Object.fromEntries(
      Object.entries(variables).map(([name, value]) => [name, files.placed(value, `${where}, variable ${name}`)]),
    );
  }

  function nodesToWrite(hosts: readonly Host[], groups: ReadonlySet<string> | undefined): readonly Node[] {
    const parts = new Set<Part>();
    for (const { shared } of hosts) for (const part of shared.parts) parts.add(part);
    const wanted = new Set<Node>([graph.nodes.get(ALL)!]);
    for (const { nodes } of parts) for (const node of nodes) wanted.add(node);
    for (const name of groups ?? world.groups.keys()) {
      const node = graph.nodes.get(name);
      if (node !== undefined && !node.derived) wanted.add(node);
    }
    return [...wanted].sort((a, b) =>
      a.name === ALL || b.name === ALL ? precedence(a, b) : compareNames(a.name, b.name),
    );
  }

  function groupsOf(
    hosts: readonly Host[],
    groups: ReadonlySet<string> | undefined,
    placement: Placement,
    files: FileCollector,
  ): readonly AnsibleGroup[] {
    const nodes = nodesToWrite(hosts, groups);
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

/** The later over the earlier. Objects that are filled name by name are read several times as fast as what `Object.assign` makes. */
function merged(layers: readonly JsonObject[]): Record<string, Json> {
  const [first = {}, ...others] = layers.filter((values) => Object.keys(values).length > 0);
  const made: Record<string, Json> = { ...first };
  for (const values of others) for (const name in values) made[name] = values[name]!;
  return made;
}

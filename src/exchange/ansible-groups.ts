import type { World } from "../inventory/index.ts";
import type { Layer } from "../variables/index.ts";
import { compareNames, freeGroupName, isFileName } from "./ansible-names.ts";
import { addTo } from "./lists.ts";

/** The groups of an inventory as Ansible would have them, and which of them each host is in. Pure. */

/** A group of Ansible's, with the layers of variables it stands for. */
export interface Node {
  readonly name: string;
  /** Longest way from `all`, which has 0. */
  readonly depth: number;
  readonly priority: number;
  /** What our variables say for it, first applied first. */
  readonly layers: readonly Layer[];
  /** Whether it can have variables: a file of its name can be, and Ansible gives it the hosts that it has here. */
  readonly holds: boolean;
  /** Names of groups directly in it, those that are of no group as well. */
  readonly children: readonly string[];
  /** Made for a blueprint or a site. */
  readonly derived: boolean;
}

export interface Graph {
  /** Where a group stands in Ansible's order of precedence: the later one wins. */
  place(node: Node): number;
  /** Groups, each once, in that order. */
  inOrder(nodes: readonly Node[]): readonly Node[];
  /** The first layer of everything. */
  readonly tenant: Layer;
  /** The layer of one of our groups. */
  group(name: string): Layer;
  readonly nodes: ReadonlyMap<string, Node>;
  /** The group made for a blueprint or a site; undefined when it has no variables. */
  blueprint(name: string): Node | undefined;
  site(name: string): Node | undefined;
  /** The groups a host is in that is named in these, with all above them; some more than once, in no order. */
  above(names: readonly string[]): readonly Node[];
}

/** Ansible's own groups. */
export const ALL = "all";
export const UNGROUPED = "ungrouped";

export function graphOf(world: World): Graph {
  const { groups } = world;
  const parents = new Map<string, string[]>();
  const children = new Map<string, string[]>();
  function connect(parent: string, child: string): void {
    // Nothing is above `all`: Ansible refuses it. Who is in `ungrouped` and elsewhere, Ansible takes out of all above `ungrouped`.
    if (child === ALL || child === UNGROUPED) return;
    addTo(children, parent, child);
    if (groups.has(child)) addTo(parents, child, parent);
  }
  for (const group of groups.values()) {
    if (group.parent !== null && groups.has(group.parent)) connect(group.parent, group.name);
    for (const included of group.includes) connect(group.name, included);
  }

  const depths = new Map<string, number>([[ALL, 0]]);
  function depthOf(name: string): number {
    const known = depths.get(name);
    if (known !== undefined) return known;
    // A circle, which the inventory does not keep, is cut.
    depths.set(name, 0);
    const depth = 1 + Math.max(0, ...(parents.get(name) ?? []).map(depthOf));
    depths.set(name, depth);
    return depth;
  }

  const nodes = new Map<string, Node>();
  const tenant: Layer = { source: { kind: "tenant", name: world.tenant.name }, values: world.tenant.variables };
  const own = groups.get(ALL);
  nodes.set(ALL, {
    name: ALL,
    depth: 0,
    priority: 1,
    layers: own === undefined ? [tenant] : [tenant, groupLayer(own)],
    holds: true,
    children: [...new Set(children.get(ALL))],
    derived: false,
  });
  for (const group of groups.values()) {
    if (group.name === ALL) continue;
    nodes.set(group.name, {
      name: group.name,
      depth: depthOf(group.name),
      priority: ansiblePriority(group.priority),
      layers: [groupLayer(group)],
      // Ansible takes hosts that are in another group as well out of `ungrouped`.
      holds: isFileName(group.name) && group.name !== UNGROUPED,
      children: [...new Set(children.get(group.name))],
      derived: false,
    });
  }

  const { blueprints, sites } = derivedNodes(world, nodes);
  const sorted = [...nodes.values()].sort(precedence);
  const order = new Map(sorted.map((node, index) => [node, index]));
  const top = nodes.get(ALL)!;
  const aboveOne = new Map<string, readonly Node[]>();

  function withAbove(name: string): readonly Node[] {
    const before = aboveOne.get(name);
    if (before !== undefined) return before;
    const found = new Set<string>();
    const waiting = [name];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      if (found.has(next) || !nodes.has(next)) continue;
      found.add(next);
      waiting.push(...(parents.get(next) ?? []));
    }
    const all = [...found].map((one) => nodes.get(one)!);
    aboveOne.set(name, all);
    return all;
  }

  return {
    nodes,
    place: (node) => order.get(node)!,
    inOrder(some) {
      const places = some.map((node) => order.get(node)!).sort((a, b) => a - b);
      const found: Node[] = [];
      for (const [index, place] of places.entries()) if (place !== places[index - 1]) found.push(sorted[place]!);
      return found;
    },
    tenant,
    group: (name) => nodes.get(name)!.layers.at(-1)!,
    blueprint: (name) => blueprints.get(name),
    site: (name) => sites.get(name),
    above(names) {
      const found = [top];
      for (const name of names) found.push(...withAbove(name));
      return found;
    },
  };
}

/** Ansible's order: the later one wins. Source: `sort_groups` of ansible-core 2.14. */
export function precedence(a: Node, b: Node): number {
  return a.depth - b.depth || a.priority - b.priority || compareNames(a.name, b.name);
}

/** Ours counts from 0, Ansible's from 1. Ansible knows whole numbers only. */
function ansiblePriority(priority: number): number {
  return Math.trunc(priority) + 1;
}

function groupLayer(group: { readonly name: string; readonly variables: Layer["values"] }): Layer {
  return { source: { kind: "group", name: group.name }, values: group.variables };
}

/**
 * Groups for blueprints and sites with variables, added to `nodes`. They lie flat under `all`, and their priorities put them below
 * every group of the users' and into our order: blueprints (parents first), then sites (root to leaf).
 */
function derivedNodes(
  world: World,
  nodes: Map<string, Node>,
): { readonly blueprints: Map<string, Node>; readonly sites: Map<string, Node> } {
  const taken = new Set([...nodes.keys(), UNGROUPED, ...world.structures.keys()]);
  for (const { children } of nodes.values()) for (const child of children) taken.add(child);
  const lowest = Math.min(1, ...[...nodes.values()].map(({ priority }) => priority));

  const blueprintNames: string[] = [];
  const seen = new Set<string>();
  function visit(name: string): void {
    const blueprint = world.blueprints.get(name);
    if (blueprint === undefined || seen.has(name)) return;
    seen.add(name);
    for (const parent of blueprint.parents) visit(parent);
    if (hasAny(blueprint.variables)) blueprintNames.push(name);
  }
  for (const name of [...world.blueprints.keys()].sort(compareNames)) visit(name);

  const siteNames: string[] = [];
  const below = new Map<string | null, string[]>();
  for (const site of world.sites.values()) {
    const parent = site.parent !== null && world.sites.has(site.parent) ? site.parent : null;
    addTo(below, parent, site.name);
  }
  const waiting = [...(below.get(null) ?? [])].sort(compareNames).reverse();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (hasAny(world.sites.get(name)?.variables ?? {})) siteNames.push(name);
    waiting.push(...[...(below.get(name) ?? [])].sort(compareNames).reverse());
  }

  const count = blueprintNames.length + siteNames.length;
  function derive(kind: "blueprint" | "site", names: readonly string[], from: number): Map<string, Node> {
    const rows = kind === "blueprint" ? world.blueprints : world.sites;
    const made = new Map<string, Node>();
    for (const [index, name] of names.entries()) {
      const node: Node = {
        name: freeGroupName(kind, name, taken),
        depth: 1,
        priority: lowest - count + from + index,
        layers: [{ source: { kind, name }, values: rows.get(name)?.variables ?? {} }],
        holds: true,
        children: [],
        derived: true,
      };
      nodes.set(node.name, node);
      made.set(name, node);
    }
    return made;
  }
  return {
    blueprints: derive("blueprint", blueprintNames, 0),
    sites: derive("site", siteNames, blueprintNames.length),
  };
}

function hasAny(values: object): boolean {
  return Object.keys(values).length > 0;
}

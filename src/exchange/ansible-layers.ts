import {
  builtIn,
  foundationOf,
  groupOrder,
  lineageOf,
  siteChain,
  type ResolverOptions,
  type StructureData,
  type World,
} from "../inventory/index.ts";
import type { Json } from "../kernel/json.ts";
import type { Layer } from "../variables/index.ts";
import { graphOf, precedence, type Graph, type Node } from "./ansible-groups.ts";
import { createReader, fold, type Said } from "./ansible-values.ts";

/** The layers of structures, those that many share worked out once for all of them. Pure. */
export interface Layering {
  readonly graph: Graph;
  reader(layer: Layer): Said;
  /** What all structures with the same blueprint, site and groups have in common. */
  sharedOf(structure: StructureData): Shared;
  /** The layers above the shared ones. */
  ownLayers(structure: StructureData): readonly Layer[];
  classesOf(structure: StructureData): readonly string[];
  /** What a group says without operators. */
  literals(node: Node): ReadonlyMap<string, Json>;
}

export interface Shared {
  /** Every group of Ansible's that these hosts are in, in its order of precedence. */
  readonly nodes: readonly Node[];
  /** Those among them that name the hosts themselves. */
  readonly direct: readonly Node[];
  /** No layer has operators. */
  readonly plain: boolean;
  /** Without a closer look: what Ansible makes of the groups is what we make of the layers. */
  readonly exact: boolean;
  /** Whether a layer gives this name a value; only asked where `plain`, and exact there. */
  has(name: string): boolean;
  /** What the layers give. Errors: `variable_type_conflict`. */
  resolved(): ReturnType<typeof fold>;
}

export function createLayering(world: World, options: ResolverOptions & { readonly builtIn: boolean }): Layering {
  const graph = graphOf(world);
  const reader = createReader();
  const known = new Map<string, Shared>();
  const literals = new Map<Node, ReadonlyMap<string, Json>>();
  const order = groupOrder(world.groups);

  function classesOf(structure: StructureData): readonly string[] {
    const type = foundationOf(world, structure)?.type;
    return type === undefined ? [] : [type, ...(options.classesOf?.(type) ?? [])];
  }

  function work(structure: StructureData): Shared {
    const derived = [
      ...lineageOf(world, structure).map(({ name }) => graph.blueprint(name)),
      ...siteChain(world, structure.site).map((name) => graph.site(name)),
    ].filter((node) => node !== undefined);
    const nodes = [...graph.above(structure.groups), ...derived].sort(precedence);
    const layers = [
      graph.tenant,
      ...derived.flatMap((node) => node.layers),
      ...order.effective(structure.groups).map((name) => graph.group(name)),
    ];
    const said = layers.map(reader);
    const plain = said.every((one) => one.plain);
    const theirs = nodes.flatMap((node) => node.layers).filter(isSaid);
    const ours = layers.filter(isSaid);
    const exact =
      plain &&
      nodes.every((node) => node.holds || !node.layers.some(isSaid)) &&
      !said.some((one) => Object.hasOwn(one.values, NEVER_AT_GROUPS)) &&
      theirs.length === ours.length &&
      theirs.every((layer, index) => layer === ours[index]);
    let resolved: ReturnType<typeof fold> | undefined;
    return {
      nodes,
      direct: directOf(structure, nodes, derived),
      plain,
      exact,
      has: (name) =>
        resolved === undefined ? said.some((one) => one.names.includes(name)) : resolved.values.has(name),
      resolved: () => (resolved ??= fold(layers, reader, classesOf(structure))),
    };
  }

  function isSaid(layer: Layer): boolean {
    return reader(layer).names.length > 0;
  }

  function directOf(structure: StructureData, nodes: readonly Node[], derived: readonly Node[]): readonly Node[] {
    const named = structure.groups.map((name) => graph.nodes.get(name)).filter((node) => node !== undefined);
    const direct = new Set([...named, ...derived]);
    // Who is in nothing else is named in `all`, or Ansible would not know of it.
    return direct.size > 0 ? [...direct] : nodes.slice(0, 1);
  }

  return {
    graph,
    reader,
    sharedOf(structure) {
      // The type matters to keys with a class only, and it is one of few.
      const type = foundationOf(world, structure)?.type ?? "";
      const key = [structure.blueprint ?? "", structure.site, type, ...structure.groups].join("\0");
      const before = known.get(key);
      if (before !== undefined) return before;
      const shared = work(structure);
      known.set(key, shared);
      return shared;
    },
    ownLayers(structure) {
      const foundation = foundationOf(world, structure);
      const layers: Layer[] = [];
      if (foundation !== undefined)
        layers.push({ source: { kind: "foundation", name: foundation.name }, values: foundation.attributes });
      layers.push({ source: { kind: "structure", name: structure.name }, values: structure.variables });
      if (options.builtIn)
        layers.push({ source: { kind: "built_in", name: "structure" }, values: builtIn(world, structure) });
      return layers;
    },
    classesOf,
    literals(node) {
      const before = literals.get(node);
      if (before !== undefined) return before;
      const found = new Map<string, Json>();
      for (const layer of node.holds ? node.layers : []) {
        const { names, entries } = reader(layer);
        // What is changed by an operator is not simply a value.
        for (const name of names) found.delete(name);
        for (const [name, value] of entries) found.set(name, value);
      }
      literals.set(node, found);
      return found;
    },
  };
}

/** In an inventory that is one JSON document, Ansible takes this for the group's place in the order and not for a variable. */
export const NEVER_AT_GROUPS = "ansible_group_priority";

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
import { graphOf, type Graph, type Node } from "./ansible-groups.ts";
import { createReader, type Said, valueOf } from "./ansible-values.ts";

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
  /** Names of which a layer says something by an operator or for a class. */
  readonly special: readonly string[];
  /** Ansible puts the groups one on top of the other as we do the layers: where there is nothing special, it makes the same of them. */
  readonly inOrder: boolean;
  /** Every name that a layer, ours or Ansible's, has a say in. */
  names(): ReadonlySet<string>;
  /** What the layers give; undefined where the name is not there. Errors: `variable_type_conflict`. */
  value(name: string): Json | undefined;
  /** The last layer that has a say in the name. */
  last(name: string): Layer | undefined;
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
    const nodes = [...graph.above(structure.groups), ...derived].sort((a, b) => graph.place(a) - graph.place(b));
    const layers = [
      graph.tenant,
      ...derived.flatMap((node) => node.layers),
      ...order.effective(structure.groups).map((name) => graph.group(name)),
    ];
    const said = layers.map(reader);
    const theirs = nodes.flatMap((node) => node.layers).filter(isSaid);
    const ours = layers.filter(isSaid);
    const special: string[] = [];
    for (const one of said)
      if (one.special.size > 0) for (const name of one.special.keys()) if (!special.includes(name)) special.push(name);
    let worked: Map<string, Json | undefined> | undefined;
    let names: ReadonlySet<string> | undefined;
    return {
      nodes,
      direct: directOf(structure, nodes, derived),
      special,
      inOrder:
        nodes.every((node) => node.holds || !node.layers.some(isSaid)) &&
        !said.some((one) => one.plain.has(NEVER_AT_GROUPS)) &&
        theirs.length === ours.length &&
        theirs.every((layer, index) => layer === ours[index]),
      names: () =>
        (names ??= new Set([...said, ...nodes.flatMap((node) => node.layers).map(reader)].flatMap((one) => one.names))),
      value(name) {
        if (!special.includes(name)) return said.findLast((one) => one.plain.has(name))?.plain.get(name);
        worked ??= new Map();
        if (!worked.has(name)) worked.set(name, valueOf(name, undefined, layers, reader, classesOf(structure)));
        return worked.get(name);
      },
      last: (name) => layers.findLast((_layer, index) => saysOf(said[index]!, name)),
    };
  }

  function saysOf({ plain, special }: Said, name: string): boolean {
    return plain.has(name) || special.has(name);
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
        const { plain, special } = reader(layer);
        // What is changed by an operator is not simply a value.
        for (const name of special.keys()) found.delete(name);
        for (const [name, value] of plain) found.set(name, value);
      }
      literals.set(node, found);
      return found;
    },
  };
}

/** In an inventory that is one JSON document, Ansible takes this for the group's place in the order and not for a variable. */
export const NEVER_AT_GROUPS = "ansible_group_priority";

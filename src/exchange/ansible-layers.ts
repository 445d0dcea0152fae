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
import { ALL, graphOf, UNGROUPED, type Graph, type Node } from "./ansible-groups.ts";
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

/** Groups made for a blueprint and a site; whether Ansible puts them one on top of the other as we do. */
interface Derived {
  readonly nodes: readonly Node[];
  readonly inOrder: boolean;
}

/** What matters of a group for every host in it. */
interface NodeFacts {
  /** Names of which it says something by an operator or for a class. */
  readonly special: readonly string[];
  /** All that it says can stand at it. */
  readonly simple: boolean;
}

const NOTHING: readonly string[] = [];

export function createLayering(world: World, options: ResolverOptions & { readonly builtIn: boolean }): Layering {
  const graph = graphOf(world);
  const reader = createReader();
  const known = new Map<string, Shared>();
  const literals = new Map<Node, ReadonlyMap<string, Json>>();
  const order = groupOrder(world.groups);
  const derivedKnown = new Map<string, Derived>();
  const factsKnown = new Map<Node, NodeFacts>();

  function classesOf(structure: StructureData): readonly string[] {
    const type = foundationOf(world, structure)?.type;
    return type === undefined ? [] : [type, ...(options.classesOf?.(type) ?? [])];
  }

  /** The groups made for the blueprint and the site of a structure, in the order of our layers. */
  function derivedOf(structure: StructureData): Derived {
    const key = `${structure.blueprint ?? ""}\0${structure.site}`;
    const before = derivedKnown.get(key);
    if (before !== undefined) return before;
    const nodes = [
      ...lineageOf(world, structure).map(({ name }) => graph.blueprint(name)),
      ...siteChain(world, structure.site).map((name) => graph.site(name)),
    ].filter((node) => node !== undefined);
    const sorted = graph.inOrder(nodes);
    const made = { nodes, inOrder: sorted.length === nodes.length && sorted.every((node, at) => node === nodes[at]) };
    derivedKnown.set(key, made);
    return made;
  }

  /** Whether Ansible orders the users' groups as we do, and puts every host in the same of them: worked out once, not for each host. */
  const alike = ((): boolean => {
    if (world.groups.has(ALL) || world.groups.has(UNGROUPED)) return false;
    const ours = order.effective([...world.groups.keys()]);
    const theirs = graph.inOrder([...graph.nodes.values()].filter(({ derived, name }) => !derived && name !== ALL));
    return ours.length === theirs.length && theirs.every(({ name }, at) => name === ours[at]);
  })();

  function factsOf(node: Node): NodeFacts {
    const before = factsKnown.get(node);
    if (before !== undefined) return before;
    const said = node.layers.map(reader);
    const made = {
      special: [...new Set(said.flatMap((one) => [...one.special.keys()]))],
      simple:
        !said.some((one) => one.plain.has(NEVER_AT_GROUPS)) &&
        (node.holds || said.every((one) => one.names.length === 0)),
    };
    factsKnown.set(node, made);
    return made;
  }

  function work(structure: StructureData): Shared {
    const derived = derivedOf(structure);
    const nodes = graph.inOrder([...graph.above(structure.groups), ...derived.nodes]);
    const direct = directOf(structure, nodes, derived.nodes);
    if (alike && derived.inOrder) return workAlike(structure, nodes, direct);
    const layers = [
      graph.tenant,
      ...derived.nodes.flatMap((node) => node.layers),
      ...order.effective(structure.groups).map((name) => graph.group(name)),
    ];
    const theirs = nodes.flatMap((node) => node.layers).filter(isSaid);
    const ours = layers.filter(isSaid);
    const inOrder =
      nodes.every((node) => factsOf(node).simple) &&
      theirs.length === ours.length &&
      theirs.every((layer, index) => layer === ours[index]);
    const special = new Set(layers.flatMap((layer) => [...reader(layer).special.keys()]));
    return sharedBy(structure, { nodes, direct, special: [...special], inOrder }, () => layers);
  }

  /** Where the orders are the same, the groups say it all: their layers are looked at only when somebody asks for a value. */
  function workAlike(structure: StructureData, nodes: readonly Node[], direct: readonly Node[]): Shared {
    const facts = nodes.map(factsOf);
    const operated = facts.filter((one) => one.special.length > 0);
    const special = operated.length === 0 ? NOTHING : [...new Set(operated.flatMap((one) => one.special))];
    const inOrder = facts.every((one) => one.simple);
    return sharedBy(structure, { nodes, direct, special, inOrder }, () => nodes.flatMap((node) => node.layers));
  }

  function sharedBy(
    structure: StructureData,
    found: Pick<Shared, "nodes" | "direct" | "special" | "inOrder">,
    layersOf: () => readonly Layer[],
  ): Shared {
    const { nodes, special } = found;
    let layers: readonly Layer[] | undefined;
    let worked: Map<string, Json | undefined> | undefined;
    let names: ReadonlySet<string> | undefined;
    return {
      ...found,
      names: () =>
        (names ??= new Set(
          [...(layers ??= layersOf()), ...nodes.flatMap((node) => node.layers)].flatMap((layer) => reader(layer).names),
        )),
      value(name) {
        layers ??= layersOf();
        if (!special.includes(name)) {
          const last = layers.findLast((layer) => reader(layer).plain.has(name));
          return last === undefined ? undefined : reader(last).plain.get(name);
        }
        worked ??= new Map();
        if (!worked.has(name)) worked.set(name, valueOf(name, undefined, layers, reader, classesOf(structure)));
        return worked.get(name);
      },
      last: (name) => (layers ??= layersOf()).findLast((layer) => saysOf(reader(layer), name)),
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

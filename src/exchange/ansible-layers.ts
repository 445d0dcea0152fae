import { foundationOf, groupOrder, lineageOf, siteChain, type StructureData, type World } from "../inventory/index.ts";
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
  /** Whether the group has a say in the name. */
  speaksOf(node: Node, name: string): boolean;
  /** What a group says without operators. */
  literals(node: Node): ReadonlyMap<string, Json>;
}

/** What hosts of one blueprint, one site and some groups have in common. */
export interface Shared {
  /** Groups of Ansible's that bring others with them: the hosts are in all of these, some come more than once, in no order. */
  readonly parts: readonly Part[];
  /** Those that name the hosts themselves. */
  readonly direct: readonly Node[];
  /** Names of which Ansible may make something else than we do, each with all that is said of it. The same list is the same object. */
  readonly questions: readonly Question[];
  /** The same for any name. */
  question(name: string): Question;
}

/** Groups that a host is in together. */
export interface Part {
  readonly nodes: readonly Node[];
}

/** One name, and what becomes of it for all hosts of which the same groups say the same: they share the answer. */
export interface Question {
  readonly name: string;
  /** Groups that have a say in it, in Ansible's order of precedence: the last one wins. */
  readonly nodes: readonly Node[];
  /** Whether a layer says it by an operator or for a class. */
  readonly special: boolean;
  /** What the layers give; undefined where the name is not there. */
  readonly value: Json | undefined;
  /** The last layer that has a say in the name. */
  readonly last: Layer | undefined;
}

/** What matters of groups for every host in them. */
interface Facts {
  /** Names of which they say something by an operator or for a class. */
  readonly special: readonly string[];
  /** All that they say can stand at them. */
  readonly simple: boolean;
}

/** The tenant's group, and those made for a blueprint and a site. */
interface Derived extends Part, Facts {
  /** Without the tenant's, in the order of our layers. */
  readonly made: readonly Node[];
  /** Whether Ansible puts them one on top of the other as we do. */
  readonly inOrder: boolean;
  /** Of the hosts. */
  readonly classes: readonly string[];
  /** By name: what hosts are asked of whose other groups have no say in it. */
  readonly asked: Map<string, Question>;
  /** Of its special names, once somebody has asked. */
  questions: readonly Question[] | undefined;
}

/** A group and all above it. */
interface Above extends Part, Facts {
  speaksOf(name: string): boolean;
}

const NOTHING: readonly string[] = [];

/** `classesOf`: of a structure, for keys like `packages:container`. */
export function createLayering(world: World, classesOf: (structure: StructureData) => readonly string[]): Layering {
  const graph = graphOf(world);
  const reader = createReader();
  const known = new Map<string, Shared>();
  const literals = new Map<Node, ReadonlyMap<string, Json>>();
  const order = groupOrder(world.groups);
  const derivedKnown = new Map<string, Derived>();
  const aboveKnown = new Map<string, Above>();
  const factsKnown = new Map<Node, Facts>();
  const questions = new Map<string, Question>();
  const layerNumbers = new Map<Layer, number>();

  function derivedOf(structure: StructureData): Derived {
    // The type matters to keys with a class only, and it is one of few.
    const type = foundationOf(world, structure)?.type ?? "";
    const key = `${structure.blueprint ?? ""}\0${structure.site}\0${type}`;
    const before = derivedKnown.get(key);
    if (before !== undefined) return before;
    const made = [
      ...lineageOf(world, structure).map(({ name }) => graph.blueprint(name)),
      ...siteChain(world, structure.site).map((name) => graph.site(name)),
    ].filter((node) => node !== undefined);
    const sorted = graph.inOrder(made);
    const nodes = [graph.nodes.get(ALL)!, ...sorted];
    const found: Derived = {
      ...factsOfAll(nodes),
      nodes,
      made,
      inOrder: sorted.length === made.length && sorted.every((node, at) => node === made[at]),
      classes: classesOf(structure),
      asked: new Map(),
      questions: undefined,
    };
    derivedKnown.set(key, found);
    return found;
  }

  function aboveOf(group: string): Above {
    const before = aboveKnown.get(group);
    if (before !== undefined) return before;
    const nodes = graph.inOrder(graph.above([group]).slice(1));
    const spoken = new Map<string, boolean>();
    const made: Above = {
      ...factsOfAll(nodes),
      nodes,
      speaksOf(name) {
        const asked = spoken.get(name);
        if (asked !== undefined) return asked;
        const found = nodes.some((node) => speaksOf(node, name));
        spoken.set(name, found);
        return found;
      },
    };
    aboveKnown.set(group, made);
    return made;
  }

  /** Whether Ansible orders the users' groups as we do, and puts every host in the same of them: worked out once, not for each host. */
  const alike = ((): boolean => {
    if (world.groups.has(ALL) || world.groups.has(UNGROUPED)) return false;
    const ours = order.effective([...world.groups.keys()]);
    const theirs = graph.inOrder([...graph.nodes.values()].filter(({ derived, name }) => !derived && name !== ALL));
    return ours.length === theirs.length && theirs.every(({ name }, at) => name === ours[at]);
  })();

  function factsOf(node: Node): Facts {
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

  function factsOfAll(nodes: readonly Node[]): Facts {
    const facts = nodes.map(factsOf);
    const special = facts.flatMap((one) => one.special);
    return {
      special: special.length === 0 ? NOTHING : [...new Set(special)],
      simple: facts.every((one) => one.simple),
    };
  }

  function speaksOf(node: Node, name: string): boolean {
    return node.layers.some((layer) => saysOf(reader(layer), name));
  }

  /**
   * Where the orders are the same and each group can say all that it says, only names with operators are in question, and groups that
   * have no say in them do not matter: most hosts share what is known of their blueprint and site.
   */
  function sharedAlike(structure: StructureData, derived: Derived, above: readonly Above[]): Shared {
    return {
      parts: [derived, ...above],
      direct: directOf(structure, derived),
      questions: questionsAlike(derived, above),
      question: (name) => askedOf(derived, above, name),
    };
  }

  function questionsAlike(derived: Derived, above: readonly Above[]): readonly Question[] {
    const others = above.filter((one) => one.special.length > 0 || derived.special.some((name) => one.speaksOf(name)));
    if (others.length === 0) return (derived.questions ??= derived.special.map((name) => askedOf(derived, [], name)));
    const names = new Set(derived.special);
    for (const { special } of others) for (const name of special) names.add(name);
    return [...names].map((name) => askedOf(derived, above, name));
  }

  function askedOf(derived: Derived, above: readonly Above[], name: string): Question {
    const others = above.filter((one) => one.speaksOf(name));
    const before = others.length === 0 ? derived.asked.get(name) : undefined;
    if (before !== undefined) return before;
    const nodes = graph.inOrder(
      [derived, ...others].flatMap((part) => part.nodes.filter((node) => speaksOf(node, name))),
    );
    const found = question(
      name,
      nodes,
      nodes.flatMap((node) => node.layers),
      derived.classes,
    );
    if (others.length === 0) derived.asked.set(name, found);
    return found;
  }

  /** Ansible orders the groups otherwise, or a group cannot say what it says: every name is in question. */
  function sharedOtherwise(structure: StructureData, derived: Derived, above: readonly Above[]): Shared {
    const nodes = graph.inOrder([derived, ...above].flatMap((part) => part.nodes));
    const layers = [
      graph.tenant,
      ...derived.made.flatMap((node) => node.layers),
      ...order.effective(structure.groups).map((name) => graph.group(name)),
    ];
    const theirs = nodes.flatMap((node) => node.layers);
    const ask = (name: string): Question =>
      question(
        name,
        nodes.filter((node) => speaksOf(node, name)),
        layers,
        derived.classes,
      );
    const inOrder = nodes.every((node) => factsOf(node).simple) && sameSaid(theirs, layers);
    const names = new Set(
      inOrder
        ? layers.flatMap((layer) => [...reader(layer).special.keys()])
        : [...layers, ...theirs].flatMap((layer) => reader(layer).names),
    );
    return {
      parts: [derived, ...above],
      direct: directOf(structure, derived),
      questions: [...names].map(ask),
      question: ask,
    };
  }

  function sameSaid(theirs: readonly Layer[], ours: readonly Layer[]): boolean {
    const [some, others] = [theirs.filter(isSaid), ours.filter(isSaid)];
    return some.length === others.length && some.every((layer, index) => layer === others[index]);
  }

  /** Each is worked out once, whoever asks it. */
  function question(name: string, nodes: readonly Node[], all: readonly Layer[], classes: readonly string[]): Question {
    const layers = all.filter((layer) => saysOf(reader(layer), name));
    const key = `${nodes.map(graph.place).join()} ${layers.map(numberOf).join()} ${classes.join()} ${name}`;
    const before = questions.get(key);
    if (before !== undefined) return before;
    const special = layers.some((layer) => reader(layer).special.has(name));
    const last = layers.at(-1);
    const plain = last === undefined ? undefined : reader(last).plain.get(name);
    const value = special ? valueOf(name, undefined, layers, reader, classes) : plain;
    const made: Question = { name, nodes, special, value, last };
    questions.set(key, made);
    return made;
  }

  function numberOf(layer: Layer): number {
    const before = layerNumbers.get(layer);
    if (before !== undefined) return before;
    layerNumbers.set(layer, layerNumbers.size);
    return layerNumbers.size - 1;
  }

  function saysOf({ plain, special }: Said, name: string): boolean {
    return plain.has(name) || special.has(name);
  }

  function isSaid(layer: Layer): boolean {
    return reader(layer).names.length > 0;
  }

  function directOf(structure: StructureData, derived: Derived): readonly Node[] {
    const direct: Node[] = [];
    for (const name of structure.groups) {
      const node = graph.nodes.get(name);
      if (node !== undefined && !direct.includes(node)) direct.push(node);
    }
    for (const node of derived.made) if (!direct.includes(node)) direct.push(node);
    // Who is in nothing else is named in `all`, or Ansible would not know of it.
    return direct.length > 0 ? direct : derived.nodes.slice(0, 1);
  }

  return {
    graph,
    reader,
    sharedOf(structure) {
      const derived = derivedOf(structure);
      const above = structure.groups.map(aboveOf);
      if (alike && derived.inOrder && derived.simple && above.every((one) => one.simple))
        return sharedAlike(structure, derived, above);
      const type = foundationOf(world, structure)?.type ?? "";
      const key = [structure.blueprint ?? "", structure.site, type, ...structure.groups].join("\0");
      const before = known.get(key);
      if (before !== undefined) return before;
      const shared = sharedOtherwise(structure, derived, above);
      known.set(key, shared);
      return shared;
    },
    speaksOf,
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

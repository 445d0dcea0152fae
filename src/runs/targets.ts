import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import { NODE_UNKNOWN, TARGET_INVALID } from "./errors.ts";

/** Which nodes a list of targets stands for. Pure: what is known of nodes is asked. */

/** What a target may ask of a node. */
export interface NodeFacts {
  readonly name: string;
  /** Groups that what stands on it is in, with those above. */
  readonly groups: readonly string[];
  /** Its site, and those above. */
  readonly sites: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** What it is made by, and what that builds upon. */
  readonly blueprints: readonly string[];
}

export interface TargetWorld {
  /** Nodes that may be seen, in their order. */
  readonly nodes: readonly NodeFacts[];
  /** Names there are, for a hint. */
  readonly groups: readonly string[];
  readonly sites: readonly string[];
  readonly blueprints: readonly string[];
  /** Whether the resolved variables of a node have a value at a path. Errors: those of the question. */
  variables(question: string): (node: string) => boolean;
  /** By expression, of those in the targets: the names that it matches. */
  readonly matching: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Forms (all that is not a name) that the targets of one run may have together: each looks at every node. */
export const MOST_FORMS = 1000;

/** The expressions among targets, each once. Errors: `target_invalid` for too many. */
export function expressionsIn(lists: readonly (readonly string[] | undefined)[]): readonly string[] {
  const found = new Set<string>();
  for (const target of lists.flatMap((list) => list ?? [])) {
    const expression = expressionOf(target.startsWith("!") ? target.slice(1) : target);
    if (expression !== undefined) found.add(expression);
    if (found.size > MOST_FORMS) throw tooMany();
  }
  return [...found];
}

function expressionOf(target: string): string | undefined {
  return /^\/(.*)\/$/s.exec(target)?.[1];
}

function tooMany(): GantryError {
  return new GantryError(TARGET_INVALID, `more than ${MOST_FORMS} different targets that are not names of nodes`);
}

/**
 * Chooses nodes for the lists of targets of one run: names, each once, in the order of the targets; a target that begins with `!` takes nodes
 * away, from all of them when nothing was chosen before.
 *
 * Errors: `node_unknown`, `target_invalid`.
 */
export function createChooser(world: TargetWorld): (targets: readonly string[]) => readonly string[] {
  const names = new Set(world.nodes.map(({ name }) => name));
  const forms = new Map<string, readonly string[]>();
  function found(target: string): readonly string[] {
    // A name may look like one of the forms; what there is comes first.
    if (names.has(target)) return [target];
    const known = forms.get(target);
    if (known !== undefined) return known;
    if (forms.size >= MOST_FORMS) throw tooMany();
    const nodes = nodesOf(target, world, names);
    forms.set(target, nodes);
    return nodes;
  }
  return (targets) => {
    const chosen = targets.length === 0 || targets[0]!.startsWith("!") ? new Set(names) : new Set<string>();
    for (const target of targets) {
      const takes = target.startsWith("!");
      for (const name of found(takes ? target.slice(1) : target))
        if (takes) chosen.delete(name);
        else chosen.add(name);
    }
    return [...chosen];
  };
}

function nodesOf(target: string, world: TargetWorld, names: ReadonlySet<string>): readonly string[] {
  const matching = world.matching.get(expressionOf(target) ?? "");
  if (matching !== undefined) return [...names].filter((name) => matching.has(name));
  const [, kind = "", value = ""] = /^([a-z]+):(.*)$/s.exec(target) ?? [];
  switch (kind) {
    case "group":
      known("group", value, world.groups);
      return where(world, ({ groups }) => groups.includes(value));
    case "site":
      known("site", value, world.sites);
      return where(world, ({ sites }) => sites.includes(value));
    case "blueprint":
      known("blueprint", value, world.blueprints);
      return where(world, ({ blueprints }) => blueprints.includes(value));
    case "label": {
      const [key = "", ...rest] = value.split("=");
      if (key === "") throw new GantryError(TARGET_INVALID, `'${target}' names no label`);
      return where(world, ({ labels }) =>
        rest.length === 0 ? Object.hasOwn(labels, key) : labels[key] === rest.join("="),
      );
    }
    case "vars": {
      const has = world.variables(value);
      return where(world, ({ name }) => has(name));
    }
    default:
      throw unknown("node", target, [...names], NODE_UNKNOWN);
  }
}

function where({ nodes }: TargetWorld, wanted: (node: NodeFacts) => boolean): readonly string[] {
  return nodes.filter(wanted).map(({ name }) => name);
}

function known(kind: string, name: string, names: readonly string[]): void {
  if (!names.includes(name)) throw unknown(kind, name, names, TARGET_INVALID);
}

function unknown(kind: string, name: string, names: readonly string[], error: typeof NODE_UNKNOWN): GantryError {
  const near = nearest(name, names);
  return new GantryError(
    error,
    `there is no ${kind} '${name}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
  );
}

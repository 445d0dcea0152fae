import { findCycles } from "../blueprints/index.ts";
import type { ComplexData, DependencyData } from "./dependencies.ts";
import type { FoundationData, StructureData } from "./model.ts";

/**
 * What has to be built before what, across kinds: a structure waits for its foundation and for what it depends on, a foundation for its
 * dependencies and the members of its complex, a dependency for what it needs and for where its scripts run. Pure.
 */
export interface Waiting {
  structure(name: string): Pick<StructureData, "foundation" | "dependsOn"> | undefined;
  foundation(name: string): Pick<FoundationData, "complex"> | undefined;
  complex(name: string): Pick<ComplexData, "members"> | undefined;
  dependency(name: string): Pick<DependencyData, "structure" | "dependency" | "scriptStructure"> | undefined;
  /** The names of the dependencies of a foundation. */
  dependenciesOf(foundation: string): readonly string[];
}

type WaitingKind = "structure" | "foundation" | "complex" | "dependency";

/** Something that waits, or is waited for. */
export interface WaitingNode {
  readonly kind: WaitingKind;
  readonly name: string;
}

/**
 * Circles in which something would wait for itself, each as the path that closes, its first and last node the same. Those that structures
 * close among themselves are left out: they are told by `depends_on` alone.
 */
export function waitingCycles(from: Iterable<WaitingNode>, waiting: Waiting): readonly (readonly WaitingNode[])[] {
  const paths = findCycles([...from].map(keyOf), (key) => neededBy(nodeOf(key), waiting).map(keyOf));
  return paths.map((path) => path.map(nodeOf)).filter((path) => path.some(({ kind }) => kind !== "structure"));
}

/** `dependency 'uplink' → structure 'switch1' → …` */
export function waitingText(path: readonly WaitingNode[]): string {
  const shown = path.map(({ kind, name }) => `${kind} '${name}'`);
  return (shown.length > 20 ? [...shown.slice(0, 10), "…", ...shown.slice(-9)] : shown).join(" → ");
}

function neededBy({ kind, name }: WaitingNode, waiting: Waiting): readonly WaitingNode[] {
  switch (kind) {
    case "structure": {
      const structure = waiting.structure(name);
      if (structure === undefined) return [];
      return [...nodes("foundation", [structure.foundation]), ...nodes("structure", structure.dependsOn)];
    }
    case "foundation":
      return [
        ...nodes("dependency", waiting.dependenciesOf(name)),
        ...nodes("complex", [waiting.foundation(name)?.complex]),
      ];
    case "complex":
      return nodes("structure", waiting.complex(name)?.members ?? []);
    default: {
      const dependency = waiting.dependency(name);
      return [
        ...nodes("structure", [dependency?.structure, dependency?.scriptStructure]),
        ...nodes("dependency", [dependency?.dependency]),
      ];
    }
  }
}

function nodes(kind: WaitingKind, names: readonly (string | null | undefined)[]): readonly WaitingNode[] {
  return names.flatMap((name) => (name === null || name === undefined ? [] : [{ kind, name }]));
}

function keyOf({ kind, name }: WaitingNode): string {
  return `${kind} ${name}`;
}

function nodeOf(key: string): WaitingNode {
  const space = key.indexOf(" ");
  return { kind: key.slice(0, space) as WaitingKind, name: key.slice(space + 1) };
}

/** Dependencies by the foundation that waits. */
export function byFoundation(
  dependencies: Iterable<Pick<DependencyData, "name" | "foundation">>,
): (foundation: string) => readonly string[] {
  const found = new Map<string, string[]>();
  for (const { name, foundation } of dependencies) {
    const list = found.get(foundation);
    if (list === undefined) found.set(foundation, [name]);
    else list.push(name);
  }
  return (foundation) => found.get(foundation) ?? [];
}

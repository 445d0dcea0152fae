import type { JsonObject } from "../kernel/json.ts";
import type { Described } from "./described.ts";
import type { BuildRecord } from "./model.ts";

/** A set of structures that offers foundations: a cluster of hypervisors, a container engine on several hosts. */
export interface ComplexData extends Described {
  readonly name: string;
  readonly site: string;
  readonly description: string;
  /** The type of the foundations it offers: names their driver. */
  readonly type: string;
  /** The structures it consists of. */
  readonly members: readonly string[];
  /** It counts as built when so many of 100 of its members are built, rounded up. */
  readonly builtPercentage: number;
  /** Defaults under the attributes of each of its foundations. */
  readonly attributes: JsonObject;
  /**
   * What each member has room for. `foundations` counts foundations; of every other name the attributes of that name are added up. Empty: no
   * limit.
   */
  readonly capacity: Readonly<Record<string, number>>;
}

/** A foundation that is made only when something else is built, and what is done in between: a port of a switch is set up. */
export interface DependencyData extends Described {
  readonly name: string;
  /** What waits. */
  readonly foundation: string;
  /** Exactly one of these two is needed. */
  readonly structure: string | null;
  readonly dependency: string | null;
  /** hard: before what is needed is taken down, the foundation and what stands on it is. soft: only the order of building. */
  readonly link: "soft" | "hard";
  /** On which structure its scripts run. Null: on the needed one, through the chain. */
  readonly scriptStructure: string | null;
  /** Scripts of that structure's blueprint. Null: nothing is to be done. */
  readonly createScript: string | null;
  readonly destroyScript: string | null;
  readonly description: string;
}

/** What a dependency was built with. Its blueprint, script and site are those of the structure the script ran on. */
export interface DependencyBuild extends BuildRecord {
  readonly site: string;
  readonly structure: string | null;
  readonly dependency: string | null;
  readonly scriptStructure: string | null;
}

/** Dependencies by name. */
interface Known<Data> {
  get(name: string): Data | undefined;
}

/** The structure that is needed in the end: through dependencies that need others. Undefined: the chain leads nowhere. */
export function neededStructure(
  dependencies: Known<Pick<DependencyData, "structure" | "dependency">>,
  name: string,
): string | undefined {
  const seen = new Set<string>();
  for (let at: string | null = name; at !== null && !seen.has(at);) {
    seen.add(at);
    const found: Pick<DependencyData, "structure" | "dependency"> | undefined = dependencies.get(at);
    if (found === undefined) return undefined;
    if (found.structure !== null) return found.structure;
    at = found.dependency;
  }
  return undefined;
}

/** The structure on which the scripts of a dependency run. Undefined: nobody knows. */
export function scriptStructureOf(
  dependencies: Known<Pick<DependencyData, "structure" | "dependency" | "scriptStructure">>,
  name: string,
): string | undefined {
  return dependencies.get(name)?.scriptStructure ?? neededStructure(dependencies, name);
}

/** What is wrong with what a dependency needs, as the end of a sentence. */
export function neededProblem({
  structure,
  dependency,
}: Pick<DependencyData, "structure" | "dependency">): string | undefined {
  return (structure === null) === (dependency === null)
    ? "exactly one of 'structure' and 'dependency' says what is needed"
    : undefined;
}

/** What a foundation is made with: its own attributes over those of its complex, name by name. */
export function attributesOf(
  { complexes }: { readonly complexes: Known<Pick<ComplexData, "attributes">> },
  { complex, attributes }: { readonly complex: string | null; readonly attributes: JsonObject },
): JsonObject {
  const under = complex === null ? undefined : complexes.get(complex)?.attributes;
  return under === undefined ? attributes : { ...under, ...attributes };
}

/** Members of a complex that have to be built, so that it counts as built. */
export function membersNeeded({ members, builtPercentage }: Pick<ComplexData, "members" | "builtPercentage">): number {
  return Math.ceil((members.length * builtPercentage) / 100);
}

import { allScripts, allTemplates, CREATE, findScript, UPDATE, type SourceText } from "../blueprints/index.ts";
import { invariant } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { hashOf } from "./hash.ts";
import { attributesOf, scriptStructureOf, type DependencyBuild, type DependencyData } from "./dependencies.ts";
import { isMade } from "./model.ts";
import type { FoundationBuild, StructureBuild, StructureData, World } from "./model.ts";
import { writtenVariables, type Resolver } from "./variables.ts";

/** Scripts whose text is an input of what is built: with another text something else would come out. */
const BUILDING = [CREATE, UPDATE];

/**
 * What a structure is built with, as the world says now. Taken when its job starts and stored as its `build` when it ends, with the
 * queries its script asked.
 */
export function structureInputs(resolver: Resolver, name: string): Omit<StructureBuild, "queries"> {
  const structure = resolver.world.structures.get(name);
  invariant(structure !== undefined && isMade(structure), "inputs are asked of a structure that is built by us");
  return {
    site: structure.site,
    foundation: structure.foundation,
    addresses: structure.addresses.map(({ address }) => address),
    ...blueprintInputs(resolver.world, structure.blueprint),
    variables: hashEach(writtenVariables(resolver.structure(name))),
  };
}

/** What a foundation is built with: also the addresses and the hostname of the structure that stands on it. */
export function foundationInputs(
  resolver: Resolver,
  name: string,
  occupant: StructureData | undefined,
): FoundationBuild {
  const foundation = resolver.world.foundations.get(name);
  invariant(foundation !== undefined, "inputs are asked of a foundation that is there");
  return {
    site: foundation.site,
    type: foundation.type,
    ...(foundation.complex === null ? {} : { complex: foundation.complex }),
    attributes: attributesOf(resolver.world, foundation),
    hostname: occupant?.hostname ?? null,
    addresses: occupant?.addresses.map(({ address }) => address) ?? [],
    ...blueprintInputs(resolver.world, foundation.blueprint),
    variables: hashEach(writtenVariables(resolver.foundation(name))),
  };
}

/**
 * What a dependency is built with: what it needs, and the script that is run for it with the structure it runs on. Variables are none of
 * it: a switch is told again when the script is another one, not whenever something of the switch changes.
 */
export function dependencyInputs(world: World, name: string): DependencyBuild {
  const dependency = world.dependencies.get(name);
  invariant(dependency !== undefined, "inputs are asked of a dependency that is there");
  const { structure, dependency: needed, createScript } = dependency;
  const scriptStructure = scriptStructureOf(world.dependencies, name) ?? null;
  const on = world.structures.get(scriptStructure ?? "");
  const blueprint = on?.blueprint ?? "";
  const script = createScript === null ? undefined : findScript(world.blueprints, blueprint, createScript);
  return {
    site: on?.site ?? world.foundations.get(dependency.foundation)?.site ?? "",
    blueprint,
    structure,
    dependency: needed,
    scriptStructure,
    scripts: createScript === null || script === undefined ? {} : { [createScript]: hashOf(script.text) },
    templates: {},
    variables: {},
    addresses: [],
  };
}

/**
 * What makes a dependency another one than it was built as: it is taken down and built anew. Where scripts would run counts when there are
 * any.
 */
export function dependencyChanges(
  built: DependencyBuild,
  now: DependencyBuild,
  { createScript, destroyScript }: Pick<DependencyData, "createScript" | "destroyScript">,
): readonly ("structure" | "dependency" | "scriptStructure")[] {
  const runs = createScript !== null || destroyScript !== null || Object.keys(built.scripts).length > 0;
  const members = runs
    ? (["structure", "dependency", "scriptStructure"] as const)
    : (["structure", "dependency"] as const);
  return members.filter((member) => built[member] !== now[member]);
}

/** The structure that stands on each foundation. One that is to go away gives way to one that is to stay. */
export function occupants<S extends StructureData & { readonly wanted?: "built" | "absent" }>(
  structures: Iterable<S>,
): ReadonlyMap<string, S> {
  const found = new Map<string, S>();
  for (const structure of structures) {
    if (structure.foundation === null) continue;
    const before = found.get(structure.foundation);
    if (before === undefined || before.wanted === "absent") found.set(structure.foundation, structure);
  }
  return found;
}

/** Each blueprint is hashed once a world, however many are built by it. */
const known = new WeakMap<World, Map<string, ReturnType<typeof hashBlueprint>>>();

function blueprintInputs(world: World, name: string): ReturnType<typeof hashBlueprint> {
  const cache = known.get(world) ?? new Map<string, ReturnType<typeof hashBlueprint>>();
  known.set(world, cache);
  const inputs = cache.get(name) ?? hashBlueprint(world, name);
  cache.set(name, inputs);
  return inputs;
}

function hashBlueprint(world: World, name: string): Pick<StructureBuild, "blueprint" | "scripts" | "templates"> {
  const building = [...allScripts(world.blueprints, name)].filter(([script]) => BUILDING.includes(script));
  return { blueprint: name, scripts: hashTexts(building), templates: hashTexts(allTemplates(world.blueprints, name)) };
}

function hashTexts(texts: Iterable<readonly [string, SourceText]>): Readonly<Record<string, string>> {
  return Object.fromEntries([...texts].map(([name, { text }]) => [name, hashOf(text)]));
}

function hashEach(values: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, hashOf(value)]));
}

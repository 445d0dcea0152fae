import { lineage, type Blueprint } from "../blueprints/index.ts";
import { invariant } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { resolve, type Layer, type Resolution } from "../variables/index.ts";
import type { FoundationData, StructureData, World } from "./model.ts";
import { fqdnOf } from "./zones.ts";

/** Answers what variables something has. Each answer is worked out once, so ask one resolver for everything in one world. */
export interface Resolver {
  readonly world: World;
  /** Throws `variable_type_conflict` when layers do not go together. */
  structure(name: string): Resolution;
  foundation(name: string): Resolution;
}

export interface ResolverOptions {
  /** The classes of a foundation's type, for keys like `packages:container`. The type itself is always one. */
  readonly classesOf?: (foundationType: string) => readonly string[];
}

export function createResolver(world: World, options: ResolverOptions = {}): Resolver {
  const structures = new Map<string, Resolution>();
  const foundations = new Map<string, Resolution>();
  function classes(type: string | undefined): readonly string[] {
    return type === undefined ? [] : [type, ...(options.classesOf?.(type) ?? [])];
  }
  return {
    world,
    structure(name) {
      const known = structures.get(name);
      if (known !== undefined) return known;
      const structure = world.structures.get(name);
      invariant(structure !== undefined, "variables are asked of a structure that is there");
      const type = foundationOf(world, structure)?.type;
      const resolution = resolve(structureLayers(world, structure), { classes: classes(type) });
      structures.set(name, resolution);
      return resolution;
    },
    foundation(name) {
      const known = foundations.get(name);
      if (known !== undefined) return known;
      const foundation = world.foundations.get(name);
      invariant(foundation !== undefined, "variables are asked of a foundation that is there");
      const resolution = resolve(foundationLayers(world, foundation), { classes: classes(foundation.type) });
      foundations.set(name, resolution);
      return resolution;
    },
  };
}

/** Tenant, blueprint (parents first), sites (root to leaf), the foundation's attributes, the structure, what is built in. */
function structureLayers(world: World, structure: StructureData & { readonly id?: Id }): readonly Layer[] {
  const foundation = foundationOf(world, structure);
  return [
    ...commonLayers(world, lineageOf(world, structure), structure.site),
    ...(foundation === undefined ? [] : [layer("foundation", foundation.name, foundation.attributes)]),
    layer("structure", structure.name, structure.variables),
    layer("built_in", "structure", builtIn(world, structure)),
  ];
}

/** Tenant, blueprint (parents first), sites (root to leaf), the foundation's attributes and variables, what is built in. */
function foundationLayers(world: World, foundation: FoundationData & { readonly id?: Id }): readonly Layer[] {
  return [
    ...commonLayers(world, lineage(world.blueprints, foundation.blueprint), foundation.site),
    layer("foundation", foundation.name, foundation.attributes),
    layer("foundation", foundation.name, foundation.variables),
    layer(
      "built_in",
      "foundation",
      withId(foundation, { _name: foundation.name, _site: foundation.site, _type: foundation.type }),
    ),
  ];
}

/** What a structure stands on, as far as that is known. */
export function foundationOf<F>(
  world: { readonly foundations: ReadonlyMap<string, F> },
  structure: Pick<StructureData, "foundation">,
): F | undefined {
  return structure.foundation === null ? undefined : world.foundations.get(structure.foundation);
}

/** The blueprint of a structure and those it builds upon, parents first. */
export function lineageOf(
  world: Pick<World, "blueprints">,
  structure: Pick<StructureData, "blueprint">,
): readonly Blueprint[] {
  return structure.blueprint === null ? [] : lineage(world.blueprints, structure.blueprint);
}

function commonLayers(world: World, blueprints: readonly Blueprint[], site: string): readonly Layer[] {
  return [
    layer("tenant", world.tenant.name, world.tenant.variables),
    ...blueprints.map((one) => layer("blueprint", one.name, one.variables)),
    ...siteChain(world, site).map((name) => layer("site", name, world.sites.get(name)?.variables ?? {})),
  ];
}

/** The sites a site lies in, root first, itself last. A circle, which no design keeps, is cut. */
export function siteChain(world: Pick<World, "sites">, site: string): readonly string[] {
  const chain = new Set<string>();
  for (
    let name: string | null = site;
    name !== null && !chain.has(name);
    name = world.sites.get(name)?.parent ?? null
  ) {
    if (!world.sites.has(name)) break;
    chain.add(name);
  }
  return [...chain].reverse();
}

function builtIn(world: World, structure: StructureData & { readonly id?: Id }): JsonObject {
  return withId(structure, {
    _name: structure.name,
    _hostname: structure.hostname,
    _fqdn: fqdnOf(world, structure),
    _site: structure.site,
    _blueprint: structure.blueprint,
    _foundation: structure.foundation,
    _addresses: structure.addresses.map(({ address }) => address),
  });
}

/** What is only planned has no id yet. */
function withId(thing: { readonly id?: Id }, values: JsonObject): JsonObject {
  return thing.id === undefined ? values : { _id: thing.id, ...values };
}

function layer(kind: Layer["source"]["kind"], name: string, values: JsonObject): Layer {
  return { source: { kind, name }, values };
}

/** The variables somebody wrote: those that are not built in. */
export function writtenVariables(resolution: Resolution): JsonObject {
  return Object.fromEntries(Object.entries(resolution.values).filter(([name]) => !name.startsWith("_")));
}

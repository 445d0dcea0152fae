import { foundationTypeFacts, lineage, type Blueprint } from "../blueprints/index.ts";
import { GantryError, invariant } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import {
  extendFold,
  extendValues,
  objectOf,
  parseKey,
  resolutionOf,
  valuesOfFold,
  type Fold,
  type Layer,
  type Resolution,
} from "../variables/index.ts";
import type { ComplexData } from "./dependencies.ts";
import type { FoundationData, StructureData, World } from "./model.ts";
import { textOf } from "./rows.ts";
import { layer, onlySets, sharedLayers } from "./shared-layers.ts";
import { fqdnOf } from "./zones.ts";

export { siteChain } from "./site-chain.ts";

/** Answers what variables something has. Each answer is worked out once, so ask one resolver for everything in one world. */
export interface Resolver {
  readonly world: World;
  /** Throws `variable_type_conflict` when layers do not go together. */
  structure(name: string): Resolution;
  foundation(name: string): Resolution;
  /** The values of `structure(name)` alone, which are not kept: for many at once. Throws as it does. */
  values(name: string): JsonObject;
  /** One variable of a structure, worked out without the others. Undefined when it is not there, or its layers do not go together. */
  value(name: string, variable: string): Json | undefined;
}

/** What keys like `packages:Container` are for: the classes of the type of a foundation, and the type itself. */
export function classesOf(type: string | undefined): readonly string[] {
  if (type === undefined) return NO_CLASSES;
  const before = classesByType.get(type);
  if (before !== undefined) return before;
  const classes = [type, ...foundationTypeFacts(type).classes];
  if (classesByType.size >= MOST_TYPES) classesByType.clear();
  classesByType.set(type, classes);
  return classes;
}

/** Asked of every structure, and types are few. */
const classesByType = new Map<string, readonly string[]>();
const MOST_TYPES = 1000;

export function createResolver(world: World): Resolver {
  const structures = new Map<string, Resolution>();
  const foundations = new Map<string, Resolution>();
  const shared = sharedLayers(world);
  function partsOf(name: string): StructureParts {
    const structure = world.structures.get(name);
    invariant(structure !== undefined, "variables are asked of a structure that is there");
    const foundation = foundationOf(world, structure);
    const complex = complexOf(world, foundation);
    return { structure, foundation, complex, classes: classesOf(foundation?.type) };
  }
  function sharedFold({ structure, classes: ofClasses }: StructureParts): Fold {
    return shared.structure(structure.blueprint, structure.site, structure.groups, ofClasses);
  }
  function resolveStructure(name: string): Resolution {
    const parts = partsOf(name);
    return resolutionOf(extendFold(sharedFold(parts), ownLayers(world, parts), parts.classes));
  }
  return {
    world,
    structure(name) {
      const known = structures.get(name);
      if (known !== undefined) return known;
      const resolution = resolveStructure(name);
      structures.set(name, resolution);
      return resolution;
    },
    foundation(name) {
      const known = foundations.get(name);
      if (known !== undefined) return known;
      const foundation = world.foundations.get(name);
      invariant(foundation !== undefined, "variables are asked of a foundation that is there");
      const ofClasses = classesOf(foundation.type);
      const before = shared.foundation(foundation.blueprint, foundation.site, ofClasses);
      const resolution = resolutionOf(extendFold(before, foundationLayers(world, foundation), ofClasses));
      foundations.set(name, resolution);
      return resolution;
    },
    values(name) {
      const parts = partsOf(name);
      const { structure, foundation } = parts;
      // Parsed for this once: what is asked of many is not asked again soon.
      const text = textOf(structure, "variables");
      const own = text === undefined ? structure.variables : (JSON.parse(text) as JsonObject);
      const attributes = foundation?.attributes ?? NO_VALUES;
      const offered = parts.complex?.attributes ?? NO_VALUES;
      if (!onlySets(own) || !onlySets(attributes) || !onlySets(offered)) return resolveStructure(name).values;
      const plain = shared.plain(structure.blueprint, structure.site, structure.groups, parts.classes);
      const before = plain ?? [objectOf(valuesOfFold(sharedFold(parts))), NO_VALUES, NO_VALUES];
      const below = offered === NO_VALUES ? attributes : { ...offered, ...attributes };
      return { ...before[0], ...before[1], ...before[2], ...below, ...own, ...builtIn(world, structure) };
    },
    value(name, variable) {
      const parts = partsOf(name);
      const { structure, foundation } = parts;
      const plain = shared.plain(structure.blueprint, structure.site, structure.groups, parts.classes);
      const before =
        plain === undefined
          ? sharedFold(parts).held.get(variable)?.value
          : plain.findLast((values) => Object.hasOwn(values, variable))?.[variable];
      const values = new Map<string, Json | undefined>([[variable, before]]);
      const layers: Layer[] = [];
      if (parts.complex !== undefined && mentions(parts.complex, "attributes", variable))
        layers.push(layer("complex", parts.complex.name, sayingOf(parts.complex.attributes, variable)));
      if (foundation !== undefined && mentions(foundation, "attributes", variable))
        layers.push(layer("foundation", foundation.name, sayingOf(foundation.attributes, variable)));
      if (mentions(structure, "variables", variable))
        layers.push(layer("structure", structure.name, sayingOf(structure.variables, variable)));
      if (variable.startsWith("_"))
        layers.push(layer("built_in", "structure", sayingOf(builtIn(world, structure), variable)));
      try {
        extendValues(values, layers, parts.classes);
      } catch (error) {
        if (!(error instanceof GantryError)) throw error;
        return undefined;
      }
      return values.get(variable);
    },
  };
}

const NO_CLASSES: readonly string[] = [];
const NO_VALUES: JsonObject = {};

interface StructureParts {
  readonly structure: StructureData & { readonly id?: Id };
  readonly foundation: (FoundationData & { readonly id?: Id }) | undefined;
  readonly complex: ComplexData | undefined;
  readonly classes: readonly string[];
}

/** Over what it shares with others: the attributes of the complex and the foundation, the structure, what is built in. */
function ownLayers(world: World, { structure, foundation, complex }: StructureParts): readonly Layer[] {
  return [
    ...(complex === undefined ? [] : [layer("complex", complex.name, complex.attributes)]),
    ...(foundation === undefined ? [] : [layer("foundation", foundation.name, foundation.attributes)]),
    layer("structure", structure.name, structure.variables),
    layer("built_in", "structure", builtIn(world, structure)),
  ];
}

/** Over what it shares with others: the attributes of its complex, its own, its variables, what is built in. */
function foundationLayers(world: World, foundation: FoundationData & { readonly id?: Id }): readonly Layer[] {
  const complex = complexOf(world, foundation);
  return [
    ...(complex === undefined ? [] : [layer("complex", complex.name, complex.attributes)]),
    layer("foundation", foundation.name, foundation.attributes),
    layer("foundation", foundation.name, foundation.variables),
    layer(
      "built_in",
      "foundation",
      withId(foundation, { _name: foundation.name, _site: foundation.site, _type: foundation.type }),
    ),
  ];
}

/** The complex that offers a foundation. */
export function complexOf(
  world: Pick<World, "complexes">,
  foundation: Pick<FoundationData, "complex"> | undefined,
): ComplexData | undefined {
  return foundation === undefined || foundation.complex === null ? undefined : world.complexes.get(foundation.complex);
}

/** What a layer says of one variable. */
function sayingOf(values: JsonObject, variable: string): JsonObject {
  const said = Object.entries(values).filter(([key]) => key === variable || parseKey(key)?.name === variable);
  return Object.fromEntries(said);
}

/** Names of variables stand in JSON as they are: a text that does not hold the name says nothing of it, and need not be parsed. */
function mentions(row: object, member: "variables" | "attributes", variable: string): boolean {
  return textOf(row, member)?.includes(variable) ?? true;
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

/** What is known of a structure without anybody having said it: the last layer. */
export function builtIn(world: World, structure: StructureData & { readonly id?: Id }): JsonObject {
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

/** The variables somebody wrote: those that are not built in. */
export function writtenVariables(resolution: Resolution): JsonObject {
  return Object.fromEntries(Object.entries(resolution.values).filter(([name]) => !name.startsWith("_")));
}

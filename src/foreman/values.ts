import { foundationOf, fqdnOf, type Foundation, type Snapshot, type Structure } from "../inventory/index.ts";
import { invariant } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";

/** What a script of a blueprint can read, by module: `config.NAME`, `structure.NAME`, `foundation.NAME`. Pure. */
export interface ScriptValues {
  /** Resolved variables. Any name may be asked for. */
  readonly config: JsonObject;
  readonly structure: JsonObject | null;
  readonly foundation: JsonObject | null;
}

export function structureValues(
  world: Pick<Snapshot, "sites">,
  structure: Structure,
  foundation: Foundation | undefined,
  variables: JsonObject,
): ScriptValues {
  return {
    config: variables,
    structure: structureFacts(world, structure),
    foundation: foundation === undefined ? null : foundationFacts(foundation),
  };
}

/** A foundation's script sees the structure that stands on it, when it is exactly one. */
export function foundationValues(
  world: Pick<Snapshot, "sites">,
  foundation: Foundation,
  structures: readonly Structure[],
  variables: JsonObject,
): ScriptValues {
  return {
    config: variables,
    structure: structures.length === 1 ? structureFacts(world, structures[0]!) : null,
    foundation: foundationFacts(foundation),
  };
}

function structureFacts(world: Pick<Snapshot, "sites">, one: Structure): JsonObject {
  return {
    name: one.name,
    hostname: one.hostname,
    fqdn: fqdnOf(world, one),
    address: one.addresses[0]?.address ?? null,
    addresses: one.addresses.map((held) => held.address),
    site: one.site,
    blueprint: one.blueprint,
    foundation: one.foundation,
  };
}

function foundationFacts(one: Foundation): JsonObject {
  return { name: one.name, type: one.type, site: one.site, blueprint: one.blueprint, attributes: one.attributes };
}

/** What a template sees: the variables by their own names, and beside them the structure, the foundation and the values of the call. */
export function templateValues(values: ScriptValues, given: JsonObject): JsonObject {
  return {
    ...values.config,
    ...(values.structure === null ? {} : { structure: values.structure }),
    ...(values.foundation === null ? {} : { foundation: values.foundation }),
    values: given,
  };
}

/** Structures on a foundation, in the order of their names. */
export function structuresOn(snapshot: Snapshot, foundation: string): readonly Structure[] {
  return [...snapshot.structures.values()]
    .filter((one) => one.foundation === foundation)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * What a driver's function is told of a foundation (`docs/drivers.md`). `asBuilt`: with the addresses and the hostname it was made with,
 * else with those of what is to stand on it.
 */
export function foundationParameters(one: Foundation, structures: readonly Structure[], asBuilt: boolean): JsonObject {
  const build = asBuilt ? one.build : null;
  const addresses =
    build?.addresses ?? structures.flatMap((structure) => structure.addresses.map((held) => held.address));
  return {
    id: one.id,
    name: one.name,
    attributes: one.attributes,
    addresses: addresses as readonly Json[],
    hostname: (build === null ? structures[0]?.hostname : build.hostname) ?? one.name,
  };
}

/**
 * The inventory as it was when a row was built: what is taken down is taken down by the scripts it was built with, on what it was built
 * on.
 */
export function worldAsBuilt(
  snapshot: Snapshot,
  row: { readonly kind: "structure" | "foundation"; readonly name: string },
): Snapshot {
  if (row.kind === "foundation") {
    const foundation = snapshot.foundations.get(row.name);
    return foundation?.build == null
      ? snapshot
      : { ...snapshot, foundations: replaced(snapshot.foundations, foundationAsBuilt(snapshot, foundation)) };
  }
  const structure = snapshot.structures.get(row.name);
  if (structure?.build == null) return snapshot;
  const before = structureAsBuilt(snapshot, structure);
  const below = foundationOf(snapshot, before);
  return {
    ...snapshot,
    structures: replaced(snapshot.structures, before),
    ...(below?.build == null
      ? {}
      : { foundations: replaced(snapshot.foundations, foundationAsBuilt(snapshot, below)) }),
  };
}

function structureAsBuilt(snapshot: Snapshot, one: Structure): Structure {
  const { build } = one;
  if (build === null) return one;
  return {
    ...one,
    blueprint: blueprintAsBuilt(snapshot, one),
    site: snapshot.sites.has(build.site) ? build.site : one.site,
    foundation: snapshot.foundations.has(build.foundation) ? build.foundation : one.foundation,
    addresses: build.addresses.map(
      (address) => one.addresses.find((held) => held.address === address) ?? { block: "", address },
    ),
  };
}

function foundationAsBuilt(snapshot: Snapshot, one: Foundation): Foundation {
  const { build } = one;
  if (build === null) return one;
  const site = snapshot.sites.has(build.site) ? build.site : one.site;
  return { ...one, blueprint: blueprintAsBuilt(snapshot, one), type: build.type, attributes: build.attributes, site };
}

/** The blueprint something was built with, or that of its row when nothing is built, or nobody knows it any more. */
export function blueprintAsBuilt(snapshot: Snapshot, one: Foundation | Structure): string {
  const name = one.build?.blueprint;
  return name !== undefined && snapshot.blueprints.has(name) ? name : blueprintOf(one);
}

/** The blueprint of something that is built by us. */
export function blueprintOf({ blueprint }: Foundation | Structure): string {
  invariant(blueprint !== null, "what is built by us has a blueprint");
  return blueprint;
}

function replaced<Row extends { readonly name: string }>(
  rows: ReadonlyMap<string, Row>,
  one: Row,
): ReadonlyMap<string, Row> {
  return new Map(rows).set(one.name, one);
}

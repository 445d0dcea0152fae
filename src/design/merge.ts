import type { Blueprint } from "../blueprints/index.ts";
import type { FoundationData, SiteData, AddressBlockData } from "../inventory/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { DesignStructure, FieldChange } from "./model.ts";

/** What a thing will be: as the design says, but for the fields somebody else keeps. Each function takes design, row and conflicts. */

type Conflicts = readonly FieldChange[];

export function mergeSite(wanted: SiteData, actual: SiteData, conflicts: Conflicts): SiteData {
  const keep = keeper(conflicts);
  return {
    ...actual,
    name: wanted.name,
    kind: keep("kind", wanted.kind, actual.kind),
    description: keep("description", wanted.description, actual.description),
    parent: keep("parent", wanted.parent, actual.parent),
    variables: keep.members("variables", wanted.variables, actual.variables),
  };
}

export function mergeAddressBlock(
  wanted: AddressBlockData,
  actual: AddressBlockData,
  conflicts: Conflicts,
): AddressBlockData {
  const keep = keeper(conflicts);
  return {
    ...actual,
    name: wanted.name,
    site: keep("site", wanted.site, actual.site),
    subnet: keep("subnet", wanted.subnet, actual.subnet),
    gateway: keep("gateway", wanted.gateway, actual.gateway),
    reserved: keep("reserved", wanted.reserved, actual.reserved),
  };
}

export function mergeBlueprint(wanted: Blueprint, actual: Blueprint, conflicts: Conflicts): Blueprint {
  const keep = keeper(conflicts);
  return {
    name: wanted.name,
    builds: keep("builds", wanted.builds, actual.builds),
    description: keep("description", wanted.description, actual.description),
    parents: keep("parents", wanted.parents, actual.parents),
    foundationTypes: keep("foundation_types", wanted.foundationTypes, actual.foundationTypes),
    foundationBlueprints: keep("foundation_blueprints", wanted.foundationBlueprints, actual.foundationBlueprints),
    variables: keep.members("variables", wanted.variables, actual.variables),
    scripts: keep.members("scripts", wanted.scripts, actual.scripts),
    templates: keep.members("templates", wanted.templates, actual.templates),
  };
}

export function mergeFoundation(wanted: FoundationData, actual: FoundationData, conflicts: Conflicts): FoundationData {
  const keep = keeper(conflicts);
  return {
    ...actual,
    name: wanted.name,
    site: keep("site", wanted.site, actual.site),
    type: keep("type", wanted.type, actual.type),
    blueprint: keep("blueprint", wanted.blueprint, actual.blueprint),
    attributes: keep.members<JsonObject>("attributes", wanted.attributes, actual.attributes),
    variables: keep.members<JsonObject>("variables", wanted.variables, actual.variables),
  };
}

export function mergeStructure(
  wanted: DesignStructure,
  actual: DesignStructure,
  conflicts: Conflicts,
): DesignStructure {
  const keep = keeper(conflicts);
  return {
    ...actual,
    name: wanted.name,
    hostname: wanted.hostname,
    site: keep("site", wanted.site, actual.site),
    blueprint: keep("blueprint", wanted.blueprint, actual.blueprint),
    foundation: keep("foundation", wanted.foundation, actual.foundation),
    description: keep("description", wanted.description, actual.description),
    addresses: keep("addresses", wanted.addresses, actual.addresses),
    dependsOn: keep("depends_on", wanted.dependsOn, actual.dependsOn),
    variables: keep.members("variables", wanted.variables, actual.variables),
  };
}

interface Keeper {
  <Value>(path: string, wanted: Value, actual: Value): Value;
  /** Of a map, member by member. */
  members<Members extends { readonly [name: string]: unknown }>(
    path: string,
    wanted: Members,
    actual: Members,
  ): Members;
}

function keeper(conflicts: Conflicts): Keeper {
  const kept = new Set(conflicts.map(({ path }) => path));
  function keep<Value>(path: string, wanted: Value, actual: Value): Value {
    return kept.has(path) ? actual : wanted;
  }
  function members<Members extends { readonly [name: string]: unknown }>(
    path: string,
    wanted: Members,
    actual: Members,
  ): Members {
    if (kept.size === 0) return wanted;
    const merged = new Map(Object.entries(wanted));
    for (const one of kept) {
      if (!one.startsWith(`${path}.`)) continue;
      const name = one.slice(path.length + 1);
      if (Object.hasOwn(actual, name)) merged.set(name, actual[name]);
      else merged.delete(name);
    }
    return Object.fromEntries(merged) as Members;
  }
  return Object.assign(keep, { members });
}

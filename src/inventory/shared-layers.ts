import { lineage } from "../blueprints/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { EMPTY_FOLD, extendFold, objectOf, parseKey, valuesOfFold, type Fold, type Layer } from "../variables/index.ts";
import { groupOrder } from "./group-order.ts";
import type { World } from "./model.ts";
import { siteChain } from "./site-chain.ts";

/**
 * The layers that many things share: tenant, blueprints, sites, groups. They are merged once for each combination and gone on with from
 * there, so that a structure costs what it says itself.
 */
export interface SharedLayers {
  /** Tenant, blueprint (parents first), sites (root to leaf), groups (in their order). */
  structure(blueprint: string | null, site: string, groups: readonly string[], classes: readonly string[]): Fold;
  /**
   * The same as `structure` where what sites and groups say does not depend on what came before: values to be copied one over the other.
   * Undefined where that is not so.
   */
  plain(
    blueprint: string | null,
    site: string,
    groups: readonly string[],
    classes: readonly string[],
  ): readonly [JsonObject, JsonObject, JsonObject] | undefined;
  /** Tenant, blueprint (parents first), sites (root to leaf). */
  foundation(blueprint: string, site: string, classes: readonly string[]): Fold;
}

type SharedWorld = Pick<World, "tenant" | "blueprints" | "sites" | "groups">;

interface Known {
  readonly world: SharedWorld;
  readonly layers: SharedLayers;
}

/** By the sites of a world: the other parts are compared. Worlds that differ in other things use the same. */
const known = new WeakMap<World["sites"], Known>();

export function sharedLayers(world: SharedWorld): SharedLayers {
  const before = known.get(world.sites);
  if (before !== undefined && sameParts(before.world, world)) return before.layers;
  const { tenant, blueprints, sites, groups } = world;
  const parts = { tenant, blueprints, sites, groups };
  const layers = createSharedLayers(parts);
  known.set(world.sites, { world: parts, layers });
  return layers;
}

function sameParts(a: SharedWorld, b: SharedWorld): boolean {
  return (
    a.blueprints === b.blueprints &&
    a.groups === b.groups &&
    a.tenant.name === b.tenant.name &&
    a.tenant.variables === b.tenant.variables
  );
}

interface AtBlueprint {
  readonly fold: Fold;
  /** Its values; undefined when it has problems. */
  readonly values: JsonObject | undefined;
  readonly sites: Map<string, AtSite>;
}

interface AtSite {
  readonly fold: Fold;
  /** By the groups in their order: the same list is the same object. */
  readonly groups: Map<readonly string[], Fold>;
}

/** Combinations that are kept: some kilobytes each. */
const MOST_KEPT = 20_000;

function createSharedLayers(world: SharedWorld): SharedLayers {
  const order = groupOrder(world.groups);
  const atBlueprint = new Map<string, AtBlueprint>();
  let kept = 0;

  function blueprintFold(blueprint: string | null, classes: readonly string[]): AtBlueprint {
    const key = classes.length === 0 ? (blueprint ?? "") : `${blueprint ?? ""}\u0000${joined(classes)}`;
    const before = atBlueprint.get(key);
    if (before !== undefined) return before;
    const layers = [
      layer("tenant", world.tenant.name, world.tenant.variables),
      ...(blueprint === null ? [] : lineage(world.blueprints, blueprint)).map((one) =>
        layer("blueprint", one.name, one.variables),
      ),
    ];
    const fold = extendFold(EMPTY_FOLD, layers, classes);
    const values = fold.kind === undefined ? objectOf(valuesOfFold(fold)) : undefined;
    const made = { fold, values, sites: new Map<string, AtSite>() };
    keep(() => atBlueprint.set(key, made));
    return made;
  }

  function siteFold(blueprint: string | null, site: string, classes: readonly string[]): AtSite {
    const from = blueprintFold(blueprint, classes);
    const before = from.sites.get(site);
    if (before !== undefined) return before;
    const fold = extendFold(from.fold, siteLayers(site), classes);
    const made = { fold, groups: new Map<readonly string[], Fold>() };
    keep(() => from.sites.set(site, made));
    return made;
  }

  function keep(add: () => void): void {
    kept += 1;
    if (kept > MOST_KEPT) {
      atBlueprint.clear();
      kept = 0;
    }
    add();
  }

  function siteLayers(site: string): readonly Layer[] {
    return siteChain(world, site).map((name) => layer("site", name, world.sites.get(name)?.variables ?? {}));
  }

  function groupLayers(names: readonly string[]): readonly Layer[] {
    return names.map((name) => layer("group", name, world.groups.get(name)?.variables ?? {}));
  }

  const setBySites = new Map<string, JsonObject | null>();
  const setByGroups = new WeakMap<readonly string[], JsonObject | null>();

  function siteValues(site: string): JsonObject | null {
    const before = setBySites.get(site);
    if (before !== undefined) return before;
    const values = setBy(siteLayers(site));
    setBySites.set(site, values);
    return values;
  }

  const setByGroup = new Map<string, JsonObject | null>();

  /** What one group says when it only sets. */
  function ownValues(name: string): JsonObject | null {
    const before = setByGroup.get(name);
    if (before !== undefined) return before;
    const values = world.groups.get(name)?.variables ?? {};
    const found = onlySets(values) ? values : null;
    setByGroup.set(name, found);
    return found;
  }

  /** What groups come to that only set, copied one over the other: cheaper than to look whether it was done before. */
  function copied(names: readonly string[]): JsonObject | undefined {
    const all: Record<string, Json> = {};
    for (const name of names) {
      const values = ownValues(name);
      if (values === null) return undefined;
      for (const key in values) all[key] = values[key]!;
    }
    return all;
  }

  function groupValues(names: readonly string[]): JsonObject | null {
    const before = setByGroups.get(names);
    if (before !== undefined) return before;
    const values = setBy(groupLayers(names));
    setByGroups.set(names, values);
    return values;
  }

  return {
    plain(blueprint, site, groups, classes) {
      const bySites = siteValues(site);
      const byGroups =
        bySites === null ? null : (copied(order.effectiveOnce(groups)) ?? groupValues(order.effective(groups)));
      if (bySites === null || byGroups === null) return undefined;
      const { values } = blueprintFold(blueprint, classes);
      return values === undefined ? undefined : [values, bySites, byGroups];
    },
    foundation: (blueprint, site, classes) => siteFold(blueprint, site, classes).fold,
    structure(blueprint, site, groups, classes) {
      const from = siteFold(blueprint, site, classes);
      const names = order.effective(groups);
      if (names.length === 0) return from.fold;
      const before = from.groups.get(names);
      if (before !== undefined) return before;
      const made = extendFold(from.fold, groupLayers(names), classes);
      keep(() => from.groups.set(names, made));
      return made;
    },
  };
}

/** Classes as one text: the same list is the same object. Neither names nor classes hold a zero character. */
const joinedClasses = new WeakMap<readonly string[], string>();

function joined(classes: readonly string[]): string {
  const before = joinedClasses.get(classes);
  if (before !== undefined) return before;
  const text = classes.join("\u0000");
  joinedClasses.set(classes, text);
  return text;
}

/**
 * What layers come to, whatever came before them: every name is set by one of them before others of them change it, and for every class.
 * Null when that is not so.
 */
function setBy(layers: readonly Layer[]): JsonObject | null {
  if (layers.every(({ values }) => values === null || onlySets(values)))
    return Object.assign({}, ...layers.map(({ values }) => values)) as JsonObject;
  const set = new Set<string>();
  for (const { values } of layers) {
    const keys = Object.keys(values ?? {}).map((key) => parseKey(key));
    for (const key of keys) {
      if (key === undefined || key.class !== undefined || key.operator === "delete") return null;
      // What takes away comes first in a layer.
      if (key.operator === "remove" && !set.has(key.name)) return null;
    }
    for (const key of keys) if (key?.operator === "set") set.add(key.name);
    if (!keys.every((key) => key !== undefined && set.has(key.name))) return null;
  }
  const fold = extendFold(EMPTY_FOLD, layers, []);
  return fold.kind === undefined ? objectOf(valuesOfFold(fold)) : null;
}

/** Keys that were looked at, and whether they set a name for every class. The same few come again and again. */
const setting = new Map<string, boolean>();
const MOST_KEYS = 10_000;

/** Whether every key sets a name, for every class. */
export function onlySets(values: JsonObject): boolean {
  for (const key in values) {
    const before = setting.get(key);
    if (before === undefined ? !sets(key) : !before) return false;
  }
  return true;
}

function sets(key: string): boolean {
  const parsed = parseKey(key);
  const found = parsed !== undefined && parsed.operator === "set" && parsed.class === undefined;
  if (setting.size >= MOST_KEYS) setting.clear();
  setting.set(key, found);
  return found;
}

export function layer(kind: Layer["source"]["kind"], name: string, values: Layer["values"]): Layer {
  return { source: { kind, name }, values };
}

import { lineage } from "../blueprints/index.ts";
import { EMPTY_FOLD, extendFold, type Fold, type Layer } from "../variables/index.ts";
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
    const key = JSON.stringify([blueprint, ...classes]);
    const before = atBlueprint.get(key);
    if (before !== undefined) return before;
    const layers = [
      layer("tenant", world.tenant.name, world.tenant.variables),
      ...(blueprint === null ? [] : lineage(world.blueprints, blueprint)).map((one) =>
        layer("blueprint", one.name, one.variables),
      ),
    ];
    const made = { fold: extendFold(EMPTY_FOLD, layers, classes), sites: new Map<string, AtSite>() };
    keep(() => atBlueprint.set(key, made));
    return made;
  }

  function siteFold(blueprint: string | null, site: string, classes: readonly string[]): AtSite {
    const from = blueprintFold(blueprint, classes);
    const before = from.sites.get(site);
    if (before !== undefined) return before;
    const layers = siteChain(world, site).map((name) => layer("site", name, world.sites.get(name)?.variables ?? {}));
    const made = { fold: extendFold(from.fold, layers, classes), groups: new Map<readonly string[], Fold>() };
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

  return {
    foundation: (blueprint, site, classes) => siteFold(blueprint, site, classes).fold,
    structure(blueprint, site, groups, classes) {
      const from = siteFold(blueprint, site, classes);
      const names = order.effective(groups);
      if (names.length === 0) return from.fold;
      const before = from.groups.get(names);
      if (before !== undefined) return before;
      const layers = names.map((name) => layer("group", name, world.groups.get(name)?.variables ?? {}));
      const made = extendFold(from.fold, layers, classes);
      keep(() => from.groups.set(names, made));
      return made;
    },
  };
}

export function layer(kind: Layer["source"]["kind"], name: string, values: Layer["values"]): Layer {
  return { source: { kind, name }, values };
}

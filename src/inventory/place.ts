import { NOWHERE, type Place } from "../access/index.ts";
import { groupOrder } from "./group-order.ts";
import type { Kind } from "./kinds.ts";
import type { Snapshot, World } from "./model.ts";
import { siteChain } from "./site-chain.ts";

/**
 * Where things of the inventory are, as far as rights go by it. Pure.
 *
 * A structure is at its site and in its groups; a foundation, complex, network, link or address block at its site; a dependency where what waits is; a site at itself; a group in
 * itself and the groups above it and those that include it; an interface where its owner is. The tenant, zones, blueprints and schemas of
 * fields are nowhere: only rights in the whole tenant reach them.
 */
export function placeOf(snapshot: Snapshot, kind: Kind, row: object): Place {
  const data = row as {
    readonly name?: string;
    readonly site?: string | null;
    readonly groups?: readonly string[];
    readonly structure?: string | null;
    readonly foundation?: string | null;
    readonly parent?: string | null;
  };
  switch (kind) {
    case "site":
      return { ...NOWHERE, sites: siteIds(snapshot, data.name ?? null, data.parent ?? null) };
    case "group":
      return { ...NOWHERE, groups: groupIds(snapshot, [data.name ?? "", data.parent ?? ""]) };
    case "structure":
      return { ...NOWHERE, sites: siteIds(snapshot, data.site ?? null), groups: groupIds(snapshot, data.groups ?? []) };
    case "foundation":
    case "complex":
    case "network":
    case "link":
    case "address_block":
      return { ...NOWHERE, sites: siteIds(snapshot, data.site ?? null) };
    case "interface": {
      const structure = snapshot.structures.get(data.structure ?? "");
      if (structure !== undefined) return placeOf(snapshot, "structure", structure);
      const foundation = snapshot.foundations.get(data.foundation ?? "");
      return foundation === undefined ? NOWHERE : placeOf(snapshot, "foundation", foundation);
    }
    case "dependency": {
      const foundation = snapshot.foundations.get(data.foundation ?? "");
      return foundation === undefined ? NOWHERE : placeOf(snapshot, "foundation", foundation);
    }
    default:
      return NOWHERE;
  }
}

/** The names of the site something is at and of those above it, root first; none when it is at no site. */
export function sitesOf(world: World, kind: Kind, row: object): readonly string[] {
  const data = row as {
    readonly name?: string;
    readonly site?: string | null;
    readonly structure?: string | null;
    readonly foundation?: string | null;
    readonly parent?: string | null;
  };
  if (kind === "site") {
    const own = siteChain(world, data.name ?? "");
    return own.length > 0 ? own : siteChain(world, data.parent ?? "");
  }
  if (kind === "interface") {
    const owner = world.structures.get(data.structure ?? "") ?? world.foundations.get(data.foundation ?? "");
    return owner === undefined ? [] : siteChain(world, owner.site);
  }
  if (kind === "dependency") return siteChain(world, world.foundations.get(data.foundation ?? "")?.site ?? "");
  return typeof data.site === "string" ? siteChain(world, data.site) : [];
}

function siteIds(snapshot: Snapshot, name: string | null, parent: string | null = null): readonly string[] {
  const chain = siteChain(snapshot, name ?? "");
  // A site that is not there yet will be where its parent is.
  const names = chain.length === 0 && parent !== null ? siteChain(snapshot, parent) : chain;
  return names.flatMap((one) => snapshot.sites.get(one)?.id ?? []);
}

function groupIds(snapshot: Snapshot, names: readonly string[]): readonly string[] {
  return groupOrder(snapshot.groups)
    .effective(names)
    .flatMap((name) => snapshot.groups.get(name)?.id ?? []);
}

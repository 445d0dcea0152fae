import type { SiteData, StructureData, World } from "./model.ts";

/** Which DNS zone a structure is named in, and its whole name. */

type Named = Pick<StructureData, "hostname" | "site" | "zone">;

/** The structure's own zone, else that of the nearest site up the chain that has one. Null: none has. */
export function zoneOf(world: Pick<World, "sites">, structure: Pick<StructureData, "site" | "zone">): string | null {
  return structure.zone ?? zoneOfSite(world, structure.site);
}

/** The zone of a site, else of the nearest one above it that has one. A circle of sites, which no design keeps, is cut. */
export function zoneOfSite(world: Pick<World, "sites">, site: string): string | null {
  const seen = new Set<string>();
  for (let name: string | null = site; name !== null && !seen.has(name);) {
    seen.add(name);
    const found: SiteData | undefined = world.sites.get(name);
    if (found === undefined) return null;
    if (found.zone !== null) return found.zone;
    name = found.parent;
  }
  return null;
}

/** The name the network knows a structure by. Without a zone it is the hostname; a hostname that is whole already stays as it is. */
export function fqdnOf(world: Pick<World, "sites">, structure: Named): string {
  const zone = zoneOf(world, structure);
  const { hostname } = structure;
  return zone === null || hostname === zone || hostname.endsWith(`.${zone}`) ? hostname : `${hostname}.${zone}`;
}

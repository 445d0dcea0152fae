import type { World } from "./model.ts";

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

import { resolve, type Layer, type Resolution } from "../variables/index.ts";
import type { Snapshot } from "./model.ts";
import { siteChain } from "./site-chain.ts";

/**
 * What something that stands in nothing but this site or group would get of variables: those of the tenant, then of the sites or groups above
 * it, then its own. Pure.
 *
 * Errors: `variable_type_conflict`.
 */
export function placeVariables(snapshot: Snapshot, kind: "site" | "group", name: string): Resolution {
  const { tenant } = snapshot;
  const rows = kind === "site" ? snapshot.sites : snapshot.groups;
  const chain = kind === "site" ? siteChain(snapshot, name) : groupChain(snapshot, name);
  const layers: Layer[] = [
    { source: { kind: "tenant", name: tenant.name }, values: tenant.variables },
    ...chain.map((one) => ({ source: { kind, name: one }, values: rows.get(one)?.variables ?? {} })),
  ];
  return resolve(layers, { classes: [] });
}

/** The groups a group lies in, root first, itself last. */
function groupChain({ groups }: Snapshot, group: string): readonly string[] {
  const chain = new Set<string>();
  for (let name: string | null = group; name !== null && !chain.has(name); name = groups.get(name)?.parent ?? null)
    chain.add(name);
  return [...chain].reverse();
}

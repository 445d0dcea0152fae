import type { OwnerKey } from "../secrets/index.ts";
import { groupOrder } from "./group-order.ts";
import type { Foundation, Snapshot, Structure } from "./model.ts";
import { siteChain } from "./site-chain.ts";

/** Whose secrets are looked through, with the name for people. */
export interface NamedOwner extends OwnerKey {
  readonly name: string;
}

/**
 * Where a secret that something refers to is looked for, the nearest first: the structure itself, its groups in the reverse of the order
 * in which their variables apply, its site and those above it, the tenant. A foundation has sites and the tenant. Pure.
 */
export function secretOwnersOf(
  snapshot: Snapshot,
  target:
    | { readonly kind: "structure"; readonly row: Structure }
    | { readonly kind: "foundation"; readonly row: Foundation },
): readonly NamedOwner[] {
  const { tenant, groups, sites } = snapshot;
  const owners: NamedOwner[] = [];
  if (target.kind === "structure") {
    owners.push({ kind: "structure", id: target.row.id, name: target.row.name });
    for (const name of groupOrder(groups).effective(target.row.groups).toReversed()) {
      const group = groups.get(name);
      if (group !== undefined) owners.push({ kind: "group", id: group.id, name });
    }
  }
  for (const name of siteChain(snapshot, target.row.site).toReversed()) {
    const site = sites.get(name);
    if (site !== undefined) owners.push({ kind: "site", id: site.id, name });
  }
  return [...owners, { kind: "tenant", id: tenant.id, name: tenant.name }];
}

import { foundationOf, withChanges, type Foundation, type Snapshot, type Structure } from "../inventory/index.ts";
import { invariant } from "../kernel/errors.ts";

/**
 * The inventory as it was when a row was built: what is taken down is taken down by the scripts it was built with, on what it was built
 * on. Pure.
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

/** A foundation as it was made. What its complex gave it was recorded among its attributes. */
export function foundationAsBuilt(snapshot: Snapshot, one: Foundation): Foundation {
  const { build } = one;
  if (build === null) return one;
  const site = snapshot.sites.has(build.site) ? build.site : one.site;
  const { type, attributes } = build;
  return { ...one, blueprint: blueprintAsBuilt(snapshot, one), complex: null, type, attributes, site };
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
  return withChanges(rows, new Map([[one.name, one]]));
}

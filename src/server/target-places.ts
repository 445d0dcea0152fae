import { NOWHERE, type Place } from "../access/index.ts";
import type { Fleet, FleetParts } from "../fleet/index.ts";
import {
  indexesOf,
  ownedRule,
  placeOf,
  siteChain,
  type InventoryStore,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import type { JobTarget, TargetPlaces } from "../jobs/index.ts";
import type { Id } from "../kernel/ids.ts";

/** Where what jobs and runs work on is: the port of the rooms that know of places no more than that there are some. */

/** What is known of a worker or an agent that stands somewhere. */
interface Standing {
  readonly foundationId: Id | null;
  readonly siteId: Id | null;
}

/** A node is where its foundation is, and in the groups of what stands on that; one without a foundation at the site it serves. */
function placeOfNode(snapshot: Snapshot, { foundationId, siteId }: Standing): Place {
  const { byId } = indexesOf(snapshot);
  const foundation = snapshot.foundations.get(byId("foundations", foundationId ?? "") ?? "");
  if (foundation !== undefined) {
    const here = standingOn(snapshot).get(foundation.name) ?? [];
    const groups = here.flatMap((one) => placeOf(snapshot, "structure", one).groups);
    return { ...placeOf(snapshot, "foundation", foundation), groups: [...new Set(groups)] };
  }
  const site = snapshot.sites.get(byId("sites", siteId ?? "") ?? "");
  return site === undefined ? NOWHERE : placeOf(snapshot, "site", site);
}

const standing = new WeakMap<Snapshot, ReadonlyMap<string, readonly Structure[]>>();

/** Structures by their foundation. */
function standingOn(snapshot: Snapshot): ReadonlyMap<string, readonly Structure[]> {
  const known = standing.get(snapshot);
  if (known !== undefined) return known;
  const made = Map.groupBy(snapshot.structures.values(), (one) => one.foundation ?? "");
  standing.set(snapshot, made);
  return made;
}

/** Where nodes of a tenant are. */
export function nodePlaces(
  inventory: Pick<InventoryStore, "snapshot">,
): (tenantId: Id) => Promise<(node: Standing) => Place> {
  return async (tenantId) => {
    const snapshot = await inventory.snapshot(tenantId);
    return (node) => placeOfNode(snapshot, node);
  };
}

/** The sites of a tenant, for workers that serve one and those below it. */
export function fleetSites(inventory: Pick<InventoryStore, "snapshot">): NonNullable<FleetParts["sites"]> {
  return async (tenantId) => {
    const { sites } = await inventory.snapshot(tenantId);
    return {
      names: new Map([...sites.values()].map(({ name, id }) => [name, id])),
      below(siteId) {
        const all = [...sites.values()];
        const top = all.find(({ id }) => id === siteId)?.name;
        return top === undefined
          ? []
          : all.filter(({ name }) => siteChain({ sites }, name).includes(top)).map(({ id }) => id);
      },
    };
  };
}

export function createTargetPlaces(
  inventory: Pick<InventoryStore, "snapshot">,
  fleet: Pick<Fleet, "find">,
): TargetPlaces {
  async function placed(snapshot: Snapshot, tenantId: Id, { kind, id }: JobTarget): Promise<Place> {
    if (id === null || kind === "none") return NOWHERE;
    const { byId } = indexesOf(snapshot);
    if (kind !== "node") {
      const { rows } = ownedRule(kind);
      const row = snapshot[rows].get(byId(rows, id) ?? "");
      return row === undefined ? NOWHERE : placeOf(snapshot, kind, row);
    }
    if (byId("foundations", id) !== undefined) return placeOfNode(snapshot, { foundationId: id, siteId: null });
    const record = await fleet.find(id);
    return record?.tenantId === tenantId ? placeOfNode(snapshot, record) : NOWHERE;
  }

  return {
    async of(tenantId, targets) {
      const snapshot = await inventory.snapshot(tenantId);
      return Promise.all(targets.map((target) => placed(snapshot, tenantId, target)));
    },
  };
}

import { NOWHERE, type Place, type Principal } from "../access/index.ts";
import type { Fleet } from "../fleet/index.ts";
import {
  KIND_NAMES,
  indexesOf,
  ownedRule,
  placeOf,
  type AnyRow,
  type InventoryStore,
  type Kind,
} from "../inventory/index.ts";
import type { JobTarget, TargetPlaces } from "../jobs/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Event } from "../platform/events/index.ts";

/** Where events are. */
export type EventPlaces = (event: Event) => Promise<Place>;

/** Tells events that somebody may see. */
export type EventSight = (principal: Principal) => ((event: Event) => Promise<boolean>) | undefined;

/**
 * An event is where what it happened to is now: a thing of the inventory at its place, a job where its target is, a node where its foundation
 * is. What happened to things that are gone, or that have no place, is seen by who may see all events of the tenant.
 */
export function createEventPlaces(
  inventory: Pick<InventoryStore, "snapshot">,
  targets: TargetPlaces,
  fleet: Pick<Fleet, "find">,
  nodePlaces: (
    tenantId: Id,
  ) => Promise<(node: { readonly foundationId: Id | null; readonly siteId: Id | null }) => Place>,
): EventPlaces {
  return async ({ tenantId, subject, data }) => {
    const { kind, id } = subject;
    if (kind === "job") {
      const target = (data as { readonly target?: JobTarget } | null)?.target;
      return target === undefined ? NOWHERE : (await targets.of(tenantId, [target]))[0]!;
    }
    if (kind === "node") {
      const record = await fleet.find(id);
      return record?.tenantId === tenantId ? (await nodePlaces(tenantId))(record) : NOWHERE;
    }
    if (kind === "tenant" || !KIND_NAMES.includes(kind as Kind)) return NOWHERE;
    const snapshot = await inventory.snapshot(tenantId);
    const { rows } = ownedRule(kind as Exclude<Kind, "tenant">);
    const named: ReadonlyMap<string, AnyRow> = snapshot[rows];
    const row = named.get(indexesOf(snapshot).byId(rows, id) ?? "");
    return row === undefined ? NOWHERE : placeOf(snapshot, kind as Kind, row);
  };
}

export function createEventSight(placeOfEvent: EventPlaces): EventSight {
  return ({ rights }) => {
    if (rights.everywhere("event.read")) return undefined;
    return async (event) => rights.at("event.read", await placeOfEvent(event));
  };
}

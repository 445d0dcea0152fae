import { expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT, NOWHERE, rightsIn, type Permission, type Principal, type Scope } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { createInventoryStore, inventoryMigrations, placeOf } from "../inventory/index.ts";
import { foundation, group, inserting, site, structure } from "../inventory/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import type { Event } from "../platform/events/index.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { createEventPlaces, createEventSight } from "./event-places.ts";
import { createTargetPlaces, nodePlaces } from "./target-places.ts";

const tenantId = DEFAULT_TENANT.id;

function someone(scope: Scope, permission: Permission = "event.read"): Principal {
  const rights = rightsIn([{ permissions: [permission], scope }], tenantId)!;
  return { ...ADMINISTRATOR, kind: "person", name: "paul", accountId: "p", rights };
}

it("an event is where what it happened to is: a thing, the target of a job, the foundation of a node", async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations]);
  const inventory = createInventoryStore({ database, clock: manualClock(1000) });
  const rows = {
    sites: [site("plant", { id: "plant" }), site("rack", { id: "rack", parent: "plant" }), site("lab", { id: "lab" })],
    groups: [group("web", { id: "web" })],
    foundations: [foundation("m1", { id: "m1", site: "rack" }), foundation("m2", { id: "m2", site: "lab" })],
    structures: [
      structure("s1", { id: "s1", site: "rack", foundation: "m1" }),
      structure("s2", { id: "s2", site: "lab", foundation: "m2", groups: ["web"] }),
    ],
  };
  await database.transaction((tx) => inventory.write(tx, tenantId, inserting(rows)));
  const record = { tenantId, foundationId: "m2", siteId: null };
  const fleet = { find: async (id: string) => (id === "agent2" ? (record as never) : undefined) };
  const sight = createEventSight(
    createEventPlaces(inventory, createTargetPlaces(inventory, fleet), fleet, nodePlaces(inventory)),
  );
  const event = (kind: string, id: string, data: object = {}): Event =>
    ({ tenantId, type: "a.b", subject: { kind, id }, data }) as Event;
  const job = (kind: string, id: string): Event => event("job", `job of ${id}`, { target: { kind, id, name: id } });
  const events = [
    event("site", "rack"),
    event("structure", "s1"),
    event("structure", "s2"),
    event("structure", "gone"),
    job("structure", "s1"),
    job("foundation", "m2"),
    job("node", "m2"),
    job("none", "x"),
    event("node", "agent2"),
    event("zone", "z"),
    event("tenant", tenantId),
    event("design", "d"),
  ];
  const seenBy = async (principal: Principal): Promise<readonly string[]> => {
    const sees = sight(principal)!;
    const found: string[] = [];
    for (const one of events) if (await sees(one)) found.push(one.subject.id);
    return found;
  };
  expect(await seenBy(someone({ kind: "site", tenantId, id: "plant" }))).toEqual(["rack", "s1", "job of s1"]);
  expect(await seenBy(someone({ kind: "site", tenantId, id: "lab" }))).toEqual([
    "s2",
    "job of m2",
    "job of m2",
    "agent2",
  ]);
  expect(await seenBy(someone({ kind: "group", tenantId, id: "web" }))).toEqual(["s2", "job of m2", "agent2"]);
  expect(await seenBy(someone({ kind: "site", tenantId, id: "plant" }, "job.read"))).toEqual([]);
  expect(sight(ADMINISTRATOR)).toBeUndefined();
  expect(placeOf(await inventory.snapshot(tenantId), "zone", {})).toEqual(NOWHERE);
});

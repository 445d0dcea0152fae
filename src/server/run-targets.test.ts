import { expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT, rightsIn, type Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { createInventoryStore, inventoryMigrations } from "../inventory/index.ts";
import { foundation, group, inserting, site, structure } from "../inventory/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { targetWorld } from "./runs.ts";

const tenantId = DEFAULT_TENANT.id;

it("targets of a run name nothing, and ask nothing, of what whoever starts it may not read", async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations]);
  const inventory = createInventoryStore({ database, clock: manualClock(1000) });
  const rows = {
    sites: [site("plant", { id: "plant" }), site("lab", { id: "lab" })],
    groups: [group("secret-project", { id: "secret-project" })],
    foundations: [foundation("m1", { id: "m1", site: "plant" }), foundation("m2", { id: "m2", site: "lab" })],
    structures: [
      structure("s1", { id: "s1", site: "plant", foundation: "m1", groups: ["secret-project"] }),
      structure("s2", { id: "s2", site: "lab", foundation: "m2", variables: { port: 80 } }),
    ],
  };
  await database.transaction((tx) => inventory.write(tx, tenantId, inserting(rows)));
  const snapshot = await inventory.snapshot(tenantId);
  const nodes = ["m1", "m2"].map((id) => ({
    agentId: `agent-${id}`,
    name: `node-${id}`,
    place: { sites: [], groups: [] } as never,
    foundationId: id,
    siteId: null,
  }));
  const scope = { kind: "site", tenantId, id: "plant" } as const;
  const rights = rightsIn([{ permissions: ["inventory.read"], scope }], tenantId)!;
  const paul: Principal = { ...ADMINISTRATOR, kind: "person", name: "paul", accountId: "p", rights };

  const all = targetWorld(ADMINISTRATOR, snapshot, nodes);
  expect(all.groups).toEqual(["secret-project"]);
  expect(all.variables("port=80")("node-m2")).toBe(true);
  const his = targetWorld(paul, snapshot, nodes);
  expect([his.groups, his.sites]).toEqual([[], ["plant"]]);
  expect(his.variables("port=80")("node-m2")).toBe(false);
  expect(his.nodes[1]).toEqual({ name: "node-m2", groups: [], sites: [], labels: {}, blueprints: [] });
});

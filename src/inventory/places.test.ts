import { beforeEach, describe, expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT } from "../access/index.ts";
import { manualClock } from "../kernel/clock.ts";
import type { Database } from "../platform/database/index.ts";
import { createPlaces } from "./places.ts";
import { createInventoryStore, type InventoryStore } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";
import { group, inserting, site } from "./testing.ts";

const tenant = DEFAULT_TENANT.id;

let database: Database;
let store: InventoryStore;

beforeEach(async () => {
  database = await openSqlite(inventoryMigrations);
  store = createInventoryStore({ database, clock: manualClock() });
  const sites = [site("dc"), site("room", { parent: "dc" }), site("lab")];
  const groups = [group("all"), group("web", { parent: "all" }), group("also", { includes: ["web"] })];
  await database.transaction((tx) => store.write(tx, tenant, inserting({ sites, groups })));
});

describe("places of role bindings", () => {
  it("are found by name or id, and named by id", async () => {
    const places = createPlaces(store);
    const id = (await places.find(tenant, "site", "room"))!;
    expect(await places.find(tenant, "site", id)).toBe(id);
    expect((await places.in(tenant)).name("site", id)).toBe("room");
    expect(await places.find(tenant, "site", "rom")).toBeUndefined();
    expect(await places.find(tenant, "group", "room")).toBeUndefined();
  });

  it("are in all that is above: sites root to leaf, groups by parents and inclusions", async () => {
    const places = createPlaces(store);
    const id = async (kind: "site" | "group", name: string) => (await places.find(tenant, kind, name))!;
    const now = await places.in(tenant);
    expect(now.place("site", await id("site", "room")).sites).toEqual([
      await id("site", "dc"),
      await id("site", "room"),
    ]);
    const { sites, groups } = now.place("group", await id("group", "web"));
    expect(sites).toEqual([]);
    expect([...groups].sort()).toEqual(
      [await id("group", "all"), await id("group", "also"), await id("group", "web")].sort(),
    );
  });

  it("that are gone have no name and are nowhere, also when another has their name", async () => {
    const places = createPlaces(store);
    const id = (await places.find(tenant, "site", "lab"))!;
    await database.transaction(async (tx) => {
      const { version } = (await store.snapshot(tenant, tx)).sites.get("lab")!;
      await store.removeRows(tx, tenant, [{ table: "site", id, version, name: "lab" }]);
      await store.write(tx, tenant, inserting({ sites: [site("lab", { id: "another" })] }));
    });
    const now = await places.in(tenant);
    expect([now.name("site", id), now.place("site", id)]).toEqual([
      undefined,
      { sites: [], groups: [], project: null },
    ]);
    expect(now.name("site", "another")).toBe("lab");
  });
});

import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createAudit, DEFAULT_TENANT } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { manualClock, type ManualClock } from "../kernel/clock.ts";
import { countingRandom } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import type { Edit } from "./edit-model.ts";
import { createHistory, type History } from "./history-store.ts";
import { createInventoryService, type InventoryService } from "./service.ts";
import { createInventoryStore, type InventoryStore } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";
import { createTenantService } from "./tenants.ts";
import { inserting, structure } from "./testing.ts";

const ann = { ...ADMINISTRATOR, kind: "person", name: "ann", accountId: "a1" } as const;

/** What was done to a thing, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let store: InventoryStore;
  let inventory: InventoryService;
  let history: History;
  beforeEach(async () => {
    database = await open([...eventMigrations, ...inventoryMigrations]);
    clock = manualClock(Date.now() + 1000);
    const random = countingRandom();
    const bus = createInProcessBus(silentLogger());
    onTestFinished(() => bus.close());
    store = createInventoryStore({ database, clock });
    const events = createEventStream({ database, bus, clock, random });
    const parts = { database, inventory: store, events, bus, clock, random };
    inventory = createInventoryService(parts);
    history = createHistory({ database, inventory: store });
    await inventory.edit(ADMINISTRATOR, [site("lab")]);
    const tenants = createTenantService(parts, inventory);
    const present = () => ({ status: 200, headers: {}, body: null });
    await tenants.edit(
      ann,
      "default",
      (name) => ({ action: "merge", kind: "tenant", name, version: null, patch: { variables: { ntp: "a" } } }),
      undefined,
      present,
    );
  });

  const recorded = (name: string, variables: JsonObject) =>
    structure(name, { site: "lab", blueprint: null, foundation: null, variables });
  const site = (name: string): Edit => ({ action: "create", kind: "site", data: { name } });
  const host = (name: string): Edit => ({ action: "create", kind: "structure", data: { name, site: "lab" } });
  const patch = (name: string, data: object): Edit =>
    ({ action: "merge", kind: "structure", name, version: null, patch: data }) as Edit;
  const remove = (name: string): Edit => ({ action: "delete", kind: "structure", name, version: null });
  async function told(kind: string, name: string, since?: number) {
    const { items } = await history.of(ADMINISTRATOR, kind, name, since);
    return items.map(({ actor, action, changes }) => [
      actor.name,
      action,
      changes.map(({ path, before, after }) => [path, before, after]),
    ]);
  }

  describe("the history of a thing", () => {
    it("says who changed what, the newest first, since a time", async () => {
      await inventory.edit(ADMINISTRATOR, [host("web1")]);
      clock.advance(1000);
      await inventory.edit(ann, [patch("web1", { role: "balancer", variables: { port: 80 } })]);
      const all = await told("structure", "web1");
      expect(all[0]).toEqual([
        "ann",
        "inventory.changed",
        [
          ["variables.port", undefined, 80],
          ["role", null, "balancer"],
        ],
      ]);
      expect(all[1]?.slice(0, 2)).toEqual(["administrator (token)", "inventory.created"]);
      expect(all[1]?.[2]).toContainEqual(["site", undefined, "lab"]);
      expect(await told("structure", "web1", clock.now())).toHaveLength(1);
      expect(await told("tenant", "default")).toEqual([
        ["ann", "inventory.changed", [["variables.ntp", undefined, "a"]]],
      ]);
    });

    it("is also there of what is gone, by its name or its id, and not mixed with what has the name now", async () => {
      await inventory.edit(ADMINISTRATOR, [host("web1")]);
      const { id } = (await store.snapshot(DEFAULT_TENANT.id)).structures.get("web1")!;
      await inventory.edit(ann, [remove("web1")]);
      expect((await told("structure", "web1")).map(([by, action]) => [by, action])).toEqual([
        ["ann", "inventory.removed"],
        ["administrator (token)", "inventory.created"],
      ]);
      await inventory.edit(ann, [host("web1")]);
      expect((await told("structure", "web1")).map(([by, action]) => [by, action])).toEqual([
        ["ann", "inventory.created"],
      ]);
      expect(await told("structure", id)).toHaveLength(2);
      const short = createHistory({ database, inventory: store, most: 1 });
      expect(await short.of(ADMINISTRATOR, "structure", id)).toMatchObject({ items: [{}], more: true });
      expect(await short.of(ADMINISTRATOR, "structure", "web1")).toMatchObject({ items: [{}], more: false });
      await expect(history.of(ADMINISTRATOR, "structure", "nobody")).rejects.toMatchObject({ code: "not_found" });
    });

    it("tells what rows held that were created by the thousand, also after they were changed", async () => {
      const rows = Array.from({ length: 1200 }, (_, at) => recorded(`h${at}`, { at }));
      await database.transaction((tx) => store.write(tx, DEFAULT_TENANT.id, inserting({ structures: rows })));
      await inventory.edit(ann, [patch("h7", { variables: { at: "changed" } })]);
      const [, created] = await told("structure", "h7");
      expect(created?.[2]).toContainEqual(["variables.at", undefined, 7]);
    });

    it("is there of whatever the audit tells of", async () => {
      const subject = { kind: "secret", id: "s1", name: "password" };
      const draft = { chain: DEFAULT_TENANT.id, action: "secret.read", subject, data: { purpose: "job" } };
      await createAudit({ database, clock }).record(ann, [draft]);
      expect(await told("secret", "password")).toEqual([["ann", "secret.read", [["purpose", undefined, "job"]]]]);
    });
  });
}

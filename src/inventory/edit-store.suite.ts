import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { countingRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { createEventStream, eventMigrations, type EventStream } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import type { Edit } from "./edit-model.ts";
import type { OwnedKind } from "./kinds.ts";
import { createInventoryService, type InventoryService } from "./service.ts";
import { createInventoryStore, type InventoryStore } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";
import { createTenantService } from "./tenants.ts";

const principal: Principal = { ...ADMINISTRATOR, name: "tester" };

/** Edits and those who make them at once, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let store: InventoryStore;
  let events: EventStream;
  let inventory: InventoryService;
  beforeEach(async () => {
    database = await open([...eventMigrations, ...inventoryMigrations]);
    const clock = manualClock(1000);
    const random = countingRandom();
    const bus = createInProcessBus(silentLogger());
    onTestFinished(() => bus.close());
    store = createInventoryStore({ database, clock, bus });
    events = createEventStream({ database, bus, clock, random });
    inventory = createInventoryService({ database, inventory: store, events, bus, clock, random });
    await edit(
      create("site", { name: "lab" }),
      create("address_block", { name: "b", site: "lab", subnet: "10.0.0.0/29" }),
      create("group", { name: "web" }),
    );
  });

  const create = (kind: OwnedKind, data: Readonly<Record<string, never>> | object): Edit =>
    ({ action: "create", kind, data }) as Edit;
  const edit = (...edits: readonly Edit[]) => inventory.edit(principal, edits);
  const host = (name: string, address: string): Edit =>
    create("structure", { name, site: "lab", groups: ["web"], addresses: [{ block: "b", address }] });

  describe("edits", () => {
    it("give an address to one of those who claim it at once", async () => {
      const claims = await Promise.allSettled(["a", "c", "d"].map((name) => edit(host(name, "10.0.0.2"))));
      expect(claims.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      for (const claim of claims)
        if (claim.status === "rejected") expect(claim.reason).toMatchObject({ code: "address_taken" });
      expect((await store.snapshot(principal.tenantId)).structures.size).toBe(1);
    });

    it("of one version are made once", async () => {
      const merge = (kind: string): Edit => ({
        action: "merge",
        kind: "site",
        name: "lab",
        version: 1,
        patch: { kind },
      });
      const both = await Promise.allSettled([edit(merge("x")), edit(merge("y"))]);
      expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
      expect((await store.snapshot(principal.tenantId)).sites.get("lab")?.version).toBe(2);
    });

    it("leave nothing of themselves when one of them cannot be made", async () => {
      const before = await store.snapshot(principal.tenantId);
      const failed = edit(host("a", "10.0.0.2"), create("structure", { name: "b", site: "nowhere" }));
      await expect(failed).rejects.toMatchObject({ code: "reference_unknown" });
      expect(await store.snapshot(principal.tenantId)).toBe(before);
    });

    it("delete what is below with everything that hangs on it", async () => {
      await edit(host("a", "10.0.0.2"), create("interface", { structure: "a", device: "eth0" }));
      const { results } = await inventory.edit(
        principal,
        [{ action: "delete", kind: "site", name: "lab", version: null }],
        { cascade: true },
      );
      expect(results.map(({ kind, action }) => [kind, action])).toEqual(
        expect.arrayContaining(["site", "address_block", "structure", "interface"].map((kind) => [kind, "removed"])),
      );
      const left = await store.snapshot(principal.tenantId);
      expect([left.sites.size, left.addressBlocks.size, left.structures.size, left.interfaces.size]).toEqual([
        0, 0, 0, 0,
      ]);
      // The address is free again.
      await edit(
        create("site", { name: "lab" }),
        create("address_block", { name: "b", site: "lab", subnet: "10.0.0.0/29" }),
        host("z", "10.0.0.2"),
      );
    });

    it("by the thousands are told by one event", async () => {
      await edit(...Array.from({ length: 1200 }, (_, at) => create("group", { name: `g${at}`, parent: "web" })));
      const { events: told } = await events.read({ limit: 10, types: ["inventory.imported"] });
      expect(told.map(({ data }) => data)).toEqual([
        { name: "person", by: "tester", counts: { group: { created: 1200 } } },
      ]);
    });
  });

  it("a tenant is made, named anew, and taken away", async () => {
    const parts = {
      database,
      inventory: store,
      events,
      bus: createInProcessBus(silentLogger()),
      clock: manualClock(),
      random: countingRandom(),
    };
    const tenants = createTenantService({ ...parts, random: { ...parts.random, id: () => "tenant-two" } }, inventory);
    const present = () => ({ status: 200, headers: {}, body: null });
    await tenants.create(principal, { name: "two" }, undefined, present);
    const rename =
      (name: string) =>
      (known: string): Edit => ({ action: "merge", kind: "tenant", name: known, version: null, patch: { name } });
    await tenants.edit(principal, "two", rename("three"), undefined, present);
    await expect(tenants.edit(principal, "three", rename("default"), undefined, present)).rejects.toMatchObject({
      code: "name_taken",
    });
    expect((await tenants.all()).map(({ name }) => name)).toEqual(["default", "three"]);
    await tenants.remove(principal, "three", 2, undefined, present);
    await expect(tenants.find("three")).rejects.toMatchObject({ code: "tenant_unknown" });
  });
}

import { beforeEach, describe, expect, it } from "vitest";
import type { Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { countingRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createAllocationService, type AllocationService } from "./allocation-service.ts";
import { createInventoryStore, type InventoryStore } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";
import { addressBlock, inserting, networkInterface, site, structure } from "./testing.ts";

const principal: Principal = { ...ADMINISTRATOR, name: "tester" };

/** Giving out addresses, on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let store: InventoryStore;
  let allocation: AllocationService;
  beforeEach(async () => {
    database = await open([...eventMigrations, ...inventoryMigrations]);
    const clock = manualClock(1000);
    store = createInventoryStore({ database, clock });
    const bus = createInProcessBus(silentLogger());
    const random = countingRandom();
    const events = createEventStream({ database, bus, clock, random });
    allocation = createAllocationService({ database, inventory: store, events, bus, clock, random });
    const recorded = { blueprint: null, foundation: null };
    await database.transaction((tx) =>
      store.write(
        tx,
        principal.tenantId,
        inserting({
          sites: [site("lab"), site("rack", { parent: "lab" }), site("elsewhere")],
          addressBlocks: [
            addressBlock("few", { subnet: "10.0.0.0/29", gateway: "10.0.0.1", reserved: ["10.0.0.2 printer"] }),
            addressBlock("wide", { subnet: "fd00::/64", dynamic: ["fd00::-fd00::ff:ffff:ffff"] }),
            addressBlock("apart", { site: "elsewhere", subnet: "10.0.0.0/29" }),
          ],
          structures: Array.from({ length: 12 }, (_, index) =>
            structure(`s${index}`, { ...recorded, site: index % 2 === 0 ? "lab" : "rack" }),
          ),
          interfaces: [networkInterface("s0/eth0")],
        }),
      ),
    );
  });

  async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
    try {
      await work;
      return undefined;
    } catch (error) {
      if (error instanceof GantryError) return error.code;
      throw error;
    }
  }

  describe("addresses", () => {
    it("the last ones go to whoever is first: nobody shares one, the others are told that the block is full", async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          codeOf(allocation.allocate(principal, "few", { structure: `s${index}` })),
        ),
      );
      expect(outcomes.filter((code) => code === undefined)).toHaveLength(4);
      expect(outcomes.filter((code) => code === "address_block_full")).toHaveLength(8);
      const { held, counts } = await allocation.use(principal, "few");
      expect(new Set(held.map(({ address }) => address)).size).toBe(4);
      expect(counts).toMatchObject({ size: 6n, held: 4n, reserved: 1n, free: 0n });
    });

    it("the very last one, wanted by two at once, goes to one of them", async () => {
      await allocation.allocate(principal, "few", { structure: "s0", count: 3 });
      const outcomes = await Promise.all([
        codeOf(allocation.allocate(principal, "few", { structure: "s1" })),
        codeOf(allocation.allocate(principal, "few", { structure: "s2", address: "10.0.0.6" })),
      ]);
      expect(outcomes.filter((code) => code === undefined)).toHaveLength(1);
      expect(["address_block_full", "address_taken"]).toContain(outcomes.find((code) => code !== undefined));
    });

    it("one structure that asks twice at once gets two", async () => {
      await Promise.all([1, 2].map(() => allocation.allocate(principal, "few", { structure: "s0" })));
      const { addresses, version } = (await store.snapshot(principal.tenantId)).structures.get("s0") ?? {};
      expect(addresses?.map(({ address }) => address)).toEqual(["10.0.0.3", "10.0.0.4"]);
      expect(version).toBe(3);
    });

    it("of a /64 come behind its dynamic range, at once, and on the interface that was named", async () => {
      expect((await allocation.nextFree(principal, "wide", 2)).addresses).toHaveLength(2);
      const { addresses } = await allocation.allocate(principal, "wide", { structure: "s0", interface: "eth0" });
      expect(addresses).toEqual([{ block: "wide", address: "fd00::100:0:0", interface: "s0/eth0" }]);
      const { counts } = await allocation.use(principal, "wide");
      expect(counts.free).toBe((1n << 64n) - 2n - 0xff_ffff_ffffn - 1n);
      expect(await codeOf(allocation.allocate(principal, "wide", { structure: "s0", interface: "eth1" }))).toBe(
        "not_found",
      );
    });

    it("are given back, all or none, and given out again", async () => {
      await allocation.allocate(principal, "few", { structure: "s0", count: 4 });
      const wrong = allocation.release(principal, "few", { addresses: ["10.0.0.3", "10.0.0.2"] });
      expect(await codeOf(wrong)).toBe("address_not_held");
      expect((await allocation.use(principal, "few")).counts.held).toBe(4n);
      await allocation.release(principal, "few", { addresses: ["10.0.0.4"] });
      expect((await allocation.allocate(principal, "few", { structure: "s1" })).addresses[0]?.address).toBe("10.0.0.4");
      const released = await allocation.release(principal, "few", { structure: "s0" });
      expect(released[0]?.addresses.map(({ address }) => address)).toEqual(["10.0.0.3", "10.0.0.5", "10.0.0.6"]);
      expect((await allocation.use(principal, "few")).held.map(({ structure }) => structure.name)).toEqual(["s1"]);
    });

    it("are not for those of another place, nor taken where they are kept", async () => {
      expect(await codeOf(allocation.allocate(principal, "apart", { structure: "s0" }))).toBe("address_elsewhere");
      expect(await codeOf(allocation.allocate(principal, "few", { structure: "s0", address: "10.0.0.2" }))).toBe(
        "address_taken",
      );
      expect(await codeOf(allocation.allocate(principal, "few", { structure: "s0", address: "10.0.0.1" }))).toBe(
        "address_is_gateway",
      );
      expect(await codeOf(allocation.allocate(principal, "fwe", { structure: "s0" }))).toBe("not_found");
    });
  });
}

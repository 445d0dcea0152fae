import { expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import type { Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { createInventoryService, createInventoryStore, inventoryMigrations, type Edit } from "../inventory/index.ts";
import { manualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import type { Bundle } from "./schema.ts";
import { createDesignService } from "./service.ts";
import { createDesignStore, designMigrations } from "./store.ts";
import { siteFile } from "./testing.ts";

const someone: Principal = { ...ADMINISTRATOR, name: "test" };

it("reads a large bundle once for its plan and its apply, and keeps it no longer than a minute", async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations, ...designMigrations]);
  const clock = manualClock(5000);
  const bus = createInProcessBus(silentLogger());
  let reads = 0;
  const service = createDesignService({
    database,
    inventory: createInventoryStore({ database, clock }),
    store: createDesignStore({ clock, random: systemRandom }),
    observer: { observe: () => Promise.resolve([]) },
    events: createEventStream({ database, bus, clock, random: systemRandom }),
    bus,
    clock,
    random: systemRandom,
    known() {
      reads += 1;
      return {};
    },
  });
  const bundle = (webs: number, comment = "# large\n".repeat(10_000)): Bundle => ({
    documents: [{ path: "site.yaml", text: siteFile({ webs }) + comment }],
    files: {},
  });

  const { fingerprint } = await service.plan(someone, bundle(2));
  await service.apply(someone, bundle(2), fingerprint);
  expect(reads).toBe(1);
  expect((await service.plan(someone, bundle(2))).empty).toBe(true);
  expect(reads).toBe(2);
  expect((await service.plan(someone, bundle(3))).empty).toBe(false);
  expect(reads).toBe(3);
  clock.advance(61_000);
  await service.plan(someone, bundle(3));
  expect(reads).toBe(4);
  // A small one is read each time: it costs less than to remember it.
  await service.plan(someone, bundle(3, ""));
  await service.plan(someone, bundle(3, ""));
  expect(reads).toBe(6);
});

it("builds upon blueprints that came another way, but not upon its own of before", async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations, ...designMigrations]);
  const clock = manualClock(5000);
  const bus = createInProcessBus(silentLogger());
  const inventory = createInventoryStore({ database, clock });
  const events = createEventStream({ database, bus, clock, random: systemRandom });
  const shared = { database, inventory, events, bus, clock, random: systemRandom };
  const service = createDesignService({
    ...shared,
    store: createDesignStore({ clock, random: systemRandom }),
    observer: { observe: () => Promise.resolve([]) },
    known: () => ({}),
  });
  const create = (name: string, data: object): Edit => ({
    action: "create",
    kind: "blueprint",
    data: { name, ...data } as Edit extends { data: infer Data } ? Data : never,
  });
  await createInventoryService(shared).edit(someone, [
    create("machine-base", { builds: "foundation", foundationTypes: ["local"], scripts: { create: "x1 = 1" } }),
    create("linux-base", {
      builds: "structure",
      foundationBlueprints: ["machine-base"],
      scripts: { create: "x1 = 1" },
    }),
  ]);
  const bundle = (blueprint: string, own: string): Bundle => ({
    documents: [
      {
        path: "site.yaml",
        text: `design: lab\nsites: { lab: {} }\nblueprints:\n  ${own}: { builds: structure, parents: [linux-base] }\nstructures:\n  web1: { site: lab, blueprint: ${blueprint}, foundation: { type: local, blueprint: machine-base } }\n`,
      },
    ],
    files: {},
  });
  const { fingerprint } = await service.plan(someone, bundle("web", "web"));
  await service.apply(someone, bundle("web", "web"), fingerprint);
  const { blueprints, structures } = await inventory.snapshot(someone.tenantId);
  expect([...blueprints.values()].map(({ name, managedBy }) => `${name} ${managedBy}`).toSorted()).toEqual([
    "linux-base person",
    "machine-base person",
    "web design:lab",
  ]);
  expect(structures.get("web1")?.blueprint).toBe("web");
  await expect(service.plan(someone, bundle("linux-bas", "web"))).rejects.toThrow("did you mean 'linux-base'?");
  await expect(service.plan(someone, bundle("web", "other"))).rejects.toThrow("there is no blueprint 'web'");
});

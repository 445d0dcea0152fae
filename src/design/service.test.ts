import { expect, it } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import type { Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { createInventoryStore, inventoryMigrations } from "../inventory/index.ts";
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

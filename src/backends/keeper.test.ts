import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT } from "../access/index.ts";
import {
  createInventoryStore,
  inventoryMigrations,
  type ForeignRow,
  type InventoryBackend,
} from "../inventory/index.ts";
import { manualClock, type ManualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createKeeper, type Keeper, type Kept } from "./keeper.ts";
import type { Backend } from "./model.ts";
import { insertBackend } from "./store.ts";
import { backendMigrations } from "./tables.ts";

const BACKEND: Backend = {
  id: "b",
  tenantId: DEFAULT_TENANT.id,
  name: "dcim",
  kind: "netbox",
  site: "oslo",
  settings: { every: 3600, poll: 15 },
  version: 1,
  createdAt: 0,
  updatedAt: 0,
};

let clock: ManualClock;
let keeper: Keeper;
/** What the place does, and what was asked of it, with the second it was asked in. */
let rows: ForeignRow[];
let gone: boolean;
let other: boolean;
let asked: string[];
let tell: () => void;

beforeEach(async () => {
  const database = await openSqlite([...eventMigrations, ...inventoryMigrations, ...backendMigrations]);
  await insertBackend(database.kysely, BACKEND);
  clock = manualClock(0);
  const log = silentLogger();
  const bus = createInProcessBus(log);
  [rows, gone, other, asked] = [[{ kind: "structure", data: { name: "kvm1", site: "oslo" } }], false, false, []];
  const answered = (what: string): void => {
    asked.push(`${what} ${Math.round(clock.now() / 1000)}`);
    if (gone) throw new Error("nobody there");
  };
  const port: InventoryBackend = {
    place: "there",
    read: async () => {
      answered("read");
      return [...rows];
    },
    probe: async () => {
      answered("probe");
      return other;
    },
    watch(changed) {
      tell = changed;
      return () => {};
    },
  };
  const inventory = createInventoryStore({ database, clock, bus });
  const events = createEventStream({ database, bus, clock, random: systemRandom });
  keeper = createKeeper({ database, inventory, events, bus, clock, log, open: () => port });
  onTestFinished(async () => {
    await keeper.stop();
    await bus.close();
  });
  await keeper.start();
  await until(({ external }) => external !== undefined);
});

function kept(): Kept {
  return keeper.of(DEFAULT_TENANT.id)[0]!;
}

/** Lets time pass until it is so. */
async function until(isSo: (kept: Kept) => boolean): Promise<void> {
  for (let tries = 0; !isSo(kept()); tries += 1) {
    if (tries > 5000) throw new Error(`it never was so: ${asked.join(", ")}`);
    clock.advance(50);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

describe("a place that can be asked whether something changed", () => {
  it("is asked that again and again, and read only when it says so", async () => {
    await until(() => asked.length === 4);
    expect(asked).toEqual(["read 0", "probe 15", "probe 30", "probe 45"]);
    [rows, other] = [[], true];
    await until(({ external }) => external?.rows.structures?.length === 0);
    expect(asked.slice(4)).toEqual(["probe 60", "read 60"]);
  });

  it("is missing as soon as it does not answer that; then it is tried later and later; what it held lasts for names", async () => {
    gone = true;
    await until(({ missing }) => missing !== undefined);
    expect(kept()).toMatchObject({ external: undefined, missing: { backend: "dcim", error: "nobody there" } });
    expect(kept().last?.rows.structures?.map(({ name }) => name)).toEqual(["kvm1"]);
    await until(() => asked.length === 7);
    expect(asked.slice(1)).toEqual(["probe 15", "read 15", "read 16", "read 18", "read 22", "read 30"]);
    gone = false;
    await until(({ missing }) => missing === undefined);
    expect(kept().external?.rows.structures).toHaveLength(1);
  });

  it("is read at once when it says by itself that something changed, however often it says so", async () => {
    rows = [];
    for (let times = 0; times < 10; times += 1) tell();
    await until(({ external }) => external?.rows.structures?.length === 0);
    expect(asked).toEqual(["read 0", "read 0"]);
  });
});

import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { openSqlite } from "../../test/support/databases.ts";
import { DEFAULT_TENANT, type Principal } from "../access/index.ts";
import { accountWith, ADMINISTRATOR } from "../access/testing.ts";
import { createInventoryStore, inventoryMigrations, type InventoryStore, type Structure } from "../inventory/index.ts";
import { addressBlock, inserting, site, structure, updating, zone } from "../inventory/testing.ts";
import { type ManualClock, manualClock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import { createEventStream, eventMigrations, type EventStream } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createZoneBook } from "./book.ts";
import { DNS_SERVER_UNREACHABLE } from "./errors.ts";
import type { ZoneChange, ZonePublisher } from "./publisher.ts";
import { createPublishing } from "./publishing.ts";
import { createDnsService, type DnsService } from "./service.ts";
import { dnsMigrations } from "./tables.ts";
import { held, SERVED } from "./testing/worlds.ts";

const PRINCIPAL: Principal = { ...ADMINISTRATOR, name: "test" };

let clock: ManualClock;
let database: Database;
let inventory: InventoryStore;
let events: EventStream;
let dns: DnsService;
/** What each target was told, in order: `ns1 example.org 2026030100 whole`. */
let told: string[];
/** What a target does instead of taking what it is told. */
let misbehave: Map<string, () => Promise<void>>;

beforeEach(async () => {
  told = [];
  misbehave = new Map();
  database = await openSqlite([...eventMigrations, ...inventoryMigrations, ...dnsMigrations]);
  const log = silentLogger();
  clock = manualClock(Date.parse("2026-03-01T12:00:00Z"));
  const bus = createInProcessBus(log);
  inventory = createInventoryStore({ database, clock, bus });
  const parts = { database, inventory, bus, clock, log, random: systemRandom };
  events = createEventStream(parts);
  const publisher: ZonePublisher = {
    kind: "bind",
    compares: true,
    lanes: 1,
    settings: z.strictObject({ folder: z.string() }),
    async publish(settings, _view, { zone, serial, before }: ZoneChange) {
      const folder = String(settings["folder"]);
      await misbehave.get(folder)?.();
      told.push(`${folder} ${zone.name} ${serial} ${before === null ? "whole" : "difference"}`);
    },
    remove: async (settings, _view, { name }) => void told.push(`${String(settings["folder"])} ${name} removed`),
  };
  const publishers = [publisher];
  const book = createZoneBook(parts);
  const publishing = createPublishing({ ...parts, events, book, publishers });
  dns = createDnsService({ ...parts, events, book, publishers, publishing });
  publishing.start();
  onTestFinished(async () => {
    await publishing.stop();
    await bus.close();
  });
  await database.transaction((tx) =>
    inventory.write(
      tx,
      DEFAULT_TENANT.id,
      inserting({
        zones: [zone("example.org", SERVED)],
        sites: [site("lab", { zone: "example.org" })],
        addressBlocks: [addressBlock("lan", { site: "elsewhere" })],
        structures: [structure("web1")],
      }),
    ),
  );
});

async function addTarget(name: string): Promise<void> {
  await dns.addTarget(PRINCIPAL, { name, kind: "bind", settings: { folder: name }, zones: [], view: null });
}

async function changeWeb1(change: Partial<Structure>): Promise<void> {
  const row = (await inventory.snapshot(DEFAULT_TENANT.id)).structures.get("web1")!;
  const after = { ...row, ...change, version: row.version + 1 };
  await database.transaction((tx) => inventory.write(tx, DEFAULT_TENANT.id, updating({ structures: [after] })));
}

/** Lets time pass in small steps until it is so. */
async function until(isSo: () => boolean | Promise<boolean>, step = 10): Promise<void> {
  for (let tries = 0; !(await isSo()); tries += 1) {
    if (tries > 2000) throw new Error(`it never was so: ${told.join("; ")}`);
    clock.advance(step);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function unreachable(): Promise<void> {
  return Promise.reject(new GantryError(DNS_SERVER_UNREACHABLE, "nobody there"));
}

describe("publishing", () => {
  it("tells every target the same serial, then only what changed", async () => {
    await addTarget("ns1");
    await addTarget("ns2");
    await until(() => told.length === 2);
    expect([...told].sort()).toEqual(["ns1 example.org 2026030100 whole", "ns2 example.org 2026030100 whole"]);
    await changeWeb1({ addresses: held("lan 10.0.0.5") });
    await until(() => told.length === 4);
    expect(told.slice(2).sort()).toEqual([
      "ns1 example.org 2026030101 difference",
      "ns2 example.org 2026030101 difference",
    ]);
  });

  it("tells nothing when nothing of names changed", async () => {
    await addTarget("ns1");
    await until(() => told.length === 1);
    await changeWeb1({ description: "other" });
    await changeWeb1({ addresses: held("lan 10.0.0.5") });
    await until(() => told.length === 2);
    expect(told[1]).toBe("ns1 example.org 2026030101 difference");
  });

  it("holds up no target for one that hangs", async () => {
    let letGo = (): void => {};
    misbehave.set(
      "ns1",
      () =>
        new Promise((resolve) => {
          letGo = resolve;
        }),
    );
    await addTarget("ns1");
    await addTarget("ns2");
    await until(() => told.length === 1);
    await changeWeb1({ addresses: held("lan 10.0.0.5") });
    await until(() => told.length === 2);
    expect(told).toEqual(["ns2 example.org 2026030100 whole", "ns2 example.org 2026030101 difference"]);
    misbehave.clear();
    letGo();
    await until(() => told.includes("ns1 example.org 2026030101 difference"));
  });

  it("tries later and later what failed, says so once, and catches up", async () => {
    misbehave.set("ns1", unreachable);
    await addTarget("ns1");
    const attempts = async (): Promise<number> => (await dns.status(PRINCIPAL)).zones[0]?.attempt ?? 0;
    await until(async () => (await attempts()) === 4);
    expect((await dns.status(PRINCIPAL)).zones).toMatchObject([
      { state: "waiting", serial: null, lastError: "nobody there (dns_server_unreachable)" },
    ]);
    await changeWeb1({ addresses: held("lan 10.0.0.5") });
    misbehave.clear();
    await until(() => told.length === 1, 100);
    expect(told).toEqual(["ns1 example.org 2026030101 whole"]);
    const { events: all } = await events.read({ types: ["dns.*"], limit: 100 });
    expect(all.map((event) => event.type)).toEqual(["dns.delayed", "dns.published"]);
  });

  it("tries at once when it is asked to, and everything anew when that is asked for", async () => {
    misbehave.set("ns1", unreachable);
    await addTarget("ns1");
    await until(async () => (await dns.status(PRINCIPAL)).zones[0]?.attempt === 7, 1000);
    misbehave.clear();
    const before = clock.now();
    await dns.publish(PRINCIPAL, { whole: false });
    await until(() => told.length === 1);
    expect(clock.now() - before).toBeLessThan(5000);
    await dns.publish(PRINCIPAL, { whole: true });
    await until(() => told.length === 2);
    expect(told[1]).toBe("ns1 example.org 2026030100 whole");
  });
});

describe("targets of designers", () => {
  it("name no files of the server: who manages the server gives them, others change what is beside", async () => {
    const designer = accountWith("designer");
    const target = { name: "ns1", kind: "bind", settings: { folder: "/srv/zones" }, zones: [], view: null } as const;
    const refused = { code: "server_file_forbidden" };
    await expect(dns.addTarget(designer, target)).rejects.toMatchObject(refused);
    await dns.addTarget(PRINCIPAL, target);
    await dns.replaceTarget(designer, "ns1", 1, { ...target, zones: ["example.org"] });
    const other = { ...target, settings: { folder: "/etc" } };
    await expect(dns.replaceTarget(designer, "ns1", 2, other)).rejects.toMatchObject(refused);
    expect(await dns.targets(designer)).toMatchObject([{ settings: { folder: "/srv/zones" }, version: 2 }]);
  });
});

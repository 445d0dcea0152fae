/**
 * Names: from the commit of a change until a name server is told of it, among 100, 10,000 and 100,000 structures, with the share of each
 * stage; against making every zone anew. The first is time on the clock, of which 50 ms gather changes; the rest is processor time.
 */
import { z } from "zod";
import { DEFAULT_TENANT } from "../src/access/index.ts";
import { ADMINISTRATOR } from "../src/access/testing.ts";
import {
  createDnsService,
  createPublishing,
  createZoneBook,
  createZoneFiles,
  createZoneRenderer,
  dnsMigrations,
  renderZones,
  zoneFile,
  type Rendering,
  type ZoneChange,
  type ZonePublisher,
} from "../src/dns/index.ts";
import { updatesOf } from "../src/drivers/nsupdate/model.ts";
import {
  createInventoryStore,
  inventoryMigrations,
  type InventoryStore,
  type Snapshot,
} from "../src/inventory/index.ts";
import { addressBlock, inserting, site, structure, updating, zone } from "../src/inventory/testing.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import { createInProcessBus } from "../src/platform/bus/index.ts";
import { migrate, openDatabase, type Database } from "../src/platform/database/index.ts";
import { createEventStream, eventMigrations } from "../src/platform/events/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { measured, type Measurement, percentile } from "../scripts/measurement.ts";

const SIZES = [100, 10_000, 100_000] as const;
const CHANGES = 15;
const PER_BLOCK = 50_000;
const AT_ONCE = 5000;
const TENANT = DEFAULT_TENANT.id;
const ANEW = "making every zone anew";

function addressOf(index: number): string {
  const within = index % PER_BLOCK;
  return `10.${Math.floor(index / PER_BLOCK)}.${within >> 8}.${within & 255}`;
}

async function fill(database: Database, inventory: InventoryStore, size: number): Promise<void> {
  const records = [{ name: "ns1", type: "A", value: "203.0.113.53", ttl: null }] as const;
  const blocks = Array.from({ length: Math.ceil(size / PER_BLOCK) }, (_, index) =>
    addressBlock(`lan${index}`, { subnet: `10.${index}.0.0/16` }),
  );
  const zones = [zone("example.org", { nameservers: ["ns1"], records })];
  const sites = [site("lab", { zone: "example.org" })];
  await database.transaction((tx) => inventory.write(tx, TENANT, inserting({ zones, sites, addressBlocks: blocks })));
  for (let start = 0; start < size; start += AT_ONCE) {
    const structures = Array.from({ length: Math.min(AT_ONCE, size - start) }, (_, at) => {
      const index = start + at;
      const block = `lan${Math.floor(index / PER_BLOCK)}`;
      return structure(`host${index}`, { addresses: [{ block, address: addressOf(index) }] });
    });
    await database.transaction((tx) => inventory.write(tx, TENANT, inserting({ structures })));
  }
}

/** Milliseconds of the wall clock, and of the processor. */
async function timed(action: () => unknown): Promise<{ readonly wall: number; readonly processor: number }> {
  const [start, used] = [performance.now(), process.cpuUsage()];
  await action();
  const { user, system } = process.cpuUsage(used);
  return { wall: performance.now() - start, processor: (user + system) / 1000 };
}

async function ofSize(size: number): Promise<readonly Measurement[]> {
  const log = silentLogger();
  const database = await openDatabase(":memory:", { clock: systemClock, log });
  await migrate(database, [...eventMigrations, ...inventoryMigrations, ...dnsMigrations], systemClock);
  const bus = createInProcessBus(log);
  const parts = { database, bus, clock: systemClock, random: systemRandom, log };
  const inventory = createInventoryStore(parts);
  const events = createEventStream(parts);
  await fill(database, inventory, size);

  /** Each part of a zone's way to a server that takes updates. */
  const messages: number[] = [];
  let told = (_change: ZoneChange): void => {};
  const publisher: ZonePublisher = {
    kind: "nsupdate",
    compares: true,
    lanes: 1,
    settings: z.strictObject({}),
    async publish(_settings, _view, change) {
      if (change.before !== null) messages.push((await timed(() => updatesOf(change, true))).processor);
      if (!change.zone.reverse) told(change);
    },
    remove: () => Promise.resolve(),
  };
  const publishers = [publisher];
  const book = createZoneBook({ ...parts, inventory });
  const publishing = createPublishing({ ...parts, events, book, publishers });
  const dns = createDnsService({ ...parts, events, book, publishers, publishing });

  let count = 0;
  async function change(): Promise<void> {
    count += 1;
    const row = (await inventory.snapshot(TENANT)).structures.get("host7")!;
    const addresses = [{ block: "lan0", address: `10.0.255.${count}` }];
    const after = { ...row, addresses, version: row.version + 1 };
    await database.transaction((tx) => inventory.write(tx, TENANT, updating({ structures: [after] })));
  }

  // One stage after the other.
  const renderer = createZoneRenderer();
  const rendered = (snapshot: Snapshot): Rendering => {
    const steps = renderer.render(snapshot);
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
    }
  };
  const render = async () => rendered(await inventory.snapshot(TENANT));
  await render();
  const commits: number[] = [];
  const reads: number[] = [];
  const zones: number[] = [];
  for (let index = 0; index < CHANGES; index += 1) {
    commits.push((await timed(change)).processor);
    reads.push((await timed(() => inventory.snapshot(TENANT))).processor);
    zones.push((await timed(render)).processor);
  }
  const snapshot = await inventory.snapshot(TENANT);
  const whole: { readonly wall: number; readonly processor: number }[] = [];
  for (let index = 0; index < 3; index += 1) whole.push(await timed(() => renderZones(snapshot)));
  const files = createZoneFiles();
  const written: number[] = [];
  const anew: number[] = [];
  for (let index = 0; index < 5; index += 1) {
    await change();
    const now = rendered(await inventory.snapshot(TENANT));
    const again = await timed(() => now.zones.map((one) => Buffer.from(files.file(one, 1)).length));
    if (index > 0) written.push(again.processor);
    anew.push((await timed(() => now.zones.map((one) => Buffer.from(zoneFile(one, 1)).length))).processor);
  }

  // All of them together.
  const first = new Promise<unknown>((resolve) => (told = resolve));
  // Timers of the clock alone let a process end.
  const stay = setInterval(() => {}, 1000);
  publishing.start();
  const target = { name: "ns1", kind: "nsupdate", settings: {}, zones: [], view: null } as const;
  await dns.addTarget({ ...ADMINISTRATOR, name: "bench" }, target);
  await first;
  const delays: number[] = [];
  const used: number[] = [];
  for (let index = 0; index < CHANGES; index += 1) {
    const heard = new Promise<unknown>((resolve) => (told = resolve));
    const { wall, processor } = await timed(async () => {
      await change();
      await heard;
    });
    delays.push(wall);
    used.push(processor);
  }
  clearInterval(stay);
  await publishing.stop();
  await bus.close();
  await database.close();

  const many = size.toLocaleString("en-US");
  const processor = percentile(used, 50);
  const wholeProcessor = percentile(
    whole.map((one) => one.processor),
    50,
  );
  const stages = {
    commit: percentile(commits, 50),
    reading: percentile(reads, 50),
    zones: percentile(zones, 50),
    sent: percentile(messages, 50),
  };
  const rest = processor - stages.commit - stages.reading - stages.zones - stages.sent;
  const one = (name: string, value: number, baseline: number, baselineName: string, limit?: number): Measurement =>
    measured(`${many} structures: ${name}`, "ms", value, baseline, baselineName, limit);
  const ofAll = "processor time of all of it";
  return [
    one(
      "from a change until a server is told",
      percentile(delays, 50),
      percentile(
        whole.map(({ wall }) => wall),
        50,
      ),
      ANEW,
      1000,
    ),
    one("processor time of that", processor, wholeProcessor, ANEW),
    one("of it: the commit", stages.commit, processor, ofAll),
    one("of it: reading the inventory", stages.reading, processor, ofAll),
    one("of it: the zones", stages.zones, processor, ofAll),
    one("of it: what is sent (RFC 2136)", stages.sent, processor, ofAll),
    one("of it: serials, events, what is published where", Math.max(0, rest), processor, ofAll),
    one(
      "processor time of the zone files after a change, for BIND",
      percentile(written, 50),
      percentile(anew, 50),
      "every line anew",
    ),
  ];
}

export async function run(): Promise<readonly Measurement[]> {
  const found: Measurement[] = [];
  for (const size of SIZES) found.push(...(await ofSize(size)));
  return found;
}

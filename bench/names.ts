/**
 * Names: what it takes to make zones of an inventory, against writing the same lines by hand; and from the commit of a change until a name
 * server is told of it, against the commit alone.
 */
import { z } from "zod";
import { administratorPrincipal, DEFAULT_TENANT } from "../src/access/index.ts";
import {
  createDnsService,
  createPublishing,
  createZoneBook,
  dnsMigrations,
  renderZones,
  zoneFile,
  type ZonePublisher,
} from "../src/dns/index.ts";
import { createInventoryStore, inventoryMigrations } from "../src/inventory/index.ts";
import { addressBlock, inserting, site, structure, updating, zone } from "../src/inventory/testing.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import { createInProcessBus } from "../src/platform/bus/index.ts";
import { migrate, openDatabase } from "../src/platform/database/index.ts";
import { createEventStream, eventMigrations } from "../src/platform/events/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import type { Measurement } from "../scripts/measurement.ts";

const STRUCTURES = 10_000;
const CHANGES = 10;

function rows() {
  const records = [{ name: "ns1", type: "A", value: "203.0.113.53", ttl: null }] as const;
  return {
    zones: [zone("example.org", { nameservers: ["ns1"], records })],
    sites: [site("lab", { zone: "example.org" })],
    addressBlocks: [addressBlock("lan", { subnet: "10.1.0.0/16" })],
    structures: Array.from({ length: STRUCTURES }, (_, index) =>
      structure(`host${index}`, { addresses: [{ block: "lan", address: addressOf(index) }] }),
    ),
  };
}

function addressOf(index: number): string {
  return `10.1.${index >> 8}.${index & 255}`;
}

/** The lines of both zones, as somebody writes them who knows every one. */
function byHand(): string {
  const lines: string[] = [];
  for (let index = 0; index < STRUCTURES; index += 1) {
    const address = addressOf(index);
    lines.push(`host${index}.example.org.\t3600\tIN\tA\t${address}`);
    lines.push(`${address.split(".").reverse().join(".")}.in-addr.arpa.\t3600\tIN\tPTR\thost${index}.example.org.`);
  }
  return lines.join("\n");
}

function fastest(action: () => unknown): number {
  let best = Infinity;
  for (let count = 0; count < 5; count += 1) {
    const start = performance.now();
    action();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

export async function run(): Promise<readonly Measurement[]> {
  const log = silentLogger();
  const database = await openDatabase(":memory:", { clock: systemClock, log });
  await migrate(database, [...eventMigrations, ...inventoryMigrations, ...dnsMigrations], systemClock);
  const bus = createInProcessBus(log);
  const parts = { database, bus, clock: systemClock, random: systemRandom, log };
  const inventory = createInventoryStore(parts);
  const events = createEventStream(parts);
  const tenant = DEFAULT_TENANT.id;
  await database.transaction((tx) => inventory.write(tx, tenant, inserting(rows())));

  let told = (): void => {};
  const publisher: ZonePublisher = {
    kind: "nsupdate",
    compares: true,
    settings: z.strictObject({}),
    publish: async (_settings, _view, { zone: one }) => {
      if (!one.reverse) told();
    },
    remove: () => Promise.resolve(),
  };
  const publishers = [publisher];
  const book = createZoneBook({ ...parts, inventory });
  const publishing = createPublishing({ ...parts, events, book, publishers });
  const dns = createDnsService({ ...parts, events, book, publishers, publishing });

  async function change(index: number): Promise<void> {
    const row = (await inventory.snapshot(tenant)).structures.get("host7")!;
    const addresses = [{ block: "lan", address: addressOf(STRUCTURES + index) }];
    const after = { ...row, addresses, version: row.version + 1 };
    await database.transaction((tx) => inventory.write(tx, tenant, updating({ structures: [after] })));
  }

  const commits: number[] = [];
  for (let index = 0; index < CHANGES; index += 1) {
    const start = performance.now();
    await change(index);
    commits.push(performance.now() - start);
  }
  const first = new Promise<void>((resolve) => (told = resolve));
  // Timers of the clock alone let a process end.
  const stay = setInterval(() => {}, 1000);
  publishing.start();
  const principal = administratorPrincipal("token", tenant);
  await dns.addTarget(principal, { name: "ns1", kind: "nsupdate", settings: {}, zones: ["example.org"], view: null });
  await first;
  const delays: number[] = [];
  for (let index = 0; index < CHANGES; index += 1) {
    const heard = new Promise<void>((resolve) => (told = resolve));
    const start = performance.now();
    await change(CHANGES + index);
    await heard;
    delays.push(performance.now() - start);
  }
  const snapshot = await inventory.snapshot(tenant);
  const rendering = fastest(() => renderZones(snapshot).zones.map((one) => zoneFile(one, 1)));
  const lines = fastest(byHand);
  clearInterval(stay);
  await publishing.stop();
  await bus.close();
  await database.close();
  const unit = "ms";
  const [told50, commit50] = [median(delays), median(commits)];
  return [
    {
      name: "zone files of 10,000 structures",
      value: rendering,
      unit,
      baseline: lines,
      baselineName: "the same lines by hand",
      ratio: rendering / lines,
      limit: 1000,
    },
    {
      name: "from a change among 10,000 structures until a server is told, median",
      value: told50,
      unit,
      baseline: commit50,
      baselineName: "the commit of the change",
      ratio: told50 / commit50,
      limit: 1000,
    },
  ];
}

import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";
import { DEFAULT_TENANT } from "../src/access/index.ts";
import { createAnsiblePlanner } from "../src/exchange/ansible.ts";
import type { AnsibleInventory } from "../src/exchange/ansible-model.ts";
import { bundleFiles, dynamicInventory, type ExportRecord } from "../src/exchange/ansible-render.ts";
import { tgzOf, zipOf } from "../src/exchange/bundle.ts";
import { placeFolder } from "../src/exchange/bundle-folder.ts";
import { createExporter } from "../src/exchange/export-thread.ts";
import { createInventoryStore, inventoryMigrations, type World } from "../src/inventory/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { createInProcessBus } from "../src/platform/bus/index.ts";
import { migrate, openDatabase } from "../src/platform/database/index.ts";
import { eventMigrations } from "../src/platform/events/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { measured, type Measurement } from "../scripts/measurement.ts";
import { inventoryData, writeInventory } from "./inventory-data.ts";

// What an Ansible inventory costs: every host resolved, as one document, as a tgz and as a zip; and Ansible itself on the same inventory.

const execute = promisify(execFile);
const MANY = 100_000;
/** Ansible takes minutes for more. */
const SOME = 10_000;
const FEW = 1000;
const RECORD: ExportRecord = { tenant: "default", revision: 1, exportedAt: "", group: "all", configurations: [] };
const NOW = new Date(0);

export async function run(): Promise<readonly Measurement[]> {
  const few = await least(5, () => document(worldOf(FEW)));
  const world = worldOf(MANY);
  const variables = [...world.structures.values()].map((structure) => structure.variables);
  const bare = await least(3, () => JSON.stringify(variables));
  const many = await least(3, () => document(world));
  const texts = variables.map((one) => JSON.stringify(one));
  const packed = await least(3, () => gzipped(texts));
  const tgz = await least(3, () => archived(tgzOf, world));
  const zip = await least(1, () => archived(zipOf, world));
  const [written, compressed] = ["JSON.stringify of their own variables", "gzip of their own variables"];
  return [
    measured(`${counted(MANY)} hosts, resolved, as one document`, "ms", many, bare, written, 4000),
    measured(`${counted(MANY)} hosts, as a tgz`, "ms", tgz, packed, compressed, 8000),
    measured(`${counted(MANY)} hosts, as a zip`, "ms", zip, packed, compressed),
    measured(`a host of ${counted(MANY)}`, "ms", many / MANY, few / FEW, `a host of ${counted(FEW)}`),
    ...(await throughThread({ json: [bare, written], tgz: [packed, compressed] })),
    ...(await beside()),
  ];
}

/** The same from a database, by the thread in which a server makes exports: with all that has to be read, and when it has been read. */
async function throughThread(
  baselines: Readonly<Record<"json" | "tgz", readonly [number, string]>>,
): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  const [clock, log] = [systemClock, silentLogger()];
  const file = `sqlite:${join(folder, "gantry.db")}`;
  const database = await openDatabase(file, { clock, log });
  try {
    await migrate(database, [...eventMigrations, ...inventoryMigrations], clock);
    const inventory = createInventoryStore({ database, clock, bus: createInProcessBus(log) });
    await writeInventory(database, inventory, inventoryData(MANY));
    const exporter = createExporter({
      clock,
      database: file,
      inventory,
      gitFolder: join(folder, "git"),
      gitLocal: false,
    });
    const exported = async (format: "json" | "tgz"): Promise<void> => {
      const asked = { tenantId: DEFAULT_TENANT.id, group: "all", each: false, builtIn: true, filter: {} };
      await pipeline((await exporter.run({ ...asked, format })).content, nowhere());
    };
    try {
      const first = await timed(() => exported("json"));
      const [json, tgz] = [await least(3, () => exported("json")), await least(3, () => exported("tgz"))];
      return [
        measured(
          `${counted(MANY)} hosts from the database, the first time, as one document`,
          "ms",
          first,
          ...baselines.json,
        ),
        measured(`${counted(MANY)} hosts from the database, as one document`, "ms", json, ...baselines.json, 4000),
        measured(`${counted(MANY)} hosts from the database, as a tgz`, "ms", tgz, ...baselines.tgz, 8000),
      ];
    } finally {
      await exporter.close();
    }
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Our export and what Ansible needs to read it. Nothing where Ansible is not installed. */
async function beside(): Promise<readonly Measurement[]> {
  if (!existsSync("/usr/bin/ansible-inventory")) return [];
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  try {
    const world = worldOf(SOME);
    const out = join(folder, "out");
    const ours = await timed(() =>
      placeFolder(tgzOf(bundleFiles(planned(world, false), RECORD), NOW), out, { force: false, each: false }),
    );
    const theirs = await timed(() =>
      execute("ansible-inventory", ["--list"], { cwd: out, maxBuffer: 1024 * 1024 * 1024 }),
    );
    return [
      measured(`${counted(SOME)} hosts, to a folder`, "ms", ours, theirs, "ansible-inventory --list in that folder"),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function worldOf(structures: number): World {
  const data = inventoryData(structures);
  function named<Row extends { readonly name: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> {
    return new Map(rows.map((row) => [row.name, row]));
  }
  const nothing = new Map<string, never>();
  return {
    tenant: { name: "default", variables: data.tenantVariables },
    sites: named(data.sites),
    groups: named(data.groups),
    blueprints: named(data.blueprints),
    structures: named(data.structures),
    networks: nothing,
    links: nothing,
    interfaces: nothing,
    zones: nothing,
    addressBlocks: nothing,
    foundations: nothing,
    complexes: nothing,
    dependencies: nothing,
  };
}

/** Nothing is kept from one time to the next. */
function planned(world: World, keepFiles: boolean): AnsibleInventory {
  return createAnsiblePlanner(world, { builtIn: true, keepFiles }).plan([...world.structures.keys()]);
}

function document(world: World): number {
  let length = 0;
  for (const piece of dynamicInventory(planned(world, true))) length += piece.length;
  return length;
}

async function archived(archive: typeof tgzOf, world: World): Promise<void> {
  await pipeline(archive(bundleFiles(planned(world, false), RECORD), NOW), nowhere());
}

async function gzipped(texts: readonly string[]): Promise<void> {
  await pipeline(Readable.from([Buffer.from(texts.join("\n"))]), createGzip({ level: 3 }), nowhere());
}

function nowhere(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}

async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Of several times the shortest: others may share the machine. */
async function least(times: number, work: () => unknown): Promise<number> {
  let shortest = Infinity;
  for (let time = 0; time < times; time += 1) shortest = Math.min(shortest, await timed(work));
  return shortest;
}

function counted(count: number): string {
  return count.toLocaleString("en");
}

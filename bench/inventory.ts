/**
 * The inventory with 100,000 structures in 1,000 groups, 20 variables each: written, read, resolved, searched and exported, in a process of
 * its own and through the server. Beside each stands what the machine does bare: rows by node:sqlite, JSON.parse, Fastify.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { administratorPrincipal, DEFAULT_TENANT } from "../src/access/index.ts";
import {
  createInventoryService,
  createInventoryStore,
  createResolver,
  inventoryMigrations,
  parseVariableQuery,
  type InventoryStore,
  type Snapshot,
} from "../src/inventory/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import { createInProcessBus } from "../src/platform/bus/index.ts";
import { migrate, openDatabase, type Database } from "../src/platform/database/index.ts";
import { createEventStream, eventMigrations } from "../src/platform/events/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { measured, type Measurement, percentile } from "../scripts/measurement.ts";
import { inventoryData, writeInventory, type InventoryData } from "./inventory-data.ts";

const STRUCTURES = 100_000;
const FEW = 1000;
const PAGE = 100;
const PRINCIPAL = administratorPrincipal("token");
const root = join(import.meta.dirname, "..");

/** Different kinds of questions, by their answers: one structure, some, most, none. */
const SEARCHES = [
  "serial:SN00000A1B",
  "unit:7",
  "os.family:debian",
  "packages[2]:web",
  "switch:switch-77.example.org",
  "environment:production",
  "disks[1].size:1920",
  "limits.processes:4099",
  "weight:500",
  "motd:nothing",
];

const FILTERS = [
  { site: "region-0" },
  { group: "service-3" },
  { blueprint: "base" },
  { role: "web" },
  { label: ["tier=front"] },
  { label: ["batch=7"], site: "center-1" },
  { group: "production", label: ["tier=front"] },
];

export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  try {
    return [...(await inProcess(folder)), ...(await throughServer(folder))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Filled {
  readonly database: Database;
  readonly store: InventoryStore;
  readonly milliseconds: number;
}

async function fill(file: string, data: InventoryData): Promise<Filled> {
  const database = await openDatabase(`sqlite:${file}`, { clock: systemClock, log: silentLogger() });
  await migrate(database, [...eventMigrations, ...inventoryMigrations], systemClock);
  const store = createInventoryStore({ database, clock: systemClock });
  return { database, store, milliseconds: await timeOf(() => writeInventory(database, store, data)) };
}

async function inProcess(folder: string): Promise<readonly Measurement[]> {
  const { database, store, written, bare } = await fillBeside(folder);
  try {
    const reading = await timeOf(() => store.snapshot(DEFAULT_TENANT.id));
    const snapshot = await store.snapshot(DEFAULT_TENANT.id);
    const exported = timeOfSync(() => exportAll(snapshot));
    return [
      measured(
        "write 100,000 structures, indexes included",
        "ms",
        written,
        bare.write,
        "their JSON as raw rows",
        30_000,
      ),
      measured("first reading of all", "ms", reading, bare.walk, "JSON.parse of all into a map"),
      ...(await questions(database, store, snapshot)),
      measured(
        "resolved variables of all, as JSON",
        "ms",
        exported,
        bare.output,
        "their rows parsed and written",
        4000,
      ),
      await costFlat(folder, timeOfSync(() => exportAll(snapshot)) / STRUCTURES),
    ];
  } finally {
    await database.close();
  }
}

/** Writes everything, and measures what it is compared with. Nothing of the data stays in memory: a server would not have it. */
async function fillBeside(folder: string) {
  const data = inventoryData(STRUCTURES);
  const texts = data.structures.map((row) => JSON.stringify(row));
  const bare = {
    write: timeOfSync(() => rawInserts(join(folder, "raw.db"), texts)),
    walk: timeOfSync(() => new Map(texts.map((text) => [text.slice(0, 20), JSON.parse(text) as unknown]))),
    output: timeOfSync(() => texts.reduce((size, text) => size + JSON.stringify(JSON.parse(text)).length, 0)),
  };
  const { database, store, milliseconds } = await fill(join(folder, "large.db"), data);
  return { database, store, written: milliseconds, bare };
}

async function questions(
  database: Database,
  store: InventoryStore,
  snapshot: Snapshot,
): Promise<readonly Measurement[]> {
  const bus = createInProcessBus(silentLogger());
  const events = createEventStream({ database, bus, clock: systemClock, random: systemRandom });
  const service = createInventoryService({
    database,
    inventory: store,
    events,
    bus,
    clock: systemClock,
    random: systemRandom,
  });
  const names = [...snapshot.structures.keys()];
  const rows = names.slice(0, PAGE).map((name) => JSON.stringify(snapshot.structures.get(name)));
  const parseOne = percentile(await times(1000, async (at) => void JSON.parse(rows[at % PAGE]!)), 50);
  const parsePage = percentile(await times(100, async () => void rows.map((text) => JSON.parse(text) as unknown)), 95);
  const resolved = percentile(
    await times(1000, async (at) => void createResolver(snapshot).structure(names[(at * 7919) % names.length]!)),
    50,
  );
  // What is kept between requests is built by the first of each kind.
  for (const filter of FILTERS) await service.list(PRINCIPAL, "structure", { filter, limit: PAGE });
  const pages = await times(FILTERS.length * 30, async (at) => {
    const filter = FILTERS[at % FILTERS.length]!;
    const { next } = await service.list(PRINCIPAL, "structure", { filter, limit: PAGE });
    if (next !== null) await service.list(PRINCIPAL, "structure", { filter, limit: PAGE, cursor: next });
  });
  const searches = await times(SEARCHES.length * 20, async (at) => {
    const query = parseVariableQuery(SEARCHES[at % SEARCHES.length]!);
    await store.search(DEFAULT_TENANT.id, snapshot, "structure", query, { after: null, limit: PAGE });
  });
  await bus.close();
  const page = "JSON.parse of 100 rows";
  return [
    measured("one structure resolved with provenance, p50", "ms", resolved, parseOne, "JSON.parse of its row", 3),
    measured("two filtered pages of 100, p95", "ms", percentile(pages, 95), parsePage, page, 40),
    measured("search by a variable, p95", "ms", percentile(searches, 95), parsePage, page, 50),
  ];
}

/** Whether resolving one costs the same among few and among many. */
async function costFlat(folder: string, many: number): Promise<Measurement> {
  const { database, store } = await fill(join(folder, "small.db"), inventoryData(FEW));
  try {
    const snapshot = await store.snapshot(DEFAULT_TENANT.id);
    exportAll(snapshot);
    const few = Math.min(...Array.from({ length: 5 }, () => timeOfSync(() => exportAll(snapshot)))) / FEW;
    return measured("resolved variables of one of 100,000", "µs", many * 1000, few * 1000, "of one of 1,000");
  } finally {
    await database.close();
  }
}

/** @returns characters */
function exportAll(snapshot: Snapshot): number {
  const resolver = createResolver(snapshot);
  let size = 0;
  for (const name of snapshot.structures.keys()) size += JSON.stringify(resolver.values(name)).length;
  return size;
}

/** The server as users run it, with all of it in its database: reads by HTTP on its socket, and its memory. */
async function throughServer(folder: string): Promise<readonly Measurement[]> {
  const dataFolder = join(folder, "data");
  await gantry(dataFolder, "server", "start");
  await gantry(dataFolder, "server", "stop");
  const database = await openDatabase(`sqlite:${join(dataFolder, "gantry.db")}`, {
    clock: systemClock,
    log: silentLogger(),
  });
  await writeInventory(database, createInventoryStore({ database, clock: systemClock }), inventoryData(STRUCTURES));
  await database.close();
  await gantry(dataFolder, "server", "start");
  try {
    const record = JSON.parse(readFileSync(join(dataFolder, "server.json"), "utf8")) as { pid: number; socket: string };
    const path = (at: number): string => `/v1/structures/node-${String((at * 7919) % STRUCTURES).padStart(6, "0")}`;
    const body = await read(record.socket, path(1));
    for (const vars of SEARCHES) await read(record.socket, `/v1/structures?vars=${encodeURIComponent(vars)}`);
    await read(record.socket, "/v1/structures?site=world&group=service-3");
    const bare = await bareFastify(folder, body);
    const pairs: { readonly ours: number; readonly bare: number }[] = [];
    // By turns, so that what else the machine does hits both; the pair in the middle counts.
    for (let turn = 0; turn < 9; turn += 1) {
      const theirs = await readsPerSecond(bare.socket, path);
      pairs.push({ bare: theirs, ours: await readsPerSecond(record.socket, path) });
    }
    const rates = pairs.toSorted((one, other) => one.ours / one.bare - other.ours / other.bare)[4]!;
    bare.stop();
    const megabytes = residentMegabytes(record.pid);
    return [
      measured(
        "HTTP reads of one structure",
        "reads/s",
        rates.ours,
        rates.bare,
        "a bare Fastify route",
        rates.bare / 3,
      ),
      measured("server's memory", "MB", megabytes, bare.megabytes, "the bare Fastify", 1000),
    ];
  } finally {
    await gantry(dataFolder, "server", "stop");
  }
}

async function bareFastify(folder: string, body: string) {
  const socket = join(folder, "bare.sock");
  const program = `import fastify from ${JSON.stringify(import.meta.resolve("fastify"))};
    const app = fastify(); const body = JSON.parse(process.argv[2]);
    app.get("/v1/structures/:name", async () => body); await app.listen({ path: process.argv[1] });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, "--", socket, body], {
    stdio: "ignore",
  });
  for (;;) {
    const answered = await read(socket, "/v1/structures/x").catch(() => undefined);
    if (answered !== undefined) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { socket, megabytes: residentMegabytes(child.pid!), stop: () => void child.kill("SIGKILL") };
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

function read(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, agent }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => (answer.statusCode === 200 ? resolve(text) : reject(new Error(`${path}: ${text}`))));
    });
    asked.on("error", reject);
    asked.end();
  });
}

async function readsPerSecond(socket: string, path: (at: number) => string): Promise<number> {
  const COUNT = 2000;
  let at = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (at < COUNT) await read(socket, path((at += 1)));
    }),
  );
  return COUNT / ((performance.now() - began) / 1000);
}

function gantry(dataFolder: string, ...parameters: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(root, "gantry"), [...parameters], {
      env: { ...process.env, GANTRY_DATA: dataFolder },
      stdio: ["ignore", "ignore", "inherit"],
    });
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`gantry ${parameters.join(" ")}: ${code}`))));
  });
}

function rawInserts(file: string, texts: readonly string[]): void {
  const database = new DatabaseSync(file);
  database.exec("pragma journal_mode = wal; create table raw (name text primary key, body text not null) strict");
  const statement = database.prepare("insert into raw values (?, ?)");
  database.exec("begin");
  for (const [at, text] of texts.entries()) statement.run(`node-${at}`, text);
  database.exec("commit");
  database.close();
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function timeOfSync(work: () => unknown): number {
  const began = performance.now();
  work();
  return performance.now() - began;
}

async function times(count: number, work: (at: number) => Promise<void>): Promise<readonly number[]> {
  const all: number[] = [];
  for (let at = 0; at < count; at += 1) all.push(await timeOf(() => work(at)));
  return all;
}

function residentMegabytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}

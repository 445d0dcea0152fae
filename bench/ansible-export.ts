import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { createGzip } from "node:zlib";
import { createAnsiblePlanner } from "../src/exchange/ansible.ts";
import { bundleFiles, dynamicInventory, type ExportRecord } from "../src/exchange/ansible-render.ts";
import { tgzOf, zipOf } from "../src/exchange/bundle.ts";
import { placeFolder } from "../src/exchange/bundle-folder.ts";
import type { World } from "../src/inventory/index.ts";
import type { Measurement } from "../scripts/measurement.ts";
import { inventoryData } from "./inventory-data.ts";

// What an Ansible inventory costs: every host resolved, as one document, as a tgz and as a zip; and Ansible itself on the same inventory.

const execute = promisify(execFile);
const MANY = 100_000;
/** Ansible takes minutes for more. */
const SOME = 10_000;
const FEW = 1000;
const RECORD: ExportRecord = { tenant: "default", revision: 1, exportedAt: "", group: "all", configurations: [] };
const NOW = new Date(0);

export async function run(): Promise<readonly Measurement[]> {
  const few = await median(5, () => document(worldOf(FEW)));
  const world = worldOf(MANY);
  const variables = [...world.structures.values()].map((structure) => structure.variables);
  const bare = await timed(() => JSON.stringify(variables));
  const many = await median(3, () => document(world));
  const packed = await timed(() => gzipped(variables.map((one) => JSON.stringify(one))));
  const tgz = await median(3, () => archived(tgzOf, world));
  const zip = await median(1, () => archived(zipOf, world));
  return [
    measurement(`${MANY} hosts, resolved, as one document`, many, bare, "JSON.stringify of their own variables", 4000),
    measurement(`${MANY} hosts, as a tgz`, tgz, packed, "gzip of their own variables", 8000),
    measurement(`${MANY} hosts, as a zip`, zip, packed, "gzip of their own variables"),
    measurement(`a host of ${MANY}`, many / MANY, few / FEW, `a host of ${FEW}`),
    ...(await beside()),
  ];
}

/** Our export and what Ansible needs to read it. Nothing where Ansible is not installed. */
async function beside(): Promise<readonly Measurement[]> {
  if (!existsSync("/usr/bin/ansible-inventory")) return [];
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  try {
    const world = worldOf(SOME);
    const out = join(folder, "out");
    const ours = await timed(() =>
      placeFolder(tgzOf(bundleFiles(planned(world), RECORD), NOW), out, { force: false, each: false }),
    );
    const theirs = await timed(() =>
      execute("ansible-inventory", ["--list"], { cwd: out, maxBuffer: 1024 * 1024 * 1024 }),
    );
    return [measurement(`${SOME} hosts, to a folder`, ours, theirs, "ansible-inventory --list in that folder")];
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
  };
}

/** Nothing is kept from one time to the next. */
function planned(world: World): ReturnType<ReturnType<typeof createAnsiblePlanner>["plan"]> {
  return createAnsiblePlanner(world, { builtIn: true }).plan([...world.structures.keys()]);
}

function document(world: World): number {
  let length = 0;
  for (const piece of dynamicInventory(planned(world))) length += piece.length;
  return length;
}

async function archived(archive: typeof tgzOf, world: World): Promise<void> {
  await pipeline(archive(bundleFiles(planned(world), RECORD), NOW), nowhere());
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

async function median(times: number, work: () => unknown): Promise<number> {
  const taken: number[] = [];
  for (let time = 0; time < times; time += 1) taken.push(await timed(work));
  return taken.sort((a, b) => a - b)[Math.floor(times / 2)]!;
}

function measurement(name: string, value: number, baseline: number, baselineName: string, limit?: number): Measurement {
  return {
    name: name.replaceAll(/\B(?=(?:\d{3})+(?!\d))/g, ","),
    value,
    unit: "ms",
    baseline,
    baselineName: baselineName.replaceAll(/\B(?=(?:\d{3})+(?!\d))/g, ","),
    ratio: value / baseline,
    ...(limit === undefined ? {} : { limit }),
  };
}

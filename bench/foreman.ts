/**
 * The foreman with 10,000 structures that wait, each on a foundation of its own: a pass over all of them beside parsing the same rows, the
 * pass after one job has ended, and how long it takes to start a job for each.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEFAULT_TENANT } from "../src/access/index.ts";
import { decide } from "../src/foreman/decide.ts";
import { foremanMigrations } from "../src/foreman/index.ts";
import { createForeman } from "../src/foreman/service.ts";
import { createForemanStore } from "../src/foreman/store.ts";
import { foremanView } from "../src/foreman/view.ts";
import { createInventoryStore, inventoryMigrations, type InventoryStore } from "../src/inventory/index.ts";
import { blueprint, complex, dependency, foundation, inserting, site, structure } from "../src/inventory/testing.ts";
import { createJobs, jobMigrations } from "../src/jobs/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import { createInProcessBus } from "../src/platform/bus/index.ts";
import { migrate, openDatabase, type Database } from "../src/platform/database/index.ts";
import { createEventStream, eventMigrations } from "../src/platform/events/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { tscript } from "../src/tscript/index.ts";
import { measured, type Measurement, percentile } from "../scripts/measurement.ts";

const COUNT = 10_000;
const PASSES = 9;
const TENANT = DEFAULT_TENANT.id;
const HOSTS = 20;

const ROWS = "JSON.parse of the same rows";

export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  const clock = systemClock;
  const database = await openDatabase(`sqlite:${join(folder, "foreman.db")}`, { clock, log: silentLogger() });
  try {
    const migrations = [...eventMigrations, ...jobMigrations, ...inventoryMigrations, ...foremanMigrations];
    await migrate(database, migrations, clock);
    const inventory = createInventoryStore({ database, clock });
    await fill(database, inventory);
    return [...(await passes(database, inventory)), ...(await started(database, inventory))];
  } finally {
    await database.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Half of them wait for a limit of their site, the others for room in a complex; a tenth for a dependency as well. */
async function fill(database: Database, inventory: InventoryStore): Promise<void> {
  const script = { create: { text: "foundation.create()\n", origin: { file: "a", line: 1, column: 1, exact: true } } };
  const hosts = Array.from({ length: HOSTS }, (_, at) => `host${at}`);
  const names = Array.from({ length: COUNT }, (_, at) => `s${at}`);
  const built = { state: "built" } as const;
  const rows = {
    sites: [site("region"), site("lab", { parent: "region", maxJobs: 1 })],
    blueprints: [blueprint("machine", { builds: "foundation", scripts: script }), blueprint("web", { maxJobs: 100 })],
    foundations: [
      ...hosts.map((name) => foundation(name, { site: "region", ...built })),
      ...names.map((name, at) => foundation(name, at % 2 === 0 ? {} : { site: "region", complex: "pool" })),
    ],
    structures: [
      ...hosts.map((name) => structure(name, { site: "region", ...built })),
      ...names.map((name, at) => structure(name, at % 2 === 0 ? {} : { site: "region" })),
    ],
    complexes: [complex("pool", { site: "region", members: hosts, capacity: { foundations: 1 } })],
    dependencies: names
      .filter((_, at) => at % 10 === 0)
      .map((name) => dependency(`d-${name}`, { foundation: name, structure: "host1", ...built })),
  };
  await database.transaction((tx) => inventory.write(tx, TENANT, inserting(rows)));
}

async function passes(database: Database, inventory: InventoryStore): Promise<readonly Measurement[]> {
  const cold = performance.now();
  decide(foremanView(await inventory.snapshot(TENANT)));
  const first = performance.now() - cold;
  const text = JSON.stringify(await storedRows(database));
  const parsing = percentile(await repeated(() => JSON.parse(text)), 50);
  const whole: number[] = [];
  for (let pass = 0; pass < PASSES; pass += 1) {
    const snapshot = await inventory.snapshot(TENANT);
    // As after the end of a job: one row is another one.
    const { id } = snapshot.foundations.get("s1")!;
    await database.transaction((tx) => inventory.changeBuild(tx, "foundation", id, null, { stale: pass % 2 === 0 }));
    const begun = performance.now();
    const { waiting } = decide(foremanView(await inventory.snapshot(TENANT)));
    whole.push(performance.now() - begun);
    if (waiting.size < COUNT / 2) throw new Error("they were to wait");
  }
  return [
    measured(
      `a pass over ${COUNT.toLocaleString("en")} structures that wait, read for the first time`,
      "ms",
      first,
      parsing,
      ROWS,
      1000,
    ),
    measured(`a pass over them after one job has ended`, "ms", percentile(whole, 50), parsing, ROWS, 1000),
  ];
}

/** A job for each of them, until all are there; nobody does them. */
async function started(database: Database, inventory: InventoryStore): Promise<readonly Measurement[]> {
  const [clock, random, log] = [systemClock, systemRandom, silentLogger()];
  const bus = createInProcessBus(log);
  const events = createEventStream({ database, bus, clock, random });
  const jobs = createJobs({ database, bus, events, clock, random, log, language: tscript });
  const { sites, complexes } = await inventory.snapshot(TENANT);
  await database.transaction(async (tx) => {
    const [lab, pool] = [sites.get("lab")!, complexes.get("pool")!];
    const { insert, update } = inserting({});
    const open = { ...pool, capacity: {}, version: pool.version + 1 };
    const free = { ...lab, maxJobs: null, version: lab.version + 1 };
    await inventory.write(tx, TENANT, { insert, update: { ...update, sites: [free], complexes: [open] } });
  });
  const foreman = createForeman({
    database,
    tenantId: TENANT,
    inventory,
    store: createForemanStore(database),
    jobs: jobs.service,
    events,
    bus,
    clock,
    log,
    secrets: { find: () => Promise.resolve(undefined) },
    foundationRemoved: () => Promise.resolve(),
  });
  const begun = performance.now();
  foreman.start();
  for (;;) {
    const { foundations } = await inventory.snapshot(TENANT);
    if ([...foundations.values()].every(({ state }) => state !== "planned")) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const value = performance.now() - begun;
  await foreman.stop();
  const rows = await storedRows(database);
  const again = performance.now();
  await database.transaction((tx) =>
    database.bulkInsert(tx, {
      table: "foreman_service",
      columns: ["job_id", "name", "state"],
      rows: rows.slice(0, COUNT).map((row, at) => [`job${at}`, "row", JSON.stringify(row)]),
    }),
  );
  const raw = performance.now() - again;
  await bus.close();
  const name = `${COUNT.toLocaleString("en")} jobs started`;
  return [measured(name, "ms", value, raw, "as many raw rows")];
}

async function storedRows(database: Database): Promise<readonly unknown[]> {
  const { kysely } = database;
  const foundations = await kysely.selectFrom("foundation").selectAll().execute();
  return [...foundations, ...(await kysely.selectFrom("structure").selectAll().execute())];
}

async function repeated(work: () => unknown): Promise<readonly number[]> {
  const times: number[] = [];
  for (let pass = 0; pass < PASSES; pass += 1) {
    const begun = performance.now();
    work();
    times.push(performance.now() - begun);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return times;
}

/**
 * The job engine with durable commits, on a file on the disk: jobs of ten calls, verbs in batches, and whether a turn costs more when many
 * other jobs are there. Beside each stands the same number of result rows written by node:sqlite alone.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/kernel/clock.ts";
import { eventMigrations } from "../src/platform/events/index.ts";
import { migrate, openDatabase } from "../src/platform/database/index.ts";
import type { Database } from "../src/platform/database/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { jobMigrations } from "../src/jobs/index.ts";
import type { ProgramSource } from "../src/jobs/index.ts";
import { startExecutor } from "../src/jobs/testing/executor.ts";
import { createWorld, script } from "../src/jobs/testing/world.ts";
import type { World } from "../src/jobs/testing/world.ts";
import { measured, type Measurement } from "../scripts/measurement.ts";

const JOBS = 1_000;
const CALLS = 10;
const VERBS = 100_000;
const VERB_JOBS = 100;
/** Rows a transaction in the baseline, as DESIGN.md measured them. */
const GROUP = 100;

const postgres = process.env["GANTRY_BENCH_POSTGRES"];

interface Place {
  readonly name: string;
  open(): Promise<Database>;
}

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function withWorld<Result>(place: Place, work: (world: World) => Promise<Result>): Promise<Result> {
  const database = await place.open();
  await migrate(database, [...eventMigrations, ...jobMigrations], systemClock);
  const world = createWorld(database, systemClock);
  const executor = startExecutor({ tasks: world.jobs.tasks, functions: { noop: () => null }, slots: 1_000 });
  await world.jobs.start();
  try {
    return await work(world);
  } finally {
    await executor.stop();
    await world.close();
    await database.close();
  }
}

/** Milliseconds from the creation of the jobs to the end of the last. */
async function timeOf(world: World, program: ProgramSource, count: number): Promise<number> {
  const start = performance.now();
  const before = world.host.ended.length;
  await world.create(program, count);
  await ended(world, before + count);
  const took = performance.now() - start;
  const bad = world.host.ended.find((one) => one.outcome.status !== "done");
  if (bad !== undefined)
    throw new Error(`a job of the benchmark ended ${bad.outcome.status}: ${bad.outcome.failure?.message}`);
  return took;
}

async function ended(world: World, count: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const stop = world.bus.subscribe("events", () => {
      if (world.host.ended.length < count) return;
      stop();
      resolve();
    });
  });
}

/** Milliseconds to write result rows with node:sqlite alone, `group` rows a commit. */
function rawRows(folder: string, rows: number, group: number): number {
  const database = new DatabaseSync(join(folder, `raw-${group}.db`));
  database.exec(
    "pragma journal_mode = wal; pragma synchronous = full; create table result (task text, item integer, outcome text, value text, primary key (task, item))",
  );
  const insert = database.prepare("insert into result values (?, ?, ?, ?)");
  const start = performance.now();
  for (let row = 0; row < rows;) {
    database.exec("begin immediate");
    for (let one = 0; one < group && row < rows; one += 1, row += 1)
      insert.run("0198c0de-0000-7000-8000-000000000000", row, "done", "null");
    database.exec("commit");
  }
  const took = performance.now() - start;
  database.close();
  return took;
}

const calls = script(Array.from({ length: CALLS }, (_, value) => `toy.noop( value=${value} )`).join("\n"));
const noop = { module: "toy", function: "noop", parameters: {} };
const verbs: ProgramSource = {
  kind: "verbs",
  name: "verbs",
  verbs: { verbs: Array.from({ length: VERBS / VERB_JOBS }, () => noop) },
};

/** Milliseconds of one job of ten calls, alone at work, the fastest of a few. */
async function oneJob(world: World): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < 10; round += 1) best = Math.min(best, await timeOf(world, calls, 1));
  return best;
}

/** One job's time beside few other jobs and beside many, which all wait for a time that is far away. */
async function besideOthers(place: Place, few: number, many: number): Promise<readonly [number, number]> {
  return withWorld(place, async (world) => {
    const sleeping = script("delay( hours=1 )");
    await world.create(sleeping, few);
    const alone = await oneJob(world);
    await world.create(sleeping, many - few);
    await world.reach((await world.create(calls))[0]!.id, "done");
    return [alone, await oneJob(world)];
  });
}

export async function run(): Promise<readonly Measurement[]> {
  return inFolder(async (folder) => {
    let count = 0;
    const open = (url: string) => openDatabase(url, { clock: systemClock, log: silentLogger() });
    const sqlite: Place = { name: "SQLite", open: () => open(join(folder, `${(count += 1)}.db`)) };
    const results: Measurement[] = [];
    const grouped = rawRows(folder, JOBS * CALLS, GROUP);
    const single = rawRows(folder, JOBS * CALLS, 1);
    const groupedVerbs = rawRows(folder, VERBS, GROUP * 10);
    const tenCalls = await withWorld(sqlite, (world) => timeOf(world, calls, JOBS));
    results.push(
      measured(
        "1,000 jobs of 10 tasks, SQLite",
        "ms",
        tenCalls,
        grouped,
        "their 10,000 result rows alone, 100 a commit",
        15_000,
      ),
      measured(
        "1,000 jobs of 10 tasks, SQLite",
        "ms",
        tenCalls,
        single,
        "their 10,000 result rows alone, one a commit",
      ),
    );
    const manyVerbs = await withWorld(sqlite, (world) => timeOf(world, verbs, VERB_JOBS));
    results.push(
      measured(
        "100,000 verbs in 100 jobs, SQLite",
        "ms",
        manyVerbs,
        groupedVerbs,
        "their 100,000 result rows alone, 1,000 a commit",
        10_000,
      ),
    );
    const [few, many] = await besideOthers(sqlite, 10, 10_000);
    results.push(
      measured("one job of 10 tasks beside 10,000 others, SQLite", "ms", many, few, "the same beside 10 others"),
    );
    if (postgres !== undefined) {
      const place: Place = { name: "PostgreSQL", open: () => open(postgres) };
      results.push(
        measured(
          "1,000 jobs of 10 tasks, PostgreSQL",
          "ms",
          await withWorld(place, (world) => timeOf(world, calls, JOBS)),
          tenCalls,
          "the same on SQLite",
        ),
        measured(
          "100,000 verbs in 100 jobs, PostgreSQL",
          "ms",
          await withWorld(place, (world) => timeOf(world, verbs, VERB_JOBS)),
          manyVerbs,
          "the same on SQLite",
        ),
      );
    }
    return results;
  });
}

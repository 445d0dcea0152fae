import fc from "fast-check";
import { expect, it } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import type { Json } from "../kernel/json.ts";
import type { OpenEmptyDatabase } from "../platform/database/index.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { ENGINE_LIMITS } from "./engine.ts";
import { jobMigrations } from "./index.ts";
import { crashingDatabase } from "./testing/crash.ts";
import type { CrashPoint } from "./testing/crash.ts";
import { createJournalExecutor } from "./testing/journal-executor.ts";
import { createWorld, script, TENANT } from "./testing/world.ts";

/** Random programs: a database is made for each. */
const RUNS = 30;

type Step =
  | { readonly kind: "call"; readonly value: number }
  | { readonly kind: "ask"; readonly value: number }
  | { readonly kind: "loop"; readonly times: number; readonly value: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("call" as const), value: fc.nat(100) }),
  fc.record({ kind: fc.constant("ask" as const), value: fc.nat(100) }),
  fc.record({ kind: fc.constant("loop" as const), times: fc.integer({ min: 1, max: 3 }), value: fc.nat(100) }),
);

const crash: fc.Arbitrary<CrashPoint> = fc.record({
  transaction: fc.integer({ min: 1, max: 14 }),
  committed: fc.boolean(),
});

function textOf(steps: readonly Step[]): string {
  const lines = steps.flatMap((one) => {
    if (one.kind === "call") return [`total = ( total + toy.add( value=${one.value} ) )`];
    if (one.kind === "ask") return [`total = ( total + here.ask( value=${one.value} ) )`, "config.seen = total"];
    const body = `begin()\n  total = ( total + toy.add( value=${one.value} ) )\n  round = ( round + 1 )\nend`;
    return ["round = 0", `while ( round < ${one.times} ) do ${body}`];
  });
  return ["total = 0", ...lines, "config.total = total"].join("\n");
}

/** What the calls of a program are called with, in order, and what comes out. */
function expectedOf(steps: readonly Step[]): { readonly calls: readonly number[]; readonly total: number } {
  const calls = steps.flatMap((one) => {
    if (one.kind === "ask") return [];
    return Array.from({ length: one.kind === "loop" ? one.times : 1 }, () => one.value);
  });
  const asked = steps.reduce((sum, one) => sum + (one.kind === "ask" ? one.value : 0), 0);
  return { calls, total: asked + calls.reduce((sum, value) => sum + value + 1, 0) };
}

function addOne(parameters: Json): Json {
  return (parameters as { value: number }).value + 1;
}

/** Returns how often a server died. */
async function runThroughCrashes(
  open: OpenEmptyDatabase,
  programs: readonly (readonly Step[])[],
  crashes: readonly CrashPoint[],
): Promise<number> {
  let deaths = 0;
  const database = await open([...eventMigrations, ...jobMigrations]);
  const clock = manualClock(1_000);
  const executor = createJournalExecutor(addOne);
  const first = createWorld(database, clock);
  const jobs = await Promise.all(programs.map(async (steps) => (await first.create(script(textOf(steps))))[0]!));
  const totals = new Map<string, Json>();
  for (const point of [...crashes, undefined]) {
    const crashing = point === undefined ? undefined : crashingDatabase(database, point);
    const world = createWorld(crashing?.database ?? database, clock);
    world.host.write = async (_tx, job, writes) => {
      for (const one of writes) if (one.name === "total") totals.set(job.id, one.value);
    };
    void world.jobs.start();
    executor.connect(world.jobs.tasks);
    const crashed = crashing?.crashed ?? new Promise<never>(() => {});
    const all = Promise.all(jobs.map((job) => world.reach(job.id, "done")));
    if ((await Promise.race([all, crashed])) === "crashed") {
      deaths += 1;
      // On PostgreSQL the jobs it had in hand are its own until its lease runs out.
      clock.advance(ENGINE_LIMITS.lease);
      continue;
    }
    // It may still die while it closes.
    await Promise.race([executor.disconnect().then(() => world.close()), crashed]);
    break;
  }
  for (const [index, job] of jobs.entries()) {
    const expected = expectedOf(programs[index]!);
    expect(totals.get(job.id)).toBe(expected.total);
    const tasks = await first.jobs.service.tasks(job.id, { after: null, limit: 500 });
    expect(tasks.map((one) => one.status)).toEqual(expected.calls.map(() => "done"));
    const done = new Set(tasks.map((one) => one.id));
    const values = executor.ledger
      .filter((one) => done.has(one.task))
      .map((one) => (one.parameters as { value: number }).value);
    expect(values).toEqual(expected.calls);
    const log = await first.jobs.service.log(job.id, { after: 0, limit: 500 });
    expect(log.map((one) => one.sequence)).toEqual(log.map((_, place) => place + 1));
    expect(log.filter((one) => one.kind === "result")).toHaveLength(expected.calls.length);
    expect((await first.jobs.service.get(TENANT, job.id)).status).toBe("done");
  }
  expect(executor.ledger).toHaveLength(programs.reduce((sum, steps) => sum + expectedOf(steps).calls.length, 0));
  await first.close();
  // Each program has a database of its own, and PostgreSQL has connections for a few of them.
  await database.close();
  return deaths;
}

/** Whatever a job does, and wherever servers die on the way, it ends as it would have without: each call has one accepted result. */
export function restartSuite(open: OpenEmptyDatabase): void {
  it("jobs end the same wherever servers die", async () => {
    const programs = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), { minLength: 1, maxLength: 3 });
    const crashes = fc.array(crash, { maxLength: 8 });
    let deaths = 0;
    const property = fc.asyncProperty(programs, crashes, async (all, points) => {
      deaths += await runThroughCrashes(open, all, points);
    });
    await fc.assert(property, { numRuns: RUNS });
    // Most points are reached: the test would be empty otherwise.
    expect(deaths).toBeGreaterThan(RUNS);
  });
}

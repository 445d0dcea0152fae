import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import type { ManualClock } from "../kernel/clock.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { jobMigrations } from "./index.ts";
import type { Job, ProgramSource } from "./index.ts";
import { readerOf } from "./sql.ts";
import { startExecutor } from "./testing/executor.ts";
import { createTestHost } from "./testing/host.ts";
import { createWorld, script, TENANT } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

const START = 1_000_000;
const CALLING = script("xx = toy.add( value=1 )");

/** What becomes of old jobs on every database. */
export function pruneSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let world: World;

  beforeEach(async () => {
    database = await open([...eventMigrations, ...jobMigrations]);
    clock = manualClock(START);
    world = createWorld(database, clock);
    world.jobs.registerHost("other", createTestHost());
    await world.jobs.start();
    onTestFinished(() => world.close());
    const executor = startExecutor({
      tasks: world.jobs.tasks,
      functions: {
        async add(_parameters, { assignment }) {
          const data = Buffer.from("said");
          await world.jobs.tasks.report(
            { id: "executor" },
            { output: [{ task: assignment.task, attempt: 1, stream: "stdout", sequence: 0, data }] },
          );
          return 1;
        },
      },
    });
    onTestFinished(() => executor.stop());
  });

  async function create(name: string, program: ProgramSource = CALLING, host = "test"): Promise<Job> {
    const target =
      name === ""
        ? ({ kind: "none", id: null, name: "nothing" } as const)
        : ({ kind: "node", id: name, name } as const);
    const [job] = await database.transaction((tx) =>
      world.jobs.service.create(tx, [{ tenantId: TENANT, host, program, target }]),
    );
    return job!;
  }

  async function done(name: string, program?: ProgramSource, host?: string): Promise<Job> {
    return world.reach((await create(name, program, host)).id, "done");
  }

  async function left(): Promise<readonly string[]> {
    const jobs = await world.jobs.service.list({ tenantId: TENANT }, { before: null, limit: 1000 });
    return jobs.map(({ id }) => id).toSorted();
  }

  async function rowsLeft(): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    for (const table of ["job_log", "task", "task_item", "task_output", "task_output_size"]) {
      const rows = await readerOf(database).rows<{ readonly id: string }>(
        `SELECT ${table === "job_log" ? "job_id" : table === "task" ? "job_id" : "task_id"} AS id FROM ${table}`,
      );
      counts[table] = new Set(rows.map(({ id }) => id)).size;
    }
    return counts;
  }

  describe("old jobs", () => {
    it("go with their logs, tasks and output; the latest of each target stays, and what has not ended", async () => {
      const [old, nobodys] = [await done("web1"), await done("")];
      const latest = await done("web1");
      const otherHost = await done("web1", CALLING, "other");
      const waiting = await create("", script("delay( seconds=30 )"));
      await world.reach(waiting.id, "waiting");
      const batch = await done("", {
        kind: "verbs",
        name: "verbs",
        verbs: { verbs: [1, 2].map((value) => ({ module: "toy", function: "add", parameters: { value } })), batch: 2 },
      });
      expect(await rowsLeft()).toMatchObject({ job_log: 6, task: 5, task_item: 1, task_output: 5 });
      expect(await world.jobs.prune(START)).toBe(0);
      clock.advance(10);
      const recent = await done("");

      expect(await world.jobs.prune(START + 10)).toBe(3);
      expect(await left()).toEqual([latest.id, otherHost.id, waiting.id, recent.id].toSorted());
      expect(await rowsLeft()).toEqual({ job_log: 4, task: 3, task_item: 0, task_output: 3, task_output_size: 3 });
      for (const { id } of [old, nobodys, batch])
        await expect(world.jobs.service.get(TENANT, id)).rejects.toThrow("there is no job");
      expect(await world.jobs.prune(START + 10)).toBe(0);
    });

    it("go by the hundreds, each once, also when two servers remove them", async () => {
      const made = await world.create(script("aa = 1"), 250);
      for (const { id } of made) await world.reach(id, "done");
      clock.advance(1);
      const removed = await Promise.all([world.jobs.prune(START + 1), world.jobs.prune(START + 1)]);
      expect(removed[0]! + removed[1]!).toBe(250);
      expect(await left()).toEqual([]);
    });
  });
}

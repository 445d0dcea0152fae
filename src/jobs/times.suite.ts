import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ManualClock } from "../kernel/clock.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { remainingOf } from "./index.ts";
import type { Assignment, Executor, TaskDraft } from "./index.ts";
import { eventually } from "./testing/eventually.ts";
import { startExecutor } from "./testing/executor.ts";
import { createWorld, script, TENANT, startWorld } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

const LEASE = 60_000;
const HOUR = 3_600_000;
const WORKER: Executor = { id: "w", session: "one", modules: { toy: 5 }, siteIds: "all", tenantId: null };

/** What takes its time: limits of blocks, estimates, leases and time-outs when the clock jumps. */
export function timesSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let world: World;

  beforeEach(async () => {
    ({ database, clock, world } = await startWorld(open, 10 * HOUR, { taskLease: LEASE }));
  });

  async function create(text: string): Promise<string> {
    return (await world.create(script(text)))[0]!.id;
  }

  async function remaining(id: string): Promise<number | null> {
    return remainingOf(await world.jobs.service.get(TENANT, id), clock.now());
  }

  async function claimed(): Promise<Assignment> {
    let all: readonly Assignment[] = [];
    await eventually(async () => (all = await world.jobs.tasks.claim(WORKER)).length).toBe(1);
    return all[0]!;
  }

  /** Moves time on as it goes by: what falls due has its turn. */
  async function pass(milliseconds: number): Promise<void> {
    for (let left = milliseconds; left > 0; left -= 1_000) {
      clock.advance(Math.min(1_000, left));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  describe("a block that takes longer than its max_time", () => {
    it("pauses its job, and what it waited for counts when it goes on", async () => {
      const id = await create('begin( description="Build", max_time=0:20 )\n  config.seen = toy.slow()\nend');
      const task = await claimed();
      await world.jobs.tasks.started(WORKER, [task]);
      clock.advance(20_000);
      expect((await world.jobs.service.get(TENANT, id)).status).toBe("waiting");
      clock.advance(1);
      expect(await world.reach(id, "paused")).toMatchObject({ message: "Max Time Elapsed", line: 2 });
      await world.jobs.tasks.report(WORKER, {
        results: [{ task: task.task, attempt: 1, outcome: "done", value: "late" }],
      });
      await world.jobs.service.resume(TENANT, id);
      await world.reach(id, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: "late" }]);
    });
  });

  describe("the time a job has still before it", () => {
    it("is that of the blocks before it, as they say", async () => {
      const block = (time: string, call: string) => `begin( expected_time=${time} )\n  ${call}\nend`;
      const id = await create([block("10:00", "toy.slow()"), "aa = 1", block("5:00", "toy.slow()")].join("\n"));
      const first = await claimed();
      expect(await remaining(id)).toBe(15 * 60_000);
      clock.advance(30_000);
      expect(await remaining(id)).toBe(14.5 * 60_000);
      await world.jobs.tasks.started(WORKER, [first]);
      await world.jobs.tasks.report(WORKER, {
        results: [{ task: first.task, attempt: 1, outcome: "done", value: null }],
      });
      await claimed();
      expect(await remaining(id)).toBe(5 * 60_000);
      clock.advance(6 * 60_000);
      expect(await remaining(id)).toBeNull();
    });

    it("is else what earlier jobs of its program took, less what it has had", async () => {
      const text = "delay( minutes=10 )";
      for (const long of [600_000, 600_000]) {
        const id = await create(text);
        await world.reach(id, "waiting");
        expect(await remaining(id)).toBe(world.host.ended.length === 0 ? null : 600_000);
        clock.advance(long);
        await world.reach(id, "done");
      }
      const id = await create(text);
      await world.reach(id, "waiting");
      clock.advance(240_000);
      expect(await remaining(id)).toBe(360_000);
      await world.jobs.service.pause(TENANT, id);
      await world.reach(id, "paused");
      expect(await remaining(id)).toBeNull();
    });
  });

  describe("when the clock jumps", () => {
    async function begun(more: Partial<TaskDraft> = {}): Promise<readonly [string, Assignment]> {
      world.host.draft = (_, draft) => ({ ...draft, timeout: 120_000, ...more });
      const id = await create("config.seen = toy.slow()");
      const task = await claimed();
      await world.jobs.tasks.started(WORKER, [task]);
      return [id, task];
    }

    for (const [way, by] of [
      ["forwards", HOUR],
      ["backwards", -HOUR],
    ] as const) {
      it(`${way} by an hour, no lease and no time-out runs out that should not`, async () => {
        const [id, task] = await begun();
        await pass(5_000);
        clock.jump(by);
        await pass(10_000);
        await world.jobs.tasks.renew(WORKER);
        await pass(50_000);
        expect((await world.jobs.service.tasks(id, { after: null, limit: 9 }))[0]!.status).toBe("started");
        await world.jobs.tasks.report(WORKER, {
          results: [{ task: task.task, attempt: 1, outcome: "done", value: 1 }],
        });
        await world.reach(id, "done");
      });

      it(`${way} by an hour, an executor that is gone is still noticed`, async () => {
        const [id] = await begun();
        await pass(5_000);
        clock.jump(by);
        // Time goes on until it is: its lease begins anew when the jump has been noticed.
        await eventually(async () => {
          clock.advance(1_000);
          return (await world.jobs.service.get(TENANT, id)).failure;
        }).toMatchObject({ code: "task_interrupted" });
        expect((await world.jobs.service.get(TENANT, id)).status).toBe("failed");
      });
    }

    it("backwards, what was to be done at once is done at once", async () => {
      const waiting = await create("toy.slow()");
      await eventually(async () => (await world.jobs.service.tasks(waiting, { after: null, limit: 9 })).length).toBe(1);
      clock.jump(-HOUR);
      await pass(10_000);
      const task = await claimed();
      await world.jobs.tasks.started(WORKER, [task]);
      await world.jobs.tasks.report(WORKER, { results: [{ task: task.task, attempt: 1, outcome: "done", value: 1 }] });
      expect((await world.reach(waiting, "done")).percent).toBe(100);
    });
  });

  describe("a long script", () => {
    it("of 100,000 steps goes on across turns, and others have theirs meanwhile", async () => {
      const id = await create("at = 0\nwhile ( at < 25000 ) do at = ( at + 1 )\nconfig.seen = at");
      const other = await create("config.other = 1");
      await world.reach(other, "done");
      await world.reach(id, "done");
      expect(world.host.written.at(-1)).toEqual({ name: "seen", value: 25_000 });
    });

    it("that is changed while its job runs keeps its version, and the next job has the new one", async () => {
      const executor = startExecutor({ tasks: world.jobs.tasks, functions: { add: () => 1 } });
      onTestFinished(() => executor.stop());
      const old = await create("delay( hours=1 )\nconfig.seen = 1");
      await world.reach(old, "waiting");
      const changed = await create("config.seen = 2");
      await world.reach(changed, "done");
      await world.close();
      world = createWorld(database, clock, { taskLease: LEASE });
      await world.jobs.start();
      clock.advance(HOUR);
      await world.reach(old, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: 1 }]);
      const [one, two] = await Promise.all([old, changed].map((id) => world.jobs.service.get(TENANT, id)));
      expect(one!.programName).toBe(two!.programName);
      expect(one!.programHash).not.toBe(two!.programHash);
    });
  });
}

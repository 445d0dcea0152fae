import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ManualClock } from "../kernel/clock.ts";
import type { Json } from "../kernel/json.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import type { Assignment, Executor, Job, OutputChunk, TaskDraft, TaskStatus } from "./index.ts";
import { OUTPUT_KEPT } from "./output-store.ts";
import { eventually } from "./testing/eventually.ts";
import { createWorld, script, TENANT, startWorld } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

const LEASE = 60_000;

/** What executors are served with: leases, attempts, results that count once, output. */
export function tasksSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let world: World;

  beforeEach(async () => {
    ({ database, clock, world } = await startWorld(open, 1_000_000, { taskLease: LEASE }));
  });

  function worker(name = "worker", more: Partial<Executor> = {}): Executor {
    return { id: name, session: "one", modules: { toy: 10 }, siteIds: "all", tenantId: null, ...more };
  }

  /** A job whose first task is ready. */
  async function ready(more: Partial<TaskDraft> = {}, text = "config.seen = toy.add( value=1 )"): Promise<Job> {
    world.host.draft = (_, draft) => ({ ...draft, ...more });
    const [job] = await world.create(script(text));
    await eventually(async () => (await tasksOf(job!)).length).toBe(1);
    return job!;
  }

  async function claimed(executor = worker()): Promise<Assignment> {
    const assignments = await world.jobs.tasks.claim(executor);
    expect(assignments).toHaveLength(1);
    return assignments[0]!;
  }

  async function begun(executor = worker()): Promise<Assignment> {
    const assignment = await claimed(executor);
    expect(await world.jobs.tasks.started(executor, [assignment])).toEqual({ granted: [assignment], refused: [] });
    return assignment;
  }

  function tasksOf(job: Job) {
    return world.jobs.service.tasks(job.id, { after: null, limit: 100 });
  }

  async function statusOf(job: Job): Promise<TaskStatus> {
    return (await tasksOf(job)).at(-1)!.status;
  }

  function done(assignment: Assignment, value: Json = 1) {
    return { task: assignment.task, attempt: assignment.attempt, outcome: "done" as const, value };
  }

  describe("a ready task", () => {
    it("is given once, oldest first, up to the free slots of each module", async () => {
      await world.create(script("toy.add()"), 5);
      await eventually(
        async () => (await world.jobs.tasks.claim(worker("one", { modules: { toy: 0, other: 9 } }))).length,
      ).toBe(0);
      const jobs = await world.jobs.service.list({ tenantId: TENANT }, { before: null, limit: 10 });
      await eventually(async () => (await Promise.all(jobs.map(tasksOf))).flat().length).toBe(5);
      const [first, second] = await Promise.all([
        world.jobs.tasks.claim(worker("one", { modules: { toy: 3 } })),
        world.jobs.tasks.claim(worker("two", { modules: { toy: 3 } })),
      ]);
      expect([first.length, second.length].sort()).toEqual([2, 3]);
      const ids = (await Promise.all(jobs.map(tasksOf))).flat().map((one) => one.id);
      expect([...first, ...second].map((one) => one.task).sort()).toEqual(ids.sort());
    });

    it("goes only where it is routed to", async () => {
      const job = await ready({ route: { agentId: "agent 7" } });
      expect(await world.jobs.tasks.claim(worker())).toEqual([]);
      expect(await world.jobs.tasks.claim(worker("other", { siteIds: [], agentId: "agent 8" }))).toEqual([]);
      expect(await claimed(worker("agent 7", { siteIds: [], agentId: "agent 7" }))).toMatchObject({
        jobId: job.id,
        attempt: 1,
        module: "toy",
      });
      await ready({ route: { siteId: "site 1" } });
      expect(await world.jobs.tasks.claim(worker("w2", { siteIds: ["site 2", "site 3"] }))).toEqual([]);
      await claimed(worker("w1", { siteIds: ["site 2", "site 1"] }));
    });

    it("that nobody takes in time ends as unreachable", async () => {
      const job = await ready({ reachWithin: 5_000 });
      clock.advance(5_000);
      const failed = await world.reach(job.id, "failed");
      expect(failed.failure).toMatchObject({ code: "task_unreachable" });
      expect(await statusOf(job)).toBe("unreachable");
    });

    it("is not blamed for the time in which there was no server to take it from", async () => {
      const job = await ready({ reachWithin: 5_000 });
      await world.jobs.stop();
      clock.advance(60_000);
      await world.jobs.start();
      clock.advance(4_999);
      // The server looks after it first, and on PostgreSQL holds its row meanwhile.
      await eventually(async () => (await world.jobs.tasks.claim(worker())).length).toBe(1);
      expect(await statusOf(job)).toBe("leased");
    });

    it("is told to whoever listens", async () => {
      const told: unknown[] = [];
      onTestFinished(world.jobs.tasks.onReady((routes) => told.push(...routes)));
      await ready({ route: { siteId: "site 1" } });
      await eventually(() => told.length).toBe(1);
      expect(told).toEqual([{ module: "toy", route: { siteId: "site 1" } }]);
    });
  });

  describe("a result", () => {
    it("counts once, however often it is sent", async () => {
      const job = await ready({}, "config.seen = toy.add( value=1 )\nconfig.again = toy.add( value=2 )");
      const assignment = await begun();
      const twice = [done(assignment, 5), done(assignment, 6)];
      await world.jobs.tasks.report(worker(), { results: twice });
      await eventually(async () => (await tasksOf(job)).length).toBe(2);
      await world.jobs.tasks.report(worker(), { results: [done(assignment, 7)] });
      expect((await tasksOf(job)).map((one) => one.status)).toEqual(["done", "ready"]);
      expect(world.host.written).toEqual([{ name: "seen", value: 5 }]);
    });

    it("of somebody else, or of an older attempt, changes nothing", async () => {
      const job = await ready({ safeToRepeat: true });
      const first = await begun();
      await world.jobs.tasks.report(worker("stranger"), { results: [done(first)] });
      expect(await statusOf(job)).toBe("started");
      await world.jobs.tasks.reconcile(worker("worker", { session: "two" }), []);
      const second = await claimed(worker("worker", { session: "two" }));
      expect(second).toMatchObject({ task: first.task, key: first.key, attempt: 2, fence: 2 });
      await world.jobs.tasks.report(worker(), { results: [done(first, "old")] });
      expect(await statusOf(job)).toBe("leased");
      await world.jobs.tasks.report(worker(), { results: [done(second, "new")] });
      await world.reach(job.id, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: "new" }]);
    });

    it("of a crash in the middle is tried again where it is safe, but not for ever", async () => {
      const job = await ready({ safeToRepeat: true });
      for (let attempt = 1; attempt <= 5; attempt += 1) {
        const assignment = await begun();
        expect(assignment.attempt).toBe(attempt);
        await world.jobs.tasks.report(worker(), {
          results: [{ task: assignment.task, attempt, outcome: "interrupted" }],
        });
      }
      const failed = await world.reach(job.id, "failed");
      expect(failed.failure).toMatchObject({ code: "task_interrupted" });
      expect(failed.failure!.message).toContain("tried 5 times");
    });
  });

  describe("a lease that runs out", () => {
    it("gives back a task that was not begun", async () => {
      await ready();
      const first = await claimed();
      clock.advance(LEASE - 1);
      expect(await world.jobs.tasks.claim(worker("other"))).toEqual([]);
      clock.advance(1);
      await eventually(async () =>
        (await world.jobs.tasks.claim(worker("other"))).map((one) => [one.attempt, one.fence]),
      ).toEqual([[1, 2]]);
      expect(await world.jobs.tasks.started(worker(), [first])).toEqual({ granted: [], refused: [first] });
    });

    it("tries a begun task again where it is safe", async () => {
      const job = await ready({ safeToRepeat: true });
      await begun();
      clock.advance(LEASE);
      await eventually(() => statusOf(job)).toBe("ready");
      expect((await claimed(worker("other"))).attempt).toBe(2);
    });

    it("leaves a begun task interrupted where it is not, and a retry calls again", async () => {
      const job = await ready();
      const first = await begun();
      clock.advance(LEASE);
      const failed = await world.reach(job.id, "failed");
      expect(failed.failure).toMatchObject({ code: "task_interrupted", call: "toy.add" });
      await world.jobs.tasks.report(worker(), { results: [done(first, "late")] });
      expect(await statusOf(job)).toBe("interrupted");
      await world.jobs.service.retry(TENANT, job.id);
      await eventually(() => statusOf(job)).toBe("ready");
      const second = await begun();
      expect(second.task).not.toBe(first.task);
      await world.jobs.tasks.report(worker(), { results: [done(second, "again")] });
      await world.reach(job.id, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: "again" }]);
    });

    it("does not run out while the session shows signs of life", async () => {
      const job = await ready();
      const assignment = await begun();
      for (let beat = 0; beat < 10; beat += 1) {
        clock.advance(LEASE / 4);
        await world.jobs.tasks.renew(worker());
      }
      await world.jobs.tasks.report(worker(), { results: [done(assignment)] });
      await world.reach(job.id, "done");
      expect((await tasksOf(job))[0]).toMatchObject({ status: "done", attempt: 1 });
    });

    it("runs out also when the commit it was to be stored by failed", async () => {
      let full = false;
      const shaky: Database = {
        ...database,
        transaction: (work) =>
          database.transaction(async (tx) => {
            const written = await work(tx);
            if (full) throw new Error("the disk is full");
            return written;
          }),
      };
      await world.jobs.stop();
      const server = createWorld(shaky, clock, { taskLease: LEASE });
      onTestFinished(() => server.close());
      await server.jobs.start();
      const [job] = await server.create(script("toy.add()"));
      await eventually(async () => (await tasksOf(job!)).length).toBe(1);
      full = true;
      await expect(server.jobs.tasks.claim(worker())).rejects.toThrow("the disk is full");
      full = false;
      expect(await server.jobs.tasks.claim(worker())).toHaveLength(1);
      expect(await statusOf(job!)).toBe("leased");
      clock.advance(LEASE);
      await eventually(() => statusOf(job!)).toBe("ready");
    });

    it("does not run out while no server was there to renew it", async () => {
      const job = await ready();
      const assignment = await begun();
      await world.jobs.stop();
      clock.advance(LEASE * 100);
      const second = createWorld(database, clock, { taskLease: LEASE });
      onTestFinished(() => second.close());
      await second.jobs.start();
      await second.jobs.tasks.report(worker(), { results: [done(assignment, "late")] });
      await second.reach(job.id, "done");
      expect(second.host.written).toEqual([{ name: "seen", value: "late" }]);
    });
  });

  it("a task that outlives its time-out is taken for lost, and its executor is told", async () => {
    const job = await ready({ timeout: 10_000 });
    const cancels: unknown[] = [];
    onTestFinished(world.jobs.tasks.onCancel((all) => cancels.push(...all)));
    const assignment = await begun();
    expect(assignment.timeout).toBe(10_000);
    clock.advance(39_999);
    await world.jobs.tasks.renew(worker());
    expect(await statusOf(job)).toBe("started");
    clock.advance(1);
    const failed = await world.reach(job.id, "failed");
    expect(failed.failure!.message).toContain("no result came within its time-out");
    expect(cancels).toEqual([{ task: assignment.task, attempt: 1, executorId: "worker" }]);
  });

  describe("a task to be stopped", () => {
    async function cancelled(job: Job): Promise<void> {
      await world.jobs.service.cancel(TENANT, job.id);
      await eventually(async () => (await world.jobs.service.get(TENANT, job.id)).message).toMatch(
        /cancelling|cancelled/,
      );
    }

    it("is not begun any more, and the job ends", async () => {
      const job = await ready();
      const assignment = await claimed();
      await cancelled(job);
      const { granted, refused } = await world.jobs.tasks.started(worker(), [assignment]);
      expect([granted, refused.map((one) => one.task)]).toEqual([[], [assignment.task]]);
      await world.reach(job.id, "cancelled");
    });

    it("keeps the job from its end for a minute at most", async () => {
      const leased = await ready();
      await claimed();
      const started = await ready();
      await begun();
      for (const job of [leased, started]) await cancelled(job);
      clock.advance(59_999);
      await world.jobs.tasks.renew(worker());
      expect((await world.jobs.service.get(TENANT, started.id)).wish).toBe("cancel");
      clock.advance(1);
      await world.reach(leased.id, "cancelled");
      await world.reach(started.id, "cancelled");
    });
  });

  describe("an executor that comes back", () => {
    it("keeps what it holds, loses what it does not, and is told what to drop", async () => {
      await world.create(script("toy.add()"), 3);
      const jobs = await world.jobs.service.list({ tenantId: TENANT }, { before: null, limit: 10 });
      await eventually(async () => (await Promise.all(jobs.map(tasksOf))).flat().length).toBe(3);
      const [kept, lost, crashed] = await world.jobs.tasks.claim(worker());
      await world.jobs.tasks.started(worker(), [crashed!]);
      const back = worker("worker", { session: "two" });
      const held = [
        { task: kept!.task, attempt: 1, phase: "started" as const },
        { task: "unknown", attempt: 1, phase: "finished" as const },
      ];
      expect(await world.jobs.tasks.reconcile(back, held)).toEqual({ forget: [{ task: "unknown", attempt: 1 }] });
      const all = (await Promise.all(jobs.map(tasksOf))).flat();
      expect(Object.fromEntries(all.map((one) => [one.id, one.status]))).toEqual({
        [kept!.task]: "started",
        [lost!.task]: "ready",
        [crashed!.task]: "interrupted",
      });
    });

    it("is told again what is to be stopped", async () => {
      const job = await ready();
      const assignment = await begun();
      await world.jobs.service.cancel(TENANT, job.id);
      await eventually(async () => (await world.jobs.service.get(TENANT, job.id)).message).toBe("cancelling");
      const cancels: unknown[] = [];
      onTestFinished(world.jobs.tasks.onCancel((all) => cancels.push(...all)));
      await world.jobs.tasks.reconcile(worker("worker", { session: "two" }), [
        { task: assignment.task, attempt: 1, phase: "started" },
      ]);
      await eventually(() => cancels.length).toBe(1);
      expect(cancels).toEqual([{ task: assignment.task, attempt: 1, executorId: "worker" }]);
      await world.jobs.tasks.report(worker(), {
        results: [{ task: assignment.task, attempt: 1, outcome: "interrupted" }],
      });
      await world.reach(job.id, "cancelled");
    });
  });

  describe("a batch", () => {
    const verbs = {
      kind: "verbs" as const,
      name: "verbs",
      verbs: { verbs: [1, 2, 3].map((value) => ({ module: "toy", function: "add", parameters: { value } })) },
    };

    it("that failed in the middle is retried from there", async () => {
      const [job] = await world.create(verbs);
      await eventually(async () => (await tasksOf(job!)).length).toBe(1);
      const first = await begun();
      expect(first.batch).toEqual([1, 2, 3].map((value, item) => ({ item, parameters: { value } })));
      await world.jobs.tasks.report(worker(), {
        results: [
          {
            task: first.task,
            attempt: 1,
            outcome: "failed",
            items: [
              { item: 0, outcome: "done", value: "a" },
              { item: 1, outcome: "failed", error: { message: "exit code 3" } },
            ],
          },
        ],
      });
      const failed = await world.reach(job!.id, "failed");
      expect(failed.failure!.message).toBe("toy.add: exit code 3");
      await world.jobs.service.retry(TENANT, job!.id);
      await eventually(async () => (await tasksOf(job!)).length).toBe(2);
      const second = await begun();
      expect(second.batch).toEqual([2, 3].map((value) => ({ item: value - 1, parameters: { value } })));
      const items = second.batch!.map(({ item }) => ({ item, outcome: "done" as const, value: "b" }));
      await world.jobs.tasks.report(worker(), { results: [{ task: second.task, attempt: 1, outcome: "done", items }] });
      expect(await world.reach(job!.id, "done")).toMatchObject({ percent: 100 });
    });

    it("that keeps going fails at its end, with the first reason", async () => {
      const [job] = await world.create({ ...verbs, verbs: { ...verbs.verbs, keepGoing: true } });
      await eventually(async () => (await tasksOf(job!)).length).toBe(1);
      const task = await begun();
      expect(task.keepGoing).toBe(true);
      const items = task.batch!.map(({ item }) =>
        item === 1
          ? { item, outcome: "failed" as const, error: { message: "exit code 3" } }
          : { item, outcome: "done" as const },
      );
      await world.jobs.tasks.report(worker(), { results: [{ task: task.task, attempt: 1, outcome: "done", items }] });
      const failed = await world.reach(job!.id, "failed");
      expect(failed.failure!.message).toBe("1 of 3 verbs failed: exit code 3");
    });
  });

  describe("output", () => {
    function chunk(assignment: Assignment, sequence: number, text: string | Uint8Array, attempt = 1): OutputChunk {
      return {
        task: assignment.task,
        attempt,
        stream: "stdout",
        sequence,
        data: typeof text === "string" ? Buffer.from(text) : text,
      };
    }

    it("is kept in its order, once, and read in pieces", async () => {
      const job = await ready();
      const assignment = await begun();
      const told: string[] = [];
      onTestFinished(world.jobs.service.onOutput((jobs) => told.push(...jobs)));
      await world.jobs.tasks.report(worker(), { output: [chunk(assignment, 1, "one "), chunk(assignment, 2, "two ")] });
      await world.jobs.tasks.report(worker(), {
        output: [chunk(assignment, 2, "two "), chunk(assignment, 3, "three")],
      });
      await world.jobs.tasks.report(worker("stranger"), { output: [chunk(assignment, 4, "no")] });
      const all = await world.jobs.service.output([{ jobId: job.id, after: null }], 10);
      expect(Buffer.concat(all.map((one) => one.data)).toString()).toBe("one two three");
      const [, second] = all;
      const rest = await world.jobs.service.output([{ jobId: job.id, after: second! }], 10);
      expect(rest.map((one) => Buffer.from(one.data).toString())).toEqual(["three"]);
      await eventually(() => told).toEqual([job.id, job.id]);
    });

    it("of a task that writes without end keeps the beginning and the end, and counts what it dropped", async () => {
      const job = await ready();
      const assignment = await begun();
      const size = 256 * 1024;
      const pieces = (4 * OUTPUT_KEPT) / size;
      for (let index = 0; index < pieces; index += 1) {
        await world.jobs.tasks.report(worker(), {
          output: [chunk(assignment, index, new Uint8Array(size).fill(index))],
        });
      }
      const all = await world.jobs.service.output([{ jobId: job.id, after: null }], 1_000);
      const kept = all.reduce((sum, one) => sum + one.data.byteLength, 0);
      const dropped = all.reduce((sum, one) => sum + one.droppedBefore, 0);
      expect(kept + dropped).toBe(pieces * size);
      expect(kept).toBeGreaterThanOrEqual(2 * OUTPUT_KEPT);
      expect(kept).toBeLessThan(2.2 * OUTPUT_KEPT);
      expect(all[0]!.data[0]).toBe(0);
      expect(all.at(-1)!.data[0]).toBe(pieces - 1);
      expect(all.filter((one) => one.droppedBefore > 0)).toHaveLength(1);
    });
  });

  it("messages of a running task become lines of the job's log", async () => {
    const job = await ready();
    const assignment = await begun();
    await world.jobs.tasks.report(worker(), { messages: [{ ...assignment, text: "pulling the image" }] });
    await world.jobs.tasks.report(worker("stranger"), { messages: [{ ...assignment, text: "no" }] });
    const log = await world.jobs.service.log(job.id, { after: 0, limit: 100 });
    expect(log.at(-1)).toMatchObject({ kind: "message", text: "pulling the image", taskId: assignment.task });
    expect((await world.jobs.service.get(TENANT, job.id)).message).toBe("pulling the image");
    await world.jobs.tasks.report(worker(), { results: [done(assignment)] });
    await world.reach(job.id, "done");
  });
}

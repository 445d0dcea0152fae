import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ManualClock } from "../kernel/clock.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import type { Assignment, Executor, ItemResult, Job, JobStatus, TaskDraft, VerbList } from "./index.ts";
import type { ItemState } from "./items.ts";
import { readerOf } from "./sql.ts";
import { eventually } from "./testing/eventually.ts";
import { TENANT, startWorld } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

const LEASE = 60_000;
const RUN = "0198c0de-0000-7000-8000-000000000001";
const AGENT: Executor = { id: "agent", session: "one", modules: { toy: 10 }, siteIds: "all", tenantId: null };
const BACK: Executor = { ...AGENT, session: "two" };

function verbs(...names: readonly string[]): VerbList["verbs"] {
  return names.map((name, value) => ({ module: "toy", function: name, parameters: { value } }));
}

function done(item: number, changed = false): ItemResult {
  return { item, outcome: "done", value: { changed } };
}

function failed(item: number): ItemResult {
  return { item, outcome: "failed", error: { message: "exit code 3", details: { item } } };
}

/** Lists of verbs: one task, one ending for each verb, whatever happens to whom. */
export function listsSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let world: World;

  beforeEach(async () => {
    ({ database, clock, world } = await startWorld(open, 1_000_000, { taskLease: LEASE }));
  });

  async function create(list: VerbList, more: Partial<TaskDraft> = {}): Promise<Job> {
    world.host.draft = (_, draft) => ({ ...draft, ...more });
    const program = { kind: "verbs", name: "list", verbs: list } as const;
    const target = { kind: "none", id: null, name: "nothing" } as const;
    const [job] = await database.transaction((tx) =>
      world.jobs.service.create(tx, [{ tenantId: TENANT, host: "test", program, target, runId: RUN }]),
    );
    await eventually(async () => (await tasksOf(job!)).length).toBe(1);
    return job!;
  }

  function tasksOf(job: Job) {
    return world.jobs.service.tasks(job.id, { after: null, limit: 100 });
  }

  async function claimed(executor = AGENT): Promise<Assignment> {
    let found: Assignment | undefined;
    await eventually(async () => (found = (await world.jobs.tasks.claim(executor))[0])).toBeDefined();
    return found!;
  }

  async function begun(executor = AGENT): Promise<Assignment> {
    const assignment = await claimed(executor);
    await world.jobs.tasks.started(executor, [assignment]);
    return assignment;
  }

  function told(assignment: Assignment, ...items: readonly ItemResult[]): Promise<void> {
    return world.jobs.tasks.report(AGENT, { items: [{ task: assignment.task, attempt: assignment.attempt, items }] });
  }

  function ended(
    { task, attempt }: Assignment,
    outcome: "done" | "failed" | "interrupted" | "cancelled",
    ...items: readonly ItemResult[]
  ) {
    return world.jobs.tasks.report(AGENT, { results: [{ task, attempt, outcome, items }] });
  }

  /** How each verb of an ended job did; the counts must say the same. */
  async function endings(job: Job, count: number, ...wanted: readonly JobStatus[]): Promise<readonly ItemState[]> {
    await world.reach(job.id, ...wanted);
    const all = await database.transaction((tx) => world.jobs.service.callStates(tx, [{ id: job.id, verbs: count }]));
    const { states } = all.get(job.id)!;
    const [counts] = await countsOf();
    const found = Object.groupBy(states, (state) => state);
    for (const state of ["ok", "changed", "failed", "skipped", "interrupted", "unreachable"] as const)
      expect([state, counts![state]]).toEqual([state, found[state]?.length ?? 0]);
    expect(counts).toMatchObject({ jobId: job.id, total: count });
    return states;
  }

  function countsOf() {
    return world.jobs.service.itemCounts(RUN, { after: null, limit: 10 });
  }

  describe("a list of verbs", () => {
    it("is one task, whatever its functions, with what they share", async () => {
      await create(
        { verbs: verbs("add", "noop", "add") },
        { safeToRepeat: true, shared: { values: { colour: "red" } } },
      );
      const assignment = await begun();
      expect(assignment).toMatchObject({ function: "*", safeToRepeat: true, shared: { values: { colour: "red" } } });
      expect(assignment.batch).toEqual([
        { item: 0, function: "add", parameters: { value: 0 } },
        { item: 1, function: "noop", parameters: { value: 1 } },
        { item: 2, function: "add", parameters: { value: 2 } },
      ]);
    });

    it("of one function names it once, so that any executor understands it", async () => {
      await create({ verbs: verbs("add", "add") });
      const { function: name, batch } = await begun();
      expect([name, batch!.map((one) => one.function)]).toEqual(["add", [undefined, undefined]]);
    });

    it("is over in the commit that takes in how it ended", async () => {
      const job = await create({ verbs: verbs("add", "add") });
      await ended(await begun(), "done", done(0), done(1, true));
      expect(await world.jobs.service.get(TENANT, job.id)).toMatchObject({ status: "done", percent: 100 });
      expect(world.host.ended).toMatchObject([{ job: job.id, outcome: { status: "done" } }]);
      expect((await tasksOf(job))[0]).toMatchObject({ status: "done" });
    });

    it("whose end its host cannot take fails by that, and what was done stays done", async () => {
      const { finished } = world.host;
      world.host.finished = async (tx, job, outcome) => {
        if (outcome.status === "done") throw new Error("no room for it");
        await finished(tx, job, outcome);
      };
      const job = await create({ verbs: verbs("add") });
      await ended(await begun(), "done", done(0));
      expect(await world.reach(job.id, "failed")).toMatchObject({ failure: { message: "no room for it" } });
      expect((await tasksOf(job))[0]).toMatchObject({ status: "done" });
    });

    it("says of each verb whether it may run again where that differs", async () => {
      world.host.draft = (_, draft) => draft;
      await create({ verbs: verbs("add", "noop") });
      const all = await begun();
      expect(all).toMatchObject({ safeToRepeat: false });
      await ended(all, "done", done(0), done(1));
      world.host.draft = (call, draft) => ({
        ...draft,
        batch: call.batch!.map((one) => ({ ...one, safeToRepeat: one.function === "noop" })),
      });
      const program = { kind: "verbs", name: "mixed", verbs: { verbs: verbs("add", "noop") } } as const;
      await world.create(program);
      const mixed = await begun();
      expect(mixed).toMatchObject({ safeToRepeat: false });
      expect(mixed.batch!.map((one) => one.safeToRepeat)).toEqual([undefined, true]);
    });

    it("shows how far it has come while it runs, and counts no word twice", async () => {
      const job = await create({ verbs: verbs("add", "noop", "add", "noop") });
      const heard: string[] = [];
      onTestFinished(world.jobs.service.onOutput((ids) => heard.push(...ids)));
      const list = await begun();
      await told(list, done(0));
      await told(list, done(0, true), done(1, true));
      expect(await world.jobs.service.get(TENANT, job.id)).toMatchObject({ percent: 50, message: "2 of 4" });
      expect(await countsOf()).toMatchObject([{ jobId: job.id, status: "waiting", total: 4, ok: 1, changed: 1 }]);
      await eventually(() => heard.length).toBe(2);
      await ended(list, "done", done(1), done(2), done(3));
      expect(await endings(job, 4, "done")).toEqual(["ok", "changed", "ok", "ok"]);
      const results = await world.jobs.service.callResults([job.id]);
      expect(results.map(({ call, state }) => [call, state])).toEqual([
        [0, "ok"],
        [1, "changed"],
        [2, "ok"],
        [3, "ok"],
      ]);
      expect(await world.jobs.service.callResults([job.id], 1)).toMatchObject([{ call: 1, value: { changed: true } }]);
    });

    it("that is longer than a task goes on in the next, and its verbs keep their numbers", async () => {
      const job = await create({ verbs: verbs("add", "noop", "add", "noop", "add"), batch: 2 });
      for (const items of [[0, 1], [2, 3], [4]]) {
        const list = await begun();
        expect(list.batch!.map(({ item }) => item)).toEqual(items);
        await ended(list, "done", ...items.map((item) => done(item, item === 3)));
      }
      expect(await endings(job, 5, "done")).toEqual(["ok", "ok", "ok", "changed", "ok"]);
    });

    it("says whose output is whose", async () => {
      const job = await create({ verbs: verbs("add", "noop") });
      const { task, attempt } = await begun();
      await world.jobs.tasks.report(AGENT, {
        output: [
          { task, attempt, stream: "stdout", sequence: 0, data: Buffer.from("one"), item: 0 },
          { task, attempt, stream: "stdout", sequence: 1, data: Buffer.from("two"), item: 1 },
        ],
      });
      const pieces = await world.jobs.service.output([{ jobId: job.id, after: null }], 10);
      expect(pieces.map(({ item, data }) => [item, Buffer.from(data).toString()])).toEqual([
        [0, "one"],
        [1, "two"],
      ]);
    });
  });

  describe("each verb of a list ends in one way", () => {
    it("where one fails the rest is skipped, also what no task came to", async () => {
      const job = await create({ verbs: verbs("add", "noop", "fail", "add", "noop"), batch: 4 });
      const list = await begun();
      await told(list, done(0), done(1, true));
      await world.jobs.tasks.report(AGENT, {
        results: [
          {
            task: list.task,
            attempt: 1,
            outcome: "failed",
            error: { message: "exit code 3", details: { item: 2 } },
            items: [failed(2)],
          },
        ],
      });
      expect(await endings(job, 5, "failed")).toEqual(["ok", "changed", "failed", "skipped", "skipped"]);
      const { failure } = await world.jobs.service.get(TENANT, job.id);
      expect(failure).toMatchObject({ message: "toy.fail: exit code 3", call: "toy.fail" });
    });

    it("where it goes on behind failures, so do the tasks that follow", async () => {
      const job = await create({ verbs: verbs("fail", "add", "noop"), batch: 2, keepGoing: true });
      await ended(await begun(), "failed", failed(0), done(1));
      await ended(await begun(), "done", done(2));
      expect(await endings(job, 3, "failed")).toEqual(["failed", "ok", "ok"]);
      expect((await world.jobs.service.get(TENANT, job.id)).failure?.message).toBe("1 of 3 verbs failed: exit code 3");
    });

    it("where its agent cannot do any of them all failed", async () => {
      const job = await create({ verbs: verbs("add", "noop") });
      const { task, attempt } = await begun();
      const error = { message: "no module toy", code: "module_unknown" };
      await world.jobs.tasks.report(AGENT, { results: [{ task, attempt, outcome: "failed", error }] });
      expect(await endings(job, 2, "failed")).toEqual(["failed", "failed"]);
    });

    it("where nobody takes it in time all are unreachable, and no other job waits for it", async () => {
      const job = await create({ verbs: verbs("add", "noop") }, { reachWithin: 5_000 });
      clock.advance(5_000);
      expect(await endings(job, 2, "failed")).toEqual(["unreachable", "unreachable"]);
    });

    it("where its agent crashed the one under way is interrupted", async () => {
      const job = await create({ verbs: verbs("add", "noop", "add") });
      await ended(await begun(), "interrupted", done(0), { item: 1, outcome: "interrupted" });
      expect(await endings(job, 3, "failed")).toEqual(["ok", "interrupted", "skipped"]);
    });

    it("where it is cancelled the one under way is interrupted, and the rest skipped", async () => {
      const job = await create({ verbs: verbs("add", "noop", "add") });
      const list = await begun();
      await told(list, done(0));
      await world.jobs.service.cancel(TENANT, job.id);
      await eventually(async () => (await world.jobs.service.get(TENANT, job.id)).message).toBe("cancelling");
      // The word of an item leaves it at that.
      await told(list, { item: 1, outcome: "cancelled" });
      expect((await world.jobs.service.get(TENANT, job.id)).message).toBe("cancelling");
      await ended(list, "cancelled");
      expect(await endings(job, 3, "cancelled")).toEqual(["ok", "interrupted", "skipped"]);
    });

    it("where it is cancelled before anybody took it all are skipped", async () => {
      const job = await create({ verbs: verbs("add", "noop") });
      await world.jobs.service.cancel(TENANT, job.id);
      expect(await endings(job, 2, "cancelled")).toEqual(["skipped", "skipped"]);
    });

    it("where the server gave it up, what nobody told of is interrupted: its agent may have gone on", async () => {
      const job = await create({ verbs: verbs("add", "noop", "add") });
      const list = await begun();
      await told(list, done(0));
      clock.advance(LEASE);
      expect(await endings(job, 3, "failed")).toEqual(["ok", "interrupted", "interrupted"]);
    });
  });

  describe("a list whose agent was away", () => {
    it("for less than its lease goes on as if nothing had been", async () => {
      const job = await create({ verbs: verbs("add", "noop") });
      const list = await begun();
      await world.jobs.tasks.sessionEnded(AGENT);
      clock.advance(LEASE - 1);
      const { task, attempt } = list;
      expect(await world.jobs.tasks.reconcile(BACK, [{ task, attempt, phase: "started" }])).toEqual({ forget: [] });
      await world.jobs.tasks.report(BACK, { results: [{ task, attempt, outcome: "done", items: [done(0), done(1)] }] });
      expect(await endings(job, 2, "done")).toEqual(["ok", "ok"]);
    });

    it("for longer is told that it comes too late: once, and nothing changes", async () => {
      const job = await create({ verbs: verbs("add", "noop", "add") });
      const list = await begun();
      await told(list, done(0));
      clock.advance(LEASE);
      const before = await endings(job, 3, "failed");
      const { failure, message } = await world.jobs.service.get(TENANT, job.id);
      const { task, attempt } = list;
      expect(await world.jobs.tasks.reconcile(BACK, [{ task, attempt, phase: "started" }])).toEqual({
        forget: [{ task, attempt }],
      });
      for (let word = 0; word < 2; word += 1) {
        await world.jobs.tasks.report(BACK, { items: [{ task, attempt, items: [done(0), done(1)] }] });
        await world.jobs.tasks.report(BACK, { results: [{ task, attempt, outcome: "done", items: [done(2)] }] });
      }
      expect(await endings(job, 3, "failed")).toEqual(before);
      expect(await world.jobs.service.get(TENANT, job.id)).toMatchObject({ failure, message });
      const log = await world.jobs.service.log(job.id, { after: 0, limit: 100 });
      const late = log.filter(({ text }) => text.includes("given up"));
      expect(late.map(({ text }) => text)).toEqual([
        "toy: the executor came back after the task had been given up; this changes nothing: item 1 ended as done",
      ]);
    });

    it("while it was cancelled keeps its job from its end for no longer than any other", async () => {
      const job = await create({ verbs: verbs("add", "noop") });
      const { task, attempt } = await begun();
      await world.jobs.service.cancel(TENANT, job.id);
      await eventually(async () => (await world.jobs.service.get(TENANT, job.id)).message).toBe("cancelling");
      await world.jobs.tasks.reconcile(BACK, [{ task, attempt, phase: "started" }]);
      clock.advance(30_000);
      await world.jobs.tasks.renew(BACK);
      clock.advance(30_000);
      expect(await endings(job, 2, "cancelled")).toEqual(["interrupted", "interrupted"]);
    });

    it("is not given up for as long as what is under way may keep it away", async () => {
      const job = await create(
        { verbs: verbs("add", "start", "add") },
        {
          batch: verbs("add", "start", "add").map((one) => ({
            ...one,
            ...(one.function === "start" ? { safeToRepeat: true, awayFor: 600_000 } : {}),
          })),
        },
      );
      const list = await begun();
      await told(list, done(0));
      clock.advance(LEASE);
      clock.advance(500_000);
      const { task, attempt } = list;
      await eventually(async () => (await world.jobs.service.get(TENANT, job.id)).status).toBe("waiting");
      expect(await world.jobs.tasks.reconcile(BACK, [{ task, attempt, phase: "started" }])).toEqual({ forget: [] });
      clock.advance(100_000);
      await world.jobs.tasks.renew(BACK);
      await world.jobs.tasks.report(BACK, {
        results: [{ task, attempt, outcome: "done", items: [done(1, true), done(2)] }],
      });
      expect(await endings(job, 3, "done")).toEqual(["ok", "changed", "ok"]);
    });

    it("is given up when that has taken too long", async () => {
      const job = await create(
        { verbs: verbs("start", "add") },
        { batch: verbs("start", "add").map((one) => ({ ...one, awayFor: 600_000 })) },
      );
      await begun();
      clock.advance(LEASE);
      await eventually(async () => {
        const [row] = await readerOf(database).rows<{ due_at: number }>("SELECT due_at FROM task");
        return row!.due_at;
      }).toBe(clock.now() + 600_000);
      clock.advance(600_000);
      expect(await endings(job, 2, "failed")).toEqual(["interrupted", "interrupted"]);
    });

    it("is given out again where all of the rest may run again, without what ended", async () => {
      const job = await create({ verbs: verbs("add", "noop", "fail", "add"), keepGoing: true }, { safeToRepeat: true });
      const first = await begun();
      await told(first, done(0, true), failed(1));
      clock.advance(LEASE);
      const second = await begun({ ...AGENT, id: "other" });
      expect([second.attempt, second.batch!.map(({ item }) => item)]).toEqual([2, [2, 3]]);
      await world.jobs.tasks.report(
        { ...AGENT, id: "other" },
        { results: [{ task: second.task, attempt: 2, outcome: "done", items: [done(2), done(3)] }] },
      );
      expect(await endings(job, 4, "failed")).toEqual(["changed", "failed", "ok", "ok"]);
    });

    it("ends as it had ended where only the word of its end was lost", async () => {
      const job = await create({ verbs: verbs("add", "noop") });
      await told(await begun(), done(0), done(1));
      clock.advance(LEASE);
      expect(await endings(job, 2, "done")).toEqual(["ok", "ok"]);
    });

    it("goes on behind an item that was cut off, where it shall and its agent cannot by itself", async () => {
      const job = await create({ verbs: verbs("add", "noop", "add"), keepGoing: true });
      await ended(await begun(), "interrupted", done(0), { item: 1, outcome: "interrupted" });
      const second = await begun();
      expect(second.batch!.map(({ item }) => item)).toEqual([2]);
      await ended(second, "done", done(2));
      expect(await endings(job, 3, "failed")).toEqual(["ok", "interrupted", "ok"]);
    });
  });

  describe("a list of which the rest may be given out again", () => {
    const rest = { outcome: "interrupted", resumable: true } as const;

    it("goes on with what nothing was said of", async () => {
      const job = await create({ verbs: verbs("add", "noop", "add") });
      const { task, attempt } = await begun();
      await world.jobs.tasks.report(AGENT, { results: [{ task, attempt, ...rest, items: [done(0)] }] });
      const second = await begun();
      expect([second.attempt, second.batch!.map(({ item }) => item)]).toEqual([2, [1, 2]]);
      await ended(second, "done", done(1), done(2));
      expect(await endings(job, 3, "done")).toEqual(["ok", "ok", "ok"]);
    });

    it("is given up where it is cut off each time", async () => {
      const job = await create({ verbs: verbs("add", "noop") });
      for (let time = 1; time <= 5; time += 1) {
        const { task, attempt } = await begun();
        await world.jobs.tasks.report(AGENT, { results: [{ task, attempt, ...rest }] });
      }
      expect(await endings(job, 2, "failed")).toEqual(["interrupted", "interrupted"]);
    });

    it("is over where it is cancelled", async () => {
      const job = await create({ verbs: verbs("add", "noop") });
      const { task, attempt } = await begun();
      await world.jobs.service.cancel(TENANT, job.id);
      await world.jobs.tasks.report(AGENT, { results: [{ task, attempt, ...rest, items: [done(0)] }] });
      expect((await endings(job, 2, "cancelled"))[0]).toBe("ok");
    });
  });

  describe("a list that is retried", () => {
    it("does again what failed or was not begun, and nothing else", async () => {
      const job = await create({ verbs: verbs("add", "noop", "add", "noop"), batch: 3 });
      await ended(await begun(), "failed", done(0, true), failed(1));
      expect(await endings(job, 4, "failed")).toEqual(["changed", "failed", "skipped", "skipped"]);
      await world.jobs.service.retry(TENANT, job.id);
      const second = await begun();
      expect(second.batch!.map(({ item }) => item)).toEqual([1, 2]);
      await ended(second, "done", done(1), done(2));
      await ended(await begun(), "done", done(3));
      expect(await endings(job, 4, "done")).toEqual(["changed", "ok", "ok", "ok"]);
    });

    it("the same where it had gone on behind its failures to its end", async () => {
      const job = await create({ verbs: verbs("fail", "add", "noop"), batch: 2, keepGoing: true });
      await ended(await begun(), "failed", failed(0), done(1));
      await ended(await begun(), "done", done(2));
      await world.reach(job.id, "failed");
      await world.jobs.service.retry(TENANT, job.id);
      const again = await begun();
      expect(again.batch!.map(({ item }) => item)).toEqual([0]);
      await ended(again, "done", done(0));
      expect(await endings(job, 3, "done")).toEqual(["ok", "ok", "ok"]);
    });
  });

  it("of a run is removed with all that belongs to it, once it ended", async () => {
    const over = await create({ verbs: verbs("add") });
    await ended(await begun(), "done", done(0));
    await world.reach(over.id, "done");
    const running = await create({ verbs: verbs("add") });
    expect(await world.jobs.service.remove(RUN)).toBe(1);
    await expect(world.jobs.service.get(TENANT, over.id)).rejects.toMatchObject({ code: "job_not_found" });
    expect(await world.jobs.service.callResults([over.id])).toEqual([]);
    expect((await world.jobs.service.get(TENANT, running.id)).status).toBe("waiting");
  });
}

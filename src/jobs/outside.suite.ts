import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import type { ManualClock } from "../kernel/clock.ts";
import type { Json } from "../kernel/json.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { createRedactor } from "../platform/redaction/index.ts";
import type { Job, OutsideTask, TaskDraft } from "./index.ts";
import { eventually } from "./testing/eventually.ts";
import { createWorld, script, TENANT, startWorld } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

const ALICE: Principal = { ...ADMINISTRATOR, kind: "person", name: "alice", accountId: "alice-id", tenantId: TENANT };

/** Tasks that nobody fetches by the link: they wait until the server is told the answer. */
export function outsideSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let world: World;

  beforeEach(async () => {
    ({ database, clock, world } = await startWorld(open, 1_000_000));
  });

  /** A job that waits for a person, unless the draft says something else. */
  async function asked(
    more: Partial<TaskDraft> = {},
    text = "config.seen = toy.add( value=1 )",
  ): Promise<readonly [Job, OutsideTask]> {
    world.host.draft = (_, draft) => ({ ...draft, route: { outside: "person" }, ...more });
    const [job] = await world.create(script(text));
    const outside = more.route !== undefined && "outside" in more.route ? more.route.outside : "person";
    let waiting: readonly OutsideTask[] = [];
    await eventually(async () => {
      waiting = await world.jobs.outside.list({ outside, jobId: job!.id, limit: 10 });
      return waiting.length;
    }).toBe(1);
    return [job!, waiting[0]!];
  }

  function answer(taskId: string, value: Json, by?: Principal): Promise<void> {
    return database.transaction((tx) => world.jobs.outside.answer(tx, { taskId, outcome: "done", value }, by));
  }

  async function lines(job: Job): Promise<readonly string[]> {
    return (await world.jobs.service.log(job.id, { after: 0, limit: 100 })).map((one) => one.text);
  }

  describe("a task of outside", () => {
    it("waits for its answer, whatever executors ask for, and its job goes on with it", async () => {
      const told: unknown[] = [];
      onTestFinished(world.jobs.outside.onReady((outside, ids) => told.push([outside, ids])));
      const ready: unknown[] = [];
      onTestFinished(world.jobs.tasks.onReady((routes) => ready.push(...routes)));
      const [job, task] = await asked();
      expect(task).toEqual({
        taskId: task.taskId,
        jobId: job.id,
        tenantId: TENANT,
        module: "toy",
        function: "add",
        parameters: { value: 1 },
        target: { kind: "none", id: null, name: "nothing" },
        createdAt: 1_000_000,
        expiresAt: null,
      });
      await eventually(() => told).toEqual([["person", [task.taskId]]]);
      expect(ready).toEqual([]);
      const all = { session: "one", modules: { toy: 9 }, siteIds: "all", tenantId: null } as const;
      expect(await world.jobs.tasks.claim({ ...all, id: "worker" })).toEqual([]);
      expect(await world.jobs.tasks.claim({ ...all, id: "agent", agentId: "person" })).toEqual([]);
      await answer(task.taskId, 5, ALICE);
      await world.reach(job.id, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: 5 }]);
      expect(await lines(job)).toContain("toy.add answered by alice: done");
      expect(await world.jobs.outside.list({ outside: "person", limit: 10 })).toEqual([]);
    });

    it("is answered once", async () => {
      const [, task] = await asked();
      const answers = await Promise.allSettled([answer(task.taskId, 1), answer(task.taskId, 2)]);
      expect(answers.map((one) => one.status).sort()).toEqual(["fulfilled", "rejected"]);
      await expect(answer(task.taskId, 3)).rejects.toMatchObject({ code: "task_not_waiting" });
      await expect(answer("01890000-0000-7000-8000-000000000000", 3)).rejects.toMatchObject({
        code: "task_not_waiting",
      });
    });

    it("may be answered with a failure: the job stands at the call, and a retry asks again", async () => {
      const [job, task] = await asked();
      await database.transaction((tx) =>
        world.jobs.outside.answer(tx, { taskId: task.taskId, outcome: "failed", message: "the disk is not there" }),
      );
      const failed = await world.reach(job.id, "failed");
      expect(failed.failure).toMatchObject({ message: "toy.add: the disk is not there", taskId: task.taskId });
      await world.jobs.service.retry(TENANT, job.id);
      await eventually(async () => (await world.jobs.outside.list({ outside: "person", limit: 10 })).length).toBe(1);
      const [again] = await world.jobs.outside.list({ outside: "person", limit: 10 });
      expect(again!.taskId).not.toBe(task.taskId);
      await answer(again!.taskId, null);
      await world.reach(job.id, "done");
    });

    it("fails when nobody answers in the time it has, counted from its creation", async () => {
      const [job, task] = await asked({ timeout: 60_000 });
      expect(task.expiresAt).toBe(1_060_000);
      clock.advance(59_999);
      expect(await world.jobs.outside.list({ outside: "person", limit: 10 })).toHaveLength(1);
      clock.advance(1);
      const failed = await world.reach(job.id, "failed");
      expect(failed.failure).toMatchObject({ code: "task_timed_out", message: "toy.add: nobody answered in time" });
      await expect(answer(task.taskId, 1)).rejects.toMatchObject({ code: "task_not_waiting" });
    });

    it("outlives a server", async () => {
      const [job, task] = await asked({ timeout: 60_000 });
      await world.close();
      world = createWorld(database, clock);
      await world.jobs.start();
      await answer(task.taskId, 7);
      await world.reach(job.id, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: 7 }]);
    });

    it("is not asked any more when its job is cancelled, and rests with a paused one", async () => {
      const [cancelled, one] = await asked();
      await world.jobs.service.cancel(TENANT, cancelled.id);
      await world.reach(cancelled.id, "cancelled");
      await expect(answer(one.taskId, 1)).rejects.toMatchObject({ code: "task_not_waiting" });
      const [paused, two] = await asked();
      await world.jobs.service.pause(TENANT, paused.id);
      await world.reach(paused.id, "paused");
      await answer(two.taskId, 4);
      expect((await world.jobs.service.get(TENANT, paused.id)).status).toBe("paused");
      await world.jobs.service.resume(TENANT, paused.id);
      await world.reach(paused.id, "done");
    });

    it("is found by who answers, tenant, job and module, page by page", async () => {
      const [job, person] = await asked();
      const [, machine] = await asked({ route: { outside: "machine" } });
      const ids = async (filter: Partial<Parameters<World["jobs"]["outside"]["list"]>[0]>) =>
        (await world.jobs.outside.list({ outside: "person", limit: 10, ...filter })).map((one) => one.taskId);
      expect(await ids({})).toEqual([person.taskId]);
      expect(await ids({ outside: "machine" })).toEqual([machine.taskId]);
      expect(await ids({ outside: "machine", jobId: job.id })).toEqual([]);
      expect(await ids({ tenantId: "another" })).toEqual([]);
      expect(await ids({ module: "other" })).toEqual([]);
      expect(await ids({ module: "toy", tenantId: TENANT, jobId: job.id })).toEqual([person.taskId]);
      const [, second] = await asked();
      expect(await ids({ limit: 1 })).toEqual([person.taskId]);
      expect(await ids({ limit: 1, after: person.taskId })).toEqual([second.taskId]);
    });

    it("shows and keeps no value of a secret, however short, and takes none from the answer", async () => {
      await world.close();
      const redactor = createRedactor();
      redactor.add("db", "canary-of-a-task");
      world = createWorld(database, clock, { redactor });
      await world.jobs.start();
      const value = Buffer.from("4711").toString("base64");
      const [job, task] = await asked({
        parameters: { pin: "4711", at: "PIN 4711 of rack 1", db: "canary-of-a-task", count: 3 },
        hide: [{ name: "pin", value }],
      });
      const shown = { pin: "[secret pin]", at: "PIN [secret pin] of rack 1", db: "[secret db]", count: 3 };
      expect(task.parameters).toEqual(shown);
      await database.transaction((tx) =>
        world.jobs.outside.answer(tx, {
          taskId: task.taskId,
          outcome: "done",
          value: { said: "canary-of-a-task" },
          message: "typed canary-of-a-task",
        }),
      );
      await world.reach(job.id, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: { said: "[secret db]" } }]);
      expect(await lines(job)).toContain("toy.add answered: done: typed [secret db]");
    });
  });

  describe("a call that is answered at once", () => {
    it("changes what it changes in the commit that holds its answer", async () => {
      const written: string[] = [];
      world.host.answer = (call) => ({
        kind: "value",
        value: call.parameters["value"] ?? null,
        async write(tx) {
          expect(typeof tx).toBe("object");
          written.push(String(call.parameters["value"]));
        },
      });
      const [job] = await world.create(script("here.ask( value='a' )\nconfig.seen = here.ask( value='b' )\n"));
      await world.reach(job!.id, "done");
      expect(written).toEqual(["a", "b"]);
      expect(world.host.written).toEqual([{ name: "seen", value: "b" }]);
    });

    it("that cannot be written fails its job at the call, and a retry asks again", async () => {
      let broken = true;
      world.host.answer = () => ({
        kind: "value",
        value: 1,
        async write() {
          if (broken) throw new Error("the row is gone");
        },
      });
      const [job] = await world.create(script("config.seen = here.ask( value='a' )"));
      const failed = await world.reach(job!.id, "failed");
      expect([failed.message, world.host.written]).toEqual(["the row is gone", []]);
      broken = false;
      await world.jobs.service.retry(TENANT, job!.id);
      await world.reach(job!.id, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: 1 }]);
    });
  });
}

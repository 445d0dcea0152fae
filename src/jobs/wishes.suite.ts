import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ManualClock } from "../kernel/clock.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { ALLOWED_ACTIONS, JOB_ACTIONS } from "./index.ts";
import type { JobStatus } from "./index.ts";
import { eventually } from "./testing/eventually.ts";
import { startExecutor, TestFailure } from "./testing/executor.ts";
import type { TestExecutor, TestExecutorParts } from "./testing/executor.ts";
import { createWorld, script, TENANT, startWorld } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

/** What people may ask of jobs: pause, resume, cancel, retry; and that no job can hold up the others. */
export function wishesSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let world: World;

  beforeEach(async () => {
    ({ database, clock, world } = await startWorld(open, 1_000_000));
  });

  function executor(functions: TestExecutorParts["functions"]): TestExecutor {
    const started = startExecutor({ tasks: world.jobs.tasks, functions });
    onTestFinished(() => started.stop());
    return started;
  }

  async function create(text: string): Promise<string> {
    return (await world.create(script(text)))[0]!.id;
  }

  /** A function whose calls end when the test says so, or when they are cancelled. */
  function held() {
    const ends: ((value: string) => void)[] = [];
    return {
      ends,
      run: (_: unknown, { cancelled }: { cancelled: Promise<void> }) =>
        new Promise<string>((resolve, reject) => {
          ends.push(resolve);
          void cancelled.then(() => reject(new TestFailure("stopped", "cancelled")));
        }),
    };
  }

  describe("a paused job", () => {
    it("lets its task end, and takes the result when it is resumed", async () => {
      const slow = held();
      executor({ slow: slow.run });
      const id = await create("config.seen = toy.slow()\nconfig.behind = 1");
      await eventually(() => slow.ends.length).toBe(1);
      await world.jobs.service.pause(TENANT, id);
      expect(await world.reach(id, "paused")).toMatchObject({ message: "paused on request" });
      slow.ends[0]!("late");
      await eventually(async () => (await world.jobs.service.tasks(id, { after: null, limit: 9 }))[0]!.status).toBe(
        "done",
      );
      expect((await world.jobs.service.get(TENANT, id)).status).toBe("paused");
      expect(world.host.written).toEqual([]);
      await world.jobs.service.resume(TENANT, id);
      await world.reach(id, "done");
      expect(world.host.written.map((one) => one.value)).toEqual(["late", 1]);
    });

    it("does not lose its time: a delay that ended meanwhile is over when it is resumed", async () => {
      const id = await create("delay( seconds=5 )\nconfig.behind = 1");
      await world.reach(id, "waiting");
      await world.jobs.service.pause(TENANT, id);
      await world.reach(id, "paused");
      clock.advance(10_000);
      await world.jobs.service.resume(TENANT, id);
      await world.reach(id, "done");
      expect(world.host.written).toEqual([{ name: "behind", value: 1 }]);
    });
  });

  describe("a cancelled job", () => {
    it("ends at once when nothing of it is out", async () => {
      const waiting = await create("delay( hours=5 )");
      const paused = await create('pause( msg="look" )');
      await world.reach(waiting, "waiting");
      await world.reach(paused, "paused");
      for (const id of [waiting, paused]) {
        await world.jobs.service.cancel(TENANT, id);
        await world.reach(id, "cancelled");
      }
      expect(world.host.ended.map((one) => one.outcome.status)).toEqual(["cancelled", "cancelled"]);
    });

    it("takes back a task nobody has", async () => {
      const id = await create("toy.slow()");
      await eventually(async () => (await world.jobs.service.tasks(id, { after: null, limit: 9 })).length).toBe(1);
      await world.jobs.service.cancel(TENANT, id);
      await world.reach(id, "cancelled");
      expect((await world.jobs.service.tasks(id, { after: null, limit: 9 }))[0]!.status).toBe("cancelled");
      const late = executor({ slow: () => 1 });
      const other = await create("toy.slow()");
      await world.reach(other, "done");
      expect(late.begun).toHaveLength(1);
    });

    it("ends when the executor has stopped its task", async () => {
      const slow = held();
      const toy = executor({ slow: slow.run });
      const id = await create("toy.slow()\nconfig.behind = 1");
      await eventually(() => slow.ends.length).toBe(1);
      await world.jobs.service.cancel(TENANT, id);
      await world.reach(id, "cancelled");
      expect(toy.cancels.map((one) => one.task)).toEqual([toy.begun[0]!.task]);
      expect(world.host.written).toEqual([]);
    });

    it("ends as cancelled also when its task was done before it could be stopped", async () => {
      const slow = held();
      const stubborn = executor({
        slow: (parameters, about) => slow.run(parameters, { ...about, cancelled: new Promise(() => {}) }),
      });
      const id = await create("toy.slow()");
      await eventually(() => slow.ends.length).toBe(1);
      await world.jobs.service.cancel(TENANT, id);
      await eventually(() => stubborn.cancels.length).toBe(1);
      expect(await world.jobs.service.get(TENANT, id)).toMatchObject({ status: "waiting", wish: "cancel" });
      slow.ends[0]!("done anyway");
      await world.reach(id, "cancelled");
    });

    it("ends while its host is busy with a call", async () => {
      const asked = Promise.withResolvers<void>();
      world.host.answer = () => {
        asked.resolve();
        return new Promise(() => {});
      };
      const id = await create("here.ask()");
      await asked.promise;
      await world.jobs.service.cancel(TENANT, id);
      expect(await world.reach(id, "cancelled")).toMatchObject({ message: "cancelled" });
    });
  });

  describe("a script that loops for ever", () => {
    it("leaves the others their turns, and can be paused, resumed and cancelled", async () => {
      executor({ add: () => 1 });
      const endless = await create("while True do pass");
      const inHost = await create("while True do here.ask()");
      await world.reach(endless, "running");
      await world.reach(inHost, "running");
      await world.reach(await create("toy.add()\ntoy.add()\nconfig.behind = 1"), "done");
      await world.jobs.service.pause(TENANT, endless);
      await world.reach(endless, "paused");
      await world.jobs.service.resume(TENANT, endless);
      await world.reach(endless, "running");
      for (const id of [endless, inHost]) {
        await world.jobs.service.cancel(TENANT, id);
        await world.reach(id, "cancelled");
      }
      expect(world.host.ended.map((one) => one.outcome.status)).toEqual(["done", "cancelled", "cancelled"]);
    });
  });

  it("what is not allowed in a state says what is", async () => {
    const texts: Partial<Record<JobStatus, string>> = {
      waiting: "delay( hours=1 )",
      paused: 'pause( msg="look" )',
      failed: 'fatal_error( msg="no" )',
      done: "aa = 1",
    };
    for (const [status, text] of Object.entries(texts) as [JobStatus, string][]) {
      const id = await create(text);
      await world.reach(id, status);
      for (const action of JOB_ACTIONS.filter((one) => !ALLOWED_ACTIONS[status].includes(one))) {
        const { service } = world.jobs;
        const asked = action === "jump" ? service.jump(TENANT, id, "here") : service[action](TENANT, id);
        await expect(asked).rejects.toMatchObject({
          code: "job_action_not_allowed",
          details: { status, allowed: ALLOWED_ACTIONS[status] },
        });
      }
      expect((await world.jobs.service.get(TENANT, id)).wish).toBeNull();
    }
    await expect(world.jobs.service.cancel(TENANT, "nobody")).rejects.toMatchObject({ code: "job_not_found" });
    const [one] = await world.create(script("aa = 1"));
    await expect(world.jobs.service.get("other tenant", one!.id)).rejects.toMatchObject({ code: "job_not_found" });
  });

  it("what another server was asked while a turn was on its way is done at the next", async () => {
    const deaf = createWorld(database, clock);
    onTestFinished(() => deaf.close());
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    world.host.answer = async () => {
      asked.resolve();
      await answered.promise;
      return { kind: "value", value: 1 };
    };
    const id = await create("here.ask()\ntoy.slow()");
    await asked.promise;
    await deaf.jobs.service.cancel(TENANT, id);
    answered.resolve();
    // The turn is committed all the same, with its task; nobody told this server, but its commit finds the wish.
    await world.reach(id, "cancelled");
    expect((await world.jobs.service.tasks(id, { after: null, limit: 9 }))[0]!.status).toBe("cancelled");
  });

  it("two servers on one database take each turn once", async () => {
    const second = createWorld(database, clock, { bus: world.bus });
    await second.jobs.start();
    onTestFinished(() => second.close());
    const toys = [world, second].map((one, index) => {
      const toy = startExecutor({
        tasks: one.jobs.tasks,
        id: `executor ${index}`,
        slots: 5,
        functions: { add: (parameters) => parameters },
      });
      onTestFinished(() => toy.stop());
      return toy;
    });
    const jobs = await world.create(
      script("toy.add( value=1 )\nhere.ask()\ntoy.add( value=2 )\ntoy.add( value=3 )"),
      40,
    );
    for (const { id } of jobs) await world.reach(id, "done");
    expect(toys.flatMap((toy) => toy.begun)).toHaveLength(120);
    expect(new Set(toys.flatMap((toy) => toy.begun.map((one) => one.task))).size).toBe(120);
    expect([...world.host.ended, ...second.host.ended]).toHaveLength(40);
    for (const { id } of jobs) {
      const log = await world.jobs.service.log(id, { after: 0, limit: 100 });
      expect(log.filter((one) => one.kind === "result")).toHaveLength(3);
    }
  });
}

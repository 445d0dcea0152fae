import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import type { ManualClock } from "../kernel/clock.ts";
import type { Json } from "../kernel/json.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { ENGINE_LIMITS } from "./engine.ts";
import { jobMigrations } from "./index.ts";
import type { Assignment, Executor } from "./index.ts";
import { crashingDatabase } from "./testing/crash.ts";
import { eventually } from "./testing/eventually.ts";
import { startExecutor, TestFailure } from "./testing/executor.ts";
import type { TestFunction } from "./testing/executor.ts";
import { createJournalExecutor } from "./testing/journal-executor.ts";
import { createWorld, script, TENANT } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

/** `make` and `start` can be taken back, the others cannot. */
function withUndo(world: World): World {
  world.host.draft = (call, draft) => ({
    ...draft,
    safeToRepeat: true,
    undoable: call.function === "make" || call.function === "start",
  });
  return world;
}

/** What jobs did is taken back when they are cancelled, and what a call did when it is rolled back. */
export function undoSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let world: World;
  /** What executors were told to do, in order: `make 1`, `undo make 1: "made"`. */
  const ledger: string[] = [];

  beforeEach(async () => {
    ledger.splice(0);
    database = await open([...eventMigrations, ...jobMigrations]);
    clock = manualClock(1_000_000);
    world = withUndo(createWorld(database, clock));
    await world.jobs.start();
    onTestFinished(() => world.close());
  });

  /** `act`: instead of doing it; what it throws fails the call. */
  function executor(act: (what: string) => Promise<void> | void = () => {}): void {
    const run =
      (name: string): TestFunction =>
      async (parameters, { assignment: { undo } }) => {
        const { value } = parameters as { readonly value: number };
        const what = undo === undefined ? `${name} ${value}` : `undo ${name} ${value}`;
        ledger.push(undo === undefined ? what : `${what}: ${JSON.stringify(undo.value) ?? "unknown"}`);
        await act(what);
        return `${name} ${value}`;
      };
    const functions = Object.fromEntries(["make", "start", "look", "hang"].map((name) => [name, run(name)]));
    const started = startExecutor({ tasks: world.jobs.tasks, functions });
    onTestFinished(() => started.stop());
  }

  async function create(text: string): Promise<string> {
    return (await world.create(script(text)))[0]!.id;
  }

  async function lines(id: string): Promise<readonly string[]> {
    return (await world.jobs.service.log(id, { after: 0, limit: 100 })).map((one) => one.text);
  }

  const BUILD = "toy.make( value=1 )\ntoy.look( value=2 )\ntoy.start( value=3 )\ndelay( hours=1 )";

  async function built(): Promise<string> {
    const id = await create(BUILD);
    await eventually(async () => (await world.jobs.service.get(TENANT, id)).line).toBe(4);
    await world.reach(id, "waiting");
    ledger.splice(0);
    return id;
  }

  describe("cancelling a job", () => {
    it("takes back what its functions can take back, the latest first, each with what it answered", async () => {
      executor();
      const id = await built();
      await world.jobs.service.cancel(TENANT, id);
      expect(await world.reach(id, "cancelled")).toMatchObject({ message: "cancelled", failure: null });
      expect(ledger).toEqual(['undo start 3: "start 3"', 'undo make 1: "make 1"']);
      expect((await lines(id)).slice(-5)).toEqual([
        "taking back toy.start",
        "toy.start taken back",
        "taking back toy.make",
        "toy.make taken back",
        "cancelled",
      ]);
      const tasks = await world.jobs.service.tasks(id, { after: null, limit: 10 });
      expect(tasks.map((one) => one.undoOf)).toEqual([null, null, null, tasks[2]!.id, tasks[0]!.id]);
      expect(world.host.ended.map((one) => one.outcome.status)).toEqual(["cancelled"]);
    });

    it("stops what is under way first, and takes it back without an answer", async () => {
      const begun = Promise.withResolvers<void>();
      const stop = Promise.withResolvers<void>();
      executor(async (what) => {
        if (what !== "start 3") return;
        begun.resolve();
        await stop.promise;
        throw new TestFailure("stopped", "cancelled");
      });
      const id = await create("toy.make( value=1 )\ntoy.start( value=3 )");
      await begun.promise;
      await world.jobs.service.cancel(TENANT, id);
      await eventually(async () => (await world.jobs.service.get(TENANT, id)).message).toBe("cancelling");
      expect(ledger).toEqual(["make 1", "start 3"]);
      stop.resolve();
      await world.reach(id, "cancelled");
      expect(ledger.slice(2)).toEqual(["undo start 3: unknown", 'undo make 1: "make 1"']);
    });

    it("does nothing about what nobody had begun", async () => {
      const id = await create("toy.make( value=1 )");
      await world.reach(id, "waiting");
      await eventually(async () => (await world.jobs.service.tasks(id, { after: null, limit: 9 })).length).toBe(1);
      await world.jobs.service.cancel(TENANT, id);
      await world.reach(id, "cancelled");
      executor();
      expect(await world.jobs.service.tasks(id, { after: null, limit: 9 })).toHaveLength(1);
      expect(ledger).toEqual([]);
    });

    it("does nothing about what an executor was given and stopped before it began", async () => {
      world.host.draft = (_, draft) => ({ ...draft, undoable: true });
      const worker: Executor = { id: "w", session: "one", modules: { toy: 1 }, siteIds: "all", tenantId: null };
      const id = await create("toy.make( value=1 )");
      let given: readonly Assignment[] = [];
      await eventually(async () => (given = await world.jobs.tasks.claim(worker)).length).toBe(1);
      await world.jobs.service.cancel(TENANT, id);
      await eventually(async () => (await world.jobs.service.get(TENANT, id)).message).toBe("cancelling");
      expect(await world.jobs.tasks.started(worker, given)).toMatchObject({ granted: [] });
      await world.reach(id, "cancelled");
      expect(await world.jobs.service.tasks(id, { after: null, limit: 9 })).toHaveLength(1);
    });

    it("names what could not be taken back, and goes on with the rest", async () => {
      executor((what) => {
        if (what === "undo start 3") throw new TestFailure("the engine is gone");
      });
      const id = await built();
      await world.jobs.service.cancel(TENANT, id);
      const job = await world.reach(id, "cancelled");
      expect(job).toMatchObject({
        message: "not taken back: toy.start: the engine is gone",
        failure: { code: "undo_failed", message: "not taken back: toy.start: the engine is gone" },
      });
      expect(ledger).toEqual(['undo start 3: "start 3"', 'undo make 1: "make 1"']);
    });

    it("gives up on what nobody takes, and says so", async () => {
      const first = startExecutor({ tasks: world.jobs.tasks, functions: { make: () => 1 } });
      const id = await create("toy.make( value=1 )\ndelay( hours=9 )");
      await eventually(async () => (await world.jobs.service.get(TENANT, id)).line).toBe(2);
      await first.stop();
      await world.jobs.service.cancel(TENANT, id);
      await eventually(async () => (await world.jobs.service.get(TENANT, id)).message).toBe("taking back toy.make");
      clock.advance(10 * 60_000);
      expect((await world.reach(id, "cancelled")).failure!.message).toBe(
        "not taken back: toy.make: no worker or agent took the task in time",
      );
    });

    it("is done of a failed job as well, with its parameters, and nothing is taken back twice", async () => {
      executor((what) => {
        if (what === "start 3") throw new TestFailure("no power");
      });
      const id = await create("toy.make( value=1 )\ntoy.start( value=3 )");
      await world.reach(id, "failed");
      expect((await world.jobs.service.get(TENANT, id)).failure!.message).toBe("toy.start: no power");
      await world.jobs.service.rollback(TENANT, id);
      await world.reach(id, "paused");
      await world.jobs.service.cancel(TENANT, id);
      await world.reach(id, "cancelled");
      expect(ledger.slice(2)).toEqual(["undo start 3: unknown", 'undo make 1: "make 1"']);
      expect(world.host.reopenings).toEqual([id]);
      expect(world.host.ended.map((one) => one.outcome.status)).toEqual(["failed", "cancelled"]);
    });

    it("can then be neither paused nor asked once more", async () => {
      const undo = Promise.withResolvers<void>();
      executor((what) => (what.startsWith("undo") ? undo.promise : undefined));
      const id = await built();
      await world.jobs.service.cancel(TENANT, id);
      await eventually(() => ledger.length).toBe(1);
      for (const action of ["pause", "cancel", "rollback"] as const) {
        await expect(world.jobs.service[action](TENANT, id)).rejects.toMatchObject({
          code: "job_action_not_allowed",
          details: { allowed: [] },
        });
      }
      undo.resolve();
      await world.reach(id, "cancelled");
      expect(ledger).toHaveLength(2);
    });

    it("happens exactly so wherever the server dies", async () => {
      const points = Array.from({ length: 14 }, (_, at) => ({ transaction: at + 1, committed: at % 2 === 0 }));
      const all = [...points, ...points.map((one) => ({ ...one, committed: !one.committed }))];
      // Each has a database of its own, which is slow to make on PostgreSQL.
      let deaths = 0;
      for (const point of database.dialect === "postgres" ? all.slice(0, 6) : all) deaths += await cancelThrough(point);
      expect(deaths).toBeGreaterThan(4);
    });
  });

  /** Returns 1 when a server died on the way. */
  async function cancelThrough(point: { readonly transaction: number; readonly committed: boolean }): Promise<number> {
    const own = await open([...eventMigrations, ...jobMigrations]);
    const journal = createJournalExecutor((parameters) => (parameters as { readonly value: Json }).value);
    const before = withUndo(createWorld(own, clock));
    await before.jobs.start();
    journal.connect(before.jobs.tasks);
    const [job] = await before.create(script(BUILD));
    await eventually(async () => (await before.jobs.service.get(TENANT, job!.id)).line).toBe(4);
    await before.reach(job!.id, "waiting");
    await journal.disconnect();
    await before.close();
    await before.jobs.service.cancel(TENANT, job!.id);
    let deaths = 0;
    for (const at of [point, undefined]) {
      const crashing = at === undefined ? undefined : crashingDatabase(own, at);
      const server = withUndo(createWorld(crashing?.database ?? own, clock));
      void server.jobs.start();
      journal.connect(server.jobs.tasks);
      const crashed = crashing?.crashed ?? new Promise<never>(() => {});
      if ((await Promise.race([server.reach(job!.id, "cancelled"), crashed])) === "crashed") {
        deaths += 1;
        clock.advance(ENGINE_LIMITS.lease);
        continue;
      }
      await Promise.race([journal.disconnect().then(() => server.close()), crashed]);
      break;
    }
    const done = journal.ledger.map(({ parameters, undo }) => [(parameters as { value: number }).value, undo ?? null]);
    expect(done).toEqual([
      [1, null],
      [2, null],
      [3, null],
      [3, { value: 3 }],
      [1, { value: 1 }],
    ]);
    const tasks = await before.jobs.service.tasks(job!.id, { after: null, limit: 50 });
    expect(tasks.map((one) => one.status)).toEqual(Array.from({ length: 5 }, () => "done"));
    expect((await before.jobs.service.get(TENANT, job!.id)).failure).toBeNull();
    await own.close();
    return deaths;
  }

  describe("rolling a call back", () => {
    it("takes it back alone; the job is paused before it, and makes it anew when it goes on", async () => {
      let broken = true;
      executor((what) => {
        if (what === "start 3" && broken) throw new TestFailure("no power");
      });
      const id = await create("toy.make( value=1 )\nconfig.seen = toy.start( value=3 )");
      await world.reach(id, "failed");
      await world.jobs.service.rollback(TENANT, id);
      expect(await world.reach(id, "paused")).toMatchObject({
        message: "rolled back: stands before toy.start",
        failure: null,
        line: 2,
      });
      expect(ledger).toEqual(["make 1", "start 3", "undo start 3: unknown"]);
      broken = false;
      await world.jobs.service.resume(TENANT, id);
      await world.reach(id, "done");
      expect(ledger.slice(3)).toEqual(["start 3"]);
      expect(world.host.written).toEqual([{ name: "seen", value: "start 3" }]);
      const keys = (await world.jobs.service.tasks(id, { after: null, limit: 9 })).map((one) => one.id);
      expect(new Set(keys).size).toBe(4);
    });

    it("stops the one that is under way", async () => {
      const begun = Promise.withResolvers<void>();
      const stop = Promise.withResolvers<void>();
      executor(async (what) => {
        if (what !== "make 1" || ledger.length > 1) return;
        begun.resolve();
        await stop.promise;
        throw new TestFailure("stopped", "cancelled");
      });
      const id = await create("toy.make( value=1 )");
      await begun.promise;
      await world.jobs.service.rollback(TENANT, id);
      await eventually(async () => (await world.jobs.service.get(TENANT, id)).message).toBe("stopping what is out");
      stop.resolve();
      await world.reach(id, "paused");
      await world.jobs.service.resume(TENANT, id);
      await world.reach(id, "done");
      expect(ledger).toEqual(["make 1", "undo make 1: unknown", "make 1"]);
    });

    it("that was answered while the job was paused takes it back with its answer", async () => {
      const answer = Promise.withResolvers<void>();
      executor((what) => (what === "make 1" ? answer.promise : undefined));
      const id = await create("toy.make( value=1 )");
      await eventually(() => ledger.length).toBe(1);
      await world.jobs.service.pause(TENANT, id);
      await world.reach(id, "paused");
      answer.resolve();
      await eventually(async () => (await world.jobs.service.tasks(id, { after: null, limit: 9 }))[0]!.status).toBe(
        "done",
      );
      await world.jobs.service.rollback(TENANT, id);
      await eventually(async () => (await world.jobs.service.get(TENANT, id)).message).toContain("rolled back");
      expect(ledger).toEqual(["make 1", 'undo make 1: "make 1"']);
    });

    it("that cannot be taken back leaves the job failed, and may be tried again", async () => {
      let broken = true;
      executor((what) => {
        if (what === "start 3") throw new TestFailure("no power");
        if (what === "undo start 3" && broken) throw new TestFailure("still no power");
      });
      const id = await create("toy.start( value=3 )");
      await world.reach(id, "failed");
      await world.jobs.service.rollback(TENANT, id);
      await eventually(async () => (await world.jobs.service.get(TENANT, id)).failure?.message).toBe(
        "not taken back: toy.start: still no power",
      );
      expect(await world.reach(id, "failed")).toMatchObject({ failure: { code: "undo_failed", call: "toy.start" } });
      broken = false;
      await world.jobs.service.rollback(TENANT, id);
      await world.reach(id, "paused");
      expect(ledger).toHaveLength(3);
    });

    it("is refused where there is no call, or none that could be taken back", async () => {
      executor((what) => {
        if (what === "look 1") throw new TestFailure("blind");
      });
      const resting = await create("delay( hours=1 )");
      await world.reach(resting, "waiting");
      const blind = await create("toy.look( value=1 )");
      await world.reach(blind, "failed");
      await expect(world.jobs.service.rollback(TENANT, resting)).rejects.toMatchObject({
        code: "job_nothing_to_roll_back",
      });
      await expect(world.jobs.service.rollback(TENANT, blind)).rejects.toMatchObject({
        code: "job_nothing_to_roll_back",
        message: "toy.look cannot take back what it did",
      });
    });
  });

  describe("jumping to a label", () => {
    const LABELS = 'goto first\n:again\nconfig.seen = "again"\ngoto last\n:first\ntoy.look( value=1 )\n:last\naa = 1';

    it("lets a failed job go on there", async () => {
      executor(() => {
        throw new TestFailure("blind");
      });
      const id = await create(LABELS);
      await world.reach(id, "failed");
      await world.jobs.service.jump(TENANT, id, "again");
      await world.reach(id, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: "again" }]);
      expect(await lines(id)).toContain("goes on at again");
      expect(world.host.reopenings).toEqual([id]);
    });

    it("stops what a paused job has out before it goes on", async () => {
      const begun = Promise.withResolvers<void>();
      const stop = Promise.withResolvers<void>();
      executor(async () => {
        begun.resolve();
        await stop.promise;
        throw new TestFailure("stopped", "cancelled");
      });
      const id = await create(LABELS);
      await begun.promise;
      await world.jobs.service.pause(TENANT, id);
      await world.reach(id, "paused");
      await world.jobs.service.jump(TENANT, id, "again");
      await eventually(async () => (await world.jobs.service.get(TENANT, id)).message).toBe("stopping what is out");
      expect(world.host.written).toEqual([]);
      stop.resolve();
      await world.reach(id, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: "again" }]);
    });

    it("that does not exist names those that do, and the nearest", async () => {
      const id = await create('pause( msg="look" )\n:first\n:second\naa = 1');
      await world.reach(id, "paused");
      await expect(world.jobs.service.jump(TENANT, id, "secnd")).rejects.toMatchObject({
        code: "tscript_unknown_label",
        message: 'the script has no label "secnd"; there are: first, second',
        hint: 'did you mean "second"?',
      });
      expect((await world.jobs.service.get(TENANT, id)).status).toBe("paused");
      const [verbs] = await world.create({
        kind: "verbs",
        name: "verbs",
        verbs: { verbs: [{ module: "toy", function: "hang", parameters: {} }] },
      });
      await world.reach(verbs!.id, "waiting");
      await world.jobs.service.pause(TENANT, verbs!.id);
      await world.reach(verbs!.id, "paused");
      await expect(world.jobs.service.jump(TENANT, verbs!.id, "first")).rejects.toMatchObject({
        code: "job_action_not_allowed",
      });
    });
  });
}

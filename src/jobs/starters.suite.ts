import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { manualClock } from "../kernel/clock.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { jobMigrations, type Job, type Starter } from "./index.ts";
import { eventually } from "./testing/eventually.ts";
import { startExecutor, TestFailure, type TestExecutor, type TestFunction } from "./testing/executor.ts";
import { createWorld, script, TENANT, type World } from "./testing/world.ts";

const ROBOT: Starter = { accountId: "robot-id", tokenId: "token-id", name: "robot" };
const PAUL: Principal = { ...ADMINISTRATOR, kind: "person", name: "paul", accountId: "paul-id", tenantId: TENANT };

/** A job has the rights of who started it, and no more; a task goes to nobody of another tenant. */
export function startersSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let world: World;
  /** Why the account may not go on. */
  const lost = new Map<string, string>();
  const asked: string[] = [];

  beforeEach(async () => {
    lost.clear();
    asked.splice(0);
    database = await open([...eventMigrations, ...jobMigrations]);
    world = createWorld(database, manualClock(1_000_000), {
      async mayGoOn({ starter }) {
        asked.push(starter.name);
        return lost.get(starter.accountId ?? "");
      },
    });
    await world.jobs.start();
    onTestFinished(() => world.close());
  });

  function executor(functions: Readonly<Record<string, TestFunction>>, tenantId?: string): TestExecutor {
    const id = tenantId ?? "executor";
    const started = startExecutor({
      tasks: world.jobs.tasks,
      functions,
      id,
      ...(tenantId === undefined ? {} : { tenantId }),
    });
    onTestFinished(() => started.stop());
    return started;
  }

  async function start(text: string, starter?: Starter): Promise<Job> {
    const [job] = await database.transaction((tx) =>
      world.jobs.service.create(tx, [
        {
          tenantId: TENANT,
          host: "test",
          program: script(text),
          target: { kind: "none", id: null, name: "nothing" },
          ...(starter === undefined ? {} : { starter }),
        },
      ]),
    );
    return job!;
  }

  /** A function whose calls end when the test says so. */
  function held(): { readonly ends: ((value: number) => void)[]; readonly run: TestFunction } {
    const ends: ((value: number) => void)[] = [];
    return { ends, run: () => new Promise<number>((resolve) => ends.push(resolve)) };
  }

  const functionsOf = (tests: TestExecutor): readonly string[] => tests.begun.map((one) => one.function);

  describe("a job whose starter may not go on", () => {
    it("takes what comes back, does nothing more, says who lost what, and is audited", async () => {
      const slow = held();
      const tests = executor({ slow: slow.run, noop: () => null });
      const { id } = await start("config.seen = toy.slow()\ntoy.noop()", ROBOT);
      await eventually(() => slow.ends.length).toBe(1);
      lost.set("robot-id", "robot lost it");
      slow.ends[0]!(7);
      expect(await world.reach(id, "paused")).toMatchObject({ message: "robot lost it", starter: ROBOT });
      expect(functionsOf(tests)).toEqual(["slow"]);
      expect(world.host.written).toEqual([]);
      const log = await world.jobs.service.log(id, { after: 0, limit: 100 });
      expect(log.map((line) => `${line.kind}: ${line.text}`).slice(-2)).toEqual([
        "result: toy.slow done",
        "paused: robot lost it",
      ]);
      const entries = await database.kysely.selectFrom("audit_entries").selectAll().execute();
      expect(entries.map((one) => [one.actor_kind, one.action, one.subject_id])).toEqual([
        ["server", "job.stopped", id],
      ]);
      expect(JSON.parse(entries[0]!.data)).toMatchObject({ reason: "robot lost it", starter: { name: "robot" } });
    });

    it("goes on where it stood with the rights of who lets it", async () => {
      const slow = held();
      const tests = executor({ slow: slow.run, noop: () => null });
      const { id } = await start("config.seen = toy.slow()\ntoy.noop()", ROBOT);
      await eventually(() => slow.ends.length).toBe(1);
      lost.set("robot-id", "robot lost it");
      slow.ends[0]!(7);
      await world.reach(id, "paused");
      await world.jobs.service.resume(TENANT, id);
      expect(await world.reach(id, "paused")).toMatchObject({ starter: ROBOT });
      await world.jobs.service.resume(TENANT, id, PAUL);
      expect(await world.reach(id, "done")).toMatchObject({
        starter: { accountId: "paul-id", tokenId: null, name: "paul" },
      });
      expect(world.host.written).toEqual([{ name: "seen", value: 7 }]);
      expect(functionsOf(tests)).toEqual(["slow", "noop"]);
      expect(asked.at(-1)).toBe("paul");
    });

    it("ends when there is nothing left to do", async () => {
      const slow = held();
      executor({ slow: slow.run });
      const { id } = await start("toy.slow()", ROBOT);
      await eventually(() => slow.ends.length).toBe(1);
      lost.set("robot-id", "robot lost it");
      slow.ends[0]!(7);
      expect(await world.reach(id, "done")).toMatchObject({ failure: null });
    });

    it("does not begin", async () => {
      const tests = executor({ noop: () => null });
      lost.set("robot-id", "robot lost it");
      const { id } = await start("toy.noop()", ROBOT);
      await world.reach(id, "paused");
      expect(functionsOf(tests)).toEqual([]);
    });

    it("stays failed when it is to do again what failed", async () => {
      let fails = true;
      const tests = executor({
        fail: () => {
          if (fails) throw new TestFailure("broken");
          return null;
        },
      });
      const { id } = await start("toy.fail()", ROBOT);
      await world.reach(id, "failed");
      fails = false;
      lost.set("robot-id", "robot lost it");
      await world.jobs.service.retry(TENANT, id);
      expect(await world.reach(id, "failed")).toMatchObject({ message: "robot lost it" });
      expect(functionsOf(tests)).toEqual(["fail"]);
      await world.jobs.service.retry(TENANT, id, PAUL);
      await world.reach(id, "done");
      expect(functionsOf(tests)).toEqual(["fail", "fail"]);
    });
  });

  it("nobody is asked about what the server does by itself", async () => {
    executor({ noop: () => null });
    const { id } = await start("toy.noop()");
    expect(await world.reach(id, "done")).toMatchObject({ starter: { accountId: null, name: "server" } });
    expect(asked).toEqual([]);
  });

  it("a task goes to no worker and no agent of another tenant", async () => {
    world.host.draft = (call, draft) =>
      call.function === "add" ? { ...draft, route: { agentId: "node" }, safeToRepeat: true } : draft;
    for (const text of ["toy.noop()", "toy.add( value=1 )"]) {
      const { id } = await start(text);
      await eventually(async () => (await world.jobs.service.tasks(id, { after: null, limit: 9 })).length).toBe(1);
    }
    const foreign = { session: "s", modules: { toy: 10 } };
    const { tasks } = world.jobs;
    expect(await tasks.claim({ ...foreign, id: "w", tenantId: "other", siteIds: "all" })).toEqual([]);
    expect(await tasks.claim({ ...foreign, id: "v", tenantId: "other", siteIds: ["here"] })).toEqual([]);
    expect(await tasks.claim({ ...foreign, id: "a", tenantId: "other", agentId: "node", siteIds: [] })).toEqual([]);
    expect(await tasks.claim({ ...foreign, id: "x", tenantId: TENANT, siteIds: ["elsewhere"] })).toEqual([]);
    const own = await tasks.claim({ ...foreign, id: "own", tenantId: TENANT, siteIds: "all" });
    expect(own.map((one) => [one.function, one.tenantId])).toEqual([["noop", TENANT]]);
    const agent = await tasks.claim({ ...foreign, id: "node", tenantId: TENANT, agentId: "node", siteIds: [] });
    expect(agent.map((one) => one.function)).toEqual(["add"]);
  });
}

import { sql } from "kysely";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { type Executor, type Job, jobMigrations } from "../src/jobs/index.ts";
import { eventually } from "../src/jobs/testing/eventually.ts";
import { createWorld, script, TENANT, type World } from "../src/jobs/testing/world.ts";
import { type ManualClock, manualClock } from "../src/kernel/clock.ts";
import type { Database, Transaction } from "../src/platform/database/index.ts";
import { eventMigrations } from "../src/platform/events/index.ts";
import { openPostgres } from "./support/databases.ts";
import { describeReal } from "./support/real.ts";

// On PostgreSQL who looks for work passes over rows that another transaction holds. What was passed over must be found again without any
// time going by: the clock of these tests stands still.

type Where = "before its commit" | "behind its commit";

interface Hold {
  /** Resolves when the transaction stands still: with the locks it has, or committed and before anybody hears of it. */
  readonly reached: Promise<void>;
  letGo(): void;
}

interface HoldingDatabase {
  readonly database: Database;
  /** Holds the next transaction that answers yes when its work is done. */
  hold(where: Where, which?: (tx: Transaction) => boolean | Promise<boolean>): Hold;
}

function holdingDatabase(database: Database): HoldingDatabase {
  let stopAt: (tx: Transaction, where: Where) => Promise<void> = async () => {};

  return {
    database: {
      ...database,
      async transaction(work) {
        const { written, tx } = await database.transaction(async (open) => {
          const result = await work(open);
          await stopAt(open, "before its commit");
          return { written: result, tx: open };
        });
        await stopAt(tx, "behind its commit");
        return written;
      },
    },
    hold(where, which = () => true) {
      const reached = Promise.withResolvers<void>();
      const go = Promise.withResolvers<void>();
      onTestFinished(() => go.resolve());
      stopAt = async (tx, at) => {
        if (at !== where || !(await which(tx))) return;
        reached.resolve();
        await go.promise;
      };
      return { reached: reached.promise, letGo: go.resolve };
    },
  };
}

function worker(id: string, session = "one"): Executor {
  return { id, session, modules: { toy: 10 }, siteIds: "all", tenantId: null };
}

describeReal("postgresql", "jobs on PostgreSQL", () => {
  let database: Database;
  let clock: ManualClock;
  /** A server whose transactions can be held. It takes no turns unless it is started. */
  let holding: HoldingDatabase;
  let server: World;

  beforeEach(async () => {
    database = await openPostgres([...eventMigrations, ...jobMigrations]);
    clock = manualClock(1_000_000);
    holding = holdingDatabase(database);
    server = createWorld(holding.database, clock);
    onTestFinished(() => server.close());
  });

  /** Another server, which takes turns. */
  async function started(): Promise<World> {
    const other = createWorld(database, clock, { bus: server.bus });
    onTestFinished(() => other.close());
    await other.jobs.start();
    return other;
  }

  async function create(world: World, text: string): Promise<Job> {
    return (await world.create(script(text)))[0]!;
  }

  it("a job whose row was held for a message when its time came has its turn behind the message", async () => {
    const other = await started();
    const { tasks, service } = other.jobs;
    const { id } = await create(other, "toy.add()\ndelay( seconds=30 )\nconfig.late = 1");
    await eventually(async () => (await service.tasks(id, { after: null, limit: 9 })).length).toBe(1);
    const [task] = await tasks.claim(worker("worker"));
    await tasks.started(worker("worker"), [task!]);
    await tasks.report(worker("worker"), { results: [{ task: task!.task, attempt: 1, outcome: "done", value: 1 }] });
    await eventually(async () => (await service.get(TENANT, id)).wakeAt).toBe(1_030_000);
    const twin = await create(other, "delay( seconds=30 )");
    await other.reach(twin.id, "waiting");

    const held = holding.hold("before its commit");
    const message = server.jobs.tasks.report(worker("worker"), {
      messages: [{ task: task!.task, attempt: 1, text: "late" }],
    });
    await held.reached;
    clock.advance(30_000);
    // One look finds both, so the job was passed over when its twin is done.
    await other.reach(twin.id, "done");
    expect((await service.get(TENANT, id)).status).toBe("waiting");
    held.letGo();
    await message;
    await other.reach(id, "done");
  });

  it("a ready task is given out while the executor that lost it still speaks of it", async () => {
    const other = await started();
    const { tasks, service } = other.jobs;
    other.host.draft = (_, draft) => ({ ...draft, safeToRepeat: true });
    const { id } = await create(other, "toy.add()");
    await eventually(async () => (await service.tasks(id, { after: null, limit: 9 })).length).toBe(1);
    const [first] = await tasks.claim(worker("old"));
    await tasks.started(worker("old"), [first!]);
    await tasks.reconcile(worker("old", "two"), []);

    const held = holding.hold("before its commit");
    const message = server.jobs.tasks.report(worker("old"), {
      messages: [{ task: first!.task, attempt: 1, text: "late" }],
    });
    await held.reached;
    expect((await tasks.claim(worker("new"))).map((one) => [one.task, one.attempt])).toEqual([[first!.task, 2]]);
    held.letGo();
    await message;
  });

  it("a job that is claimed again before its server knows of its last commit has its turn", async () => {
    await server.jobs.start();
    let held: Hold | undefined;
    server.host.write = async (tx, _job, [write]) => {
      if (write?.name === "one") held = holding.hold("behind its commit", (one) => one === tx);
    };
    const { id } = await create(server, "config.one = 1\nhere.ask()\nconfig.two = 2");
    await eventually(() => held).toBeDefined();
    await held!.reached;
    // What it wrote is committed before it goes on, so it is runnable now, and claimed.
    await eventually(
      async () =>
        (await sql<{ lease_owner: string | null }>`select lease_owner from job`.execute(database.kysely)).rows[0]!
          .lease_owner,
    ).not.toBeNull();
    held!.letGo();
    expect(await server.reach(id, "done")).toMatchObject({ percent: 100 });
  });

  it("a task whose wait is over before its failure is committed is told to executors", async () => {
    await server.jobs.start();
    const { tasks, service } = server.jobs;
    const statusOf = async (job: Job) => (await service.tasks(job.id, { after: null, limit: 9 }))[0]?.status;
    server.host.draft = (call, draft) =>
      call.function === "flaky"
        ? { ...draft, safeToRepeat: true, retry: { times: 1, backoff: 1_000 } }
        : { ...draft, reachWithin: 1_000 };
    const told: unknown[] = [];
    onTestFinished(tasks.onReady((routes) => told.push(...routes)));
    const job = await create(server, "toy.flaky()");
    await eventually(() => statusOf(job)).toBe("ready");
    const [first] = await tasks.claim(worker("worker"));
    await tasks.started(worker("worker"), [first!]);
    const twin = await create(server, "toy.slow()");
    await eventually(() => statusOf(twin)).toBe("ready");
    // Executors are told of both, a while after the commits.
    await eventually(() => told.length).toBe(2);
    told.length = 0;

    const held = holding.hold("before its commit", async (tx) => {
      const { rows } = await sql`select id from task where retried = 1`.execute(tx);
      return rows.length === 1;
    });
    const failure = tasks.report(worker("worker"), { results: [{ task: first!.task, attempt: 1, outcome: "failed" }] });
    await held.reached;
    clock.advance(1_000);
    // One look finds both, so it was too early for the first when the second has ended.
    await eventually(() => statusOf(twin)).toBe("unreachable");
    expect(told).toEqual([]);
    held.letGo();
    await failure;
    await eventually(() => told.length).toBe(1);
  });
});

import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import type { ManualClock } from "../kernel/clock.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { eventMigrations } from "../platform/events/index.ts";
import { jobMigrations } from "./index.ts";
import type { Executor } from "./index.ts";
import { eventually } from "./testing/eventually.ts";
import { createWorld, script, TENANT } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

const WORKER: Executor = { id: "w", session: "one", modules: { toy: 1 }, siteIds: "all", tenantId: null };
const WAITS = "no worker for toy at site Rack 1: waiting";

/** Jobs whose task no worker could take say so, until one comes. */
export function unservedSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let world: World;
  /** Modules that a worker offers. */
  const offered = new Set<string>();

  beforeEach(async () => {
    offered.clear();
    database = await open([...eventMigrations, ...jobMigrations]);
    clock = manualClock(1_000_000);
    world = createWorld(database, clock);
    world.jobs.watchWorkers({
      isServed: async (_tenant, _site, module) => offered.has(module),
      siteName: async () => "Rack 1",
    });
    await world.jobs.start();
    onTestFinished(() => world.close());
  });

  async function waiting(): Promise<string> {
    const [job] = await world.create(script("toy.add( value=1 )"));
    await eventually(async () => (await world.jobs.service.tasks(job!.id, { after: null, limit: 9 })).length).toBe(1);
    return job!.id;
  }

  async function messageOf(id: string): Promise<string> {
    return (await world.jobs.service.get(TENANT, id)).message;
  }

  async function events(): Promise<number> {
    const page = await world.events.read({ limit: 500 });
    return page.events.filter((one) => one.type === "job.waiting_for_worker").length;
  }

  describe("a task without a worker", () => {
    it("makes its job say so once, however often it is looked at, and no more when one takes it", async () => {
      const id = await waiting();
      clock.advance(2_999);
      expect(await messageOf(id)).not.toBe(WAITS);
      clock.advance(1);
      await eventually(() => messageOf(id)).toBe(WAITS);
      clock.advance(60_000);
      expect(await events()).toBe(1);
      const [task] = await world.jobs.tasks.claim(WORKER);
      expect(await messageOf(id)).toBe("a worker for toy has come");
      await world.jobs.tasks.started(WORKER, [task!]);
      await world.jobs.tasks.report(WORKER, { results: [{ task: task!.task, attempt: 1, outcome: "done", value: 1 }] });
      await world.reach(id, "done");
      const log = (await world.jobs.service.log(id, { after: 0, limit: 99 })).map((one) => one.text);
      expect(log.filter((text) => text.includes("worker for"))).toEqual([WAITS, "a worker for toy has come"]);
    });

    it("says no more that nobody is there when somebody is who is busy", async () => {
      const [one, two] = [await waiting(), await waiting()];
      clock.advance(3_000);
      await eventually(() => messageOf(two)).toBe(WAITS);
      offered.add("toy");
      await world.jobs.tasks.claim(WORKER);
      clock.advance(8_000);
      await eventually(() => messageOf(two)).toBe("a worker for toy at site Rack 1 has come");
      expect(await messageOf(one)).toBe("a worker for toy has come");
      expect(await events()).toBe(2);
    });

    it("says nothing where a worker is there", async () => {
      offered.add("toy");
      const id = await waiting();
      const before = await messageOf(id);
      clock.advance(60_000);
      await world.jobs.tasks.claim(WORKER);
      expect([await messageOf(id), await events()]).toEqual([before, 0]);
    });
  });
}

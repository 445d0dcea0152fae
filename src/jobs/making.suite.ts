import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ManualClock } from "../kernel/clock.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import type { Assignment, Executor, Job, JobDraft } from "./index.ts";
import { eventually } from "./testing/eventually.ts";
import { script, TENANT, startWorld, draftOf } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

const LEASE = 60_000;

/** How jobs come to be, also with their first turn; and tasks that are leased in the commit that makes them. */
export function makingSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let clock: ManualClock;
  let world: World;

  beforeEach(async () => {
    ({ database, clock, world } = await startWorld(open, 1_000_000, { taskLease: LEASE }));
  });

  function draft(text: string): JobDraft {
    return draftOf(script(text));
  }

  function worker(more: Partial<Executor> = {}): Executor {
    return { id: "worker", session: "one", modules: { toy: 10 }, siteIds: "all", tenantId: null, ...more };
  }

  async function begun(...texts: readonly string[]): Promise<readonly Job[]> {
    const jobs = await world.jobs.service.begin(texts.map(draft));
    return database.transaction((tx) => world.jobs.service.create(tx, jobs));
  }

  async function taskOf(job: Job) {
    return (await world.jobs.service.tasks(job.id, { after: null, limit: 10 })).at(-1)!;
  }

  async function logOf(job: Job): Promise<readonly string[]> {
    return (await world.jobs.service.log(job.id, { after: 0, limit: 100 })).map(({ text }) => text);
  }

  /** An executor that is connected, and what it was given. */
  function seated(executor = worker()): Assignment[] {
    const given: Assignment[] = [];
    const seat = { executor, give: (assignments: readonly Assignment[]) => void given.push(...assignments) };
    onTestFinished(world.jobs.tasks.placeWith((_tenant, route) => ("siteId" in route ? [seat] : [])));
    return given;
  }

  describe("a job that began before it was made", () => {
    it("is made as it is after its first turn, and goes on", async () => {
      const [job] = await begun("config.seen = toy.add( value=1 )");
      expect(job).toMatchObject({ status: "waiting", startedAt: clock.now() });
      expect(await world.jobs.service.get(TENANT, job!.id)).toEqual(job);
      expect(await logOf(job!)).toEqual(["created", "started", "toy.add"]);
      const [assignment] = await world.jobs.tasks.claim(worker());
      const { task, attempt } = assignment!;
      await world.jobs.tasks.report(worker(), { results: [{ task, attempt, outcome: "done", value: 7 }] });
      await world.reach(job!.id, "done");
      expect(world.host.values.get("seen")).toBe(7);
      expect(await logOf(job!)).toEqual(["created", "started", "toy.add", "toy.add done", "done"]);
    });

    it("may have ended at once, well or not, which its host is told in the same commit", async () => {
      const [good, bad] = await begun("config.seen = here.ask( value=3 )", "toy.unknown()");
      expect(await world.reach(good!.id, "done")).toMatchObject({ percent: 100 });
      expect(bad).toMatchObject({
        status: "failed",
        failure: { message: expect.stringContaining("unknown") as string },
      });
      expect(world.host.ended.map(({ job, outcome }) => [job, outcome.status])).toEqual(
        expect.arrayContaining([
          [good!.id, "done"],
          [bad!.id, "failed"],
        ]),
      );
    });

    it("goes on by itself when it only waits for a time", async () => {
      const [job] = await begun("delay( seconds=5 )");
      expect(job).toMatchObject({ status: "waiting", wakeAt: clock.now() + 5_000 });
      // The engine has heard of it.
      await eventually(() => (clock.advance(1_000), world.jobs.service.get(TENANT, job!.id))).toMatchObject({
        status: "done",
      });
    });

    it("never was when its transaction is undone", async () => {
      const jobs = await world.jobs.service.begin([draft("toy.add()")]);
      const given = seated();
      const undone = database.transaction(async (tx) => {
        await world.jobs.service.create(tx, jobs);
        throw new Error("undone");
      });
      await expect(undone).rejects.toThrow("undone");
      expect(await world.jobs.service.list({ tenantId: TENANT }, { before: null, limit: 10 })).toEqual([]);
      expect(given).toEqual([]);
      await database.transaction((tx) => world.jobs.service.create(tx, jobs));
      expect(given).toHaveLength(1);
    });
  });

  describe("a task made for somebody who is connected", () => {
    it("is leased to them in the same commit, and nobody else is given it", async () => {
      const given = seated();
      const [job] = await begun("config.seen = toy.add( value=1 )");
      expect(given).toEqual([
        expect.objectContaining({ jobId: job!.id, attempt: 1, fence: 1, function: "add", parameters: { value: 1 } }),
      ]);
      expect(await taskOf(job!)).toMatchObject({ status: "leased" });
      expect(await world.jobs.tasks.claim(worker({ id: "other" }))).toEqual([]);
      const { granted } = await world.jobs.tasks.started(worker(), given);
      expect(granted).toHaveLength(1);
    });

    it("waits when they have no free slot left", async () => {
      const given = seated(worker({ modules: { toy: 2 } }));
      await begun("toy.add()", "toy.add()", "toy.add()");
      expect(given).toHaveLength(2);
      expect(await world.jobs.tasks.claim(worker({ id: "other" }))).toHaveLength(1);
    });

    it("goes to the one with the most room", async () => {
      const given: string[] = [];
      const seatOf = (id: string, toy: number) => ({
        executor: worker({ id, modules: { toy } }),
        give: (assignments: readonly Assignment[]) => void given.push(...assignments.map(() => id)),
      });
      const seats = [seatOf("small", 1), seatOf("large", 3)];
      onTestFinished(world.jobs.tasks.placeWith(() => seats));
      await begun("toy.add()", "toy.add()", "toy.add()", "toy.add()");
      expect(given.sort()).toEqual(["large", "large", "large", "small"]);
    });

    it("waits for the next one when they went away before they were told", async () => {
      const given = seated();
      const [job] = await begun("toy.add()");
      await world.jobs.tasks.giveBack(given);
      expect(await taskOf(job!)).toMatchObject({ status: "ready" });
      const [again] = await world.jobs.tasks.claim(worker({ session: "two" }));
      expect(again).toMatchObject({ task: given[0]!.task, attempt: 1, fence: 2 });
      // Said late, of a lease that is over.
      await world.jobs.tasks.giveBack(given);
      expect(await taskOf(job!)).toMatchObject({ status: "leased" });
    });

    it("is free again when nothing is heard of them", async () => {
      seated();
      const [job] = await begun("toy.add()");
      clock.advance(LEASE + 1);
      await eventually(async () => (await taskOf(job!)).status).toBe("ready");
      expect(await world.jobs.tasks.claim(worker({ id: "other" }))).toHaveLength(1);
    });

    it("of a later turn as well", async () => {
      const given = seated();
      const [job] = await world.create(script("toy.add()\ntoy.noop()"));
      await eventually(() => Promise.resolve(given.length)).toBe(1);
      const { task, attempt } = given[0]!;
      await world.jobs.tasks.report(worker(), { results: [{ task, attempt, outcome: "done", value: null }] });
      await eventually(() => Promise.resolve(given.map((one) => one.function))).toEqual(["add", "noop"]);
      expect(await taskOf(job!)).toMatchObject({ status: "leased" });
    });
  });
}

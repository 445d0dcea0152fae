import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ManualClock } from "../kernel/clock.ts";
import type { OpenEmptyDatabase } from "../platform/database/index.ts";
import type { Job, ProgramSource } from "./index.ts";
import { eventually } from "./testing/eventually.ts";
import { startExecutor, TestFailure } from "./testing/executor.ts";
import type { TestExecutor, TestExecutorParts, TestFunction } from "./testing/executor.ts";
import { script, TENANT, startWorld } from "./testing/world.ts";
import type { World } from "./testing/world.ts";

const START = 1_000_000;

const addOne: TestFunction = (parameters) => (parameters as { value: number }).value + 1;

function verbs(count: number, more: { batch?: number; keepGoing?: boolean } = {}): ProgramSource {
  const all = Array.from({ length: count }, (_, value) => ({ module: "toy", function: "add", parameters: { value } }));
  return { kind: "verbs", name: "verbs", verbs: { verbs: all, ...more } };
}

/** What the job engine does on every database. */
export function engineSuite(open: OpenEmptyDatabase): void {
  let clock: ManualClock;
  let world: World;

  beforeEach(async () => {
    ({ clock, world } = await startWorld(open, START, { chance: () => 1 }));
  });

  function executor(functions: TestExecutorParts["functions"], more: Partial<TestExecutorParts> = {}): TestExecutor {
    const started = startExecutor({ tasks: world.jobs.tasks, functions, ...more });
    onTestFinished(() => started.stop());
    return started;
  }

  async function create(program: ProgramSource | string): Promise<Job> {
    const [job] = await world.create(typeof program === "string" ? script(program) : program);
    return job!;
  }

  async function logOf(id: string): Promise<readonly string[]> {
    const lines = await world.jobs.service.log(id, { after: 0, limit: 1_000 });
    expect(lines.map((one) => one.sequence)).toEqual(lines.map((_, index) => index + 1));
    return lines.map((one) => `${one.kind}: ${one.text}`);
  }

  async function eventsOf(id: string): Promise<readonly string[]> {
    const page = await world.events.read({ limit: 500 });
    return page.events.filter((one) => one.subject.id === id).map((one) => one.type);
  }

  describe("a script", () => {
    it("without calls runs without anybody connected", async () => {
      const { id } = await create('aa = ( 1 + 2 )\nmessage( msg="half" )\nbb = ( aa * 2 )');
      const ended = await world.reach(id, "done");
      expect(ended).toMatchObject({ percent: 100, message: "half", failure: null, finishedAt: START, line: null });
      expect(await logOf(id)).toEqual(["created: created", "started: started", "message: half", "done: done"]);
      expect(world.host.ended).toEqual([{ job: id, outcome: { status: "done", failure: null } }]);
      expect(await eventsOf(id)).toEqual(["job.created", "job.message", "job.finished"]);
    });

    it("gets its calls done by an executor, in order, with the answers", async () => {
      const toy = executor({ add: addOne });
      const { id } = await create("xx = toy.add( value=1 )\nyy = toy.add( value=xx )\nconfig.sum = yy");
      await world.reach(id, "done");
      expect(world.host.written).toEqual([{ name: "sum", value: 3 }]);
      expect(toy.begun.map((one) => one.parameters)).toEqual([{ value: 1 }, { value: 2 }]);
      expect(await logOf(id)).toEqual([
        "created: created",
        "started: started",
        "call: toy.add",
        "result: toy.add done",
        "call: toy.add",
        "result: toy.add done",
        "done: done",
      ]);
    });

    it("goes on at once with what its host answers", async () => {
      const { id } = await create(
        "xx = here.ask( value=4 )\nconfig.seen = xx\nyy = config.seen\nconfig.twice = ( yy * 2 )",
      );
      await world.reach(id, "done");
      expect(world.host.written).toEqual([
        { name: "seen", value: 4 },
        { name: "twice", value: 8 },
      ]);
    });

    it("waits for a time on the clock, and only for that", async () => {
      const { id } = await create("delay( seconds=30 )\nconfig.late = 1");
      const waiting = await world.reach(id, "waiting");
      expect(waiting.wakeAt).toBe(START + 30_000);
      clock.advance(29_999);
      expect((await world.jobs.service.get(TENANT, id)).status).toBe("waiting");
      clock.advance(1);
      await world.reach(id, "done");
      expect(world.host.written).toEqual([{ name: "late", value: 1 }]);
    });

    it("that does not parse fails with every problem and its place", async () => {
      const source: ProgramSource = {
        kind: "script",
        name: "create",
        text: "aa = 1\nbb = (\n",
        origin: { file: "site.yaml", line: 11, column: 9, exact: true },
      };
      const { id } = await create(source);
      const failed = await world.reach(id, "failed");
      expect(failed.failure).toMatchObject({ code: "tscript_syntax", where: { file: "site.yaml", line: 12 } });
      expect(failed.message).toContain("site.yaml:12");
    });

    it("pauses itself, and goes on behind the pause when resumed", async () => {
      const { id } = await create(
        'config.one = 1\npause( msg="look" )\nconfig.two = 2\nerror( msg="bad" )\nconfig.three = 3',
      );
      expect(await world.reach(id, "paused")).toMatchObject({ message: "look", line: 2 });
      expect(world.host.written.map((one) => one.name)).toEqual(["one"]);
      await world.jobs.service.resume(TENANT, id);
      expect(await world.reach(id, "paused")).toMatchObject({ message: "bad" });
      await world.jobs.service.resume(TENANT, id);
      await world.reach(id, "done");
      expect(world.host.written.map((one) => one.name)).toEqual(["one", "two", "three"]);
    });

    it("that gives up fails, and begins anew with a retry", async () => {
      const { id } = await create(
        'count = ( config.count + 1 )\nconfig.count = count\nif ( count < 2 ) then fatal_error( msg="no" )',
      );
      world.host.values.set("count", 0);
      const failed = await world.reach(id, "failed");
      expect(failed.failure).toMatchObject({ message: "no", line: 3 });
      expect(world.host.ended.map((one) => one.outcome.status)).toEqual(["failed"]);
      await world.jobs.service.retry(TENANT, id);
      await world.reach(id, "done");
      expect(world.host.reopenings).toEqual([id]);
      expect(world.host.values.get("count")).toBe(2);
    });
  });

  describe("a failed call", () => {
    it("leaves the job at the call; a retry makes only this call again", async () => {
      let broken = true;
      const toy = executor({
        add: addOne,
        fail: () => {
          if (broken) throw new TestFailure("out of order");
          return 7;
        },
      });
      const { id } = await create("xx = toy.add( value=1 )\n\nconfig.seen = toy.fail( value=xx )");
      const failed = await world.reach(id, "failed");
      expect(failed.failure).toMatchObject({
        message: "toy.fail: out of order",
        line: 3,
        call: "toy.fail",
        taskId: toy.begun[1]!.task,
      });
      expect(world.host.ended.map((one) => one.outcome.status)).toEqual(["failed"]);
      broken = false;
      await world.jobs.service.retry(TENANT, id);
      await world.reach(id, "done");
      expect(toy.begun.map((one) => one.function)).toEqual(["add", "fail", "fail"]);
      expect(new Set(toy.begun.map((one) => one.task)).size).toBe(3);
      expect(world.host.written).toEqual([{ name: "seen", value: 7 }]);
      expect(world.host.ended.map((one) => one.outcome.status)).toEqual(["failed", "done"]);
    });

    it("shows the last lines of its output", async () => {
      executor({
        fail: async (_, { assignment }) => {
          const data = Buffer.from(Array.from({ length: 40 }, (_, index) => `line ${index}\n`).join(""));
          await world.jobs.tasks.report(
            { id: "executor" },
            { output: [{ task: assignment.task, attempt: 1, stream: "stderr", sequence: 0, data }] },
          );
          throw new TestFailure("exit code 1");
        },
      });
      const { id } = await create("toy.fail()");
      const { failure } = await world.reach(id, "failed");
      expect(failure!.output!.split("\n")).toEqual(Array.from({ length: 20 }, (_, index) => `line ${index + 20}`));
    });

    it("that its host refuses fails with the reason, and is prepared anew by a retry", async () => {
      world.host.answer = () => ({ kind: "failed", message: "no such template", code: "template_unknown" });
      const { id } = await create("config.seen = here.ask( value=3 )");
      expect((await world.reach(id, "failed")).failure).toMatchObject({
        message: "here.ask: no such template",
        line: 1,
        code: "template_unknown",
      });
      world.host.answer = (call) => ({ kind: "value", value: call.parameters["value"]! });
      await world.jobs.service.retry(TENANT, id);
      await world.reach(id, "done");
      expect(world.host.written).toEqual([{ name: "seen", value: 3 }]);
    });

    it("whose preparation breaks is an internal failure of this job only", async () => {
      world.host.answer = (_, job) => {
        if (job.programName === "test.t") throw new Error("bug");
        return { kind: "value", value: 1 };
      };
      const { id } = await create("here.ask()");
      expect((await world.reach(id, "failed")).failure).toMatchObject({ code: "internal" });
    });

    it("is tried again by itself where it is safe, later each time", async () => {
      world.host.draft = (_, draft) => ({ ...draft, safeToRepeat: true, retry: { times: 2, backoff: 1_000 } });
      let failures = 2;
      const toy = executor({
        flaky: () => {
          failures -= 1;
          if (failures >= 0) throw new TestFailure("not yet");
          return "there";
        },
      });
      const { id } = await create("config.seen = toy.flaky()");
      await eventually(() => logOf(id)).toContain("attempt: toy.flaky: attempt 2 in 1.0 s: not yet");
      clock.advance(999);
      expect(toy.begun).toHaveLength(1);
      clock.advance(1);
      await eventually(() => logOf(id)).toContain("attempt: toy.flaky: attempt 3 in 2.0 s: not yet");
      clock.advance(2_000);
      await world.reach(id, "done");
      expect(toy.begun.map((one) => one.attempt)).toEqual([1, 2, 3]);
      expect(new Set(toy.begun.map((one) => one.task)).size).toBe(1);
      expect(world.host.written).toEqual([{ name: "seen", value: "there" }]);
    });
  });

  describe("verbs", () => {
    it("go out in batches, each with its own result", async () => {
      const toy = executor({ add: addOne });
      const { id } = await create(verbs(23, { batch: 10 }));
      expect(await world.reach(id, "done")).toMatchObject({ percent: 100 });
      expect(toy.begun).toHaveLength(3);
      const results = await world.jobs.service.results(id, { after: null, limit: 100 });
      expect(results.map((one) => one.value)).toEqual(Array.from({ length: 23 }, (_, index) => index + 1));
      const tasks = await world.jobs.service.tasks(id, { after: null, limit: 10 });
      expect(tasks.map((one) => one.status)).toEqual(["done", "done", "done"]);
    });
  });
}

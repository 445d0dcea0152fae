import { EventEmitter } from "node:events";
import type { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import type { Job, Reply } from "./job.ts";
import { createPool } from "./pool.ts";

/** A thread that answers when the test says so. */
class PretendedThread extends EventEmitter {
  readonly jobs: Job[] = [];
  referenced = true;
  terminated = false;

  postMessage(job: Job): void {
    if (job.kind === "text" && job.text === "cannot be sent") throw new TypeError("could not be cloned");
    this.jobs.push(job);
  }
  ref(): void {
    this.referenced = true;
  }
  unref(): void {
    this.referenced = false;
  }
  async terminate(): Promise<number> {
    this.terminated = true;
    this.emit("exit", 1);
    return 1;
  }
  ready(): void {
    this.emit("message", "ready");
  }
  reply(text: string): void {
    this.emit("message", { text, broken: false } satisfies Reply);
  }
}

const failed: Reply = {
  error: { code: "template_too_large", message: "no", hint: "", where: undefined, details: {}, problems: [] },
  broken: true,
};

function job(text: string): Job {
  return { kind: "text", text, values: {}, mode: "strict" };
}

function setUp(threads = 2) {
  const clock = manualClock();
  const started: PretendedThread[] = [];
  const pool = createPool({
    clock,
    threads,
    milliseconds: 1_000,
    idleMilliseconds: 500,
    start() {
      const thread = new PretendedThread();
      started.push(thread);
      return thread as unknown as Worker;
    },
  });
  return { clock, started, pool };
}

/** The code a promise is rejected with. */
async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "none",
    (error: unknown) => (error as { code?: string }).code ?? String(error),
  );
}

describe("the pool of threads", () => {
  test("starts threads as there is work, no more than allowed, and gives each one job at a time", async () => {
    const { started, pool } = setUp();
    expect(started).toHaveLength(0);
    const first = pool.run(job("1"));
    expect(started).toHaveLength(1);
    const second = pool.run(job("2"));
    const third = pool.run(job("3"));
    expect(started).toHaveLength(2);
    const [one, two] = started as [PretendedThread, PretendedThread];
    expect(one.jobs).toEqual([]);
    two.ready();
    expect(two.jobs).toEqual([job("1")]);
    one.ready();
    expect(one.jobs).toEqual([job("2")]);
    two.reply("first");
    expect(two.jobs).toEqual([job("1"), job("3")]);
    one.reply("second");
    two.reply("third");
    expect(await Promise.all([first, second, third])).toEqual([
      { text: "first", broken: false },
      { text: "second", broken: false },
      { text: "third", broken: false },
    ]);
  });

  test("a thread keeps the process alive while it works, not when idle; idle for long, it stops", async () => {
    const { clock, started, pool } = setUp();
    const first = pool.run(job("1"));
    const [thread] = started as [PretendedThread];
    thread.ready();
    expect(thread.referenced).toBe(true);
    thread.reply("first");
    await first;
    expect(thread.referenced).toBe(false);
    clock.advance(400);
    const second = pool.run(job("2"));
    expect(thread.referenced).toBe(true);
    clock.advance(600);
    thread.reply("second");
    await second;
    clock.advance(499);
    expect(thread.terminated).toBe(false);
    clock.advance(1);
    expect(thread.terminated).toBe(true);
    void pool.run(job("3"));
    expect(started).toHaveLength(2);
  });

  test("a job that takes too long is refused, its thread replaced, and the next job is done", async () => {
    const { clock, started, pool } = setUp(1);
    const slow = pool.run(job("slow"));
    const next = pool.run(job("next"));
    started[0]?.ready();
    // The wait for a thread does not count.
    clock.advance(999);
    expect(started[0]?.terminated).toBe(false);
    clock.advance(1);
    expect(await codeOf(slow)).toBe("template_took_too_long");
    expect(started[0]?.terminated).toBe(true);
    expect(started).toHaveLength(2);
    started[1]?.ready();
    started[1]?.reply("done");
    expect(await next).toEqual({ text: "done", broken: false });
  });

  test("a thread that says it is broken is replaced", async () => {
    const { started, pool } = setUp(1);
    const large = pool.run(job("large"));
    started[0]?.ready();
    started[0]?.emit("message", failed);
    expect(await large).toEqual(failed);
    expect(started[0]?.terminated).toBe(true);
    const next = pool.run(job("next"));
    expect(started).toHaveLength(2);
    started[1]?.ready();
    started[1]?.reply("done");
    expect(await next).toEqual({ text: "done", broken: false });
  });

  test.each([
    [Object.assign(new Error("heap"), { code: "ERR_WORKER_OUT_OF_MEMORY" }), "template_too_large"],
    [new Error("a bug"), "template_engine_failed"],
  ])("a thread that dies at work (%s) takes its job with it: %s", async (error, code) => {
    const { started, pool } = setUp(1);
    const lost = pool.run(job("1"));
    const next = pool.run(job("2"));
    started[0]?.ready();
    started[0]?.emit("error", error);
    expect(await codeOf(lost)).toBe(code);
    started[1]?.ready();
    started[1]?.reply("done");
    expect(await next).toEqual({ text: "done", broken: false });
  });

  test("a thread that does not start fails one job, not all, and is not tried without end", async () => {
    const { started, pool } = setUp(1);
    const all = [pool.run(job("1")), pool.run(job("2"))];
    started[0]?.emit("error", new Error("no such file"));
    started[1]?.emit("exit", 1);
    expect(await Promise.all(all.map(codeOf))).toEqual(["template_engine_failed", "template_engine_failed"]);
    expect(started).toHaveLength(2);
  });

  test("a job that cannot be sent fails alone", async () => {
    const { started, pool } = setUp(1);
    const odd = pool.run(job("cannot be sent"));
    const next = pool.run(job("next"));
    started[0]?.ready();
    expect(await codeOf(odd)).toContain("could not be cloned");
    const third = pool.run(job("third"));
    started[0]?.reply("done");
    started[0]?.reply("done");
    expect(await Promise.all([next, third])).toHaveLength(2);
  });

  test("closing rejects what waits and what runs, and stops every thread", async () => {
    const { started, pool } = setUp(2);
    const all = [pool.run(job("1")), pool.run(job("2")), pool.run(job("3"))];
    started[0]?.ready();
    const codes = Promise.all(all.map(codeOf));
    await pool.close();
    expect(await codes).toEqual(Array.from({ length: 3 }, () => "template_renderer_closed"));
    expect(started.map((thread) => thread.terminated)).toEqual([true, true]);
    expect(await codeOf(pool.run(job("4")))).toBe("template_renderer_closed");
    expect(started).toHaveLength(2);
  });
});

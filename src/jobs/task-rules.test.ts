import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { afterLoss, afterResult, backoff } from "./task-rules.ts";
import type { TaskFacts } from "./task-rules.ts";

const facts: TaskFacts = {
  status: "started",
  attempt: 1,
  safeToRepeat: false,
  begun: true,
  cancel: false,
  retryTimes: 0,
  retryBackoff: 1_000,
  retried: 0,
};

const anyTask: fc.Arbitrary<TaskFacts> = fc.record({
  status: fc.constantFrom("leased" as const, "started" as const),
  attempt: fc.integer({ min: 1, max: 9 }),
  safeToRepeat: fc.boolean(),
  begun: fc.boolean(),
  cancel: fc.boolean(),
  retryTimes: fc.integer({ min: 0, max: 4 }),
  retryBackoff: fc.integer({ min: 0, max: 100_000 }),
  retried: fc.integer({ min: 0, max: 5 }),
});

describe("what becomes of a task", () => {
  it("never begins again by itself when it was begun and is not safe to repeat", () => {
    const outcome = fc.constantFrom("failed" as const, "interrupted" as const);
    fc.assert(
      fc.property(anyTask, outcome, (task, result) => {
        const unsafe = { ...task, safeToRepeat: false };
        expect(afterResult(unsafe, { task: "t", attempt: 1, outcome: result }, 0, 0).status).not.toBe("ready");
        expect(afterLoss({ ...unsafe, status: "started" }, 0, { message: "gone" }).status).not.toBe("ready");
      }),
    );
  });

  it("never begins again once its job does not want it", () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const unwanted = { ...task, cancel: true };
        for (const outcome of ["failed", "interrupted", "cancelled"] as const) {
          expect(afterResult(unwanted, { task: "t", attempt: 1, outcome }, 0, 0).status).not.toBe("ready");
        }
        expect(afterLoss(unwanted, 0, { message: "gone" }).status).toBe("cancelled");
      }),
    );
  });

  it("is a new attempt whenever it may have been begun before", () => {
    fc.assert(
      fc.property(anyTask, (task) => {
        const change = afterLoss(task, 0, { message: "gone" });
        if (change.status !== "ready") return;
        expect(change.attempt).toBe(task.status === "leased" ? task.attempt : task.attempt + 1);
      }),
    );
  });

  it("ends after as many failures as are allowed", () => {
    let task: TaskFacts = { ...facts, safeToRepeat: true, retryTimes: 3 };
    const waits: number[] = [];
    for (;;) {
      const change = afterResult(
        task,
        { task: "t", attempt: task.attempt, outcome: "failed", error: { message: "no" } },
        0,
        1,
      );
      if (change.status !== "ready") {
        expect(change).toMatchObject({ status: "failed", value: null, error: { message: "no" } });
        break;
      }
      waits.push(change.notBefore);
      const { attempt, retried } = change;
      task = { ...facts, safeToRepeat: true, retryTimes: 3, attempt, retried };
    }
    expect(waits).toEqual([1_000, 2_000, 4_000]);
  });

  it("waits at least half of its back-off, at most all of it, and never longer than ten minutes", () => {
    fc.assert(
      fc.property(anyTask, fc.double({ min: 0, max: 1, noNaN: true }), (task, jitter) => {
        const whole = Math.min(600_000, task.retryBackoff * 2 ** task.retried);
        const wait = backoff(task, jitter);
        expect(wait).toBeGreaterThanOrEqual(Math.floor(whole / 2));
        expect(wait).toBeLessThanOrEqual(Math.ceil(whole));
      }),
    );
  });
});

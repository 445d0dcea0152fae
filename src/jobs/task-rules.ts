import type { Json } from "../kernel/json.ts";
import { TASK_INTERRUPTED, TASK_TIMED_OUT, TASK_UNREACHABLE } from "./errors.ts";
import type { TaskError } from "./model.ts";
import type { TaskResult, TaskStatus } from "./task-model.ts";

/** What becomes of a task when something happens to it. Pure: the store reads the facts, asks here, and writes the answer. */

/** What the rules need to know of a task. */
export interface TaskFacts {
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly safeToRepeat: boolean;
  /** The job does not want it any more. */
  readonly cancel: boolean;
  /** Failures that are tried again. */
  readonly retryTimes: number;
  readonly retryBackoff: number;
  /** Failures tried again so far. */
  readonly retried: number;
}

/** The new state of a task. `ready` is always a new attempt, unless the old one was never begun. */
export type TaskChange =
  | {
      readonly status: "ready";
      readonly attempt: number;
      readonly retried: number;
      /** Epoch milliseconds. */
      readonly notBefore: number;
      /** Why, for the log. */
      readonly reason: string;
    }
  | {
      readonly status: "done" | "failed" | "interrupted" | "cancelled" | "unreachable";
      readonly value: Json;
      readonly error: TaskError | null;
    };

/** Lost attempts of one task before it counts as a task that kills whoever takes it. */
const MOST_LOST_ATTEMPTS = 5;

/** No wait between two attempts is longer. */
const LONGEST_BACKOFF = 10 * 60_000;

/** A result of the present attempt arrived. `jitter` is a random number from 0 to 1. */
export function afterResult(task: TaskFacts, result: TaskResult, now: number, jitter: number): TaskChange {
  switch (result.outcome) {
    case "done":
      return { status: "done", value: result.value ?? null, error: null };
    case "cancelled":
      return ended("cancelled", result.error ?? { message: "cancelled" });
    case "interrupted":
      if (task.cancel) return ended("cancelled", { message: "cancelled" });
      return lost(task, now, result.error ?? { message: "the executor ended in the middle" });
    case "failed": {
      const error = result.error ?? { message: "failed without a reason" };
      if (task.cancel || !task.safeToRepeat || task.retried >= task.retryTimes) return ended("failed", error);
      return {
        status: "ready",
        attempt: task.attempt + 1,
        retried: task.retried + 1,
        notBefore: now + backoff(task, jitter),
        reason: error.message,
      };
    }
  }
}

/** Nobody is left to report this task: its lease ran out, or its executor came back without it. */
export function afterLoss(task: TaskFacts, now: number, error: TaskError): TaskChange {
  if (task.cancel) return ended("cancelled", { message: "cancelled" });
  if (task.status === "leased") {
    return { status: "ready", attempt: task.attempt, retried: task.retried, notBefore: now, reason: error.message };
  }
  return lost(task, now, error);
}

/** Nobody took it in the time it had. */
export function unreachable(): TaskChange {
  return ended("unreachable", { message: "no worker or agent took the task in time", code: TASK_UNREACHABLE.code });
}

/** Nobody outside answered it in time. */
export function unanswered(): TaskChange {
  return ended("failed", { message: "nobody answered in time", code: TASK_TIMED_OUT.code });
}

function lost(task: TaskFacts, now: number, error: TaskError): TaskChange {
  const code = error.code ?? TASK_INTERRUPTED.code;
  if (!task.safeToRepeat) {
    return ended("interrupted", { message: `${error.message}; nobody can say whether it was done`, code });
  }
  if (task.attempt >= MOST_LOST_ATTEMPTS) {
    return ended("interrupted", { message: `${error.message}; it was tried ${task.attempt} times`, code });
  }
  return { status: "ready", attempt: task.attempt + 1, retried: task.retried, notBefore: now, reason: error.message };
}

function ended(status: "failed" | "interrupted" | "cancelled" | "unreachable", error: TaskError): TaskChange {
  return { status, value: null, error };
}

/** Doubles with each retry; half of it is random, so that tasks that failed together do not come back together. */
export function backoff(task: Pick<TaskFacts, "retryBackoff" | "retried">, jitter: number): number {
  const whole = Math.min(LONGEST_BACKOFF, task.retryBackoff * 2 ** Math.min(task.retried, 30));
  return Math.round(whole / 2 + (whole / 2) * jitter);
}

import type { Json } from "../kernel/json.ts";
import { TASK_INTERRUPTED, TASK_TIMED_OUT, TASK_UNREACHABLE } from "./errors.ts";
import { badItems, endedItems } from "./items.ts";
import type { ItemTally } from "./items.ts";
import type { TaskError } from "./model.ts";
import type { TaskResult, TaskStatus } from "./task-model.ts";

/** What becomes of a task when something happens to it. Pure: the store reads the facts, asks here, and writes the answer. */

/** What the rules need to know of a task. */
export interface TaskFacts {
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly safeToRepeat: boolean;
  /** Somebody may have begun it, in this attempt or an earlier one. */
  readonly begun: boolean;
  /** The job does not want it any more. */
  readonly cancel: boolean;
  /** Failures that are tried again. */
  readonly retryTimes: number;
  readonly retryBackoff: number;
  /** Failures tried again so far. */
  readonly retried: number;
}

/** The new state of a task. `ready` is always a new attempt, unless the old one was never begun. */
export type TaskChange = {
  /** Somebody may have begun it by now. */
  readonly begun: boolean;
} & (
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
    }
);

/** Lost attempts of one task before it counts as a task that kills whoever takes it. */
const MOST_LOST_ATTEMPTS = 5;

/** No wait between two attempts is longer. */
const LONGEST_BACKOFF = 10 * 60_000;

/** A result of the present attempt arrived. `jitter` is a random number from 0 to 1. */
export function afterResult(task: TaskFacts, result: TaskResult, now: number, jitter: number): TaskChange {
  const begun = hadBegun(task, result);
  const known = { ...task, begun };
  switch (result.outcome) {
    case "done":
      return { status: "done", value: result.value ?? null, error: null, begun };
    case "cancelled":
      return ended(known, "cancelled", result.error ?? { message: "cancelled" });
    case "interrupted":
      if (task.cancel) return ended(known, "cancelled", { message: "cancelled" });
      return lost(known, now, result.error ?? { message: "the executor ended in the middle" });
    case "failed": {
      const error = result.error ?? { message: "failed without a reason" };
      if (task.cancel || !task.safeToRepeat || task.retried >= task.retryTimes) return ended(known, "failed", error);
      return {
        status: "ready",
        attempt: task.attempt + 1,
        retried: task.retried + 1,
        notBefore: now + backoff(task, jitter),
        reason: error.message,
        begun,
      };
    }
  }
}

/** Codes of an executor that refuses a call before it begins. */
const REFUSED: readonly (string | undefined)[] = ["module_unknown", "function_unknown", "parameters_wrong"];

/** Who was stopped before the beginning says `cancelled`; whatever else it says, it had begun. */
function hadBegun(task: TaskFacts, { outcome, error, began }: TaskResult): boolean {
  if (outcome === "failed" && REFUSED.includes(error?.code)) return task.begun && task.attempt > 1;
  return task.begun || (began ?? outcome !== "cancelled");
}

/** What the rules need to know of a list beside. */
export interface ListFacts extends TaskFacts {
  /** How its items stand. */
  readonly tally: ItemTally;
  readonly keepGoing: boolean;
}

/** A result of the present attempt of a list arrived, and what it says of items is in the tally. */
export function afterListResult(task: ListFacts, result: TaskResult, now: number, jitter: number): TaskChange {
  const { tally } = task;
  const change = afterResult(task, result, now, jitter);
  if (result.outcome !== "interrupted" || task.cancel) return change;
  const error = result.error ?? { message: "the executor ended in the middle" };
  const over = endedItems(tally) >= tally.total || (!task.keepGoing && badItems(tally) > 0);
  if (over) return ended({ begun: true }, "interrupted", error);
  // Its executor cannot go on by itself, but knows how far it came: the rest was not begun.
  return result.resumable === true || (task.keepGoing && tally.interrupted > 0)
    ? lost({ ...task, safeToRepeat: true, begun: true }, now, error)
    : change;
}

/** The same of a list, by what is known of its items. `open`: those nobody said anything of, in their order. */
export function afterListLoss(
  task: ListFacts,
  open: readonly { readonly safeToRepeat?: boolean }[],
  now: number,
  error: TaskError,
): TaskChange {
  if (task.cancel || task.status === "leased") return afterLoss(task, now, error);
  const { tally } = task;
  const bad = badItems(tally);
  if (open.length === 0 || (!task.keepGoing && bad > 0)) {
    if (bad === 0) return { status: "done", value: { items: tally.total }, error: null, begun: true };
    return ended({ begun: true }, tally.interrupted > 0 ? "interrupted" : "failed", error);
  }
  const safeToRepeat = open.every((one) => one.safeToRepeat ?? task.safeToRepeat);
  return lost({ ...task, safeToRepeat, begun: true }, now, error);
}

/** Nobody is left to report this task: its lease ran out, or its executor came back without it. */
export function afterLoss(task: TaskFacts, now: number, error: TaskError): TaskChange {
  // What may be repeated is begun without waiting for a word of the server: whether it was, nobody can say.
  const begun = task.begun || task.safeToRepeat;
  if (task.cancel) return ended({ begun }, "cancelled", { message: "cancelled" });
  if (task.status === "leased") {
    const { attempt, retried } = task;
    return { status: "ready", attempt, retried, notBefore: now, reason: error.message, begun };
  }
  return lost({ ...task, begun }, now, error);
}

/** Nobody took it in the time it had. */
export function unreachable(task: TaskFacts): TaskChange {
  const error = { message: "no worker or agent took the task in time", code: TASK_UNREACHABLE.code };
  return ended(task, "unreachable", error);
}

/** Nobody outside answered it in time. */
export function unanswered(task: TaskFacts): TaskChange {
  return ended(task, "failed", { message: "nobody answered in time", code: TASK_TIMED_OUT.code });
}

function lost(task: TaskFacts, now: number, error: TaskError): TaskChange {
  const code = error.code ?? TASK_INTERRUPTED.code;
  if (!task.safeToRepeat) {
    return ended(task, "interrupted", { message: `${error.message}; nobody can say whether it was done`, code });
  }
  if (task.attempt >= MOST_LOST_ATTEMPTS) {
    return ended(task, "interrupted", { message: `${error.message}; it was tried ${task.attempt} times`, code });
  }
  const { attempt, retried, begun } = task;
  return { status: "ready", attempt: attempt + 1, retried, notBefore: now, reason: error.message, begun };
}

function ended(
  { begun }: Pick<TaskFacts, "begun">,
  status: "failed" | "interrupted" | "cancelled" | "unreachable",
  error: TaskError,
): TaskChange {
  return { status, value: null, error, begun };
}

/** Doubles with each retry; half of it is random, so that tasks that failed together do not come back together. */
export function backoff(task: Pick<TaskFacts, "retryBackoff" | "retried">, jitter: number): number {
  const whole = Math.min(LONGEST_BACKOFF, task.retryBackoff * 2 ** Math.min(task.retried, 30));
  return Math.round(whole / 2 + (whole / 2) * jitter);
}

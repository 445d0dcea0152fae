import type { Transaction } from "../platform/database/index.ts";
import { pokeJobs } from "./job-store.ts";
import type { LastTurns } from "./last-turns.ts";
import type { JobLines } from "./lines.ts";
import { openItemsOf } from "./list-store.ts";
import type { TaskError } from "./model.ts";
import type { Sql, SqlTransaction } from "./sql.ts";
import type { ReadyRoute } from "./task-model.ts";
import { afterListLoss, afterLoss } from "./task-rules.ts";
import type { TaskChange } from "./task-rules.ts";
import { changeTasks } from "./task-store.ts";
import type { TaskRecord } from "./task-store.ts";
import type { Wakes } from "./wakes.ts";

/** What became of a task that was locked in this transaction. */
export interface Settlement {
  readonly task: TaskRecord;
  readonly change: TaskChange;
  /** Its executor said so. Otherwise the server gave it up. */
  readonly told?: boolean;
}

export interface SettleParts {
  readonly tx: Transaction;
  readonly sql: SqlTransaction;
  readonly wakes: Wakes;
  readonly lines: JobLines;
  readonly sweepBy: (tx: Transaction, at: number) => void;
  readonly now: number;
  /** Left out: jobs have their turns from the engine alone. */
  readonly lastTurns?: LastTurns | undefined;
}

/** Writes what became of tasks, gives their jobs a turn, and tells who can take those that are ready again. */
export async function applyChanges(parts: SettleParts, settlements: readonly Settlement[]): Promise<void> {
  if (settlements.length === 0) return;
  const { tx, sql, wakes, now } = parts;
  await changeTasks(sql, settlements, now);
  const over = await parts.lastTurns?.(tx, sql, settlements);
  const ended = settlements.filter((one) => one.change.status !== "ready" && over?.has(one.task.jobId) !== true);
  await pokeJobs(sql, [...new Set(ended.map((one) => one.task.jobId))], now);
  if (ended.length > 0) wakes.jobsRunnable(tx);
  const again = settlements.flatMap(({ task, change }) => (change.status === "ready" ? [{ task, change }] : []));
  if (again.length === 0) return;
  wakes.tasksReady(
    tx,
    again.filter((one) => one.change.notBefore <= now).flatMap((one) => readyRoute(one.task)),
  );
  for (const { task, change } of again) {
    if (change.notBefore > now) parts.sweepBy(tx, change.notBefore);
    else if (task.reachWithin !== null) parts.sweepBy(tx, now + task.reachWithin);
  }
  await parts.lines(
    tx,
    sql,
    again.map(({ task, change }) => ({
      jobId: task.jobId,
      kind: "attempt" as const,
      taskId: task.id,
      text: againText(task, change, now),
    })),
    now,
  );
}

/** What becomes of tasks that nobody is left to report. */
export async function lossesOf(
  sql: Sql,
  tasks: readonly TaskRecord[],
  now: number,
  error: TaskError,
): Promise<readonly Settlement[]> {
  const open = await openItemsOf(
    sql,
    tasks.filter((task) => task.tally !== null).map(({ id }) => id),
  );
  return tasks.map((task) => {
    const { tally } = task;
    const change =
      tally === null
        ? afterLoss(task, now, error)
        : afterListLoss({ ...task, tally }, open.get(task.id) ?? [], now, error);
    return { task, change };
  });
}

/** Who is to be told that a task can be taken. Nobody, when it waits for an answer from outside. */
export function readyRoute({ module, route }: TaskRecord): readonly ReadyRoute[] {
  return "outside" in route ? [] : [{ module, route }];
}

function againText(
  task: TaskRecord,
  change: { attempt: number; notBefore: number; reason: string },
  now: number,
): string {
  const wait = change.notBefore - now;
  const when = wait <= 0 ? "" : ` in ${(wait / 1000).toFixed(1)} s`;
  return `${task.name}: attempt ${change.attempt}${when}: ${change.reason}`;
}

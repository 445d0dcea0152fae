import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import { afterCommit } from "../platform/database/index.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { TASK_TIMED_OUT } from "./errors.ts";
import { createAlarm } from "./alarm.ts";
import { createClockWatch } from "./clock-watch.ts";
import type { JobLines } from "./lines.ts";
import { applyChanges, lossesOf, readyRoute } from "./settle.ts";
import type { Settlement } from "./settle.ts";
import { openItemsOf } from "./list-store.ts";
import { readerOf, sqlOf } from "./sql.ts";
import type { Sql } from "./sql.ts";
import type { ReadyRoute, TaskCancel } from "./task-model.ts";
import { unanswered, unreachable } from "./task-rules.ts";
import { extendSessions, nextSessionEnd, takeLapsedSessions } from "./session-store.ts";
import { lockDueTasks, lockOwnedTasks, nextDue, setDue } from "./task-store.ts";
import type { TaskRecord } from "./task-store.ts";
import type { Wakes } from "./wakes.ts";

/**
 * Looks after tasks whose time has come: leases of executors that are gone, time-outs, waits between attempts. Takes no input, may run at
 * any time and on every replica; the tables say what is due.
 */
export interface TaskSweeper {
  start(): Promise<void>;
  /** There will be something to look at then, when the transaction is committed. */
  by(tx: Transaction, at: number): void;
  stop(): Promise<void>;
}

export interface SweeperParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wakes: Wakes;
  readonly lines: JobLines;
  readonly lease: number;
}

const MOST_AT_ONCE = 500;

export function createTaskSweeper(parts: SweeperParts): TaskSweeper {
  const { database, clock, wakes, lines } = parts;
  const reader = readerOf(database);
  const alarm = createAlarm({ clock, log: parts.log, name: "task sweeper", run: sweep });
  /** Nobody could take a task while there was no server: waits count from here at the earliest. */
  let since = 0;
  const watch = createClockWatch({ ...parts, sweepBy: by });

  /** Who looked before the commit would see nothing, and not look again. */
  function by(tx: Transaction, at: number): void {
    afterCommit(tx, `task sweep ${at}`, () => alarm.by(at));
  }

  function reachBy(task: TaskRecord): number {
    return task.reachWithin === null ? Infinity : Math.max(task.notBefore, since) + task.reachWithin;
  }

  async function sweep(): Promise<number | null> {
    await watch.check();
    while (await sweepDue()) {
      // More are due than one transaction should hold.
    }
    await sweepSessions();
    const times = [await nextDue(reader), await nextSessionEnd(reader)].filter((at) => at !== null);
    // Another replica may have died with what only it was to look at.
    if (database.dialect === "postgres") times.push(clock.now() + parts.lease / 2);
    return times.length === 0 ? null : Math.min(...times);
  }

  async function sweepDue(): Promise<boolean> {
    return database.transaction(async (tx) => {
      const sql = sqlOf(database, tx);
      const now = clock.now();
      const due = await lockDueTasks(sql, now, MOST_AT_ONCE);
      const settlements: Settlement[] = [];
      const lost: TaskRecord[] = [];
      const later: { id: Id; dueAt: number | null }[] = [];
      const ready: ReadyRoute[] = [];
      const cancels: TaskCancel[] = [];
      for (const task of due) {
        if (task.status === "started" || (task.status === "leased" && task.cancel)) {
          lost.push(task);
          cancels.push({ task: task.id, attempt: task.attempt, executorId: task.owner! });
        } else if (task.status === "ready" && "outside" in task.route) {
          settlements.push({ task, change: unanswered(task) });
        } else if (task.status === "ready" && reachBy(task) <= now) {
          settlements.push({ task, change: unreachable(task) });
        } else {
          const next = task.status === "ready" ? reachBy(task) : Infinity;
          later.push({ id: task.id, dueAt: next === Infinity ? null : next });
          if (task.status === "ready") ready.push(...readyRoute(task));
        }
      }
      const error = { message: "no result came within its time-out", code: TASK_TIMED_OUT.code };
      settlements.push(...(await lossesOf(sql, lost, now, error)));
      await setDue(sql, later);
      wakes.tasksReady(tx, ready);
      wakes.tasksCancelled(tx, cancels);
      await applyChanges({ tx, sql, wakes, lines, sweepBy: by, now }, settlements);
      return due.length === MOST_AT_ONCE;
    });
  }

  async function sweepSessions(): Promise<void> {
    await database.transaction(async (tx) => {
      const sql = sqlOf(database, tx);
      const now = clock.now();
      for (const owned of (await lockOwnedTasks(sql, await takeLapsedSessions(sql, now))).values()) {
        const away = await mayBeAway(sql, owned, now);
        await setDue(sql, away.kept);
        for (const { dueAt } of away.kept) by(tx, dueAt);
        const losses = await lossesOf(sql, away.lost, now, { message: "the executor is gone" });
        await applyChanges({ tx, sql, wakes, lines, sweepBy: by, now }, losses);
      }
    });
  }

  return {
    async start() {
      since = clock.now();
      await database.transaction((tx) => extendSessions(sqlOf(database, tx), clock.now() + parts.lease));
      watch.start();
      alarm.start();
      alarm.by(clock.now());
    },
    by,
    stop() {
      watch.stop();
      return alarm.stop();
    },
  };
}

/** Lists whose executor may be away for what is under way there: they are looked at again when that has taken too long. */
async function mayBeAway(
  sql: Sql,
  tasks: readonly TaskRecord[],
  now: number,
): Promise<{
  readonly kept: readonly { readonly id: Id; readonly dueAt: number }[];
  readonly lost: readonly TaskRecord[];
}> {
  const begun = tasks.filter((task) => task.tally !== null && task.status === "started" && !task.cancel);
  const open = await openItemsOf(
    sql,
    begun.map(({ id }) => id),
  );
  const kept = begun.flatMap(({ id }) => {
    const awayFor = open.get(id)?.[0]?.awayFor;
    return awayFor === undefined ? [] : [{ id, dueAt: now + awayFor }];
  });
  const ids = new Set(kept.map(({ id }) => id));
  return { kept, lost: tasks.filter(({ id }) => !ids.has(id)) };
}

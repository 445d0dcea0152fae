import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Transaction } from "../platform/database/index.ts";
import { batched } from "./batcher.ts";
import type { ExecutorSessions } from "./executor-sessions.ts";
import type { Placing } from "./placing.ts";
import { createReports } from "./reports.ts";
import type { ReportParts } from "./reports.ts";
import type { SealedTasks } from "./sealed.ts";
import { applyChanges, lossesOf } from "./settle.ts";
import type { Settlement } from "./settle.ts";
import { readerOf, sqlOf } from "./sql.ts";
import type { SqlTransaction } from "./sql.ts";
import type { Assignment, Executor, HeldTask, StartedRef, TaskCancel, TaskRef, TaskService } from "./task-model.ts";
import { afterLoss } from "./task-rules.ts";
import { claimTasks, unleaseTasks } from "./claim-store.ts";
import { cancelsOf, isHeld, lockOwnedTasks, lockTasks, setDue, spokenOf, startTasks } from "./task-store.ts";
import type { TaskRecord } from "./task-store.ts";
import { takenLine } from "./unserved.ts";
import { takeUnserved } from "./unserved-store.ts";

export interface TaskParts extends ReportParts {
  readonly sealed: SealedTasks;
  readonly sessions: ExecutorSessions;
  readonly placing: Placing;
}

/** A started task that has not ended this long after its time-out is taken for lost: the executor should have ended it. */
const TIMEOUT_GRACE = 30_000;

export function createTaskService(parts: TaskParts): TaskService {
  const { database, commits, clock, wakes, lines, sweepBy, sessions } = parts;
  const report = createReports(parts);

  async function tellCancels(tx: Transaction, sql: SqlTransaction, executors: readonly Executor[]): Promise<void> {
    const ids = distinctText(executors.map((one) => one.id));
    const cancels = await cancelsOf(sql, ids);
    wakes.tasksCancelled(
      tx,
      cancels.map(({ id, attempt, owner }): TaskCancel => ({ task: id, attempt, executorId: owner })),
    );
  }

  /** What was said to wait for a worker has found one. */
  async function tellTaken(tx: Transaction, sql: SqlTransaction, all: readonly Assignment[]): Promise<void> {
    const told = new Map(all.filter((one) => one.unserved === true).map((one) => [one.task, one.module]));
    if (told.size === 0) return;
    const taken = await takeUnserved(sql, [...told.keys()]);
    const said = taken.map((one) => takenLine(one, told.get(one.id)!));
    await lines(tx, sql, said, clock.now());
  }

  async function claimAll(
    tx: Transaction,
    executors: readonly Executor[],
  ): Promise<readonly (readonly Assignment[])[]> {
    const sql = sqlOf(database, tx);
    await sessions.keep(tx, sql, executors);
    const results = await claimTasks(sql, executors, clock.now());
    await tellTaken(tx, sql, results.flat());
    return results;
  }

  // A lease that is lost with the power leaves a task that is ready: who has it is told to drop it, and began nothing that may not be repeated.
  const claim = batched(commits, claimAll, { relaxed: true });

  const giveBack = batched(commits, async (tx, requests: readonly (readonly Assignment[])[]) => {
    const now = clock.now();
    const back = await unleaseTasks(sqlOf(database, tx), requests.flat(), now);
    for (const { dueAt } of back) if (dueAt !== null) sweepBy(tx, dueAt);
    wakes.tasksReady(tx, back);
    return requests.map(() => undefined);
  });

  const renew = batched(commits, async (tx, executors: readonly Executor[]) => {
    const sql = sqlOf(database, tx);
    await tellCancels(tx, sql, await sessions.keep(tx, sql, executors));
    return executors.map(() => undefined);
  });

  const startAll = async (
    tx: Transaction,
    requests: readonly { readonly executor: Pick<Executor, "id">; readonly tasks: readonly StartedRef[] }[],
  ) => {
    const sql = sqlOf(database, tx);
    const now = clock.now();
    const known = await lockTasks(sql, distinct(requests.flatMap((one) => one.tasks)));
    const starting = new Map<Id, number | null>();
    const stopped = new Map<Id, Settlement>();
    const answers = requests.map(({ executor, tasks }) => {
      const granted: TaskRef[] = [];
      const refused: TaskRef[] = [];
      for (const ref of tasks) {
        const task = owned(known, executor, ref);
        if (task === undefined || task.cancel) refused.push(ref);
        else granted.push(ref);
        if (task?.status !== "leased") continue;
        if (task.cancel) stopped.set(task.id, { task, change: afterLoss(task, now, { message: "cancelled" }) });
        else starting.set(task.id, endBy(task, now));
      }
      return { granted, refused };
    });
    await startTasks(
      sql,
      [...starting].map(([id, dueAt]) => ({ id, dueAt })),
      now,
    );
    for (const at of starting.values()) if (at !== null) sweepBy(tx, at);
    // What is refused is dropped without a result, so it ends here.
    await applyChanges({ tx, sql, wakes, lines, sweepBy, now }, [...stopped.values()]);
    return answers;
  };
  const started = batched(commits, startAll);
  // Lost with the power, it is given out again, which is what may be done with it.
  const startedSafe = batched(commits, startAll, { relaxed: true });

  const reconcile = batched(
    commits,
    async (tx, requests: readonly { executor: Executor; held: readonly HeldTask[] }[]) => {
      const sql = sqlOf(database, tx);
      const now = clock.now();
      await sessions.keep(
        tx,
        sql,
        requests.map((one) => one.executor),
        true,
      );
      const answers = [];
      const ids = distinctText(requests.map((one) => one.executor.id));
      const found = await lockOwnedTasks(sql, ids);
      const owned = new Map(ids.map((id) => [id, found.get(id) ?? []]));
      for (const { executor, held } of requests) {
        const holding = new Map(held.map((one) => [`${one.task} ${one.attempt}`, one]));
        const starting = [];
        const lost: TaskRecord[] = [];
        const back: TaskRecord[] = [];
        // One that came twice meanwhile changed what it has.
        const has = owned.get(executor.id) ?? (await lockOwnedTasks(sql, [executor.id])).get(executor.id) ?? [];
        owned.delete(executor.id);
        for (const task of has) {
          const key = `${task.id} ${task.attempt}`;
          const one = holding.get(key);
          holding.delete(key);
          if (one === undefined) lost.push(task);
          else if (task.status === "started" && task.tally !== null && !task.cancel) back.push(task);
          else if (one.phase !== "queued" && task.status === "leased" && !task.cancel)
            starting.push({ id: task.id, dueAt: endBy(task, now) });
        }
        await startTasks(sql, starting, now);
        for (const { dueAt } of starting) if (dueAt !== null) sweepBy(tx, dueAt);
        // While it was away another time may have been set for it.
        await setDue(
          sql,
          back.map((task) => ({ id: task.id, dueAt: endBy(task, now) })),
        );
        const losses = await lossesOf(sql, lost, now, { message: "the executor came back without the task" });
        await applyChanges({ tx, sql, wakes, lines, sweepBy, now }, losses);
        answers.push({ forget: [...holding.values()].map(({ task, attempt }) => ({ task, attempt })) });
      }
      await tellCancels(
        tx,
        sql,
        requests.map((one) => one.executor),
      );
      return answers;
    },
  );

  /** What cannot be opened is not given out: it failed, and may be tried again. */
  async function openAll(executor: Executor, claimed: readonly Assignment[]): Promise<readonly Assignment[]> {
    if (claimed.every((one) => one.sealed === undefined)) return claimed;
    const opened: Assignment[] = [];
    for (const one of claimed) {
      try {
        opened.push(await parts.sealed.open(one));
      } catch (error) {
        if (!(error instanceof GantryError)) throw error;
        const { task, attempt } = one;
        const failure = { message: error.message, code: error.code };
        await report(executor, { results: [{ task, attempt, outcome: "failed", error: failure }] });
      }
    }
    return opened;
  }

  return {
    claim: async (executor) => openAll(executor, await claim(executor)),
    async starterOf(job) {
      const rows = await readerOf(database).rows<{ starter_id: Id | null }>("SELECT starter_id FROM job WHERE id = ?", [
        job,
      ]);
      return rows[0]?.starter_id ?? null;
    },
    renew: async (executor) => {
      if (!sessions.isKept(executor)) await renew(executor);
    },
    started: (executor, tasks) =>
      tasks.every((one) => one.safeToRepeat === true) ? startedSafe({ executor, tasks }) : started({ executor, tasks }),
    report,
    async reconcile(executor, held) {
      // What it does was perhaps given to it by another server.
      if (held.length > 0) await parts.sealed.recall(executor.id);
      return reconcile({ executor, held });
    },
    async sessionEnded(executor) {
      sessions.ended(executor);
    },
    async giveBack(assignments) {
      if (assignments.length > 0) await giveBack(assignments);
    },
    placeWith: (find) => parts.placing.use(find),
    onReady: (listener) => wakes.onReady(listener),
    onCancel: (listener) => wakes.onCancel(listener),
  };
}

/** The task a reference means, if the executor has it now. */
function owned(
  known: ReadonlyMap<Id, TaskRecord>,
  executor: Pick<Executor, "id">,
  ref: TaskRef,
): TaskRecord | undefined {
  const task = spokenOf(known, executor, ref);
  return task !== undefined && isHeld(task) ? task : undefined;
}

function endBy(task: TaskRecord, now: number): number | null {
  return task.timeout === null ? null : now + task.timeout + TIMEOUT_GRACE;
}

function distinct(refs: readonly TaskRef[]): readonly Id[] {
  return distinctText(refs.map((one) => one.task));
}

function distinctText(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

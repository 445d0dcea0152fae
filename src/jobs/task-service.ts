import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { afterCommit } from "../platform/database/index.ts";
import type { Database, GroupCommit, Transaction } from "../platform/database/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { Redactor } from "../platform/redaction/index.ts";
import { cut } from "./turn.ts";
import { batched } from "./batcher.ts";
import { noteLate } from "./late.ts";
import type { LateWord } from "./late.ts";
import type { JobLines } from "./lines.ts";
import { saveTallies, showProgress } from "./list-store.ts";
import type { ItemResult } from "./model.ts";
import { appendOutput } from "./output-store.ts";
import { createRedactedOutput } from "./redacted-output.ts";
import type { SealedTasks } from "./sealed.ts";
import { saveSessions } from "./session-store.ts";
import { applyChanges, lossesOf } from "./settle.ts";
import type { Settlement } from "./settle.ts";
import { sqlOf } from "./sql.ts";
import type { SqlTransaction } from "./sql.ts";
import type {
  Assignment,
  Executor,
  HeldTask,
  ItemReport,
  OutputChunk,
  StartedRef,
  TaskCancel,
  TaskRef,
  TaskResult,
  TaskService,
} from "./task-model.ts";
import { takeItems } from "./taken-items.ts";
import { afterListResult, afterLoss, afterResult } from "./task-rules.ts";
import { claimTasks } from "./claim-store.ts";
import { cancelsOf, lockOwnedTasks, lockTasks, setDue, startTasks } from "./task-store.ts";
import type { TaskRecord } from "./task-store.ts";
import { takenLine } from "./unserved.ts";
import { takeUnserved } from "./unserved-store.ts";
import type { Wakes } from "./wakes.ts";

export interface TaskParts {
  readonly database: Database;
  readonly commits: GroupCommit;
  readonly clock: Clock;
  /** A number from 0 to 1, for the jitter of retries. */
  readonly chance: () => number;
  readonly log: Logger;
  readonly wakes: Wakes;
  readonly lines: JobLines;
  readonly redactor: Redactor;
  readonly sealed: SealedTasks;
  /** When it is known what is to be hidden in what executors say. */
  readonly recalled: Promise<void>;
  /** Milliseconds an executor's leases live without a sign of life. */
  readonly lease: number;
  /** Tells the sweeper of a time to look at. */
  readonly sweepBy: (tx: Transaction, at: number) => void;
}

/** A started task that has not ended this long after its time-out is taken for lost: the executor should have ended it. */
const TIMEOUT_GRACE = 30_000;

export function createTaskService(parts: TaskParts): TaskService {
  const { database, commits, clock, log, wakes, lines, sweepBy, redactor } = parts;
  const redacted = createRedactedOutput(redactor);
  /** Until when each executor's leases live, as stored last. */
  const sessions = new Map<Id, { readonly session: string; readonly until: number }>();

  /** Half over; or longer than a lease is, because the clock was put back. */
  function isStale(until: number, now: number): boolean {
    return until - now < parts.lease / 2 || until - now > parts.lease;
  }

  /** Stores that the executors are alive, for those whose lease is half over. */
  async function keepSessions(
    tx: Transaction,
    sql: SqlTransaction,
    executors: readonly Executor[],
    force: boolean,
  ): Promise<readonly Executor[]> {
    const now = clock.now();
    const until = now + parts.lease;
    const stale = new Map<Id, Executor>();
    for (const one of executors) {
      const known = sessions.get(one.id);
      if (force || known?.session !== one.session || isStale(known.until, now)) stale.set(one.id, one);
    }
    if (stale.size === 0) return [];
    await saveSessions(
      sql,
      [...stale.values()].map((one) => ({ id: one.id, session: one.session, until })),
    );
    for (const one of stale.values()) {
      // Not before: one that was undone would not be stored again, and so never run out.
      afterCommit(tx, `session ${one.id}`, () => sessions.set(one.id, { session: one.session, until }));
    }
    sweepBy(tx, until);
    return [...stale.values()];
  }

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
    await keepSessions(tx, sql, executors, false);
    const results = await claimTasks(sql, executors, clock.now());
    await tellTaken(tx, sql, results.flat());
    return results;
  }

  // A lease that is lost with the power leaves a task that is ready: who has it is told to drop it, and began nothing that may not be repeated.
  const claim = batched(commits, claimAll, { relaxed: true });

  const renew = batched(commits, async (tx, executors: readonly Executor[]) => {
    const sql = sqlOf(database, tx);
    await tellCancels(tx, sql, await keepSessions(tx, sql, executors, false));
    return executors.map(() => undefined);
  });

  const startAll = async (
    tx: Transaction,
    requests: readonly { readonly executor: Executor; readonly tasks: readonly StartedRef[] }[],
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

  /** Of a list: its items are taken in before it is looked at. */
  const finish = batched(
    commits,
    async (tx, requests: readonly { executor: Executor; results: readonly TaskResult[] }[]) => {
      const sql = sqlOf(database, tx);
      const now = clock.now();
      const known = new Map(await lockTasks(sql, distinct(requests.flatMap((one) => one.results))));
      const taken: { readonly task: TaskRecord; readonly result: TaskResult }[] = [];
      const late: LateWord[] = [];
      for (const { executor, results } of requests) {
        for (const result of results) {
          const task = spokenOf(known, executor, result);
          if (task === undefined || !isHeld(task)) {
            if (task !== undefined) late.push({ task, outcome: result.outcome, items: result.items ?? [] });
            log.debug(
              { task: result.task, attempt: result.attempt, executor: executor.id },
              "result of an older attempt ignored",
            );
            continue;
          }
          // The same result twice in one group counts once.
          known.delete(task.id);
          taken.push({ task, result });
        }
      }
      const tallies = await takeItems(
        sql,
        taken.map(({ task, result }) => ({ task, items: result.items ?? [] })),
      );
      const settlements = taken.map(({ task, result }): Settlement => {
        const tally = tallies.get(task.id);
        if (tally === undefined) return { task, change: afterResult(task, result, now, parts.chance()), told: true };
        const list = { ...task, tally };
        return { task: list, change: afterListResult(list, withItemError(result), now, parts.chance()), told: true };
      });
      await noteLate(tx, sql, lines, late, now);
      await applyChanges({ tx, sql, wakes, lines, sweepBy, now }, settlements);
      return requests.map(({ results }) => results.map(({ task, attempt }) => ({ task, attempt })));
    },
  );

  const items = batched(
    commits,
    async (tx, requests: readonly { executor: Executor; reports: readonly ItemReport[] }[]) => {
      const sql = sqlOf(database, tx);
      const known = await lockTasks(sql, distinct(requests.flatMap((one) => one.reports)));
      const byTask = new Map<Id, { readonly task: TaskRecord; readonly items: ItemResult[] }>();
      const late: LateWord[] = [];
      for (const { executor, reports } of requests) {
        for (const report of reports) {
          const task = spokenOf(known, executor, report);
          if (task === undefined) continue;
          if (!isHeld(task)) late.push({ task, items: report.items });
          const before = byTask.get(task.id);
          if (before !== undefined) before.items.push(...report.items);
          else if (isHeld(task)) byTask.set(task.id, { task, items: [...report.items] });
        }
      }
      const told = await takeItems(sql, [...byTask.values()]);
      await saveTallies(
        sql,
        [...told].map(([id, tally]) => ({ id, tally })),
      );
      const jobs = distinctText([...told.keys()].map((id) => known.get(id)!.jobId));
      await showProgress(sql, jobs);
      await noteLate(tx, sql, lines, late, clock.now());
      wakes.outputAdded(tx, jobs);
      return requests.map(() => undefined);
    },
  );

  const reconcile = batched(
    commits,
    async (tx, requests: readonly { executor: Executor; held: readonly HeldTask[] }[]) => {
      const sql = sqlOf(database, tx);
      const now = clock.now();
      await keepSessions(
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

  const output = batched(
    commits,
    async (tx, requests: readonly { executor: Executor; chunks: readonly OutputChunk[] }[]) => {
      const sql = sqlOf(database, tx);
      const known = await lockTasks(sql, distinct(requests.flatMap((one) => one.chunks)));
      const chunks = requests.flatMap(({ executor, chunks: all }) =>
        all.filter((one) => spokenOf(known, executor, one) !== undefined),
      );
      const changed = await appendOutput(sql, chunks, clock.now());
      wakes.outputAdded(tx, distinctText([...changed].map((id) => known.get(id)!.jobId)));
      return requests.map(() => undefined);
    },
  );

  const messages = batched(
    commits,
    async (
      tx,
      requests: readonly { executor: Executor; messages: readonly (TaskRef & { readonly text: string })[] }[],
    ) => {
      const sql = sqlOf(database, tx);
      const known = await lockTasks(sql, distinct(requests.flatMap((one) => one.messages)));
      const said = requests.flatMap(({ executor, messages: all }) =>
        all.flatMap((one) => {
          const task = spokenOf(known, executor, one);
          return task === undefined
            ? []
            : [{ jobId: task.jobId, kind: "message" as const, text: cut(one.text), taskId: task.id }];
        }),
      );
      await lines(tx, sql, said, clock.now());
      return requests.map(() => undefined);
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
        await finish({ executor, results: [{ task, attempt, outcome: "failed", error: failure }] });
      }
    }
    return opened;
  }

  /** Results as they may be stored. */
  function hidden(results: readonly TaskResult[]): readonly TaskResult[] {
    return results.map((one) => redactor.json(one as unknown as JsonObject) as unknown as TaskResult);
  }

  return {
    claim: async (executor) => openAll(executor, await claim(executor)),
    renew: async (executor) => {
      const known = sessions.get(executor.id);
      if (known?.session === executor.session && !isStale(known.until, clock.now())) return;
      await renew(executor);
    },
    started: (executor, tasks) =>
      tasks.every((one) => one.safeToRepeat === true) ? startedSafe({ executor, tasks }) : started({ executor, tasks }),
    async output(executor, chunks) {
      await parts.recalled;
      await output({ executor, chunks: redacted.take(chunks) });
    },
    async items(executor, reports) {
      await parts.recalled;
      await items({
        executor,
        reports: reports.map((one) => redactor.json(one as unknown as JsonObject) as unknown as ItemReport),
      });
    },
    async messages(executor, all) {
      await parts.recalled;
      await messages({ executor, messages: all.map((one) => ({ ...one, text: redactor.text(one.text) })) });
    },
    async finish(executor, results) {
      await parts.recalled;
      const rest = redacted.end(results);
      if (rest.length > 0) await output({ executor, chunks: rest });
      return finish({ executor, results: hidden(results) });
    },
    async reconcile(executor, held) {
      // What it does was perhaps given to it by another server.
      if (held.length > 0) await parts.sealed.recall(executor.id);
      return reconcile({ executor, held });
    },
    async sessionEnded(executor) {
      if (sessions.get(executor.id)?.session === executor.session) sessions.delete(executor.id);
    },
    onReady: (listener) => wakes.onReady(listener),
    onCancel: (listener) => wakes.onCancel(listener),
  };
}

/** The task a reference means, if the executor has it now. */
function owned(known: ReadonlyMap<Id, TaskRecord>, executor: Executor, ref: TaskRef): TaskRecord | undefined {
  const task = spokenOf(known, executor, ref);
  return task !== undefined && isHeld(task) ? task : undefined;
}

/** An executor has it. */
function isHeld({ status }: TaskRecord): boolean {
  return status === "leased" || status === "started";
}

/** The task a reference means, if this attempt is the executor's, also after its end. */
function spokenOf(known: ReadonlyMap<Id, TaskRecord>, executor: Executor, ref: TaskRef): TaskRecord | undefined {
  const task = known.get(ref.task);
  return task?.owner === executor.id && task.attempt === ref.attempt ? task : undefined;
}

function endBy(task: TaskRecord, now: number): number | null {
  return task.timeout === null ? null : now + task.timeout + TIMEOUT_GRACE;
}

/** A batch that failed says why by its first failed item, unless it has a reason of its own. */
function withItemError(result: TaskResult): TaskResult {
  if (result.outcome === "done" || result.error !== undefined) return result;
  const error = result.items?.find((one) => one.error !== undefined)?.error;
  return error === undefined ? result : { ...result, error };
}

function distinct(refs: readonly TaskRef[]): readonly Id[] {
  return distinctText(refs.map((one) => one.task));
}

function distinctText(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

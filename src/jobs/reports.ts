import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Database, GroupCommit, Transaction } from "../platform/database/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { Redactor } from "../platform/redaction/index.ts";
import { batched } from "./batcher.ts";
import { noteLate } from "./late.ts";
import type { LateWord } from "./late.ts";
import type { LastTurns } from "./last-turns.ts";
import type { JobLines } from "./lines.ts";
import { saveTallies, showProgress } from "./list-store.ts";
import type { ItemResult } from "./model.ts";
import { appendOutput } from "./output-store.ts";
import { createRedactedOutput } from "./redacted-output.ts";
import { applyChanges } from "./settle.ts";
import type { Settlement } from "./settle.ts";
import { sqlOf } from "./sql.ts";
import type { Executor, ExecutorReport, TaskRef, TaskResult, TaskService } from "./task-model.ts";
import { takeItems } from "./taken-items.ts";
import { afterListResult, afterResult } from "./task-rules.ts";
import { isHeld, lockTasks, spokenOf } from "./task-store.ts";
import type { TaskRecord } from "./task-store.ts";
import { cut } from "./turn.ts";
import type { Wakes } from "./wakes.ts";

/** Takes in what executors say of their tasks: what many say at the same time is one look at their tasks, few statements and one commit. */

export interface ReportParts {
  readonly database: Database;
  readonly commits: GroupCommit;
  readonly clock: Clock;
  /** A number from 0 to 1, for the jitter of retries. */
  readonly chance: () => number;
  readonly log: Logger;
  readonly wakes: Wakes;
  readonly lines: JobLines;
  readonly redactor: Redactor;
  /** When it is known what is to be hidden in what executors say. */
  readonly recalled: Promise<void>;
  /** Tells the sweeper of a time to look at. */
  readonly sweepBy: (tx: Transaction, at: number) => void;
  readonly lastTurns: LastTurns;
}

interface Request {
  readonly executor: Pick<Executor, "id">;
  readonly report: Required<ExecutorReport>;
  /** Jobs that end by it have their last turns with it. */
  readonly lastTurns: boolean;
}

type Known = ReadonlyMap<Id, TaskRecord>;

export function createReports(parts: ReportParts): TaskService["report"] {
  const { database, clock, log, wakes, lines, sweepBy, redactor } = parts;
  const redacted = createRedactedOutput(redactor);

  /** What an executor wrote and said comes before the end of who did. */
  const takeIn = batched(parts.commits, async (tx, requests: readonly Request[]) => {
    const sql = sqlOf(database, tx);
    const now = clock.now();
    const known = await lockTasks(sql, [...new Set(requests.flatMap(({ report }) => tasksIn(report)))]);

    const chunks = requests.flatMap(({ executor, report }) =>
      report.output.filter((one) => spokenOf(known, executor, one) !== undefined),
    );
    const written = await appendOutput(sql, chunks, now);

    const said = requests.flatMap(({ executor, report }) =>
      report.messages.flatMap((one) => {
        const task = spokenOf(known, executor, one);
        return task === undefined
          ? []
          : [{ jobId: task.jobId, kind: "message" as const, text: cut(one.text), taskId: task.id }];
      }),
    );
    await lines(tx, sql, said, now);

    const { running, ended, late } = heldBy(known, requests);
    const tallies = await takeItems(sql, [...running, ...ended.map(({ task, items }) => ({ task, items }))]);
    const goingOn = running.filter(({ task }) => tallies.has(task.id));
    await saveTallies(
      sql,
      goingOn.map(({ task }) => ({ id: task.id, tally: tallies.get(task.id)! })),
    );
    const moved = [...new Set(goingOn.map(({ task }) => task.jobId))];
    await showProgress(sql, moved);
    wakes.outputAdded(tx, [...new Set([...[...written].map((id) => known.get(id)!.jobId), ...moved])]);

    await noteLate(tx, sql, lines, late, now);
    const settlements = ended.map(({ task, result }): Settlement => {
      const tally = tallies.get(task.id);
      if (tally === undefined) return { task, change: afterResult(task, result, now, parts.chance()), told: true };
      const list = { ...task, tally };
      return { task: list, change: afterListResult(list, withItemError(result), now, parts.chance()), told: true };
    });
    const lastTurns = requests.every((one) => one.lastTurns) ? parts.lastTurns : undefined;
    await applyChanges({ tx, sql, wakes, lines, sweepBy, now, lastTurns }, settlements);
    return requests.map(() => undefined);
  });

  interface Running {
    readonly task: TaskRecord;
    readonly items: ItemResult[];
  }

  interface Ended extends Running {
    readonly result: TaskResult;
  }

  /** What was said of tasks that are with who said it, each task once, and what comes too late. */
  function heldBy(
    known: Known,
    requests: readonly Request[],
  ): { readonly running: readonly Running[]; readonly ended: readonly Ended[]; readonly late: readonly LateWord[] } {
    const open = new Map<Id, Running>();
    const ended = new Map<Id, Ended>();
    const late: LateWord[] = [];
    for (const { executor, report } of requests) {
      for (const one of report.items) {
        const task = spokenOf(known, executor, one);
        if (task === undefined) continue;
        if (!isHeld(task)) late.push({ task, items: one.items });
        else if (open.has(task.id)) open.get(task.id)!.items.push(...one.items);
        else open.set(task.id, { task, items: [...one.items] });
      }
      for (const result of report.results) {
        const task = spokenOf(known, executor, result);
        // The same result twice in one group counts once.
        if (task !== undefined && isHeld(task) && !ended.has(task.id)) {
          ended.set(task.id, { task, result, items: [...(result.items ?? [])] });
          continue;
        }
        if (task !== undefined && !isHeld(task))
          late.push({ task, outcome: result.outcome, items: result.items ?? [] });
        log.debug(
          { task: result.task, attempt: result.attempt, executor: executor.id },
          "result of an older attempt ignored",
        );
      }
    }
    for (const [id, { items }] of open) {
      const end = ended.get(id);
      if (end === undefined) continue;
      end.items.unshift(...items);
      open.delete(id);
    }
    return { running: [...open.values()], ended: [...ended.values()], late };
  }

  /** As it may be stored. */
  function hidden<Told extends object>(told: readonly Told[]): readonly Told[] {
    return redactor.json(told as unknown as JsonObject[]) as unknown as readonly Told[];
  }

  return async (executor, { output = [], messages = [], items = [], results = [] }) => {
    await parts.recalled;
    const taken = redacted.take(output);
    const report = {
      output: results.length === 0 ? taken : [...taken, ...redacted.end(results)],
      messages: hidden(messages),
      items: hidden(items),
      results: hidden(results),
    };
    try {
      await takeIn({ executor, report, lastTurns: true });
    } catch (error) {
      if (results.length === 0) throw error;
      // A host that cannot take the end of a job must not keep a result from being taken in: the engine says what is wrong.
      await takeIn({ executor, report, lastTurns: false });
    }
  };
}

function tasksIn({ output, messages, items, results }: Required<ExecutorReport>): readonly Id[] {
  const ids: Id[] = [];
  for (const refs of [output, messages, items, results] as readonly (readonly TaskRef[])[]) {
    for (const { task } of refs) if (ids.at(-1) !== task) ids.push(task);
  }
  return ids;
}

/** A batch that failed says why by its first failed item, unless it has a reason of its own. */
function withItemError(result: TaskResult): TaskResult {
  if (result.outcome === "done" || result.error !== undefined) return result;
  const error = result.items?.find((one) => one.error !== undefined)?.error;
  return error === undefined ? result : { ...result, error };
}

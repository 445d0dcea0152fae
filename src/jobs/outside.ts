import { createAudit, recordActor, type Principal } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { Redactor } from "../platform/redaction/index.ts";
import { cut } from "./turn.ts";
import { TASK_NOT_WAITING } from "./errors.ts";
import type { Outside } from "./host.ts";
import { selectJob } from "./job-store.ts";
import type { JobLines } from "./lines.ts";
import type { OutsideAnswer, OutsideFilter, OutsideTask } from "./outside-model.ts";
import { lockWaiting, selectWaiting } from "./outside-store.ts";
import { applyChanges } from "./settle.ts";
import { readerOf, sqlOf } from "./sql.ts";
import type { TaskChange } from "./task-rules.ts";
import type { Wakes } from "./wakes.ts";

/** Tasks that wait for what the server is told: by a person, by a machine, by the receiver of a webhook. */
export interface OutsideTasks {
  /** Those that wait, in the order they were made. */
  list(filter: OutsideFilter): Promise<readonly OutsideTask[]>;
  /**
   * Ends a task, within the caller's transaction: its job goes on after the commit, or fails at the call. Values of secrets are taken out.
   * `by`: who says so, for the job's log and the audit. Errors: `task_not_waiting`.
   */
  answer(tx: Transaction, answer: OutsideAnswer, by?: Principal): Promise<void>;
  /** After commit, on every replica: these wait now. What is lost on the way is in `list`. Returns how to stop listening. */
  onReady(listener: (outside: Outside, taskIds: readonly Id[]) => void): () => void;
}

export interface OutsideParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly wakes: Wakes;
  readonly lines: JobLines;
  readonly redactor: Redactor;
  /** Tells the sweeper of tasks of a time to look at. */
  readonly sweepBy: (tx: Transaction, at: number) => void;
}

export function createOutsideTasks(parts: OutsideParts): OutsideTasks {
  const { database, clock, wakes, lines, redactor, sweepBy } = parts;
  const reader = readerOf(database);
  const audit = createAudit(parts);
  return {
    list: (filter) => selectWaiting(reader, filter),
    async answer(tx, { taskId, outcome, value, message }, by) {
      if (by !== undefined) recordActor(tx, by);
      const sql = sqlOf(database, tx);
      const task = await lockWaiting(sql, taskId);
      if (task === undefined) {
        throw new GantryError(TASK_NOT_WAITING, `the task ${taskId} does not wait for an answer`);
      }
      const now = clock.now();
      const note = message === undefined || message === "" ? undefined : cut(redactor.text(message));
      const change: TaskChange =
        outcome === "done"
          ? { status: "done", value: redactor.json(value ?? null), error: null, begun: false }
          : { status: "failed", value: null, error: { message: note ?? "failed without a reason" }, begun: false };
      const who = by === undefined ? "" : ` by ${by.name}`;
      const text = `${task.name} answered${who}: ${outcome}${note === undefined ? "" : `: ${note}`}`;
      await lines(tx, sql, [{ jobId: task.jobId, kind: "message", text, taskId }], now);
      await applyChanges({ tx, sql, wakes, lines, sweepBy, now }, [{ task, change }]);
      if (by === undefined) return;
      const job = (await selectJob(sql, task.jobId))!;
      const { kind, name } = job.target;
      const data = { call: task.name, outcome, target: { kind, name } };
      const subject = { kind: "job", id: job.id, name: job.programName };
      await audit.append(tx, [{ chain: job.tenantId, action: "job.answered", subject, data }]);
    },
    onReady: (listener) =>
      wakes.onOutside((tasks) => {
        for (const [outside, some] of Map.groupBy(tasks, (one) => one.outside)) {
          listener(
            outside,
            some.map((one) => one.taskId),
          );
        }
      }),
  };
}

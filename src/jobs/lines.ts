import type { Id } from "../kernel/ids.ts";
import type { Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { jobEvent } from "./job-events.ts";
import { insertLog, reserveLog, selectJobsById } from "./job-store.ts";
import type { LogEntry, LogKind } from "./model.ts";
import type { SqlTransaction } from "./sql.ts";
import type { Wakes } from "./wakes.ts";

/** A line for a job's log that comes from outside of its turns: from a task that runs, or is tried again. */
export interface JobLine {
  readonly jobId: Id;
  readonly kind: LogKind;
  readonly text: string;
  readonly taskId: Id;
  /** It says nothing of where the job stands: its message stays. */
  readonly aside?: true;
}

/** Adds lines to logs, and tells the event stream. The last line of a job becomes its message. */
export type JobLines = (tx: Transaction, sql: SqlTransaction, lines: readonly JobLine[], now: number) => Promise<void>;

export function createJobLines(events: EventStream, wakes: Wakes): JobLines {
  return async (tx, sql, lines, now) => {
    if (lines.length === 0) return;
    const byJob = new Map<Id, JobLine[]>();
    for (const line of lines) {
      const list = byJob.get(line.jobId);
      if (list === undefined) byJob.set(line.jobId, [line]);
      else list.push(line);
    }
    const counts = new Map(
      [...byJob].map(([id, list]) => [
        id,
        { lines: list.length, message: list.findLast((one) => one.aside !== true)?.text ?? null },
      ]),
    );
    const updated = await reserveLog(sql, counts);
    // Its turn may come before this is committed; who looks for work then passes over the row, which is held here.
    if ([...updated.values()].some((one) => one.runnableAt !== null)) wakes.jobsRunnable(tx);
    const jobs = await selectJobsById(sql, [...updated.keys()]);
    const entries: LogEntry[] = [];
    const drafts = [];
    for (const job of jobs) {
      const list = byJob.get(job.id)!;
      let sequence = updated.get(job.id)!.lastLine - list.length;
      for (const line of list) {
        sequence += 1;
        entries.push({
          jobId: job.id,
          sequence,
          at: now,
          kind: line.kind,
          line: job.line,
          text: line.text,
          taskId: line.taskId,
        });
        drafts.push(jobEvent("job.message", job, { text: line.text, line: job.line, task: line.taskId }));
      }
    }
    await insertLog(sql, entries);
    await events.append(tx, drafts);
  };
}

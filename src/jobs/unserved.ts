import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import { afterCommit } from "../platform/database/index.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { createAlarm } from "./alarm.ts";
import { jobEvent } from "./job-events.ts";
import { selectJobsById } from "./job-store.ts";
import type { JobLines } from "./lines.ts";
import { readerOf, sqlOf } from "./sql.ts";
import { markUnserved, nextNeed, selectNeeds } from "./unserved-store.ts";
import type { Need, ToldTask } from "./unserved-store.ts";

/** Which workers there are. Filled by whoever knows them. */
export interface WorkerPresence {
  /** Whether a worker is there that serves the site for the tenant and offers the module; busy or not. */
  isServed(tenantId: Id, siteId: Id, module: string): Promise<boolean>;
  /** For people; undefined when it is gone. */
  siteName(tenantId: Id, siteId: Id): Promise<string | undefined>;
}

/**
 * Says of jobs whose task no worker could take that they wait for one, and when one has come. Takes no input, may run at any time and on
 * every replica: the tables say who waits, and who was told.
 */
export interface UnservedWatch {
  /** Before `start`. Without it nothing is said. */
  use(presence: WorkerPresence): void;
  start(): void;
  /** There will be something to look at when the transaction is committed. */
  created(tx: Transaction): void;
  stop(): Promise<void>;
}

export interface UnservedParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventStream;
  readonly lines: JobLines;
}

/** Milliseconds a task waits before it is looked at: workers that were cut off, or a server that was started anew, come together again. */
const PATIENCE = 3_000;
/** Milliseconds between looks while tasks wait. */
const LOOK_EVERY = 5_000;

export function createUnservedWatch(parts: UnservedParts): UnservedWatch {
  const { database, clock, events, lines } = parts;
  const reader = readerOf(database);
  const alarm = createAlarm({ clock, log: parts.log, name: "tasks without a worker", run: look });
  let presence: WorkerPresence | undefined;

  async function look(): Promise<number | null> {
    if (presence === undefined) return null;
    const before = clock.now() - PATIENCE;
    for (const need of await selectNeeds(reader, before)) {
      const served = await presence.isServed(need.tenantId, need.siteId, need.module);
      if (served ? need.told !== "none" : need.told !== "all") await tell(need, before, served, presence);
    }
    const next = await nextNeed(reader);
    return next === null ? null : Math.max(clock.now() + LOOK_EVERY, next + PATIENCE);
  }

  async function tell(need: Need, before: number, served: boolean, { siteName }: WorkerPresence): Promise<void> {
    const { tenantId, module, siteId } = need;
    const where = `${module} at site ${(await siteName(tenantId, siteId)) ?? siteId}`;
    const text = served ? `a worker for ${where} has come` : `no worker for ${where}: waiting`;
    await database.transaction(async (tx) => {
      const sql = sqlOf(database, tx);
      const tasks = await markUnserved(sql, need, before, !served);
      await lines(
        tx,
        sql,
        tasks.map((task) => lineOf(task, text)),
        clock.now(),
      );
      if (served) return;
      const jobs = await selectJobsById(sql, [...new Set(tasks.map((one) => one.jobId))]);
      await events.append(
        tx,
        jobs.map((job) => jobEvent("job.waiting_for_worker", job, { module, site: siteId })),
      );
    });
  }

  return {
    use(given) {
      presence = given;
    },
    start() {
      if (presence === undefined) return;
      alarm.start();
      alarm.by(clock.now() + PATIENCE);
    },
    created(tx) {
      if (presence !== undefined) afterCommit(tx, "tasks for workers", () => alarm.by(clock.now() + PATIENCE));
    },
    stop: () => alarm.stop(),
  };
}

/** A line for the log of the job of a task that somebody took after all. */
export function takenLine(task: ToldTask, module: string) {
  return lineOf(task, `a worker for ${module} has come`);
}

function lineOf({ id, jobId }: ToldTask, text: string) {
  return { jobId, taskId: id, kind: "message", text } as const;
}

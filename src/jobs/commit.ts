import type { Audit, AuditDraft } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { EventDraft, EventStream } from "../platform/events/index.ts";
import { stateAfter } from "./advance.ts";
import type { LogDraft, Turn } from "./turn.ts";
import type { Redactor } from "../platform/redaction/index.ts";
import type { Flight } from "./flight.ts";
import type { JobHost } from "./host.ts";
import { jobEvent } from "./job-events.ts";
import { insertJobs, insertLog, pokeJobs, updateJobs } from "./job-store.ts";
import type { JobUpdate, LoadedJob } from "./job-store.ts";
import type { ItemCounts } from "./items.ts";
import { callsIn, hasEnded } from "./model.ts";
import type { Job, JobFailure, LogEntry } from "./model.ts";
import { doneItemsOfJobs, reopenItems } from "./list-store.ts";
import { noteDurations } from "./estimate-store.ts";
import type { Placing } from "./placing.ts";
import { dropSealed } from "./sealed-store.ts";
import { sqlOf } from "./sql.ts";
import type { SqlTransaction } from "./sql.ts";
import { consumeTasks, dueAtCreation, insertTasks, isEmpty, stopTasks } from "./task-store.ts";
import type { NewTask } from "./task-store.ts";
import type { ReadyRoute } from "./task-model.ts";
import { insertUndo } from "./undo-store.ts";
import type { UnservedWatch } from "./unserved.ts";
import type { OutsideRef, Wakes } from "./wakes.ts";

/** A turn that is to become durable. */
export interface Landing {
  readonly flight: Flight;
  readonly turn: Turn;
  /** The list its program was over with. */
  readonly items?: ItemCounts;
}

/** What a committed turn made of a job; undefined: somebody else took a turn in between, and this one never happened. */
export type Landed = LandedJob | undefined;

export interface LandedJob {
  readonly loaded: LoadedJob;
  readonly size: number;
  /** Its next turn has come: it runs on, or something came for it during this turn. Who told of that found it still in hand. */
  readonly again: boolean;
}

export interface CommitParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventStream;
  readonly wakes: Wakes;
  readonly redactor: Redactor;
  readonly audit: Audit;
  readonly hosts: ReadonlyMap<string, JobHost>;
  readonly unserved: Pick<UnservedWatch, "created">;
  readonly placing: Pick<Placing, "place">;
  /** Tells the sweeper of tasks of a time to look at. */
  readonly sweepBy: (tx: Transaction, at: number) => void;
}

/** A task that is to be stopped has this long to end; then it is taken for stopped, so that nothing can keep a job from its end. */
const CANCEL_GRACE = 60_000;

interface Written {
  readonly landing: Landing;
  readonly job: Job;
  readonly update: JobUpdate;
  /** It is made in the same commit. */
  readonly made?: true;
}

/** Writes many turns in one transaction: states, tasks, log, events, and what hosts add. */
export async function commitTurns(
  parts: CommitParts,
  tx: Transaction,
  landings: readonly Landing[],
): Promise<readonly Landed[]> {
  const sql = sqlOf(parts.database, tx);
  const now = parts.clock.now();
  for (const { turn } of landings) hideSecrets(turn, parts.redactor);
  const written = landings.map((landing) => writtenOf(landing, now));
  const updated = await updateJobs(
    sql,
    written.map((one) => one.update),
    now,
  );
  const counted = written.filter((one) => updated.has(one.job.id));
  const again = ({ job }: Written) => (updated.get(job.id)?.runnableAt ?? Infinity) <= now;
  await consumeTasks(
    sql,
    counted.flatMap((one) => one.landing.turn.consumed),
  );
  await recordTurns(parts, tx, sql, counted, (id) => updated.get(id)!.lastLine, now);
  if (counted.some(again)) parts.wakes.jobsRunnable(tx);
  return written.map((one) => (updated.has(one.job.id) ? landedOf(one, again(one)) : undefined));
}

/** Makes jobs that have taken their first turn as they are after it. The rows of their programs are there. */
export async function commitBeginnings(
  parts: CommitParts,
  tx: Transaction,
  landings: readonly Landing[],
): Promise<readonly LandedJob[]> {
  const sql = sqlOf(parts.database, tx);
  const now = parts.clock.now();
  for (const { turn } of landings) hideSecrets(turn, parts.redactor);
  const written = landings.map((landing): Written => ({ ...writtenOf(landing, now), made: true }));
  const linesOf = ({ landing }: Written): number => landing.turn.log.length + 1;
  await insertJobs(
    sql,
    written.map((one) => {
      const { state, fence, runnableAt } = one.update;
      const items = callsIn(one.landing.flight.source!);
      return { job: one.job, state, fence: fence + 1, runnableAt, lines: linesOf(one), items };
    }),
  );
  const lines = new Map(written.map((one) => [one.job.id, linesOf(one)]));
  await recordTurns(parts, tx, sql, written, (id) => lines.get(id)!, now);
  // Also of what waits for a time: the engine is to know of it.
  if (written.some(({ update }) => update.runnableAt !== null)) parts.wakes.jobsRunnable(tx);
  return written.map((one) => landedOf(one, false));
}

function landedOf({ job, update, landing }: Written, again: boolean): LandedJob {
  const loaded = { job, fence: update.fence + 1, state: stateAfter(landing.turn), started: true };
  return { loaded, size: update.state.length, again };
}

/** Writes what turns bring beside the rows of their jobs. */
async function recordTurns(
  parts: CommitParts,
  tx: Transaction,
  sql: SqlTransaction,
  counted: readonly Written[],
  /** The number of a job's last line in the log, those of this turn included. */
  lastLine: (job: Id) => number,
  now: number,
): Promise<void> {
  await noteDurations(
    sql,
    counted.filter(({ job }) => job.status === "done").map(({ job }) => job),
  );
  await addTasks(parts, tx, sql, counted, now);
  await dropSealed(
    sql,
    counted.filter(({ job }) => hasEnded(job.status)).map(({ job }) => job.id),
  );
  await parts.audit.append(tx, counted.flatMap(stoppedEntry));
  await insertLog(
    sql,
    counted.flatMap((one) => logOf(one, lastLine(one.job.id), now)),
  );
  await parts.events.append(tx, counted.flatMap(eventsOf));
  for (const { landing } of counted) await addUndo(parts, tx, sql, landing.turn, now);
  for (const one of counted) await stopWhatIsOut(parts, tx, sql, one, now);
  for (const one of counted) await tellHost(parts, tx, one);
}

/** What a turn says to people holds no value of a secret: an error may repeat what it was given. */
function hideSecrets(turn: Turn, redactor: Redactor): void {
  const { message, failure } = turn;
  if (message !== null) turn.message = redactor.text(message);
  if (failure !== null) turn.failure = redactor.json(failure as unknown as JsonObject) as unknown as JobFailure;
  turn.log = turn.log.map((one) => ({ ...one, text: redactor.text(one.text) }));
  turn.progress = redactor.json(turn.progress as unknown as Json) as unknown as typeof turn.progress;
}

/** A job that was stopped because its starter may not go on. */
function stoppedEntry({ job, landing }: Written): readonly AuditDraft[] {
  const reason = landing.turn.refused;
  if (reason === null) return [];
  const { kind, name } = job.target;
  const data = { reason, starter: { id: job.starter.accountId, name: job.starter.name }, target: { kind, name } };
  const subject = { kind: "job", id: job.id, name: job.programName };
  return [{ chain: job.tenantId, action: "job.stopped", subject, data }];
}

function writtenOf({ flight, turn }: Landing, now: number): Written {
  const before = flight.loaded.job;
  const finishedAt = hasEnded(turn.status) ? now : null;
  const job: Job = {
    ...before,
    status: turn.status,
    wish: turn.wish,
    line: turn.line,
    percent: turn.percent,
    progress: turn.progress,
    message: turn.message ?? before.message,
    failure: turn.failure,
    wakeAt: turn.status === "waiting" ? turn.wakeAt : null,
    endsAt: turn.endsAt,
    startedAt: before.startedAt ?? now,
    finishedAt,
  };
  const update: JobUpdate = {
    id: job.id,
    fence: flight.loaded.fence,
    poke: flight.claimed.poke,
    seenWish: flight.claimed.wish,
    wish: turn.wish,
    status: turn.status,
    state: JSON.stringify(stateAfter(turn)),
    line: turn.line,
    percent: turn.percent,
    progress: JSON.stringify(turn.progress),
    message: turn.message,
    failure: turn.failure === null ? null : JSON.stringify(turn.failure),
    wakeAt: job.wakeAt,
    endsAt: job.endsAt,
    startedAt: now,
    finishedAt,
    runnableAt: turn.status === "running" ? now : job.wakeAt,
    logs: turn.log.length,
  };
  return { landing: { flight, turn }, job, update };
}

async function addTasks(
  parts: CommitParts,
  tx: Transaction,
  sql: SqlTransaction,
  written: readonly Written[],
  now: number,
): Promise<void> {
  // A batch that is made again is one that failed: what was done then is not done twice.
  const again = written.filter(({ landing: { flight, turn } }) => flight.loaded.started && turn.tasks.some(isList));
  const done = await doneItemsOfJobs(
    sql,
    again.map(({ job }) => job.id),
  );
  const retried = again.filter(({ landing }) => landing.flight.claimed.wish === "retry").map(({ job }) => job.id);
  await reopenItems(sql, retried);
  const drafts: NewTask[] = [];
  for (const { job, landing } of written) {
    const doneItems = done.get(job.id);
    for (const { call, draft, sealed } of landing.turn.tasks) {
      drafts.push({
        id: parts.random.id(),
        jobId: job.id,
        call: call.id,
        draft,
        keepGoing: call.keepGoing === true,
        tenantId: job.tenantId,
        ...(call.firstItem === undefined ? {} : { firstItem: call.firstItem }),
        ...(sealed === undefined ? {} : { sealed }),
        ...(doneItems === undefined ? {} : { doneItems }),
      });
    }
  }
  if (drafts.length === 0) return;
  const tasks = await parts.placing.place(tx, sql, drafts);
  await insertTasks(sql, tasks, now);
  const empty = tasks.filter(isEmpty).map(({ jobId }) => jobId);
  if (empty.length > 0) {
    await pokeJobs(sql, empty, now);
    parts.wakes.jobsRunnable(tx);
  }
  const ready: ReadyRoute[] = [];
  const outside: OutsideRef[] = [];
  for (const task of tasks) {
    if (isEmpty(task) || task.owner !== undefined) continue;
    const { id, draft } = task;
    const dueAt = dueAtCreation(draft, now);
    if (dueAt !== null) parts.sweepBy(tx, dueAt);
    const { module, route } = draft;
    if ("outside" in route) outside.push({ outside: route.outside, taskId: id });
    else ready.push({ module, route });
  }
  parts.wakes.tasksReady(tx, ready);
  if (ready.some(({ route }) => "siteId" in route)) parts.unserved.created(tx);
  parts.wakes.outsideReady(tx, outside);
}

function isList({ call }: Turn["tasks"][number]): boolean {
  return call.batch !== undefined;
}

async function addUndo(
  parts: CommitParts,
  tx: Transaction,
  sql: SqlTransaction,
  { undo }: Turn,
  now: number,
): Promise<void> {
  if (undo === null) return;
  const { dueAt } = await insertUndo(sql, parts.random.id(), undo.of, now);
  parts.sweepBy(tx, dueAt);
  parts.wakes.tasksReady(tx, [undo]);
  parts.unserved.created(tx);
}

const CREATED: LogDraft = { kind: "created", line: null, text: "created" };

function logOf({ job, landing, made }: Written, last: number, now: number): readonly LogEntry[] {
  const log = made === true ? [CREATED, ...landing.turn.log] : landing.turn.log;
  return log.map((one, index) => ({
    jobId: job.id,
    sequence: last - log.length + index + 1,
    at: now,
    kind: one.kind,
    line: one.line,
    text: one.text,
    taskId: one.taskId ?? null,
  }));
}

function eventsOf({ job, landing, made }: Written): readonly EventDraft[] {
  const before = made === true ? job : landing.flight.loaded.job;
  const result: EventDraft[] = made === true ? [jobEvent("job.created", job, { status: job.status })] : [];
  for (const line of landing.turn.log) {
    if (line.kind === "message" || line.kind === "undo")
      result.push(jobEvent("job.message", job, { text: line.text, line: line.line }));
  }
  const shown = { status: job.status, line: job.line, percent: job.percent, message: job.message };
  if (hasEnded(job.status)) {
    const failure = job.failure === null ? null : { message: job.failure.message, line: job.failure.line };
    result.push(jobEvent("job.finished", job, { ...shown, failure }));
  } else if (job.status !== before.status || job.line !== before.line || job.percent !== before.percent) {
    const progress = job.progress.map(({ name, percent, description }) => ({
      name,
      percent,
      ...(description === undefined ? {} : { description }),
    }));
    result.push(jobEvent("job.progress", job, { ...shown, progress }));
  }
  return result;
}

async function stopWhatIsOut(
  parts: CommitParts,
  tx: Transaction,
  sql: SqlTransaction,
  { job, landing }: Written,
  now: number,
): Promise<void> {
  if (!landing.turn.stopTasks || hasEnded(job.status)) return;
  const out = await stopTasks(sql, job.id, now, now + CANCEL_GRACE);
  parts.wakes.tasksCancelled(
    tx,
    out.map((one) => ({ task: one.id, attempt: one.attempt, executorId: one.owner })),
  );
  if (out.length > 0) return parts.sweepBy(tx, now + CANCEL_GRACE);
  // Nothing was with an executor, so nobody will report: the job has its next turn at once.
  await pokeJobs(sql, [job.id], now);
  parts.wakes.jobsRunnable(tx);
}

async function tellHost(parts: CommitParts, tx: Transaction, { job, landing }: Written): Promise<void> {
  const host = parts.hosts.get(job.host);
  if (host === undefined) return;
  const { turn } = landing;
  if (turn.writes.length > 0) await host.write?.(tx, job, turn.writes);
  for (const { write } of turn.values) await write(tx);
  if (job.status === "done" || job.status === "failed" || job.status === "cancelled") {
    const { items } = landing;
    await host.finished(tx, job, {
      status: job.status,
      failure: job.failure,
      ...(items === undefined ? {} : { items }),
    });
  }
}

import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { JobState } from "./turn.ts";
import type {
  Job,
  JobFailure,
  JobStatus,
  LogEntry,
  LogKind,
  ProgramKind,
  ProgramSource,
  ProgressEntry,
  Starter,
  TargetKind,
  Wish,
} from "./model.ts";
import { FINISHED_FIRST } from "./model.ts";
import { rowsIn, skipLocked, withValues } from "./sql.ts";
import type { Sql, SqlTransaction, SqlValue } from "./sql.ts";

/** Jobs, programs and logs in the database. */

/** What is needed to know whether a cached job is still the present one, and what is new about it. */
export interface ClaimedJob {
  readonly id: Id;
  readonly fence: number;
  readonly poke: number;
  readonly status: JobStatus;
  readonly wish: Wish | null;
}

/** A job with what the engine alone needs of it. */
export interface LoadedJob {
  readonly job: Job;
  readonly fence: number;
  readonly state: JobState;
  readonly started: boolean;
}

interface JobRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly host: string;
  readonly program_hash: string;
  readonly program_kind: ProgramKind;
  readonly program_name: string;
  readonly target_kind: TargetKind;
  readonly target_id: string | null;
  readonly target_name: string;
  readonly run_id: string | null;
  readonly starter_id: string | null;
  readonly starter_token: string | null;
  readonly starter_name: string | null;
  readonly context: string;
  readonly status: JobStatus;
  readonly wish: Wish | null;
  readonly line: number | null;
  readonly percent: number;
  readonly progress: string;
  readonly message: string;
  readonly failure: string | null;
  readonly wake_at: number | null;
  readonly ends_at: number | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
}

const SHOWN_COLUMNS = `id, tenant_id, host, program_hash, program_kind, program_name, target_kind, target_id, target_name, run_id,
  starter_id, starter_token, starter_name, context, status, wish, line, percent, progress, message, failure, wake_at, ends_at, created_at, started_at, finished_at`;

function jobOf(row: JobRow): Job {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    host: row.host,
    programHash: row.program_hash,
    programKind: row.program_kind,
    programName: row.program_name,
    target: { kind: row.target_kind, id: row.target_id, name: row.target_name },
    runId: row.run_id,
    starter: { accountId: row.starter_id, tokenId: row.starter_token, name: row.starter_name ?? "server" },
    context: JSON.parse(row.context) as JsonObject,
    status: row.status,
    wish: row.wish,
    line: row.line,
    percent: row.percent,
    progress: JSON.parse(row.progress) as ProgressEntry[],
    message: row.message,
    failure: row.failure === null ? null : (JSON.parse(row.failure) as JobFailure),
    wakeAt: row.wake_at,
    endsAt: row.ends_at,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

export interface NewJob {
  readonly job: Job;
  /** A `JobState` as JSON. */
  readonly state: string;
  /** Turns it has taken. */
  readonly fence: number;
  /** When its next turn comes; null: when something comes for it. */
  readonly runnableAt: number | null;
  /** Lines of its log. */
  readonly lines: number;
  /** How many calls its program makes; null: nobody knows. */
  readonly items: number | null;
}

export async function insertProgram(
  sql: SqlTransaction,
  hash: string,
  source: ProgramSource,
  now: number,
): Promise<void> {
  await sql.insert({
    table: "job_program",
    columns: ["hash", "kind", "name", "source", "created_at"],
    rows: [[hash, source.kind, source.name, JSON.stringify(source), now]],
    onConflict: { columns: ["hash"], do: "nothing" },
  });
}

export async function selectProgram(sql: Sql, hash: string): Promise<ProgramSource | undefined> {
  const [row] = await sql.rows<{ source: string }>("SELECT source FROM job_program WHERE hash = ?", [hash]);
  return row === undefined ? undefined : (JSON.parse(row.source) as ProgramSource);
}

const INSERTED_COLUMNS = [
  "id",
  "tenant_id",
  "host",
  "program_hash",
  "program_kind",
  "program_name",
  "target_kind",
  "target_id",
  "target_name",
  "run_id",
  "starter_id",
  "starter_token",
  "starter_name",
  "context",
  "status",
  "wish",
  "state",
  "line",
  "percent",
  "progress",
  "message",
  "failure",
  "wake_at",
  "ends_at",
  "created_at",
  "started_at",
  "finished_at",
  "runnable_at",
  "poke",
  "fence",
  "log_count",
  "items",
];

export async function insertJobs(sql: SqlTransaction, jobs: readonly NewJob[]): Promise<void> {
  const rows = jobs.map(({ job, state, fence, runnableAt, lines, items }): SqlValue[] => [
    job.id,
    job.tenantId,
    job.host,
    job.programHash,
    job.programKind,
    job.programName,
    job.target.kind,
    job.target.id,
    job.target.name,
    job.runId,
    job.starter.accountId,
    job.starter.tokenId,
    job.starter.name,
    JSON.stringify(job.context),
    job.status,
    job.wish,
    state,
    job.line,
    job.percent,
    JSON.stringify(job.progress),
    job.message,
    job.failure === null ? null : JSON.stringify(job.failure),
    job.wakeAt,
    job.endsAt,
    job.createdAt,
    job.startedAt,
    job.finishedAt,
    runnableAt,
    0,
    fence,
    lines,
    items,
  ]);
  await sql.insert({ table: "job", columns: INSERTED_COLUMNS, rows });
}

/**
 * Takes up to `limit` jobs whose turn has come, the longest waiting first. On PostgreSQL each gets a lease, so that replicas do not take
 * turns in vain; that a turn happens once is the fence's doing, not the lease's. The one server on SQLite knows by itself what it has in
 * hand (`skip`), which saves it a commit a turn.
 */
export async function claimJobs(
  sql: Sql,
  claim: {
    readonly owner: string;
    readonly now: number;
    readonly until: number;
    readonly limit: number;
    readonly skip: ReadonlySet<Id>;
  },
): Promise<readonly ClaimedJob[]> {
  if (sql.dialect === "sqlite") {
    const rows = await sql.rows<ClaimedJob>(
      "SELECT id, fence, poke, status, wish FROM job WHERE runnable_at <= ? ORDER BY runnable_at, id LIMIT ?",
      [claim.now, claim.limit + claim.skip.size],
    );
    return rows.filter((row) => !claim.skip.has(row.id)).slice(0, claim.limit);
  }
  return sql.rows<ClaimedJob>(
    `WITH free AS (
      SELECT id FROM job WHERE runnable_at <= ? AND (lease_until IS NULL OR lease_until <= ?) ORDER BY runnable_at, id LIMIT ? ${skipLocked(sql)}
    )
    UPDATE job SET lease_owner = ?, lease_until = ? FROM free WHERE job.id = free.id
    RETURNING job.id, job.fence, job.poke, job.status, job.wish`,
    [claim.now, claim.now, claim.limit, claim.owner, claim.until],
  );
}

export async function renewJobLeases(sql: Sql, owner: string, ids: readonly Id[], until: number): Promise<void> {
  await rowsIn(sql, ids, (list) => `UPDATE job SET lease_until = ? WHERE lease_owner = ? AND id IN (${list})`, [
    until,
    owner,
  ]);
}

/** Gives jobs back without a turn. */
export async function releaseJobs(sql: Sql, owner: string, ids: readonly Id[]): Promise<void> {
  await rowsIn(
    sql,
    ids,
    (list) => `UPDATE job SET lease_owner = NULL, lease_until = NULL WHERE lease_owner = ? AND id IN (${list})`,
    [owner],
  );
}

/** When the next job that waits for a time is due; null when none does. */
export async function nextRunnableAt(sql: Sql, after: number): Promise<number | null> {
  const [row] = await sql.rows<{ at: number | null }>("SELECT min(runnable_at) AS at FROM job WHERE runnable_at > ?", [
    after,
  ]);
  return row?.at ?? null;
}

/** Of these jobs, those that wait and were asked nothing, and how many turns each has taken. */
export function standingJobs(sql: Sql, ids: readonly Id[]): Promise<{ readonly id: Id; readonly fence: number }[]> {
  return rowsIn(
    sql,
    ids,
    (list) => `SELECT id, fence FROM job WHERE id IN (${list}) AND status = 'waiting' AND wish IS NULL`,
  );
}

export async function loadJobs(sql: Sql, ids: readonly Id[]): Promise<readonly LoadedJob[]> {
  const rows = await rowsIn<JobRow & { fence: number; state: string }>(
    sql,
    ids,
    (list) => `SELECT ${SHOWN_COLUMNS}, fence, state FROM job WHERE id IN (${list})`,
  );
  return rows.map((row) => ({
    job: jobOf(row),
    fence: row.fence,
    state: JSON.parse(row.state) as JobState,
    started: row.started_at !== null,
  }));
}

/** What a turn makes of a job's row. */
export interface JobUpdate {
  readonly id: Id;
  /** As claimed: the update counts only if nobody else made one since. */
  readonly fence: number;
  readonly poke: number;
  readonly seenWish: Wish | null;
  readonly wish: Wish | null;
  readonly status: JobStatus;
  readonly state: string;
  readonly line: number | null;
  readonly percent: number;
  readonly progress: string;
  /** Null: as it was. */
  readonly message: string | null;
  readonly failure: string | null;
  readonly wakeAt: number | null;
  readonly endsAt: number | null;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly runnableAt: number | null;
  /** New lines of the log. */
  readonly logs: number;
}

/** What a job's row says after it was written. */
export interface UpdatedJob {
  /** The number of its last log line. */
  readonly lastLine: number;
  /** When its next turn comes; null: when something comes for it. */
  readonly runnableAt: number | null;
}

interface UpdatedRow {
  readonly id: string;
  readonly log_count: number;
  readonly runnable_at: number | null;
}

function updatedOf(rows: readonly UpdatedRow[]): ReadonlyMap<Id, UpdatedJob> {
  return new Map(rows.map((row) => [row.id, { lastLine: row.log_count, runnableAt: row.runnable_at }]));
}

/** Writes many turns. Returns those that counted. Whoever poked a job since it was claimed (a result, a wish) gets it a further turn at once. */
export async function updateJobs(
  sql: Sql,
  updates: readonly JobUpdate[],
  now: number,
): Promise<ReadonlyMap<Id, UpdatedJob>> {
  const rows = await withValues<UpdatedRow>(
    sql,
    [
      ["id", "text"],
      ["fence", "bigint"],
      ["poke", "bigint"],
      ["seen_wish", "text"],
      ["wish", "text"],
      ["status", "text"],
      ["state", "text"],
      ["line", "bigint"],
      ["percent", "double precision"],
      ["progress", "text"],
      ["message", "text"],
      ["failure", "text"],
      ["wake_at", "bigint"],
      ["ends_at", "bigint"],
      ["started_at", "bigint"],
      ["finished_at", "bigint"],
      ["runnable_at", "bigint"],
      ["now_at", "bigint"],
      ["logs", "bigint"],
    ],
    updates.map((one) => [
      one.id,
      one.fence,
      one.poke,
      one.seenWish,
      one.wish,
      one.status,
      one.state,
      one.line,
      one.percent,
      one.progress,
      one.message,
      one.failure,
      one.wakeAt,
      one.endsAt,
      one.startedAt,
      one.finishedAt,
      one.runnableAt,
      now,
      one.logs,
    ]),
    `UPDATE job SET
      status = v.status, state = v.state, line = v.line, percent = v.percent, progress = v.progress,
      message = coalesce(v.message, job.message), failure = v.failure, wake_at = v.wake_at, ends_at = v.ends_at,
      started_at = coalesce(job.started_at, v.started_at), finished_at = v.finished_at,
      wish = CASE WHEN v.finished_at IS NOT NULL THEN NULL WHEN job.wish IS NOT DISTINCT FROM v.seen_wish THEN v.wish ELSE job.wish END,
      runnable_at = CASE WHEN v.finished_at IS NOT NULL OR job.poke = v.poke THEN v.runnable_at ELSE v.now_at END,
      fence = job.fence + 1, lease_owner = NULL, lease_until = NULL, log_count = job.log_count + v.logs
    FROM v WHERE job.id = v.id AND job.fence = v.fence
    RETURNING job.id, job.log_count, job.runnable_at`,
  );
  return updatedOf(rows);
}

/** Gives jobs a turn: a result arrived for them. Those that stand still are left alone, unless something was asked of them. */
export async function pokeJobs(sql: Sql, ids: readonly Id[], now: number): Promise<void> {
  await rowsIn(
    sql,
    ids,
    (list) => `UPDATE job SET poke = poke + 1, runnable_at = CASE WHEN runnable_at < ? THEN runnable_at ELSE ? END
      WHERE id IN (${list}) AND (status IN ('queued', 'running', 'waiting') OR wish IS NOT NULL)`,
    [now, now],
  );
}

/**
 * Asks something of a job in one of these states. Returns false when it is in another, or is to finish something first that was asked of it:
 * then it can only be cancelled.
 */
export async function askJob(
  sql: Sql,
  id: Id,
  wish: Wish,
  allowed: readonly JobStatus[],
  now: number,
): Promise<boolean> {
  const first =
    wish === "cancel"
      ? ""
      : `AND (wish IS NULL OR wish NOT IN (${FINISHED_FIRST.map((one) => `'${one}'`).join(", ")}))`;
  const rows = await rowsIn<{ id: string }>(
    sql,
    allowed,
    (list) =>
      `UPDATE job SET wish = ?, poke = poke + 1, runnable_at = ? WHERE id = ? ${first} AND status IN (${list}) RETURNING id`,
    [wish, now, id],
  );
  return rows.length > 0;
}

/** How a job that stands still is to run again. */
export interface Revival {
  readonly wish: Wish | null;
  /** Of the line in its log. */
  readonly kind: LogKind;
  readonly text: string;
  /** It goes on from here, if it still stands at this fence. */
  readonly state?: JobState;
  readonly fence?: number;
}

/** Lets a job that stands still run again, as of now. Turns taken on its old state do not count any more. False: it does not stand so. */
export async function reviveJob(
  sql: SqlTransaction,
  { id, status }: Pick<Job, "id" | "status">,
  { wish, kind, text, state, fence }: Revival,
  /** Undefined: who it was. */
  starter: Starter | undefined,
  now: number,
): Promise<boolean> {
  const set: readonly (readonly [string, readonly SqlValue[]])[] = [
    ...(starter === undefined
      ? []
      : [
          [
            "starter_id = ?, starter_token = ?, starter_name = ?",
            [starter.accountId, starter.tokenId, starter.name],
          ] as const,
        ]),
    ...(state === undefined ? [] : [["state = ?, line = NULL", [JSON.stringify(state)]] as const]),
    ["wish = ?, runnable_at = ?", [wish, now]],
  ];
  const [row] = await sql.rows<{ log_count: number }>(
    `UPDATE job SET status = 'running', failure = NULL, finished_at = NULL, poke = poke + 1, fence = fence + 1, log_count = log_count + 1,
      ${set.map(([columns]) => columns).join(", ")}
     WHERE id = ? AND status = ? ${fence === undefined ? "" : "AND fence = ?"} RETURNING log_count`,
    [...set.flatMap(([, values]) => values), id, status, ...(fence === undefined ? [] : [fence])],
  );
  if (row === undefined) return false;
  await insertLog(sql, [{ jobId: id, sequence: row.log_count, at: now, line: null, taskId: null, kind, text }]);
  return true;
}

export async function insertLog(sql: SqlTransaction, entries: readonly LogEntry[]): Promise<void> {
  await sql.insert({
    table: "job_log",
    columns: ["job_id", "sequence", "at", "kind", "line", "text", "task_id"],
    rows: entries.map((one) => [one.jobId, one.sequence, one.at, one.kind, one.line, one.text, one.taskId]),
  });
}

/** Reserves log lines for jobs from outside of a turn. Returns what the rows of those that exist say then. */
export async function reserveLog(
  sql: Sql,
  counts: ReadonlyMap<Id, { readonly lines: number; readonly message: string | null }>,
): Promise<ReadonlyMap<Id, UpdatedJob>> {
  const rows = await withValues<UpdatedRow>(
    sql,
    [
      ["id", "text"],
      ["lines", "bigint"],
      ["message", "text"],
    ],
    [...counts].map(([id, one]) => [id, one.lines, one.message]),
    `UPDATE job SET log_count = job.log_count + v.lines, message = coalesce(v.message, job.message) FROM v WHERE job.id = v.id
    RETURNING job.id, job.log_count, job.runnable_at`,
  );
  return updatedOf(rows);
}

export async function selectJob(sql: Sql, id: Id): Promise<Job | undefined> {
  const [row] = await sql.rows<JobRow>(`SELECT ${SHOWN_COLUMNS} FROM job WHERE id = ?`, [id]);
  return row === undefined ? undefined : jobOf(row);
}

export async function selectJobsById(sql: Sql, ids: readonly Id[]): Promise<readonly Job[]> {
  const rows = await rowsIn<JobRow>(sql, ids, (list) => `SELECT ${SHOWN_COLUMNS} FROM job WHERE id IN (${list})`);
  return rows.map(jobOf);
}

export interface JobFilter {
  readonly tenantId: Id;
  readonly status?: JobStatus;
  readonly targetId?: Id;
  readonly runId?: Id;
}

/** Newest first, those older than `before`. */
export async function selectJobs(
  sql: Sql,
  filter: JobFilter,
  before: Id | null,
  limit: number,
): Promise<readonly Job[]> {
  const conditions = ["tenant_id = ?"];
  const parameters: SqlValue[] = [filter.tenantId];
  const wanted: readonly (readonly [string, SqlValue | undefined])[] = [
    ["status = ?", filter.status],
    ["target_id = ?", filter.targetId],
    ["run_id = ?", filter.runId],
    ["id < ?", before ?? undefined],
  ];
  for (const [condition, value] of wanted) {
    if (value === undefined) continue;
    conditions.push(condition);
    parameters.push(value);
  }
  const rows = await sql.rows<JobRow>(
    `SELECT ${SHOWN_COLUMNS} FROM job WHERE ${conditions.join(" AND ")} ORDER BY id DESC LIMIT ?`,
    [...parameters, limit],
  );
  return rows.map(jobOf);
}

interface LogRow {
  readonly job_id: string;
  readonly sequence: number;
  readonly at: number;
  readonly kind: LogKind;
  readonly line: number | null;
  readonly text: string;
  readonly task_id: string | null;
}

/** Lines behind `after`, oldest first. */
export async function selectLog(sql: Sql, jobId: Id, after: number, limit: number): Promise<readonly LogEntry[]> {
  const rows = await sql.rows<LogRow>(
    "SELECT job_id, sequence, at, kind, line, text, task_id FROM job_log WHERE job_id = ? AND sequence > ? ORDER BY sequence LIMIT ?",
    [jobId, after, limit],
  );
  return rows.map((row) => ({
    jobId: row.job_id,
    sequence: row.sequence,
    at: row.at,
    kind: row.kind,
    line: row.line,
    text: row.text,
    taskId: row.task_id,
  }));
}

import { createHash } from "node:crypto";
import { createAudit, recordActor, type Principal } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import { canonicalJson } from "../kernel/json.ts";
import type { Json } from "../kernel/json.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { FIRST_STATE } from "./advance.ts";
import { JOB_ACTION_NOT_ALLOWED, JOB_NOT_FOUND, JOB_PROGRAM_INVALID } from "./errors.ts";
import type { JobHost } from "./host.ts";
import { jobEvent } from "./job-events.ts";
import {
  askJob,
  insertJobs,
  insertLog,
  insertProgram,
  reviveJob,
  selectJob,
  selectJobs,
  selectLog,
} from "./job-store.ts";
import type { JobFilter, NewJob } from "./job-store.ts";
import { ALLOWED_ACTIONS, JOB_STATUSES, mayDo } from "./model.ts";
import { SERVER_STARTER, starterOf } from "./starter.ts";
import type { ItemResult, Job, JobAction, JobDraft, LogEntry, ProgramSource, Wish } from "./model.ts";
import { selectOutput } from "./output-store.ts";
import type { OutputPiece, OutputPosition } from "./output-store.ts";
import { readerOf, sqlOf } from "./sql.ts";
import { selectItems, selectTasks } from "./task-store.ts";
import type { ItemPosition, Task } from "./task-store.ts";
import type { Wakes } from "./wakes.ts";

/** What others do with jobs. */
export interface JobService {
  /** Makes jobs within the caller's transaction; they begin once it is committed. Errors: `job_program_invalid`. */
  create(tx: Transaction, drafts: readonly JobDraft[]): Promise<readonly Job[]>;
  /** Stops making calls; what is out ends. `by`: whose wish it is; left out, the program's own. Errors of these four: `job_not_found`, `job_action_not_allowed`. */
  pause(tenantId: Id, id: Id, by?: Principal): Promise<Job>;
  /** Goes on where it was paused, by whomever; with the rights of who lets it (`by`). The same holds for `retry`. */
  resume(tenantId: Id, id: Id, by?: Principal): Promise<Job>;
  /** Stops what is out, then ends as `cancelled`. */
  cancel(tenantId: Id, id: Id, by?: Principal): Promise<Job>;
  /** Makes the failed call again; a program that gave up by itself begins anew. */
  retry(tenantId: Id, id: Id, by?: Principal): Promise<Job>;
  /** Errors: `job_not_found`. */
  get(tenantId: Id, id: Id): Promise<Job>;
  /** Newest first, those made before the job `before`. */
  list(filter: JobFilter, page: { readonly before: Id | null; readonly limit: number }): Promise<readonly Job[]>;
  /** Lines behind the number `after`, oldest first. */
  log(id: Id, page: { readonly after: number; readonly limit: number }): Promise<readonly LogEntry[]>;
  /** What its tasks wrote, task by task. */
  output(
    id: Id,
    page: { readonly after: OutputPosition | null; readonly limit: number },
  ): Promise<readonly OutputPiece[]>;
  /** Its tasks in the order they were made. */
  tasks(id: Id, page: { readonly after: Id | null; readonly limit: number }): Promise<readonly Task[]>;
  /** Results of the items of its batches. */
  results(
    id: Id,
    page: { readonly after: ItemPosition | null; readonly limit: number },
  ): Promise<readonly (ItemResult & { readonly taskId: Id })[]>;
  /** Tells, after commit and on every replica, which jobs have new output. Returns how to stop listening. */
  onOutput(listener: (jobs: readonly Id[]) => void): () => void;
}

export interface ServiceParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventStream;
  readonly wakes: Wakes;
  readonly hosts: ReadonlyMap<string, JobHost>;
}

/** Characters of one program. */
const LONGEST_PROGRAM = 8 * 1024 * 1024;

export function createJobService(parts: ServiceParts): JobService {
  const { database, clock, random, events, wakes } = parts;
  const reader = readerOf(database);
  const audit = createAudit(parts);

  async function create(tx: Transaction, drafts: readonly JobDraft[]): Promise<readonly Job[]> {
    const now = clock.now();
    const sql = sqlOf(database, tx);
    // A run makes thousands of jobs of one program: it is hashed and stored once.
    const hashes = new Map<ProgramSource, string>();
    for (const { program } of drafts) {
      if (hashes.has(program)) continue;
      const hash = hashOf(program);
      hashes.set(program, hash);
      await insertProgram(sql, hash, program, now);
    }
    const jobs = drafts.map((draft): NewJob => {
      const runnableAt = draft.startAt ?? now;
      return { job: jobOf(draft, random.id(), hashes.get(draft.program)!, now), state: FIRST_STATE, runnableAt };
    });
    await insertJobs(sql, jobs);
    await insertLog(
      sql,
      jobs.map(({ job }) => ({
        jobId: job.id,
        sequence: 1,
        at: now,
        kind: "created",
        line: null,
        text: "created",
        taskId: null,
      })),
    );
    await events.append(
      tx,
      jobs.map(({ job }) => jobEvent("job.created", job, { status: job.status })),
    );
    wakes.jobsRunnable(tx);
    return jobs.map(({ job }) => job);
  }

  async function act(tenantId: Id, id: Id, action: JobAction, by?: Principal): Promise<Job> {
    return database.transaction(async (tx) => {
      if (by !== undefined) recordActor(tx, by);
      const sql = sqlOf(database, tx);
      const job = await selectJob(sql, id);
      if (job === undefined || job.tenantId !== tenantId) throw notFound(id);
      const done =
        action === "resume" || action === "retry" ? await revive(tx, job, action, by) : await ask(tx, job, action);
      const after = (await selectJob(sql, id))!;
      if (!done) throw notAllowed(after, action);
      const { kind, name } = job.target;
      const data = { program: job.programName, target: { kind, name } };
      await audit.append(tx, [
        { chain: tenantId, action: DONE[action], subject: { kind: "job", id, name: job.programName }, data },
      ]);
      return after;
    });
  }

  async function ask(tx: Transaction, job: Job, wish: Wish): Promise<boolean> {
    const allowed = JOB_STATUSES.filter((status) => mayDo(status, wish));
    const asked = await askJob(sqlOf(database, tx), job.id, wish, allowed, clock.now());
    if (!asked) return false;
    wakes.jobsAsked(tx, [job.id]);
    wakes.jobsRunnable(tx);
    return true;
  }

  async function revive(tx: Transaction, job: Job, action: "resume" | "retry", by?: Principal): Promise<boolean> {
    const sql = sqlOf(database, tx);
    const from = action === "resume" ? "paused" : "failed";
    const log =
      action === "resume"
        ? ({ kind: "resumed", text: "resumed" } as const)
        : ({ kind: "retried", text: "retried" } as const);
    const revived = await reviveJob(
      sql,
      job.id,
      from,
      action === "retry" ? "retry" : null,
      log,
      by === undefined ? undefined : starterOf(by),
      clock.now(),
    );
    if (!revived) return false;
    const after = (await selectJob(sql, job.id))!;
    if (action === "retry") await parts.hosts.get(job.host)?.reopened?.(tx, after);
    await events.append(tx, [
      jobEvent("job.progress", after, {
        status: after.status,
        line: after.line,
        percent: after.percent,
        message: log.text,
      }),
    ]);
    wakes.jobsRunnable(tx);
    return true;
  }

  return {
    create,
    pause: (tenantId, id, by) => act(tenantId, id, "pause", by),
    resume: (tenantId, id, by) => act(tenantId, id, "resume", by),
    cancel: (tenantId, id, by) => act(tenantId, id, "cancel", by),
    retry: (tenantId, id, by) => act(tenantId, id, "retry", by),
    async get(tenantId, id) {
      const job = await selectJob(reader, id);
      if (job === undefined || job.tenantId !== tenantId) throw notFound(id);
      return job;
    },
    list: (filter, page) => selectJobs(reader, filter, page.before, page.limit),
    log: (id, page) => selectLog(reader, id, page.after, page.limit),
    output: (id, page) => selectOutput(reader, id, page.after, page.limit),
    tasks: (id, page) => selectTasks(reader, id, page.after, page.limit),
    results: (id, page) => selectItems(reader, id, page.after, page.limit),
    onOutput: (listener) => wakes.onOutput(listener),
  };
}

/** What the audit calls what was asked of a job. */
const DONE: Readonly<Record<JobAction, string>> = {
  pause: "job.paused",
  resume: "job.resumed",
  cancel: "job.cancelled",
  retry: "job.retried",
};

function hashOf(program: ProgramSource): string {
  const text = canonicalJson(program as unknown as Json);
  if (text.length > LONGEST_PROGRAM) {
    throw new GantryError(
      JOB_PROGRAM_INVALID,
      `the program '${program.name}' has ${text.length} characters; ${LONGEST_PROGRAM} are allowed`,
    );
  }
  return createHash("sha256").update(text).digest("hex");
}

function jobOf(draft: JobDraft, id: Id, programHash: string, now: number): Job {
  return {
    id,
    tenantId: draft.tenantId,
    host: draft.host,
    programHash,
    programKind: draft.program.kind,
    programName: draft.program.name,
    target: draft.target,
    runId: draft.runId ?? null,
    starter: draft.starter ?? SERVER_STARTER,
    context: draft.context ?? {},
    status: "queued",
    wish: null,
    line: null,
    percent: 0,
    progress: [],
    message: "",
    failure: null,
    wakeAt: draft.startAt ?? null,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
  };
}

export function notFound(id: Id): GantryError {
  return new GantryError(JOB_NOT_FOUND, `there is no job ${id}`);
}

function notAllowed(job: Job, action: JobAction): GantryError {
  const allowed = ALLOWED_ACTIONS[job.status];
  const hint =
    allowed.length === 0 ? "Nothing can be done with it any more." : `What can be done now: ${allowed.join(", ")}.`;
  return new GantryError(JOB_ACTION_NOT_ALLOWED, `job ${job.id} is ${job.status}, so it cannot ${action}`, {
    hint,
    details: { status: job.status, allowed },
  });
}

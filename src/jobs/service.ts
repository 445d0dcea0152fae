import { createAudit, recordActor, type AuditDraft, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Transaction } from "../platform/database/index.ts";
import { FIRST_STATE } from "./turn.ts";
import type { JobState } from "./turn.ts";
import { JOB_ACTION_NOT_ALLOWED, JOB_NOTHING_TO_ROLL_BACK, JOB_NOT_FOUND } from "./errors.ts";
import { jobEvent } from "./job-events.ts";
import { askJob, loadJobs, reviveJob, selectJob, selectJobs, selectLog } from "./job-store.ts";
import type { JobFilter, Revival } from "./job-store.ts";
import { createMaking, type Making, type MakingParts } from "./making.ts";
import { ALLOWED_ACTIONS, JOB_STATUSES, allowedActions } from "./model.ts";
import { starterOf } from "./starter.ts";
import type { ItemResult, Job, JobAction, LogEntry, Wish } from "./model.ts";
import { selectOutput } from "./output-store.ts";
import type { OutputPiece, OutputPlace } from "./output-store.ts";
import type { Programs } from "./programs.ts";
import { callResults, callStates, itemCounts } from "./run-views.ts";
import type { CallResultRow, EndedJob, JobCalls, JobCounts } from "./run-views.ts";
import { readerOf, sqlOf } from "./sql.ts";
import type { Sql } from "./sql.ts";
import { selectItems, selectTasks } from "./task-views.ts";
import type { ItemPosition, Task } from "./task-views.ts";
import { selectBegunForGood } from "./undo-store.ts";

/** What others do with jobs. */
export interface JobService extends Making {
  /** Stops making calls; what is out ends. `by`: whose wish it is; left out, the program's own. Errors of these six: `job_not_found`, `job_action_not_allowed`. */
  pause(tenantId: Id, id: Id, by?: Principal): Promise<Job>;
  /** Goes on where it was paused, by whomever; with the rights of who lets it (`by`). The same holds for `retry`. */
  resume(tenantId: Id, id: Id, by?: Principal): Promise<Job>;
  /** Stops what is out, takes back what its functions can take back, the latest first, then ends as `cancelled`. */
  cancel(tenantId: Id, id: Id, by?: Principal): Promise<Job>;
  /** Stops and takes back the call it stands at, then is paused before that call. Errors beside: `job_nothing_to_roll_back`. */
  rollback(tenantId: Id, id: Id, by?: Principal): Promise<Job>;
  /** Goes on at a label of its script. Errors beside: `tscript_unknown_label`. */
  jump(tenantId: Id, id: Id, label: string, by?: Principal): Promise<Job>;
  /** Makes the failed call again; a program that gave up by itself begins anew. */
  retry(tenantId: Id, id: Id, by?: Principal): Promise<Job>;
  /** Errors: `job_not_found`. */
  get(tenantId: Id, id: Id): Promise<Job>;
  /** Newest first, those made before the job `before`. */
  list(filter: JobFilter, page: { readonly before: Id | null; readonly limit: number }): Promise<readonly Job[]>;
  /** Lines behind the number `after`, oldest first. */
  log(id: Id, page: { readonly after: number; readonly limit: number }): Promise<readonly LogEntry[]>;
  /** What the tasks of jobs wrote, of each job task by task; at most `limit` pieces, whichever jobs they are of. */
  output(places: readonly OutputPlace[], limit: number): Promise<readonly OutputPiece[]>;
  /** Its tasks in the order they were made. */
  tasks(id: Id, page: { readonly after: Id | null; readonly limit: number }): Promise<readonly Task[]>;
  /** Results of the items of its batches. */
  results(
    id: Id,
    page: { readonly after: ItemPosition | null; readonly limit: number },
  ): Promise<readonly (ItemResult & { readonly taskId: Id })[]>;
  /** How each verb of jobs that ended ended, by its place in the list. Reads within the transaction. */
  callStates(tx: Transaction, jobs: readonly EndedJob[]): Promise<ReadonlyMap<Id, JobCalls>>;
  /** Results of the verbs of jobs, in the order of the jobs and of their verbs. `only`: of the one at this place in their lists. */
  callResults(jobs: readonly Id[], only?: number): Promise<readonly CallResultRow[]>;
  /** How many verbs of the jobs of a run ended in which way so far, of those behind the job `after`. */
  itemCounts(runId: Id, page: { readonly after: Id | null; readonly limit: number }): Promise<readonly JobCounts[]>;
  /**
   * Removes the jobs of a run that ended, with their logs, results and output.
   * @returns jobs removed
   */
  remove(runId: Id): Promise<number>;
  /** Tells, after commit and on every replica, which jobs have new output or results of items. Returns how to stop listening. */
  onOutput(listener: (jobs: readonly Id[]) => void): () => void;
}

export interface ServiceParts extends MakingParts {
  readonly programs: Programs;
  remove(runId: Id): Promise<number>;
}

export function createJobService(parts: ServiceParts): JobService {
  const { database, clock, events, wakes } = parts;
  const reader = readerOf(database);
  const audit = createAudit(parts);

  async function act(tenantId: Id, id: Id, action: Exclude<JobAction, "jump">, by?: Principal): Promise<Job> {
    return database.transaction(async (tx) => {
      if (by !== undefined) recordActor(tx, by);
      const sql = sqlOf(database, tx);
      const job = await ofTenant(sql, tenantId, id);
      if (!allowedActions(job).includes(action)) throw notAllowed(job, action);
      if (action === "rollback") await checkRollback(sql, job);
      const done =
        action === "resume" || action === "retry" || job.status === "failed"
          ? await revive(tx, job, { wish: action === "resume" ? null : action, ...REVIVED[action] }, by)
          : await ask(tx, job, action);
      const after = (await selectJob(sql, id))!;
      if (!done) throw notAllowed(after, action);
      await audit.append(tx, [auditOf(job, action)]);
      return after;
    });
  }

  /** Where it goes on is worked out outside of any transaction; the fence says whether it still stood there. */
  async function jump(tenantId: Id, id: Id, label: string, by?: Principal): Promise<Job> {
    for (;;) {
      const job = await ofTenant(reader, tenantId, id);
      if (!allowedActions(job).includes("jump")) throw notAllowed(job, "jump");
      const [loaded] = await loadJobs(reader, [id]);
      const { program, source } = await parts.programs.get(job.programHash);
      if (program.jump === undefined) {
        const why = `job ${id} runs the ${source.kind} ${source.name}, which have no labels to jump to`;
        throw new GantryError(JOB_ACTION_NOT_ALLOWED, why);
      }
      const state: JobState = {
        ...FIRST_STATE,
        program: program.jump(loaded!.state.program ?? program.start(), label, clock.now()),
      };
      const jumped = await database.transaction(async (tx) => {
        if (by !== undefined) recordActor(tx, by);
        const to = { wish: "jump", kind: "jumped", text: `goes on at ${label}`, state, fence: loaded!.fence } as const;
        if (!(await revive(tx, job, to, by))) return undefined;
        await audit.append(tx, [auditOf(job, "jump", { label })]);
        return selectJob(sqlOf(database, tx), id);
      });
      if (jumped !== undefined) return jumped;
    }
  }

  async function ofTenant(sql: Sql, tenantId: Id, id: Id): Promise<Job> {
    const job = await selectJob(sql, id);
    if (job === undefined || job.tenantId !== tenantId) throw notFound(id);
    return job;
  }

  /** Said at once, not when the job comes to it. */
  async function checkRollback(sql: Sql, job: Job): Promise<void> {
    const [loaded] = await loadJobs(sql, [job.id]);
    const calls = loaded!.state.calls.map((one) => one.call);
    if (calls.length === 0) {
      throw new GantryError(JOB_NOTHING_TO_ROLL_BACK, `job ${job.id} stands at no call that could be rolled back`);
    }
    const fixed = await selectBegunForGood(
      sql,
      job.id,
      calls.map((one) => one.id),
    );
    if (fixed === undefined) return;
    throw new GantryError(JOB_NOTHING_TO_ROLL_BACK, `${fixed} cannot take back what it did`);
  }

  async function ask(tx: Transaction, job: Job, wish: Wish): Promise<boolean> {
    const allowed = JOB_STATUSES.filter((status) => ALLOWED_ACTIONS[status].includes(wish));
    const asked = await askJob(sqlOf(database, tx), job.id, wish, allowed, clock.now());
    if (!asked) return false;
    wakes.jobsAsked(tx, [job.id]);
    wakes.jobsRunnable(tx);
    return true;
  }

  async function revive(tx: Transaction, job: Job, to: Revival, by?: Principal): Promise<boolean> {
    const sql = sqlOf(database, tx);
    const starter = by === undefined ? undefined : starterOf(by);
    if (!(await reviveJob(sql, job, to, starter, clock.now()))) return false;
    const after = (await selectJob(sql, job.id))!;
    if (job.status === "failed") await parts.hosts.get(job.host)?.reopened?.(tx, after);
    const { status, line, percent } = after;
    await events.append(tx, [jobEvent("job.progress", after, { status, line, percent, message: to.text })]);
    wakes.jobsRunnable(tx);
    return true;
  }

  return {
    ...createMaking(parts),
    pause: (tenantId, id, by) => act(tenantId, id, "pause", by),
    resume: (tenantId, id, by) => act(tenantId, id, "resume", by),
    cancel: (tenantId, id, by) => act(tenantId, id, "cancel", by),
    retry: (tenantId, id, by) => act(tenantId, id, "retry", by),
    rollback: (tenantId, id, by) => act(tenantId, id, "rollback", by),
    jump,
    get: (tenantId, id) => ofTenant(reader, tenantId, id),
    list: (filter, page) => selectJobs(reader, filter, page.before, page.limit),
    log: (id, page) => selectLog(reader, id, page.after, page.limit),
    output: (places, limit) => selectOutput(reader, places, limit),
    tasks: (id, page) => selectTasks(reader, id, page.after, page.limit),
    results: (id, page) => selectItems(reader, id, page.after, page.limit),
    callStates: (tx, all) => callStates(sqlOf(database, tx), all),
    callResults: (all, only) => callResults(reader, all, only),
    itemCounts: (runId, page) => itemCounts(reader, runId, page),
    remove: parts.remove,
    onOutput: (listener) => wakes.onOutput(listener),
  };
}

/** What the log says of a job that stood still and was asked something. */
const REVIVED: Readonly<Record<Exclude<JobAction, "jump">, Pick<Revival, "kind" | "text">>> = {
  pause: { kind: "paused", text: "paused" },
  resume: { kind: "resumed", text: "resumed" },
  cancel: { kind: "undo", text: "is to be cancelled" },
  retry: { kind: "retried", text: "retried" },
  rollback: { kind: "undo", text: "is to be rolled back" },
};

function auditOf(job: Job, action: JobAction, more: JsonObject = {}): AuditDraft {
  const { kind, name } = job.target;
  const data = { program: job.programName, target: { kind, name }, ...more };
  return {
    chain: job.tenantId,
    action: DONE[action],
    subject: { kind: "job", id: job.id, name: job.programName },
    data,
  };
}

/** What the audit calls what was asked of a job. */
const DONE: Readonly<Record<JobAction, string>> = {
  pause: "job.paused",
  resume: "job.resumed",
  cancel: "job.cancelled",
  retry: "job.retried",
  rollback: "job.rolled_back",
  jump: "job.jumped",
};

export function notFound(id: Id): GantryError {
  return new GantryError(JOB_NOT_FOUND, `there is no job ${id}`);
}

function notAllowed(job: Job, action: JobAction): GantryError {
  const allowed = allowedActions(job);
  const hint =
    allowed.length === 0 ? "Nothing can be done with it any more." : `What can be done now: ${allowed.join(", ")}.`;
  return new GantryError(JOB_ACTION_NOT_ALLOWED, `job ${job.id} is ${job.status}, so it cannot ${action}`, {
    hint,
    details: { status: job.status, allowed },
  });
}

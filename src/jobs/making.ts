import { createHash } from "node:crypto";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { canonicalJson } from "../kernel/json.ts";
import type { Json } from "../kernel/json.ts";
import { afterCommit, type Transaction } from "../platform/database/index.ts";
import { commitBeginnings } from "./commit.ts";
import type { CommitParts, Landing } from "./commit.ts";
import type { Engine } from "./engine.ts";
import { JOB_PROGRAM_INVALID } from "./errors.ts";
import { jobEvent } from "./job-events.ts";
import { insertJobs, insertLog, insertProgram } from "./job-store.ts";
import { callsIn } from "./model.ts";
import type { Job, JobDraft, ProgramSource } from "./model.ts";
import { SERVER_STARTER } from "./starter.ts";
import { sqlOf } from "./sql.ts";
import { FIRST_STATE } from "./turn.ts";

/** How jobs come to be. */
export interface Making {
  /**
   * Takes the first turns of jobs that are to be made, outside of any transaction; nothing of them is stored. Where thousands begin at once,
   * this saves each a commit. Errors: `job_program_invalid`.
   */
  begin(drafts: readonly Omit<JobDraft, "startAt">[]): Promise<readonly BegunJob[]>;
  /** Makes jobs within the caller's transaction; those that have not begun do so once it is committed. Errors: `job_program_invalid`. */
  create(tx: Transaction, jobs: readonly (JobDraft | BegunJob)[]): Promise<readonly Job[]>;
}

/** A job that is to be made, with the first turn it has taken. */
export type BegunJob = Landing;

export interface MakingParts extends CommitParts {
  readonly engine: Pick<Engine, "first" | "landed">;
}

/** Characters of one program. */
const LONGEST_PROGRAM = 8 * 1024 * 1024;

export function createMaking(parts: MakingParts): Making {
  const { database, clock, random } = parts;

  async function makeBegun(tx: Transaction, begun: readonly BegunJob[]): Promise<readonly Job[]> {
    if (begun.length === 0) return [];
    const landed = await commitBeginnings(parts, tx, begun);
    afterCommit(tx, `jobs.landed.${landed[0]!.loaded.job.id}`, () => landed.forEach(parts.engine.landed));
    return landed.map(({ loaded }) => loaded.job);
  }

  async function makeQueued(
    tx: Transaction,
    drafts: readonly JobDraft[],
    hash: (program: ProgramSource) => string,
    now: number,
  ): Promise<readonly Job[]> {
    if (drafts.length === 0) return [];
    const sql = sqlOf(database, tx);
    const state = JSON.stringify(FIRST_STATE);
    const made = drafts.map((draft) => ({
      job: jobOf(draft, random.id(), hash(draft.program), now),
      state,
      fence: 0,
      runnableAt: draft.startAt ?? now,
      lines: 1,
      items: callsIn(draft.program),
    }));
    await insertJobs(sql, made);
    const line = { sequence: 1, at: now, kind: "created", line: null, text: "created", taskId: null } as const;
    await insertLog(
      sql,
      made.map(({ job }) => ({ jobId: job.id, ...line })),
    );
    await parts.events.append(
      tx,
      made.map(({ job }) => jobEvent("job.created", job, { status: job.status })),
    );
    parts.wakes.jobsRunnable(tx);
    return made.map(({ job }) => job);
  }

  return {
    async begin(drafts) {
      const now = clock.now();
      const hash = hasher();
      return parts.engine.first(
        drafts.map((draft) => ({ job: jobOf(draft, random.id(), hash(draft.program), now), source: draft.program })),
      );
    },
    async create(tx, all) {
      const now = clock.now();
      const hash = hasher();
      for (const program of new Set(all.map(programIn)))
        await insertProgram(sqlOf(database, tx), hash(program), program, now);
      const begun = (await makeBegun(tx, all.filter(isBegun))).values();
      const drafts = all.flatMap((one) => (isBegun(one) ? [] : [one]));
      const queued = (await makeQueued(tx, drafts, hash, now)).values();
      return all.map((one) => (isBegun(one) ? begun : queued).next().value!);
    },
  };
}

function isBegun(one: JobDraft | BegunJob): one is BegunJob {
  return "flight" in one;
}

function programIn(one: JobDraft | BegunJob): ProgramSource {
  return isBegun(one) ? one.flight.source! : one.program;
}

/** A run makes thousands of jobs of one program: it is hashed once. */
function hasher(): (program: ProgramSource) => string {
  const known = new Map<ProgramSource, string>();
  return (program) => {
    const hash = known.get(program) ?? hashOf(program);
    known.set(program, hash);
    return hash;
  };
}

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
    endsAt: null,
    createdAt: now,
    startedAt: null,
    finishedAt: null,
  };
}

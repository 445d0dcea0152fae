import {
  beforeCommit,
  transactionValue,
  type Database,
  type Queries,
  type Transaction,
} from "../platform/database/index.ts";
import type { Job, JobOutcome, JobService } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import { positionOf } from "./context.ts";
import { countStates, jobState, lineStates } from "./ending.ts";
import type { Definition } from "./model.ts";
import { programOf } from "./programs.ts";
import { selectJobsAt } from "./stage-store.ts";
import {
  changeJobs,
  countFailures,
  countStage,
  endRun,
  putOut,
  selectEntries,
  selectFailedBefore,
  selectStages,
  type JobChange,
} from "./store.ts";

/** What becomes of a run when jobs of it end: all that end in one commit are counted together. */

interface Ended {
  readonly job: Job;
  readonly outcome: JobOutcome;
}

export interface EndingParts {
  readonly database: Database;
  readonly jobs: JobService;
  readonly clock: Clock;
  /** What a run is to do; undefined: it was removed. */
  find(run: Id, queries: Queries): Promise<Definition | undefined>;
  wakeAfter(tx: Transaction, run: Id): void;
}

export interface Endings {
  note(tx: Transaction, job: Job, outcome: JobOutcome): Promise<void>;
  reopened(tx: Transaction, job: Job): Promise<void>;
}

const BAD: readonly string[] = ["failed", "unreachable", "cancelled"];

export function createEndings(parts: EndingParts): Endings {
  const { database, jobs, clock } = parts;
  const noted = transactionValue<readonly Ended[]>();

  async function flush(tx: Transaction): Promise<void> {
    const all = noted.get(tx) ?? [];
    noted.set(tx, []);
    for (const [run, ended] of [...Map.groupBy(all, ({ job }) => job.runId!)].sort(([a], [b]) => (a < b ? -1 : 1)))
      await take(tx, run, ended);
  }

  async function take(tx: Transaction, run: Id, ended: readonly Ended[]): Promise<void> {
    const defined = await parts.find(run, tx);
    // The latest job of a node outlives its run, and somebody may retry it.
    if (defined === undefined) return;
    const [stages, entries] = [await selectStages(tx, run), await selectEntries(tx, run)];
    const places = ended.map((one) => ({ ...one, ...positionOf(one.job) }));
    const chosen = await selectJobsAt(tx, run, places);
    const planned = places.map((one) => {
      const stage = stages[one.stage]!;
      const program = programOf(defined, one.stage, {
        first: stage.first === one.node,
        chosen: chosen.get(`${one.stage} ${one.node}`) ?? null,
        given: stage.given,
        goesOn: entries[stage.entry]!.goesOn,
      });
      return { ...one, entry: stage.entry, lines: program?.lines ?? [] };
    });
    const ends = await jobs.callStates(
      tx,
      planned.map(({ job, outcome, lines }) => ({ id: job.id, verbs: lines.length, items: outcome.items })),
    );
    const changes = planned.map(({ job, outcome, stage, node, lines }): JobChange => {
      const { states = [], error = null } = ends.get(job.id) ?? {};
      const counts = countStates(lineStates(lines, states).values());
      const code = error?.details?.["exit_code"];
      const exitCode = typeof code === "number" ? code : null;
      const message = outcome.status === "done" ? null : (error?.message ?? outcome.failure?.message ?? outcome.status);
      return { stage, node, jobId: job.id, state: jobState(outcome, counts), counts, exitCode, message };
    });
    await changeJobs(database, tx, run, changes, clock.now());
    for (const [stage, own] of [...Map.groupBy(changes, (one) => one.stage)].sort(([a], [b]) => a - b)) {
      await countStage(tx, run, stage, { begun: 0, ended: own.length }, clock.now());
      const bad = own.filter(({ state }) => BAD.includes(state));
      if (bad.length === 0) continue;
      const entry = stages[stage]!.entry;
      const before = await selectFailedBefore(
        tx,
        run,
        entry,
        bad.map(({ node }) => node),
        stage,
      );
      await countFailures(tx, run, entry, bad.filter(({ node }) => !before.has(node)).length);
      const out = bad.filter(({ state }) => state === "unreachable" || !entries[entry]!.goesOn);
      await putOut(
        database,
        tx,
        run,
        out.map(({ node, state }) => ({ node, out: state === "unreachable" ? "unreachable" : "failed" })),
      );
    }
    parts.wakeAfter(tx, run);
  }

  return {
    async note(tx, job, outcome) {
      if (job.runId === null) return;
      noted.set(tx, [...(noted.get(tx) ?? []), { job, outcome }]);
      beforeCommit(tx, "runs.ended", flush);
    },
    async reopened(tx, job) {
      if (job.runId === null) return;
      const { stage, node } = positionOf(job);
      const stages = await selectStages(tx, job.runId);
      const own = stages[stage];
      if (own === undefined) return;
      await changeJobs(database, tx, job.runId, [{ stage, node, jobId: job.id, state: "begun" }], clock.now());
      await countStage(tx, job.runId, stage, { begun: 0, ended: -1 }, clock.now());
      await countFailures(tx, job.runId, own.entry, -1);
      await putOut(database, tx, job.runId, [{ node, out: null }]);
      await endRun(tx, job.runId, "running", null);
    },
  };
}

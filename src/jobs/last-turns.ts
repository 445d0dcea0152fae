import type { Id } from "../kernel/ids.ts";
import type { Transaction } from "../platform/database/index.ts";
import { beginTurn, stepTurn } from "./advance.ts";
import type { JobCache } from "./cache.ts";
import { commitTurns } from "./commit.ts";
import type { CommitParts, Landing } from "./commit.ts";
import { createFlight } from "./flight.ts";
import { badItems } from "./items.ts";
import { loadJobs, standingJobs } from "./job-store.ts";
import type { LoadedJob } from "./job-store.ts";
import { hasEnded } from "./model.ts";
import type { LoadedProgram, Programs } from "./programs.ts";
import type { Settlement } from "./settle.ts";
import type { SqlTransaction } from "./sql.ts";
import type { SettledTask, Turn } from "./turn.ts";

/**
 * The last turns of jobs, in the commit that takes in what they waited for: nearly every job of a run is one list of verbs, and is over when
 * the list is. Everything else (what failed, what goes on, what was asked something) has its turn from the engine.
 *
 * @returns the jobs that ended
 */
export type LastTurns = (
  tx: Transaction,
  sql: SqlTransaction,
  settlements: readonly Settlement[],
) => Promise<ReadonlySet<Id>>;

export interface LastTurnParts extends CommitParts {
  readonly programs: Programs;
  readonly cache: JobCache;
}

/** Steps that the end of a program takes. */
const BUDGET = 10;

export function createLastTurns(parts: LastTurnParts): LastTurns {
  function landingOf(loaded: LoadedJob, { task, change }: Settlement): Landing | undefined {
    const program = parts.programs.known(loaded.job.programHash);
    if (program === undefined || change.status !== "done") return undefined;
    const { id: taskId, call, tally } = task;
    const itemsBad = tally === null ? null : badItems(tally);
    const settled: SettledTask = { taskId, call, status: "done", value: change.value, error: null, itemsBad };
    const turn = lastTurn(loaded, program, settled, parts.clock.now());
    if (turn === undefined) return undefined;
    const { job, fence } = loaded;
    // What came for the job meanwhile is of no interest to one that has ended.
    const claimed = { id: job.id, fence, poke: 0, status: job.status, wish: job.wish };
    const flight = createFlight(claimed, loaded, { settled: [settled], open: 0, undoing: null });
    return { flight, turn, ...(tally === null ? {} : { items: tally }) };
  }

  /** As they were committed here last, where they are that still; those that were asked something are not of interest. */
  async function load(sql: SqlTransaction, ids: readonly Id[]): Promise<readonly LoadedJob[]> {
    const known: LoadedJob[] = [];
    const missing: Id[] = [];
    for (const { id, fence } of await standingJobs(sql, ids)) {
      const cached = parts.cache.get(id, fence);
      if (cached === undefined) missing.push(id);
      else known.push(cached);
    }
    return missing.length === 0 ? known : [...known, ...(await loadJobs(sql, missing))];
  }

  return async (tx, sql, settlements) => {
    // Of a task that is no list the job mostly goes on: reading it here would be in vain.
    const done = settlements.filter(
      ({ task, change }) => change.status === "done" && task.tally !== null && badItems(task.tally) === 0,
    );
    const byJob = Map.groupBy(done, ({ task }) => task.jobId);
    const loaded = await load(sql, [...byJob.keys()].sort());
    const landings = loaded.flatMap((one) => {
      const [only, ...more] = byJob.get(one.job.id)!;
      return more.length > 0 ? [] : (landingOf(one, only!) ?? []);
    });
    if (landings.length === 0) return new Set();
    const landed = await commitTurns(parts, tx, landings);
    const ended = landings.filter((_, index) => landed[index] !== undefined).map(({ flight }) => flight.claimed.id);
    for (const id of ended) parts.cache.drop(id);
    return new Set(ended);
  };
}

/** The turn in which the program ends, because it waited for this alone. Undefined: it does not, or it must look at its host before. */
function lastTurn(
  { job, state, started }: LoadedJob,
  { program }: LoadedProgram,
  settled: SettledTask,
  now: number,
): Turn | undefined {
  const [call, ...others] = state.calls;
  const alone = call?.call.id === settled.call && call.failed !== true && others.length + state.answers.length === 0;
  if (program.alone !== true || !alone || job.status !== "waiting" || job.wish !== null || state.atPause)
    return undefined;
  const turn = beginTurn(
    {
      status: job.status,
      wish: null,
      first: !started,
      state,
      settled: [settled],
      openTasks: 0,
      undoing: null,
      takeable: [],
    },
    job,
  );
  stepTurn(turn, program, { now, budget: BUDGET, values: () => ({ found: false, moduleKnown: false }), catalogue: {} });
  return hasEnded(turn.status) ? turn : undefined;
}

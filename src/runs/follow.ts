import type { JobService, OutputPiece, OutputPosition } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { RunEnded, RunOutput } from "./model.ts";
import type { FollowedLine, RunView } from "./service.ts";
import { plannedFor } from "./results.ts";
import { ENDED_STATES, selectJobs, selectProgress, selectRun, selectStages, type NodeJob } from "./store.ts";

/** What the nodes of a run write, as it comes, and how each ended its stages. */

export interface FollowParts {
  readonly database: Database;
  readonly jobs: JobService;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** Pieces of output read in one go. */
const PAGE = 500;
/** How often it is said how far the run is. */
const PROGRESS_MILLISECONDS = 500;
/** Lists that go on of which each verb is counted; of more only whole ones. */
const MOST_COUNTED = 500;
/** Looked at anew this often without being woken: a message of the bus may get lost. */
const LOOK_MILLISECONDS = 1_000;
/** Of a run on more nodes than these, what happens within this time is told together. */
const FEW_NODES = 50;
const GATHERED_MILLISECONDS = 25;
/** On PostgreSQL, commits of other replicas may come later than what they are dated. SQLite has one writer. */
const LATE_MILLISECONDS = 10_000;

/** Where the bus says, after the commit, that a run or one of its nodes is no longer as it was. */
export function changedSubject(run: Id): string {
  return `run.changed.${run}`;
}

/**
 * Ends when the run has ended and all of it was told, with the run as it is then.
 *
 * @param view the run, as the reader may see it
 * @param again the same as it is now
 */
export async function* followRun(
  parts: FollowParts,
  view: RunView,
  { visible, again }: { visible(node: NodeJob): boolean; again(): Promise<RunView> },
  signal: AbortSignal,
): AsyncGenerator<FollowedLine> {
  const { database, jobs, clock } = parts;
  const { id, tenantId } = view.run;
  const waker = createWaker(clock);
  /** Jobs with new output. */
  const written = new Set<Id>();
  const stops = [
    jobs.onOutput((ids) => {
      const own = ids.filter((job) => open.has(job));
      for (const job of own) written.add(job);
      if (own.length > 0) waker.wake();
    }),
    parts.bus.subscribe(changedSubject(id), waker.wake),
  ];
  signal.addEventListener("abort", waker.wake);
  const open = new Map<Id, NodeOutput>();
  const told = new Set<string>();
  const late = database.dialect === "postgres" ? LATE_MILLISECONDS : 0;
  let since = 0;
  const total = verbsIn(view);
  let shown = clock.now();
  let before = -1;
  const plans = new Map<string, readonly number[]>();
  /** As of the present look: thousands of nodes begin together. */
  let stagesNow: Awaited<ReturnType<typeof selectStages>> | undefined;
  /** For each call of a node's job the line it is of. */
  async function callsOf(job: NodeJob): Promise<readonly number[]> {
    stagesNow ??= await selectStages(database.kysely, id);
    const stages = stagesNow;
    const key = `${job.stage} ${stages[job.stage]!.first === job.node} ${job.chosen?.join(",") ?? "all"}`;
    const known = plans.get(key);
    if (known !== undefined) return known;
    const { calls } = plannedFor({ ...view, stages }, job);
    plans.set(key, calls);
    return calls;
  }
  /** What was written since the last time, of all jobs together. */
  async function* output(): AsyncGenerator<RunOutput> {
    const wanted = [...written].filter((job) => open.has(job));
    written.clear();
    for (let more = wanted.length > 0; more;) {
      const pieces = await jobs.output(
        wanted.map((jobId) => ({ jobId, after: open.get(jobId)!.after })),
        PAGE,
      );
      for (const piece of pieces) yield* open.get(piece.jobId)!.take(piece);
      more = pieces.length === PAGE;
    }
  }
  try {
    for (;;) {
      waker.reset();
      stagesNow = undefined;
      // Read before its jobs: of a run that has ended, all of them have.
      const run = await selectRun(database.kysely, tenantId, id);
      const last = run?.status === "running" ? undefined : await again();
      const news = last?.jobs ?? (await selectJobs(database.kysely, id, { since }));
      const ended: NodeJob[] = [];
      for (const job of news) {
        since = Math.max(since, job.changedAt - late);
        const key = `${job.stage} ${job.node}`;
        if (told.has(key) || job.state === "waiting" || !visible(job)) continue;
        if (job.jobId !== null && !open.has(job.jobId)) {
          open.set(job.jobId, createNodeOutput(job.name, await callsOf(job)));
          written.add(job.jobId);
        }
        if (!ENDED_STATES.includes(job.state)) continue;
        if (job.jobId !== null) written.add(job.jobId);
        told.add(key);
        ended.push(job);
      }
      yield* output();
      for (const job of ended) {
        const own = open.get(job.jobId ?? "");
        if (own !== undefined) yield* own.end();
        open.delete(job.jobId ?? "");
        yield endedOf(job, view);
      }
      const now = clock.now();
      if (last !== undefined || now - shown >= PROGRESS_MILLISECONDS) {
        const done = await doneIn(parts, id);
        if (done !== before) yield { kind: "progress", done, total };
        before = done;
        shown = now;
      }
      if (last !== undefined) yield { kind: "run", view: last };
      if (last !== undefined || isAborted(signal)) return;
      if (view.run.nodes > FEW_NODES) await passed(clock, GATHERED_MILLISECONDS);
      await waker.wait(LOOK_MILLISECONDS);
      if (isAborted(signal)) return;
    }
  } finally {
    for (const stop of stops) stop();
    signal.removeEventListener("abort", waker.wake);
  }
}

/** Verbs on nodes that a run has. */
function verbsIn({ definition, stages, jobs }: RunView): number {
  const chosen = jobs.reduce((sum, job) => sum + (job.chosen?.length ?? 0), 0);
  if (chosen > 0) return chosen;
  return stages.reduce((sum, { stage, total }) => {
    const { from, to } = definition.stages[stage]!;
    const once = definition.lines.slice(from, to).filter(({ runOnce }) => runOnce).length;
    return sum + total * (to - from - once) + once;
  }, 0);
}

/** Of those: how many ended, also in lists that go on. */
async function doneIn({ database, jobs }: FollowParts, id: Id): Promise<number> {
  const { ended, begun } = await selectProgress(database.kysely, id);
  let done = ended;
  if (begun.length === 0 || begun.length > MOST_COUNTED) return done;
  const open = new Set(begun);
  for (let after: Id | null = null; ;) {
    const page = await jobs.itemCounts(id, { after, limit: PAGE });
    for (const { jobId, ok, changed, failed, skipped, interrupted, unreachable } of page)
      if (open.has(jobId)) done += ok + changed + failed + skipped + interrupted + unreachable;
    if (page.length < PAGE) return done;
    after = page.at(-1)!.jobId;
  }
}

function endedOf(job: NodeJob, { definition }: RunView): RunEnded {
  return {
    kind: "ended",
    node: job.name,
    entry: definition.stages[job.stage]!.entry,
    stage: job.stage,
    state: job.state as RunEnded["state"],
    counts: job.counts,
    exitCode: job.exitCode,
    message: job.message,
  };
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

function passed(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.after(milliseconds, resolve));
}

interface Waker {
  readonly wake: () => void;
  reset(): void;
  /** Until something happened since `reset`, or for so long. */
  wait(milliseconds: number): Promise<void>;
}

function createWaker(clock: Clock): Waker {
  let happened = false;
  let go = (): void => undefined;
  function wake(): void {
    happened = true;
    go();
  }
  return {
    wake,
    reset() {
      happened = false;
    },
    async wait(milliseconds) {
      if (happened) return;
      const cancel = clock.after(milliseconds, wake);
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      cancel();
    },
  };
}

/** The number of the verb that a call is of, from 1. */
function numberOf(calls: readonly number[], item: number | null): number | null {
  const line = calls[item ?? 0] ?? -1;
  return (item === null && calls.length !== 1) || line < 0 ? null : line + 1;
}

interface NodeOutput {
  /** Where to read on. */
  readonly after: OutputPosition | null;
  take(piece: OutputPiece): Generator<RunOutput>;
  /** Nothing comes any more, so a character that was cut off is given up. */
  end(): Generator<RunOutput>;
}

/** The output of one job. A character may be cut in two by the pieces: each stream has a decoder that waits for the rest. */
function createNodeOutput(node: string, calls: readonly number[]): NodeOutput {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let after: OutputPosition | null = null;
  let job: number | null = null;
  return {
    get after() {
      return after;
    },
    *take({ taskId, position, stream, item, data, droppedBefore }) {
      after = { taskId, position };
      job = numberOf(calls, item);
      if (droppedBefore > 0) yield { kind: "output", node, job, stream, text: `\n[${droppedBefore} bytes left out]\n` };
      const text = decoders[stream].decode(data, { stream: true });
      if (text !== "") yield { kind: "output", node, job, stream, text };
    },
    *end() {
      for (const stream of ["stdout", "stderr"] as const) {
        const text = decoders[stream].decode();
        if (text !== "") yield { kind: "output", node, job, stream, text };
      }
    },
  };
}

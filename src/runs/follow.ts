import type { JobService, OutputPosition } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { RunEnded, RunOutputLine } from "./model.ts";
import type { RunView } from "./service.ts";
import { ENDED_STATES, selectJobs, selectRun, type NodeJob } from "./store.ts";

/** What the nodes of a run write, as it comes, and how each ended its stages. */

export interface FollowParts {
  readonly database: Database;
  readonly jobs: JobService;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** Pieces of output read in one go. */
const PAGE = 500;
/** Looked at anew this often without being woken. */
const LOOK_MILLISECONDS = 1_000;
/** Commits on other replicas may come later than what they are dated. */
const LATE_MILLISECONDS = 10_000;

/** Ends when the run has ended and all of it was told. @param view the run, as the reader may see it */
export async function* followRun(
  parts: FollowParts,
  view: RunView,
  visible: (node: NodeJob) => boolean,
  signal: AbortSignal,
): AsyncGenerator<RunOutputLine> {
  const { database, jobs, clock } = parts;
  const { id, tenantId } = view.run;
  const waker = createWaker(clock);
  /** Jobs with new output. */
  const written = new Set<Id>();
  const stops = [
    jobs.onOutput((ids) => {
      for (const job of ids) written.add(job);
      waker.wake();
    }),
    parts.bus.subscribe("events", waker.wake),
  ];
  signal.addEventListener("abort", waker.wake);
  const open = new Map<Id, NodeReader>();
  const told = new Set<string>();
  let since = 0;
  try {
    for (;;) {
      waker.reset();
      // Read before its jobs: of a run that has ended, all of them have.
      const run = await selectRun(database.kysely, tenantId, id);
      const over = run === undefined || run.status !== "running";
      const looked = clock.now();
      const news = (await selectJobs(database.kysely, id, { since })).filter(visible);
      since = looked - LATE_MILLISECONDS;
      for (const job of news) {
        const key = `${job.stage} ${job.node}`;
        if (told.has(key) || job.state === "waiting") continue;
        if (job.jobId !== null && !open.has(job.jobId)) {
          open.set(job.jobId, createNodeReader(jobs, job.jobId, job.name));
          written.add(job.jobId);
        }
        if (!ENDED_STATES.includes(job.state)) continue;
        told.add(key);
        if (job.jobId !== null) {
          yield* open.get(job.jobId)!.read(true);
          open.delete(job.jobId);
        }
        yield endedOf(job, view);
      }
      for (const job of written) {
        written.delete(job);
        const reader = open.get(job);
        if (reader !== undefined) yield* reader.read(false);
      }
      if (over || isAborted(signal)) return;
      await waker.wait(LOOK_MILLISECONDS);
      if (isAborted(signal)) return;
    }
  } finally {
    for (const stop of stops) stop();
    signal.removeEventListener("abort", waker.wake);
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

interface NodeReader {
  /** What is new. `last`: nothing comes after it, so a character that was cut off is given up. */
  read(last: boolean): AsyncGenerator<RunOutputLine>;
}

/** Reads the output of one job on. A character may be cut in two by the pieces: each stream has a decoder that waits for the rest. */
function createNodeReader(jobs: JobService, jobId: Id, node: string): NodeReader {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let after: OutputPosition | null = null;
  const job = null;
  return {
    async *read(last) {
      for (;;) {
        const pieces = await jobs.output(jobId, { after, limit: PAGE });
        for (const piece of pieces) {
          after = { taskId: piece.taskId, position: piece.position };
          const { stream } = piece;
          if (piece.droppedBefore > 0)
            yield { kind: "output", node, job, stream, text: `\n[${piece.droppedBefore} bytes left out]\n` };
          const text = decoders[stream].decode(piece.data, { stream: true });
          if (text !== "") yield { kind: "output", node, job, stream, text };
        }
        if (pieces.length < PAGE) break;
      }
      if (!last) return;
      for (const stream of ["stdout", "stderr"] as const) {
        const rest = decoders[stream].decode();
        if (rest !== "") yield { kind: "output", node, job, stream, text: rest };
      }
    },
  };
}

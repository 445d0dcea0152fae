import { createAudit } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import { createGroupCommit } from "../platform/database/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { ScriptProgram } from "../tscript/index.ts";
import { createEngine, ENGINE_LIMITS } from "./engine.ts";
import type { EngineLimits } from "./engine.ts";
import { createExecutorSessions } from "./executor-sessions.ts";
import type { JobHost } from "./host.ts";
import { createJobCache } from "./cache.ts";
import { createLastTurns } from "./last-turns.ts";
import { createJobLines } from "./lines.ts";
import { createOutsideTasks, type OutsideTasks } from "./outside.ts";
import { createPlacing } from "./placing.ts";
import { pruneJobs, removeJobsOfRun } from "./prune.ts";
import { createSealedTasks } from "./sealed.ts";
import { openedSecrets, type Redactor } from "../platform/redaction/index.ts";
import type { Sealer } from "../secrets/index.ts";
import { createPrograms } from "./programs.ts";
import { scriptLoader } from "./programs/script.ts";
import { verbsLoader } from "./programs/verbs.ts";
import { createJobService } from "./service.ts";
import type { JobService } from "./service.ts";
import { readerOf } from "./sql.ts";
import type { MayGoOn } from "./starter.ts";
import type { TaskService } from "./task-model.ts";
import { createTaskService } from "./task-service.ts";
import { createTaskSweeper } from "./task-sweeper.ts";
import { createUnservedWatch, type WorkerPresence } from "./unserved.ts";
import { createWakes } from "./wakes.ts";

export interface JobsParts {
  readonly database: Database;
  readonly bus: Bus;
  readonly events: EventStream;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly language: ScriptProgram;
  /** Milliseconds an executor's leases live without a sign of life. */
  readonly taskLease?: number;
  readonly limits?: Partial<EngineLimits>;
  /** Seals parameters that hold secrets. Left out: no host has any. */
  readonly sealer?: Pick<Sealer, "seal" | "open">;
  /** Takes values of secrets out of what tasks and programs say, before it is stored. Left out: the one of this process. */
  readonly redactor?: Redactor;
  /** Asked of jobs that an account started. Left out: they all may. */
  readonly mayGoOn?: MayGoOn;
  /** From 0 to 1: the jitter of retries. */
  readonly chance?: () => number;
}

/** The job engine: its use cases, what executors are served with, and the loop that advances jobs. */
export interface Jobs {
  readonly service: JobService;
  readonly tasks: TaskService;
  readonly outside: OutsideTasks;
  /** Before `start`: who serves the jobs made with this host name. */
  registerHost(name: string, host: JobHost): void;
  /** Before `start`: who knows which workers are there. Then jobs say when they wait for one. */
  watchWorkers(presence: WorkerPresence): void;
  /** Takes up what the tables hold, and everything that comes. */
  start(): Promise<void>;
  /**
   * Removes jobs that ended before this time, with their logs and output, but for the latest of each target.
   * @returns jobs removed
   */
  prune(before: number): Promise<number>;
  stop(): Promise<void>;
}

/** An executor that was away for less than this finds its tasks still its own. */
const TASK_LEASE = 60_000;

export function createJobs(parts: JobsParts): Jobs {
  const { database, clock, random, log, events } = parts;
  const wakes = createWakes(parts.bus);
  const lines = createJobLines(events, wakes);
  const lease = parts.taskLease ?? TASK_LEASE;
  const hosts = new Map<string, JobHost>();
  const programs = createPrograms(readerOf(database), { script: scriptLoader(parts.language), verbs: verbsLoader });
  const commits = createGroupCommit(database);
  const redactor = parts.redactor ?? openedSecrets;
  const { sealer } = parts;
  const sealed = createSealedTasks({
    reader: readerOf(database),
    redactor,
    log,
    ...(sealer === undefined ? {} : { sealer }),
  });
  const recalled = Promise.withResolvers<void>();
  if (sealer === undefined) recalled.resolve();
  const audit = createAudit(parts);
  const mayGoOn = parts.mayGoOn ?? (() => Promise.resolve(undefined));
  const unserved = createUnservedWatch({ database, clock, log, events, lines });
  const shared = {
    unserved,
    database,
    commits,
    clock,
    random,
    log,
    events,
    wakes,
    lines,
    hosts,
    programs,
    lease,
    redactor,
    sealed,
    recalled: recalled.promise,
    audit,
    mayGoOn,
  };
  const limits = { ...ENGINE_LIMITS, ...parts.limits };
  const sweeper = createTaskSweeper(shared);
  const sessions = createExecutorSessions({ clock, lease, sweepBy: sweeper.by });
  const placing = createPlacing(sessions);
  const turns = { ...shared, placing, sweepBy: sweeper.by, cache: createJobCache(limits.cache) };
  const engine = createEngine({ ...turns, limits });
  const lastTurns = createLastTurns(turns);
  const stopping = new AbortController();
  let pruning: Promise<unknown> = Promise.resolve();

  function remove(runId: Id): Promise<number> {
    const removed = removeJobsOfRun(database, runId, stopping.signal);
    pruning = Promise.allSettled([pruning, removed]);
    return removed;
  }

  return {
    service: createJobService({ ...turns, engine, remove }),
    tasks: createTaskService({ ...turns, sessions, lastTurns, chance: parts.chance ?? Math.random }),
    outside: createOutsideTasks({ ...shared, sweepBy: sweeper.by }),
    registerHost(name, host) {
      if (hosts.has(name)) throw new Error(`the job host ${name} is registered twice`);
      hosts.set(name, host);
    },
    watchWorkers: (presence) => unserved.use(presence),
    async start() {
      // Before any result is taken in: it may hold what tasks from before were given.
      await sealed.recall().finally(() => recalled.resolve());
      await sweeper.start();
      engine.start();
      unserved.start();
    },
    prune(before) {
      const removed = pruneJobs(database, before, stopping.signal);
      pruning = Promise.allSettled([pruning, removed]);
      return removed;
    },
    async stop() {
      recalled.resolve();
      stopping.abort();
      await pruning;
      await engine.stop();
      await unserved.stop();
      await sweeper.stop();
    },
  };
}

import { createResolver, hashOf, type InventoryStore, type Resolver, type Snapshot } from "../inventory/index.ts";
import type { Job, JobOutcome, JobService, Starter } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import { afterCommit, createGroupCommit, type Database, type Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { decide } from "./decide.ts";
import { endOf, type Deeds, type JobContext } from "./ending.ts";
import { JOB_SUPERSEDED } from "./errors.ts";
import type { ForemanStep, TargetKind } from "./model.ts";
import { targetOf, type BuiltTarget } from "./programs.ts";
import { watchSecrets } from "./secret-marks.ts";
import type { SecretUse } from "./secrets.ts";
import { buildFor, emit, forget, StepOutdated, takeStart } from "./start.ts";
import type { ForemanStore } from "./store.ts";
import { foremanView, type DriverLimits } from "./view.ts";

/**
 * The reconciler: makes what is what should be. It takes no input and keeps nothing in memory, so it may run at any time, twice, or after a
 * crash: it looks at the inventory, takes the steps that can be taken, and looks again.
 */
export interface Foreman {
  /** Begins to look, now and whenever something may have changed. */
  start(): void;
  stop(): Promise<void>;
  /** Something may have changed. */
  wake(): void;
  /** Within the commit that ends a job: what it came to. */
  finished(tx: Transaction, job: Job, outcome: JobOutcome): Promise<void>;
  /** Within the commit of a retry. */
  reopened(tx: Transaction, job: Job): Promise<void>;
}

export interface ForemanParts {
  readonly database: Database;
  readonly tenantId: Id;
  readonly inventory: InventoryStore;
  readonly store: ForemanStore;
  readonly jobs: JobService;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Which secret a name means. */
  readonly secrets: Pick<SecretUse, "find">;
  /** Jobs there may be at one time, by type of foundation. Left out: no limit. */
  readonly driverLimits?: DriverLimits;
  /** Whose rights a job on a row has. Left out: the server's. */
  starterOf?(target: TargetKind, row: { readonly id: Id; readonly name: string }): Promise<Starter>;
  /** Within the commit that removes a foundation's row. */
  foundationRemoved(tx: Transaction, foundationId: Id): Promise<void>;
}

/** Milliseconds between looks without being woken: on several servers a message may be lost. */
const LOOK_MILLISECONDS = 10_000;
const AFTER_FAILURE_MILLISECONDS = 1_000;

/** Of a look that took long as much as this many times is left to others before the next. */
const REST = 3;
const LONGEST_REST_MILLISECONDS = 500;

/** Steps that are taken in one go: as many as one commit takes. */
const AT_ONCE = 200;

export function createForeman(parts: ForemanParts): Foreman {
  const { database, tenantId, inventory, jobs, clock, log } = parts;
  const commits = createGroupCommit(database);
  let woken = false;
  let running: Promise<void> | undefined;
  let stopped = true;
  let cancelTimer = (): void => {};
  let stopResting = (): void => {};
  let stopListening = (): void => {};
  /** At this inventory there was nothing to do. */
  let quietAt: Snapshot | undefined;
  const watch = watchSecrets({ ...parts, marked: wake });

  function wake(): void {
    woken = true;
    if (stopped || running !== undefined) return;
    cancelTimer();
    running = look().finally(() => {
      running = undefined;
      if (stopped) return;
      if (woken) wake();
      else lookAgainIn(LOOK_MILLISECONDS);
    });
  }

  function lookAgainIn(milliseconds: number): void {
    cancelTimer();
    cancelTimer = clock.after(milliseconds, wake);
  }

  async function look(): Promise<void> {
    while (woken && !stopped) {
      woken = false;
      const begun = clock.now();
      try {
        const snapshot = await inventory.snapshot(tenantId);
        if (snapshot === quietAt) continue;
        const { steps } = decide(foremanView(snapshot, parts.driverLimits));
        const looked = clock.now() - begun;
        if (steps.length > 0 && (await take(snapshot, steps))) woken = true;
        else if (steps.length === 0) {
          await sweep();
          quietAt = snapshot;
        }
        if (woken) await rest(Math.min(LONGEST_REST_MILLISECONDS, looked * REST));
      } catch (error) {
        log.error({ error: messageOf(error) }, "the foreman failed, and will look again");
        await rest(AFTER_FAILURE_MILLISECONDS);
        woken = true;
      }
    }
  }

  /** Every job that ends wakes the foreman: looks at a large inventory must not be all that a server does. */
  async function rest(milliseconds: number): Promise<void> {
    if (stopped || milliseconds <= 0) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(milliseconds, resolve);
      stopResting = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Takes steps; a step whose row has changed meanwhile is left out. Returns whether any was taken. */
  async function take(snapshot: Snapshot, steps: readonly ForemanStep[]): Promise<boolean> {
    const resolver = createResolver(snapshot);
    let taken = false;
    for (let at = 0; at < steps.length && !stopped; at += AT_ONCE) {
      const some = steps.slice(at, at + AT_ONCE);
      const results = await Promise.allSettled(some.map((step) => takeOne(snapshot, resolver, step)));
      for (const result of results) {
        if (result.status === "rejected") throw result.reason;
        taken ||= result.value;
      }
    }
    return taken;
  }

  async function cancel(jobId: Id): Promise<boolean> {
    try {
      await jobs.cancel(tenantId, jobId);
    } catch (error) {
      // It ended in between: its end has woken the foreman.
      if (!(error instanceof GantryError) || error.code !== "job_action_not_allowed") throw error;
    }
    return false;
  }

  async function takeOne(snapshot: Snapshot, resolver: Resolver, step: ForemanStep): Promise<boolean> {
    if (step.kind === "cancel") return cancel(step.jobId);
    const target = targetOf(snapshot, step.target, step.id);
    if (target === undefined) return false;
    if (step.kind === "remove") return attempt((tx) => remove(tx, target));
    const build = await buildFor(parts.secrets, snapshot, target, step.role, resolver);
    const starter = await parts.starterOf?.(target.kind, target.row);
    return attempt((tx) => takeStart(parts, tx, snapshot, step, target, build, starter));
  }

  async function remove(tx: Transaction, target: BuiltTarget): Promise<boolean> {
    const { kind, row } = target;
    if (!(await inventory.remove(tx, kind, row.id, row.version))) return false;
    if (kind === "foundation") await parts.foundationRemoved(tx, row.id);
    await emit(parts, tx, `${kind}.removed`, target, { name: row.name });
    return true;
  }

  /** A step in one unit of a commit; false, and nothing changed, when its row is not as it was seen. */
  async function attempt(work: (tx: Transaction) => Promise<boolean>): Promise<boolean> {
    try {
      return await commits.submit(work);
    } catch (error) {
      if (error instanceof StepOutdated) return false;
      throw error;
    }
  }

  /** Records (sites, blocks, blueprints) that are to go, go when nothing stands on them any more. */
  async function sweep(): Promise<void> {
    await database.transaction((tx) => inventory.removeUnused(tx, tenantId));
  }

  /** What a job did that goes into the record of what it built. A failed job may go on where it stood, and then still needs it. */
  async function deedsOf(tx: Transaction, job: Job, outcome: JobOutcome): Promise<Deeds> {
    if (outcome.status === "failed") return NO_DEEDS;
    const { store } = parts;
    const [questions, services] = [await store.takeQuestions(tx, job.id), await store.takeServices(tx, job.id)];
    const names = await store.takeConfig(tx, job.id);
    if (names.length === 0) return { questions, services, variables: {} };
    const snapshot = await inventory.snapshot(tenantId, tx);
    if (job.target.kind !== "structure" || !snapshot.structures.has(job.target.name))
      return { questions, services, variables: {} };
    const { values } = createResolver(snapshot).structure(job.target.name);
    const hashes = names.flatMap((name) => (Object.hasOwn(values, name) ? [[name, hashOf(values[name]!)]] : []));
    return { questions, services, variables: Object.fromEntries(hashes) };
  }

  return {
    start() {
      stopped = false;
      stopListening = parts.bus.subscribe("foreman", (about) => {
        if (about === tenantId) wake();
      });
      watch.start();
      wake();
    },
    async stop() {
      stopped = true;
      stopListening();
      cancelTimer();
      stopResting();
      await watch.stop();
      await running;
    },
    wake,
    async finished(tx, job, outcome) {
      const kind = job.target.kind as TargetKind;
      if (job.target.id === null) return;
      const row = await inventory.readBuild(tx, kind, job.target.id);
      if (row === undefined || row.jobId !== job.id) return;
      const context = job.context as unknown as JobContext;
      const values = endOf(row, context, outcome, await deedsOf(tx, job, outcome), job, clock.now());
      await inventory.changeBuild(tx, kind, row.id, null, { ...values, jobId: null });
      const target = { kind, row };
      const destroyed = context.role === "destroy" && outcome.status === "done";
      if (destroyed) await forget(parts, tx, target);
      if (context.role !== "utility") {
        const word = outcome.status !== "done" ? outcome.status : destroyed ? "destroyed" : "built";
        await emit(parts, tx, `${kind}.${word}`, target, {
          name: job.target.name,
          job: job.id,
          script: job.programName,
          ...(outcome.failure === null ? {} : { message: outcome.failure.message }),
        });
      }
      afterCommit(tx, `foreman ${tenantId}`, () => parts.bus.publish("foreman", tenantId));
    },
    async reopened(tx, job) {
      const kind = job.target.kind as TargetKind;
      if (job.target.id === null) return;
      const { role } = job.context as unknown as JobContext;
      const row = await inventory.readBuild(tx, kind, job.target.id);
      const utility = role === "utility";
      // Two jobs on one row would build it twice.
      if (row === undefined || row.jobId !== null || (!utility && row.failure?.jobId !== job.id)) {
        const why = row === undefined ? "is gone" : utility ? "has another job now" : "has gone on without this job";
        throw new GantryError(JOB_SUPERSEDED, `${kind} ${job.target.name} ${why}`);
      }
      await inventory.changeBuild(
        tx,
        kind,
        row.id,
        null,
        utility
          ? { jobId: job.id }
          : { state: role === "destroy" ? "destroying" : "building", failure: null, jobId: job.id },
      );
    },
  };
}

const NO_DEEDS: Deeds = { questions: [], services: new Map(), variables: {} };

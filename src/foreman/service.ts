import { CREATE, DESTROY, findScript, UPDATE, type SourceText } from "../blueprints/index.ts";
import {
  createResolver,
  foundationInputs,
  indexesOf,
  occupants,
  standingStructures,
  structureInputs,
  type BuildRecord,
  type Foundation,
  type FoundationBuild,
  type InventoryStore,
  type Snapshot,
  type Structure,
  type StructureBuild,
} from "../inventory/index.ts";
import type { Job, JobOutcome, JobService, Starter } from "../jobs/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Bus } from "../platform/bus/index.ts";
import { afterCommit, type Database, type Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { decide, type ForemanStep, type ScriptRole, type TargetKind } from "./decide.ts";
import { JOB_SUPERSEDED, SCRIPT_UNKNOWN } from "./errors.ts";
import { secretMarks, watchSecrets } from "./secret-marks.ts";
import type { SecretUse } from "./secrets.ts";
import type { ForemanStore, ServiceWish } from "./store.ts";
import { blueprintAsBuilt, blueprintOf } from "./values.ts";
import { foremanView } from "./view.ts";

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
  /** Whose rights a job on a row has. Left out: the server's. */
  starterOf?(target: TargetKind, row: { readonly id: Id; readonly name: string }): Promise<Starter>;
  /** Within the commit that removes a foundation's row. */
  foundationRemoved(tx: Transaction, foundationId: Id): Promise<void>;
}

/** The name of the job host that serves the foreman's jobs. */
export const FOREMAN_HOST = "foreman";

/** Milliseconds between looks without being woken: on several servers a message may be lost. */
const LOOK_MILLISECONDS = 10_000;
const AFTER_FAILURE_MILLISECONDS = 1_000;

/** For the host, beside the job. */
interface JobContext {
  readonly role: ScriptRole;
  /** What the target is built with if the job ends well. */
  readonly build: BuildRecord | null;
}

export function createForeman(parts: ForemanParts): Foreman {
  const { database, tenantId, inventory, jobs, clock, log } = parts;
  let woken = false;
  let running: Promise<void> | undefined;
  let stopped = true;
  let cancelTimer = (): void => {};
  let stopListening = (): void => {};
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
      try {
        const snapshot = await inventory.snapshot(tenantId);
        const steps = decide(foremanView(snapshot));
        if (steps.length > 0 && (await take(snapshot, steps))) woken = true;
        else if (steps.length === 0) await sweep();
      } catch (error) {
        log.error({ error: messageOf(error) }, "the foreman failed, and will look again");
        await new Promise<void>((resolve) => {
          cancelTimer = clock.after(AFTER_FAILURE_MILLISECONDS, resolve);
        });
        woken = true;
      }
    }
  }

  /** Takes steps; a step whose row has changed meanwhile is left out. Returns whether any was taken. */
  async function take(snapshot: Snapshot, steps: readonly ForemanStep[]): Promise<boolean> {
    let taken = false;
    for (const step of steps) {
      if (step.kind === "cancel") await cancel(step.jobId);
      else taken = (await takeOne(snapshot, step)) || taken;
    }
    return taken;
  }

  async function cancel(jobId: Id): Promise<void> {
    try {
      await jobs.cancel(tenantId, jobId);
    } catch (error) {
      // It ended in between: its end has woken the foreman.
      if (!(error instanceof GantryError) || error.code !== "job_action_not_allowed") throw error;
    }
  }

  async function takeOne(snapshot: Snapshot, step: Exclude<ForemanStep, { kind: "cancel" }>): Promise<boolean> {
    const row = rowOf(snapshot, step.target, step.id);
    if (row === undefined) return false;
    // Before the transaction: what changes in between makes the row stale.
    const marks =
      step.kind === "start" && step.role !== "destroy"
        ? await secretMarks(parts.secrets, snapshot, { kind: step.target, row } as Parameters<typeof secretMarks>[2])
        : {};
    const starter = step.kind === "start" ? await parts.starterOf?.(step.target, row) : undefined;
    return attempt(async (tx) => {
      if (step.kind === "remove") {
        const removed = await inventory.remove(tx, step.target, step.id, row.version);
        if (!removed) return false;
        if (step.target === "foundation") await parts.foundationRemoved(tx, step.id);
        await emit(tx, `${step.target}.removed`, step.target, step.id, { name: row.name });
        return true;
      }
      return start(tx, snapshot, step, row, marks, starter);
    });
  }

  /** A step in one transaction; false, and nothing changed, when its row is not as it was seen. */
  async function attempt(work: (tx: Transaction) => Promise<boolean>): Promise<boolean> {
    try {
      return await database.transaction(work);
    } catch (error) {
      if (error instanceof StepOutdated) return false;
      throw error;
    }
  }

  async function start(
    tx: Transaction,
    snapshot: Snapshot,
    step: Extract<ForemanStep, { kind: "start" }>,
    row: Foundation | Structure,
    marks: NonNullable<BuildRecord["secrets"]>,
    starter: Starter | undefined,
  ): Promise<boolean> {
    // What is taken down is taken down by the scripts it was built with.
    const blueprint = step.role === "destroy" ? blueprintAsBuilt(snapshot, row) : blueprintOf(row);
    const script = scriptFor(snapshot, blueprint, step.role);
    if (script === undefined) {
      if (step.role !== "destroy") return fail(tx, step, row);
      // Nothing needs to be done to take it down.
      if (!(await change(tx, step.target, row, { ...AT_REST, state: "planned", build: null }))) return false;
      await emit(tx, `${step.target}.destroyed`, step.target, row.id, { name: row.name, job: null, script: null });
      return true;
    }
    const context: JobContext = {
      role: step.role,
      build: step.role === "destroy" ? null : withMarks(inputsOf(snapshot, step.target, row), marks),
    };
    const [job] = await jobs.create(tx, [
      {
        tenantId,
        host: FOREMAN_HOST,
        program: { kind: "script", name: script.name, text: script.source.text, origin: script.source.origin },
        target: { kind: step.target, id: row.id, name: row.name },
        context: context as unknown as JsonObject,
        ...(starter === undefined ? {} : { starter }),
      },
    ]);
    const state = step.role === "destroy" ? "destroying" : "building";
    // What is asked for while the job runs is answered by the next one, so both marks are taken off now.
    const changed = await change(tx, step.target, row, { ...AT_REST, state, jobId: job!.id });
    if (!changed) throw new StepOutdated();
    return true;
  }

  async function fail(
    tx: Transaction,
    step: Extract<ForemanStep, { kind: "start" }>,
    row: Foundation | Structure,
  ): Promise<boolean> {
    const message = `${SCRIPT_UNKNOWN.summary} Blueprint ${row.blueprint}, script ${step.role}.`;
    const failure = { role: step.role, message, jobId: null, at: clock.now() };
    if (!(await change(tx, step.target, row, { ...AT_REST, state: "failed", failure }))) return false;
    await emit(tx, `${step.target}.failed`, step.target, row.id, { name: row.name, job: null, script: null, message });
    return true;
  }

  function change(
    tx: Transaction,
    target: TargetKind,
    row: Foundation | Structure,
    values: Parameters<InventoryStore["changeBuild"]>[4],
  ): Promise<boolean> {
    return inventory.changeBuild(tx, target, row.id, row.version, values);
  }

  /** Records (sites, blocks, blueprints) that are to go, go when nothing stands on them any more. */
  async function sweep(): Promise<void> {
    await database.transaction((tx) => inventory.removeUnused(tx, tenantId));
  }

  function emit(tx: Transaction, type: string, kind: string, id: Id, data: JsonObject): Promise<void> {
    return parts.events.append(tx, [{ tenantId, type, subject: { kind, id }, data }]);
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
      await watch.stop();
      await running;
    },
    wake,
    async finished(tx, job, outcome) {
      const target = job.target.kind as TargetKind;
      if (job.target.id === null) return;
      const row = await inventory.readBuild(tx, target, job.target.id);
      if (row === undefined || row.jobId !== job.id) return;
      const context = job.context as unknown as JobContext;
      // A failed job may go on where it stood, and then still needs what it asked.
      const failed = outcome.status === "failed";
      const questions = failed ? [] : await parts.store.takeQuestions(tx, job.id);
      const services = failed ? NO_SERVICES : await parts.store.takeServices(tx, job.id);
      const values = endOf(row, context, outcome, { questions, services }, job, clock.now());
      await inventory.changeBuild(tx, target, row.id, null, { ...values, jobId: null });
      const word = outcome.status !== "done" ? outcome.status : context.role === "destroy" ? "destroyed" : "built";
      await emit(tx, `${target}.${word}`, target, row.id, {
        name: job.target.name,
        job: job.id,
        script: job.programName,
        ...(outcome.failure === null ? {} : { message: outcome.failure.message }),
      });
      afterCommit(tx, `foreman ${tenantId}`, () => parts.bus.publish("foreman", tenantId));
    },
    async reopened(tx, job) {
      const target = job.target.kind as TargetKind;
      if (job.target.id === null) return;
      const { role } = job.context as unknown as JobContext;
      const row = await inventory.readBuild(tx, target, job.target.id);
      // Two jobs on one row would build it twice.
      if (row?.failure?.jobId !== job.id || row.jobId !== null) {
        throw new GantryError(
          JOB_SUPERSEDED,
          `${target} ${job.target.name} ${row === undefined ? "is gone" : "has gone on without this job"}`,
        );
      }
      await inventory.changeBuild(tx, target, job.target.id, null, {
        state: role === "destroy" ? "destroying" : "building",
        failure: null,
        jobId: job.id,
      });
    },
  };
}

/** The row changed between the look and the step: the next look sees it. */
class StepOutdated extends Error {
  constructor() {
    super("the row changed meanwhile");
  }
}

const AT_REST = { stale: false, rebuild: false, jobId: null, failure: null } as const;

function rowOf(snapshot: Snapshot, target: TargetKind, id: Id): Foundation | Structure | undefined {
  const kind = target === "foundation" ? "foundations" : "structures";
  const name = indexesOf(snapshot).byId(kind, id);
  return name === undefined ? undefined : snapshot[kind].get(name);
}

/** The script of a role: what is brought up to date without a script of its own is created again, which changes only what differs. */
function scriptFor(
  snapshot: Snapshot,
  blueprint: string,
  role: ScriptRole,
): { name: string; source: SourceText } | undefined {
  const names = role === "update" ? [UPDATE, CREATE] : [role === "create" ? CREATE : DESTROY];
  for (const name of names) {
    const source = findScript(snapshot.blueprints, blueprint, name);
    if (source !== undefined) return { name, source };
  }
  return undefined;
}

function inputsOf(snapshot: Snapshot, target: TargetKind, row: Foundation | Structure): BuildRecord {
  const resolver = createResolver(snapshot);
  if (target === "structure") return structureInputs(resolver, row.name);
  return foundationInputs(resolver, row.name, occupants(standingStructures(snapshot)).get(row.name));
}

function withMarks(build: BuildRecord, secrets: NonNullable<BuildRecord["secrets"]>): BuildRecord {
  return Object.keys(secrets).length === 0 ? build : { ...build, secrets };
}

const NO_SERVICES: ReadonlyMap<string, ServiceWish> = new Map();

/** What a job did not speak of is as it was. */
function servicesAfter(
  before: StructureBuild | null,
  wishes: ReadonlyMap<string, ServiceWish>,
): NonNullable<StructureBuild["services"]> {
  const services: Record<string, "started" | "stopped"> = { ...before?.services };
  for (const [name, wish] of wishes) {
    if (wish === "absent") delete services[name];
    else services[name] = wish;
  }
  return services;
}

/** What a row says when its job has ended. */
function endOf(
  row: Foundation | Structure,
  context: JobContext,
  outcome: JobOutcome,
  did: { readonly questions: StructureBuild["queries"]; readonly services: ReadonlyMap<string, ServiceWish> },
  job: Job,
  now: number,
): Parameters<InventoryStore["changeBuild"]>[4] {
  if (outcome.status === "done") {
    if (context.role === "destroy") return { state: "planned", build: null, failure: null };
    const build =
      job.target.kind === "structure"
        ? {
            ...context.build!,
            queries: did.questions,
            services: servicesAfter(row.build as StructureBuild | null, did.services),
          }
        : context.build;
    return { state: "built", build: build as StructureBuild | FoundationBuild, failure: null };
  }
  if (context.role !== "destroy") {
    // What is to go away, or to be made anew, and was stopped half-way is taken down next.
    if (row.wanted === "absent" || row.rebuild) return { state: "destroying", failure: null };
    // What was asked for while the job ran was not tried yet.
    if (row.stale && outcome.status === "failed")
      return { state: row.build === null ? "planned" : "built", failure: null };
  }
  const message = outcome.failure?.message ?? (outcome.status === "cancelled" ? "cancelled" : "failed");
  return { state: "failed", failure: { role: context.role, message, jobId: job.id, at: now } };
}

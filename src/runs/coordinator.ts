import { afterCommit, type Database, type Queries, type Transaction } from "../platform/database/index.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { BegunJob, Job, JobDraft, JobOutcome, JobService } from "../jobs/index.ts";
import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { Logger } from "../platform/logging/index.ts";
import { nextSteps, type RunStep } from "./advance.ts";
import { collectedOf } from "./collected.ts";
import { RUN_UNKNOWN } from "./errors.ts";
import { createEndings } from "./endings.ts";
import { changedSubject } from "./follow.ts";
import { RUN_HOST } from "./host.ts";
import { lastingError } from "./lasting.ts";
import { NO_COUNTS, type Definition, type RunError } from "./model.ts";
import { linesOf, programOf, type StageProgram } from "./programs.ts";
import { markLagging, selectLagging, selectSlow } from "./lagging-store.ts";
import {
  beginJobs,
  changeJobs,
  countStage,
  deleteRun,
  endRun,
  holdRunning,
  isStopped,
  progressOf,
  saveError,
  saveFirst,
  saveGiven,
  selectBegun,
  selectDefinition,
  selectEndedBefore,
  selectEntries,
  selectRunning,
  selectStages,
  selectWaiting,
  type JobChange,
  type StoredEntry,
  type StoredRun,
  type StoredStage,
} from "./store.ts";

/**
 * Moves runs on: begins stages on nodes as the ones before them end. Takes no input: counters say how far a run is, so it may be asked at
 * any time, twice, or after a crash, on every replica. Jobs are made in the transaction that counts them.
 */
export interface Coordinator {
  /** Looks at runs that were left in the middle, and from now on at those that move. */
  start(): void;
  stop(): Promise<void>;
  /** Looks at a run after this transaction. */
  wakeAfter(tx: Transaction, run: Id): void;
  /** Within the commit that ends a job of a run. */
  ended(tx: Transaction, job: Job, outcome: JobOutcome): Promise<void>;
  /** Within the commit of a retry: a job that had failed lives again. */
  reopened(tx: Transaction, job: Job): Promise<void>;
  /** What a run is to do. Errors: `run_unknown`. */
  definition(run: Id): Promise<Definition>;
  /** Removes runs that ended before this time, epoch milliseconds. May be asked at any time, and on every replica. */
  prune(before: number): Promise<void>;
}

export interface CoordinatorParts {
  readonly database: Database;
  readonly jobs: JobService;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether a node is not connected, to whichever server. Right after a server's start they all count as connected: they come back. */
  isAway(tenantId: Id, node: { readonly agentId: Id; readonly name: string }): Promise<boolean>;
}

/** Nodes that begin in one transaction: others have their turn between. */
const AT_ONCE = 500;
/** Definitions kept in memory; running runs are few. */
const MOST_DEFINITIONS = 50;
/** Milliseconds between looks without being woken: another replica may have died between a commit and its look. */
const LOOK_EVERY = 5_000;
const AFTER_FAILURE = 1_000;
const PRUNED_AT_ONCE = 100;
/** Milliseconds a node may be away before others go on without it, and between two looks for such. */
const AWAY_FOR = 10_000;
const LOOK_FOR_AWAY = 2_000;

export function createCoordinator(parts: CoordinatorParts): Coordinator {
  const { database, jobs, clock, log } = parts;
  const definitions = new Map<Id, Definition>();
  const waiting = new Set<Id>();
  let working: Promise<void> | undefined;
  let stopped = true;
  let timer: CancelTimer = () => undefined;
  let awayTimer: CancelTimer = () => undefined;
  let looking: Promise<void> | undefined;
  /** Runs that go on, as far as they were looked at here. */
  const active = new Set<Id>();
  const endings = createEndings({ ...parts, find, wakeAfter });

  async function find(run: Id, queries: Queries): Promise<Definition | undefined> {
    const known = definitions.get(run);
    if (known !== undefined) return known;
    const found = await selectDefinition(queries, run);
    if (found === undefined) return undefined;
    if (definitions.size >= MOST_DEFINITIONS) definitions.delete(definitions.keys().next().value!);
    definitions.set(run, found);
    return found;
  }

  async function definition(run: Id): Promise<Definition> {
    const found = await find(run, database.kysely);
    if (found === undefined) throw new GantryError(RUN_UNKNOWN, `there is no run ${run}`);
    return found;
  }

  function wakeAfter(tx: Transaction, run: Id): void {
    afterCommit(tx, `runs.wake.${run}`, () => wake([run]));
    tellAfter(tx, run);
  }

  /** Who follows it looks at it after this transaction. */
  function tellAfter(tx: Transaction, run: Id): void {
    const subject = changedSubject(run);
    afterCommit(tx, subject, () => parts.bus.publish(subject, null));
  }

  function wake(runs: readonly Id[]): void {
    for (const run of runs) waiting.add(run);
    if (stopped || working !== undefined || waiting.size === 0) return;
    working = work().finally(() => {
      working = undefined;
      wake([]);
    });
  }

  async function work(): Promise<void> {
    for (const run of waiting) {
      waiting.delete(run);
      if (stopped) return;
      try {
        if (await moveOn(run)) waiting.add(run);
      } catch (error) {
        await failed(run, error);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async function failed(run: Id, error: unknown): Promise<void> {
    const lasting = lastingError(error);
    try {
      if (lasting !== undefined) {
        log.error({ run, err: error }, "a run cannot go on");
        return await breakOff(run, lasting);
      }
      log.error({ run, err: error }, "a run could not be moved on, trying again");
    } catch (another) {
      log.error({ run, err: another }, "a run could not be ended, trying again");
    }
    clock.after(AFTER_FAILURE, () => wake([run]));
  }

  /** It begins nothing more; one that cannot even do that ends as it stands. */
  async function breakOff(id: Id, error: RunError): Promise<void> {
    await database.transaction(async (tx) => {
      const run = await holdRunning(database, tx, id);
      if (run === undefined) return;
      if (run.error !== null) return end(tx, run, "failed");
      await saveError(tx, id, error);
      wakeAfter(tx, id);
    });
  }

  /** One transaction's worth. True: there is more to do at once. */
  async function moveOn(id: Id): Promise<boolean> {
    const defined = await definition(id);
    const gathered = await gather(id, defined);
    const planned = await database.transaction(async (tx) => {
      const scene = await look(tx, id, defined, gathered);
      return scene === undefined ? undefined : { scene, moves: await plan(tx, scene) };
    });
    const done = planned === undefined ? undefined : await carryOut(planned.scene, planned.moves);
    if (done === undefined) {
      active.delete(id);
      definitions.delete(id);
      return false;
    }
    active.add(id);
    if (done.cancelled) await cancelBegun(id);
    return done.again;
  }

  /** Undefined: the run has ended meanwhile. */
  async function carryOut(
    { run, defined, gathered }: Scene,
    moves: readonly Move[],
  ): Promise<{ readonly again: boolean; readonly cancelled: boolean } | undefined> {
    if (moves.length === 0) return { again: false, cancelled: run.cancelled };
    const begun: (readonly BegunJob[])[] = [];
    for (const { drafts } of moves) begun.push(await jobs.begin(drafts.map(({ draft }) => draft)));
    return database.transaction(async (tx) => {
      const scene = await look(tx, run.id, defined, gathered);
      if (scene === undefined) return undefined;
      const { cancelled } = scene.run;
      if (!moves.every((move) => stands(move, scene))) return { again: true, cancelled };
      for (const [index, move] of moves.entries()) await take(tx, scene, move, begun[index]!);
      tellAfter(tx, run.id);
      return { again: moves.some(({ moved }) => moved > 0), cancelled };
    });
  }

  /** Undefined: the run has ended. */
  async function look(
    tx: Transaction,
    id: Id,
    defined: Definition,
    gathered: ReadonlyMap<number, Json>,
  ): Promise<Scene | undefined> {
    const run = await holdRunning(database, tx, id);
    if (run === undefined) return undefined;
    const [entries, stages] = [await selectEntries(tx, id), await selectStages(tx, id)];
    const lagging = await selectLagging(tx, id);
    const progress = stages.map((stage) => progressOf(stage, defined.stages[stage.stage]!.waits, lagging));
    const steps = nextSteps({
      cancelled: run.cancelled,
      broken: run.error !== null,
      entries,
      stages: progress,
      lagging,
    });
    return { run, defined, entries, stages, gathered, steps };
  }

  /** What queries that ended collected, for the stages behind them that have not begun. Read before the transaction: it is final. */
  async function gather(id: Id, defined: Definition): Promise<ReadonlyMap<number, Json>> {
    const found = new Map<number, Json>();
    const stages = await selectStages(database.kysely, id);
    const next = stages.filter(({ stage, entry, begun, given }) => {
      const before = stages[stage - 1];
      if (before?.entry !== entry || !defined.stages[before.stage]!.query) return false;
      return before.ended >= before.total && given === null && begun === 0;
    });
    if (next.length === 0 || (await isStopped(database.kysely, id))) return found;
    for (const { stage } of next) found.set(stage, await collectedOf({ database, jobs }, id, stage - 1, defined));
    return found;
  }

  interface Scene {
    readonly run: StoredRun;
    readonly defined: Definition;
    readonly entries: readonly StoredEntry[];
    readonly stages: readonly StoredStage[];
    readonly gathered: ReadonlyMap<number, Json>;
    readonly steps: readonly RunStep[];
  }

  /** A step, with what it does on each node. */
  interface Move {
    readonly step: RunStep;
    /** Nodes it moves; the end of the run counts as one. */
    readonly moved: number;
    readonly begunBefore: number;
    /** Of nodes that get no job. */
    readonly changes: readonly JobChange[];
    readonly drafts: readonly { readonly draft: JobDraft; readonly node: number }[];
    readonly first: number | null;
    readonly given: Json | null;
  }

  async function plan(tx: Transaction, scene: Scene): Promise<readonly Move[]> {
    const moves: Move[] = [];
    for (const step of scene.steps) moves.push(await moveOf(tx, scene, step));
    return moves;
  }

  async function moveOf(tx: Transaction, scene: Scene, step: RunStep): Promise<Move> {
    if (step.kind === "end")
      return { step, moved: 1, begunBefore: 0, changes: [], drafts: [], first: null, given: null };
    const rows = await selectWaiting(
      tx,
      scene.run.id,
      step.stage,
      step.kind === "drop" ? AT_ONCE : Math.min(step.count, AT_ONCE),
      step.kind === "drop" ? "all" : (step.lagging ?? "crowd"),
    );
    const stage = scene.stages[step.stage]!;
    const changes: JobChange[] = [];
    const drafts: { readonly draft: JobDraft; readonly node: number }[] = [];
    const programs = new Map<string, StageProgram | undefined>();
    let first = stage.first;
    const given = stage.given ?? scene.gathered.get(step.stage) ?? null;
    for (const row of rows) {
      const passed =
        step.kind === "drop"
          ? "skipped"
          : row.out === null
            ? undefined
            : row.out === "unreachable"
              ? "unreachable"
              : "skipped";
      if (passed === undefined) first ??= row.node;
      const choice = {
        first: first === row.node,
        chosen: row.chosen,
        given,
        goesOn: scene.entries[stage.entry]!.goesOn,
      };
      const place = { stage: step.stage, node: row.node };
      if (passed !== undefined) {
        const count = linesOf(scene.defined, step.stage, choice).length;
        changes.push({ ...place, jobId: null, state: passed, counts: { ...NO_COUNTS, [passed]: count } });
        continue;
      }
      const key = `${choice.first} ${row.chosen?.join(",") ?? "all"}`;
      if (!programs.has(key)) programs.set(key, programOf(scene.defined, step.stage, choice));
      const program = programs.get(key);
      if (program === undefined) changes.push({ ...place, jobId: null, state: "done" });
      else drafts.push({ node: row.node, draft: draftOf(scene.run, program, row, place) });
    }
    return { step, moved: rows.length, begunBefore: stage.begun, changes, drafts, first, given };
  }

  /** It is still what is to be done: another server may have been faster, nodes may have failed, or somebody may have cancelled it. */
  function stands({ step, moved, begunBefore }: Move, { steps, stages }: Scene): boolean {
    return steps.some((one) => {
      if (step.kind === "end" || one.kind === "end") return one.kind === step.kind;
      if (one.kind !== step.kind || one.stage !== step.stage || stages[step.stage]!.begun !== begunBefore) return false;
      return one.kind === "drop" || one.count >= moved;
    });
  }

  async function take(tx: Transaction, scene: Scene, move: Move, begun: readonly BegunJob[]): Promise<void> {
    const { step, drafts, first, given } = move;
    if (step.kind === "end") return end(tx, scene.run, step.status);
    const { run, stages } = scene;
    const stage = stages[step.stage]!;
    const now = clock.now();
    const made = await jobs.create(tx, begun);
    const begunAt = made.map(({ id }, index) => ({ stage: step.stage, node: drafts[index]!.node, jobId: id }));
    await beginJobs(database, tx, run.id, begunAt, now);
    await changeJobs(database, tx, run.id, move.changes, now);
    if (given !== null && stage.given === null) await saveGiven(tx, run.id, step.stage, given);
    if (first !== null && first !== stage.first) await saveFirst(tx, run.id, step.stage, first);
    await countStage(tx, run.id, step.stage, { begun: move.moved, ended: move.moved - made.length }, now);
  }

  async function end(tx: Transaction, run: StoredRun, status: "done" | "failed" | "cancelled"): Promise<void> {
    await endRun(tx, run.id, status, clock.now());
    const subject = { kind: "run", id: run.id };
    const data = { text: run.text, status, nodes: run.nodes };
    await parts.events.append(tx, [{ tenantId: run.tenantId, type: "run.finished", subject, data }]);
  }

  /** Asked again after a crash: what is over by then says so. */
  async function cancelBegun(id: Id): Promise<void> {
    const { tenantId } = await tenantOf(id);
    for (const job of await selectBegun(database.kysely, id)) {
      if (stopped) return;
      try {
        await jobs.cancel(tenantId, job);
      } catch (error) {
        if (!(error instanceof GantryError)) throw error;
      }
    }
  }

  async function tenantOf(id: Id): Promise<{ readonly tenantId: Id }> {
    const row = await database.kysely
      .selectFrom("run")
      .select("tenant_id")
      .where("id", "=", id)
      .executeTakeFirstOrThrow();
    return { tenantId: row.tenant_id };
  }

  /** Nodes that are away while others wait for them: these go on without. */
  async function leaveBehind(id: Id): Promise<void> {
    const slow = await selectSlow(database.kysely, id, clock.now() - AWAY_FOR, AT_ONCE);
    if (slow.length === 0) return;
    const { tenantId } = await tenantOf(id);
    const away: number[] = [];
    for (const node of slow) if (await parts.isAway(tenantId, node)) away.push(node.node);
    if (away.length === 0) return;
    log.info({ run: id, nodes: away.length }, "nodes of a run are away, the others go on without them");
    await database.transaction(async (tx) => {
      await markLagging(database, tx, id, away);
      wakeAfter(tx, id);
    });
  }

  function lookForAway(): void {
    awayTimer = clock.after(LOOK_FOR_AWAY, lookForAway);
    looking = (async () => {
      for (const id of active)
        await leaveBehind(id).catch((error: unknown) =>
          log.error({ run: id, error: messageOf(error) }, "cannot look for nodes of a run that are away"),
        );
    })();
  }

  function lookAround(): void {
    selectRunning(database.kysely)
      .then(wake)
      .catch((error: unknown) => log.error({ error: messageOf(error) }, "cannot look for runs"));
    if (database.dialect === "postgres") timer = clock.after(LOOK_EVERY, lookAround);
  }

  return {
    start() {
      stopped = false;
      lookAround();
      lookForAway();
    },
    async stop() {
      stopped = true;
      timer();
      awayTimer();
      await looking;
      await working;
    },
    wakeAfter,
    ended: (tx, job, outcome) => endings.note(tx, job, outcome),
    reopened: (tx, job) => endings.reopened(tx, job),
    definition,
    async prune(before) {
      for (;;) {
        const some = await selectEndedBefore(database.kysely, before, PRUNED_AT_ONCE);
        if (some.length === 0) return;
        for (const id of some) await database.transaction((tx) => deleteRun(tx, id));
      }
    },
  };
}

function draftOf(
  run: StoredRun,
  program: StageProgram,
  node: { readonly agentId: Id; readonly name: string },
  place: { readonly stage: number; readonly node: number },
): JobDraft {
  return {
    tenantId: run.tenantId,
    host: RUN_HOST,
    program: program.source,
    target: { kind: "node", id: node.agentId, name: node.name },
    runId: run.id,
    starter: run.starter,
    context: { stage: place.stage, node: place.node, plan: run.plan },
  };
}

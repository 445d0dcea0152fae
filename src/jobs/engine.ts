import type { Audit } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, INTERNAL, messageOf } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database, GroupCommit, Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { createAlarm } from "./alarm.ts";
import { loseTurn } from "./advance.ts";
import { FIRST_STATE, type UndoTask } from "./turn.ts";
import { batched } from "./batcher.ts";
import type { JobCache } from "./cache.ts";
import { commitTurns } from "./commit.ts";
import type { Landed, LandedJob, Landing } from "./commit.ts";
import { meanDurations } from "./estimate-store.ts";
import { createFlight, takeTurn } from "./flight.ts";
import type { Flight } from "./flight.ts";
import type { JobHost } from "./host.ts";
import type { Job, ProgramSource } from "./model.ts";
import { claimJobs, loadJobs, nextRunnableAt, releaseJobs, renewJobLeases } from "./job-store.ts";
import type { ClaimedJob, LoadedJob } from "./job-store.ts";
import type { Programs } from "./programs.ts";
import type { Redactor } from "../platform/redaction/index.ts";
import type { SealedTasks } from "./sealed.ts";
import { readerOf } from "./sql.ts";
import type { MayGoOn } from "./starter.ts";
import { firstItemError } from "./list-store.ts";
import { pendingTasks } from "./task-store.ts";
import type { PendingTasks } from "./task-store.ts";
import { lastOutput } from "./output-store.ts";
import type { Placing } from "./placing.ts";
import { createTurnstile } from "./turnstile.ts";
import { selectTakeable, selectTakeableOfCalls } from "./undo-store.ts";
import type { UnservedWatch } from "./unserved.ts";
import type { Wakes } from "./wakes.ts";

/**
 * Gives jobs their turns. Takes no input: the tables say which jobs are runnable, so it may stop or be killed at any time and goes on
 * from there. A turn is: claim, look at what came back, advance, prepare the calls, one commit (shared with other jobs). Jobs have
 * their turns in the order they became runnable, and within their turns step one after the other, so none can hold the others up.
 */
export interface Engine {
  start(): void;
  /** The first turns of jobs that are not stored yet. Not inside a transaction. */
  first(jobs: readonly { readonly job: Job; readonly source: ProgramSource }[]): Promise<readonly Landing[]>;
  /** After the commit of a turn that was not taken here. */
  landed(job: LandedJob): void;
  /** Resolves when nothing of it runs any more. Turns not committed yet are dropped. */
  stop(): Promise<void>;
}

export interface EngineParts {
  readonly database: Database;
  readonly commits: GroupCommit;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly events: EventStream;
  readonly wakes: Wakes;
  readonly hosts: ReadonlyMap<string, JobHost>;
  readonly programs: Programs;
  readonly cache: JobCache;
  readonly sealed: SealedTasks;
  readonly redactor: Redactor;
  readonly audit: Audit;
  readonly mayGoOn: MayGoOn;
  readonly unserved: Pick<UnservedWatch, "created">;
  readonly placing: Placing;
  /** Tells the sweeper of tasks of a time to look at. */
  readonly sweepBy: (tx: Transaction, at: number) => void;
  readonly limits: EngineLimits;
}

export interface EngineLimits {
  /** Jobs in hand at the same time. */
  readonly inHand: number;
  /** Program steps in one advance: a few milliseconds of work. */
  readonly budget: number;
  /** Advances in one turn. */
  readonly advances: number;
  /** Characters of job state kept in memory. */
  readonly cache: number;
  /** Milliseconds a job in hand is left to this replica without a sign of life (PostgreSQL): so long it stands still after a crash. */
  readonly lease: number;
  /** Milliseconds between looks at the table without being woken (PostgreSQL: another replica's message may be lost). */
  readonly look: number;
}

export const ENGINE_LIMITS: EngineLimits = {
  inHand: 256,
  budget: 2_000,
  advances: 16,
  cache: 32 * 1024 * 1024,
  lease: 15_000,
  look: 5_000,
};

const NOTHING_PENDING: PendingTasks = { settled: [], open: 0, undoing: null };

/** Wait after a claim that failed. */
const AFTER_FAILURE = 1_000;

export function createEngine(parts: EngineParts): Engine {
  const { database, clock, log, wakes, limits, cache } = parts;
  const reader = readerOf(database);
  const owner = parts.random.id();
  const shared = database.dialect === "postgres";
  const flights = new Map<Id, Flight>();
  /** Jobs that were claimed again between the commit of their turn and the moment it was known here. */
  const reclaimed = new Set<Id>();
  const flightParts = { ...parts, turnstile: createTurnstile(clock), budget: limits.budget, advances: limits.advances };
  const land = batched(parts.commits, (tx, landings: readonly Landing[]) => commitTurns(parts, tx, landings));
  const looker = createAlarm({ clock, log, name: "job engine", run: look });
  const renewer = createAlarm({ clock, log, name: "job leases", run: renew });
  const stopListening: (() => void)[] = [];
  let stopped = true;
  /** Something may be runnable that was not there at the last claim. */
  let woken = false;
  let claiming: Promise<void> | undefined;
  let landed = Promise.withResolvers<void>();

  function wake(): void {
    woken = true;
    if (stopped || claiming !== undefined) return;
    claiming = claimWhatIsThere().finally(() => {
      claiming = undefined;
      if (woken && !stopped && flights.size < limits.inHand) wake();
    });
  }

  async function claimWhatIsThere(): Promise<void> {
    while (woken && !stopped && flights.size < limits.inHand) {
      // Jobs land by the hundred in one commit: their places are counted together.
      await new Promise((resolve) => setImmediate(resolve));
      woken = false;
      const room = limits.inHand - flights.size;
      try {
        const now = clock.now();
        const claimed = await claim(room, now);
        if (claimed === room) woken = true;
        else await armForNext(now);
      } catch (error) {
        log.error({ error: messageOf(error) }, "claiming jobs failed, trying again");
        looker.by(clock.now() + AFTER_FAILURE);
      }
    }
  }

  /** All that was runnable at the time of the claim is in hand; what became runnable since is the next. */
  async function armForNext(claimedAt: number): Promise<void> {
    const next = await nextRunnableAt(reader, claimedAt);
    if (next !== null) looker.by(next);
  }

  async function look(): Promise<number | null> {
    wake();
    return shared ? clock.now() + limits.look : null;
  }

  async function renew(): Promise<number | null> {
    if (stopped) return null;
    const now = clock.now();
    await renewJobLeases(reader, owner, [...flights.keys()], now + limits.lease);
    return now + limits.lease / 3;
  }

  async function claim(limit: number, now: number): Promise<number> {
    const skip = new Set(flights.keys());
    const claimed = await claimJobs(reader, { owner, now, until: now + limits.lease, limit, skip });
    if (claimed.length === 0) return 0;
    const loaded = await loadClaimed(claimed);
    const pending = await pendingTasks(
      reader,
      claimed.map((one) => one.id),
    );
    const present = claimed.map((one) => presentOf(one, loaded.get(one.id)));
    const takeable = await takeableOf(present, loaded);
    for (const one of present) {
      if (flights.has(one.id)) {
        reclaimed.add(one.id);
        continue;
      }
      const known = loaded.get(one.id);
      if (known === undefined) continue;
      const flight = createFlight(one, known, pending.get(one.id) ?? NOTHING_PENDING, takeable.get(one.id));
      flights.set(one.id, flight);
      void fly(flight);
    }
    return claimed.length;
  }

  /** Read after what is pending: what is over by then stays as it is. */
  async function takeableOf(
    claimed: readonly ClaimedJob[],
    loaded: ReadonlyMap<Id, LoadedJob>,
  ): Promise<ReadonlyMap<Id, readonly UndoTask[]>> {
    const cancelled = claimed.filter((one) => one.wish === "cancel").map((one) => one.id);
    const result = new Map(await selectTakeable(reader, cancelled));
    for (const { id, wish } of claimed) {
      if (wish !== "rollback") continue;
      const calls = loaded.get(id)?.state.calls ?? [];
      result.set(
        id,
        await selectTakeableOfCalls(
          reader,
          id,
          calls.map((one) => one.call.id),
        ),
      );
    }
    return result;
  }

  async function loadClaimed(claimed: readonly ClaimedJob[]): Promise<ReadonlyMap<Id, LoadedJob>> {
    const result = new Map<Id, LoadedJob>();
    const missing: Id[] = [];
    for (const { id, fence } of claimed) {
      const cached = cache.get(id, fence);
      if (cached === undefined) missing.push(id);
      else result.set(id, cached);
    }
    for (const loaded of await loadJobs(reader, missing)) result.set(loaded.job.id, loaded);
    for (const loaded of await withEnds([...result.values()].filter((one) => !one.started)))
      result.set(loaded.job.id, loaded);
    return result;
  }

  /** Jobs that begin, with when they will have come to their end, as far as earlier ones of their programs tell. */
  async function withEnds(begin: readonly LoadedJob[]): Promise<readonly LoadedJob[]> {
    const durations = await meanDurations(reader, [...new Set(begin.map((one) => one.job.programHash))]);
    return begin.map(({ job, ...rest }) => {
      const mean = durations.get(job.programHash);
      return { ...rest, job: mean === undefined ? job : { ...job, endsAt: clock.now() + mean } };
    });
  }

  async function first(
    jobs: readonly { readonly job: Job; readonly source: ProgramSource }[],
  ): Promise<readonly Landing[]> {
    const loaded = await withEnds(jobs.map(({ job }) => ({ job, fence: 0, state: FIRST_STATE, started: false })));
    return Promise.all(
      loaded.map(async (one, index) => {
        const { id, status, wish } = one.job;
        const claimed = { id, fence: one.fence, poke: 0, status, wish };
        const flight = createFlight(claimed, one, NOTHING_PENDING, [], jobs[index]!.source);
        // It is dropped only when somebody asks something of the job, which nobody knows yet.
        return { flight, turn: (await takeTurn(flightParts, flight))! };
      }),
    );
  }

  async function fly(flight: Flight): Promise<void> {
    const { id } = flight.claimed;
    try {
      await explainFailures(flight.pending);
      const turn = stopped ? undefined : await takeTurn(flightParts, flight);
      if (turn === undefined || stopped) await release(id);
      else settle(id, await commit({ flight, turn }));
      // Nobody would give it a turn while this lease lives.
      while (reclaimed.delete(id)) await release(id);
    } catch (error) {
      cache.drop(id);
      log.error({ job: id, err: error }, "a job's turn was lost, trying again");
      looker.by(clock.now() + AFTER_FAILURE);
    } finally {
      flights.delete(id);
      reclaimed.delete(id);
      landed.resolve();
      landed = Promise.withResolvers();
      if (woken) wake();
    }
  }

  /** A turn that cannot be committed (a host's own write throws) ends its job; the reason is for a person. */
  async function commit(landing: Landing): Promise<Landed> {
    try {
      return await land(landing);
    } catch (error) {
      const { turn, flight } = landing;
      log.error({ job: flight.claimed.id, err: error }, "a job's turn could not be committed");
      loseTurn(turn, {
        message: messageOf(error),
        line: turn.line,
        code: error instanceof GantryError ? error.code : INTERNAL.code,
      });
      return await land(landing);
    }
  }

  function settle(id: Id, landing: Landed): void {
    if (landing === undefined || landing.loaded.job.finishedAt !== null) cache.drop(id);
    else cache.put(landing.loaded, landing.size);
    if (landing?.loaded.job.wakeAt !== null && landing !== undefined) looker.by(landing.loaded.job.wakeAt);
    if (landing === undefined || landing.again) woken = true;
  }

  async function release(id: Id): Promise<void> {
    if (shared) await releaseJobs(reader, owner, [id]);
    woken = true;
  }

  /** A job that stands still says why: the task's last lines, the batch's first error. */
  async function explainFailures(pending: PendingTasks): Promise<void> {
    for (const [index, task] of pending.settled.entries()) {
      if (task.status === "done" && (task.itemsBad ?? 0) === 0) continue;
      const output = await lastOutput(reader, task.taskId);
      const error = await firstItemError(reader, task.taskId);
      pending.settled[index] = {
        ...task,
        ...(output === undefined ? {} : { output }),
        ...(error === undefined ? {} : { firstItemError: error }),
      };
    }
  }

  return {
    first,
    landed: (job) => settle(job.loaded.job.id, job),
    start() {
      stopped = false;
      stopListening.push(
        wakes.onRunnable(wake),
        wakes.onAsked((ids) => ids.forEach((id) => flights.get(id)?.interrupt())),
      );
      looker.start();
      renewer.start();
      if (shared) renewer.by(clock.now() + limits.lease / 3);
      looker.by(clock.now());
      wake();
    },
    async stop() {
      stopped = true;
      for (const stop of stopListening.splice(0)) stop();
      await looker.stop();
      await renewer.stop();
      for (const flight of flights.values()) flight.interrupt();
      await claiming;
      while (flights.size > 0) await landed.promise;
    },
  };
}

/** The job may have changed between the claim and the reading: what was read last is what counts, and the commit checks it. */
function presentOf(claimed: ClaimedJob, loaded: LoadedJob | undefined): ClaimedJob {
  if (loaded === undefined || claimed.fence === loaded.fence) return claimed;
  return { ...claimed, fence: loaded.fence, status: loaded.job.status, wish: loaded.job.wish };
}

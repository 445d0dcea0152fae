import { GantryError, INTERNAL, messageOf, problemText } from "../kernel/errors.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../platform/logging/index.ts";
import type { Redactor } from "../platform/redaction/index.ts";
import { answerCall, beginTurn, endTurn, refuseTurn, stepTurn, turnBefore } from "./advance.ts";
import { fail, failCall } from "./turn.ts";
import type { JobState, Turn, UndoTask } from "./turn.ts";
import { JOB_HOST_UNKNOWN } from "./errors.ts";
import type { JobHost, Prepared } from "./host.ts";
import type { ClaimedJob, LoadedJob } from "./job-store.ts";
import { callName, placeOfLine } from "./model.ts";
import type { Call, JobFailure, ProgramSource } from "./model.ts";
import type { LoadedProgram, Programs } from "./programs.ts";
import type { SealedTasks } from "./sealed.ts";
import type { MayGoOn } from "./starter.ts";
import type { PendingTasks } from "./task-store.ts";
import { withoutSecrets } from "./outside-model.ts";
import type { Turnstile } from "./turnstile.ts";

/** A claimed job on its way through one turn, up to the moment before its commit. */
export interface Flight {
  readonly claimed: ClaimedJob;
  readonly loaded: LoadedJob;
  readonly pending: PendingTasks;
  /** Of a job that is to take back: what can be, the latest first. */
  readonly takeable: readonly UndoTask[];
  /** The program of a job that is not stored yet. */
  readonly source?: ProgramSource;
  /** Resolves when somebody asks something of the job: the turn is dropped, and nothing of it happened. */
  readonly interrupted: Promise<typeof INTERRUPTED>;
  interrupt(): void;
  readonly wasInterrupted: () => boolean;
}

export const INTERRUPTED = Symbol("interrupted");

export function createFlight(
  claimed: ClaimedJob,
  loaded: LoadedJob,
  pending: PendingTasks,
  takeable: readonly UndoTask[] = [],
  source?: ProgramSource,
): Flight {
  const { promise, resolve } = Promise.withResolvers<typeof INTERRUPTED>();
  let interrupted = false;
  return {
    claimed,
    loaded,
    pending,
    takeable,
    ...(source === undefined ? {} : { source }),
    interrupted: promise,
    wasInterrupted: () => interrupted,
    interrupt() {
      interrupted = true;
      resolve(INTERRUPTED);
    },
  };
}

export interface FlightParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly hosts: ReadonlyMap<string, JobHost>;
  readonly programs: Programs;
  readonly turnstile: Turnstile;
  readonly sealed: SealedTasks;
  readonly redactor: Redactor;
  readonly mayGoOn: MayGoOn;
  /** Steps a program may take in one advance. */
  readonly budget: number;
  /** Advances in one turn. */
  readonly advances: number;
}

/** Takes a turn. Undefined: it was dropped, and nothing happened. */
export async function takeTurn(parts: FlightParts, flight: Flight): Promise<Turn | undefined> {
  const { job, started } = flight.loaded;
  const state = await recalled(parts, flight);
  const turn = beginTurn(
    {
      status: flight.claimed.status,
      wish: flight.claimed.wish,
      first: !started,
      state,
      settled: flight.pending.settled,
      openTasks: flight.pending.open,
      undoing: flight.pending.undoing,
      takeable: flight.takeable,
    },
    job,
  );
  try {
    if (turn.goesOn || turn.toPrepare.length > 0) {
      const done = await Promise.race([runProgram(parts, flight, turn), flight.interrupted]);
      if (done === INTERRUPTED) return undefined;
    }
  } catch (error) {
    failTurn(parts, turn, error);
  }
  endTurn(turn);
  return turn;
}

/** Calls are stored without their batches. */
async function recalled({ programs }: FlightParts, { loaded: { job, state } }: Flight): Promise<JobState> {
  if (state.calls.every(({ call }) => call.items === undefined)) return state;
  const { program } = await programs.get(job.programHash);
  return { ...state, calls: state.calls.map((open) => ({ ...open, call: program.recall?.(open.call) ?? open.call })) };
}

async function runProgram(parts: FlightParts, flight: Flight, turn: Turn): Promise<undefined> {
  const { job } = flight.loaded;
  const host = parts.hosts.get(job.host);
  if (host === undefined) throw new GantryError(JOB_HOST_UNKNOWN, `no part of this server runs jobs of '${job.host}'`);
  const loaded = await parts.programs.get(job.programHash, flight.source);
  if (await isRefused(parts, flight, turn, turnBefore(turn))) return undefined;
  await prepareCalls(parts, flight, turn, host, loaded);
  if (!turn.goesOn || turn.values.length > 0) return undefined;
  const view = await host.view(job);
  while (turn.goesOn) {
    await parts.turnstile.pass();
    const before = turnBefore(turn);
    stepTurn(turn, loaded.program, { now: parts.clock.now(), budget: parts.budget, ...view });
    if (await isRefused(parts, flight, turn, before)) break;
    await prepareCalls(parts, flight, turn, host, loaded);
    // What it wrote must be committed before the host can show it; and nobody holds the stage for ever.
    if (turn.writes.length > 0 || turn.values.length > 0 || turn.steps >= parts.advances || flight.wasInterrupted())
      break;
  }
  return undefined;
}

/** Asked before the job does something new. What it was about to do is then as if it had not come to it. */
async function isRefused(parts: FlightParts, flight: Flight, turn: Turn, before: Turn): Promise<boolean> {
  const { job } = flight.loaded;
  if (job.starter.accountId === null || (turn.toPrepare.length === 0 && turn.writes.length === before.writes.length))
    return false;
  const reason = await parts.mayGoOn(job);
  if (reason === undefined) return false;
  parts.log.warn({ job: job.id, starter: job.starter.name, reason }, "a job was stopped: its starter may not go on");
  refuseTurn(turn, before, reason);
  turn.refused = reason;
  return true;
}

async function prepareCalls(
  parts: FlightParts,
  flight: Flight,
  turn: Turn,
  host: JobHost,
  { source }: LoadedProgram,
): Promise<void> {
  if (turn.toPrepare.length === 0) return;
  const calls = turn.toPrepare;
  turn.toPrepare = [];
  const all = await Promise.all(calls.map((call) => prepare(parts, flight, host, call)));
  for (const [index, prepared] of all.entries()) {
    const call = calls[index]!;
    if (prepared.kind === "value") {
      answerCall(turn, call, prepared.value);
      if (prepared.write !== undefined) turn.values.push({ call, write: prepared.write });
    } else if (prepared.kind === "task") turn.tasks.push({ call, draft: prepared.task, ...prepared.sealed });
    else
      failCall(
        turn,
        call,
        callFailure(call, prepared, call.line === null ? undefined : placeOfLine(source, call.line)),
      );
  }
}

function callFailure(call: Call, prepared: Prepared & { kind: "failed" }, place: JobFailure["where"]): JobFailure {
  const where = prepared.where ?? place;
  return {
    message: `${callName(call)}: ${prepared.message}`,
    line: call.line,
    call: callName(call),
    ...(where === undefined ? {} : { where }),
    ...(prepared.code === undefined ? {} : { code: prepared.code }),
  };
}

/** A prepared call; a task that holds secrets has its parameters sealed, and not beside that. */
type Ready = Exclude<Prepared, { kind: "task" }> | (Prepared & { kind: "task"; sealed?: { sealed: Uint8Array } });

async function prepare(parts: FlightParts, flight: Flight, host: JobHost, call: Call): Promise<Ready> {
  try {
    const { job } = flight.loaded;
    const prepared = await host.prepare(job, call);
    if (prepared.kind !== "task") return prepared;
    if ("outside" in prepared.task.route) return { kind: "task", task: withoutSecrets(prepared.task, parts.redactor) };
    const sealed = await parts.sealed.seal(job.tenantId, job.id, call, prepared.task);
    if (sealed === undefined) return prepared;
    const { hide: _hide, ...task } = prepared.task;
    return { kind: "task", task: { ...task, parameters: null }, sealed: { sealed } };
  } catch (error) {
    if (!(error instanceof GantryError)) {
      parts.log.error({ job: flight.loaded.job.id, call: callName(call), err: error }, "preparing a call failed");
      return { kind: "failed", message: messageOf(error), code: INTERNAL.code };
    }
    return {
      kind: "failed",
      message: reasonOf(error),
      code: error.code,
      ...(error.where === undefined ? {} : { where: error.where }),
    };
  }
}

function failTurn(parts: FlightParts, turn: Turn, error: unknown): void {
  if (error instanceof GantryError) {
    const where = error.where ?? error.problems[0]?.where;
    fail(turn, {
      message: reasonOf(error),
      line: where?.line ?? turn.line,
      code: error.code,
      ...(where === undefined ? {} : { where }),
    });
    return;
  }
  parts.log.error({ err: error }, "a job's turn failed");
  fail(turn, { message: messageOf(error), line: turn.line, code: INTERNAL.code });
}

function reasonOf(error: GantryError): string {
  return error.problems.length === 0 ? error.message : error.problems.map(problemText).join("\n");
}

import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { Call, JobFailure, JobStatus, LogKind, ProgressEntry, TaskError, Wish } from "./model.ts";
import type { ExecutorRoute, TaskDraft, ValueChange } from "./host.ts";
import type { CallResult, ValueWrite } from "./program.ts";

/** What a turn of a job holds, and the few moves that its kinds share. Pure. */

/** What the engine keeps of a job besides its columns. Stored as JSON; `version` tells older forms apart. */
export interface JobState {
  readonly version: 1;
  /** The program's own state; null before its start. */
  readonly program: Json;
  /** Calls without an answer, in the order they were made. */
  readonly calls: readonly OpenCall[];
  /** Answers the program has not seen yet, because another call failed at the same time. */
  readonly answers: readonly CallResult[];
  /** The program paused itself: it is to be told when the job is resumed. */
  readonly atPause: boolean;
  /** While it takes back what it did: what could not be. */
  readonly notUndone?: readonly NotUndone[];
}

/** What the job remembers while it takes back: what could not be. */
export interface NotUndone {
  /** The task that was to be taken back. */
  readonly task: Id;
  /** `docker.create: the engine is gone` */
  readonly text: string;
}

export const FIRST_STATE: JobState = { version: 1, program: null, calls: [], answers: [], atPause: false };

export interface OpenCall {
  readonly call: Call;
  /** It failed, or was taken back: the job stands still at it, and makes it again when it goes on. */
  readonly failed?: true;
}

/** A task of this job that ended and has not been looked at yet. */
export interface SettledTask {
  readonly taskId: Id;
  readonly call: number;
  readonly status: "done" | "failed" | "interrupted" | "cancelled" | "unreachable";
  readonly value: Json;
  readonly error: TaskError | null;
  /** Of a batch whose items ran on after a failure: how many failed. */
  readonly itemsBad: number | null;
  /** It took something back: which task, and by which function. */
  readonly undo?: { readonly of: Id; readonly name: string };
  /** The first error among them, read only where there is one. */
  readonly firstItemError?: TaskError;
  /** The last lines it wrote, read only where the task failed. */
  readonly output?: string;
}

export interface TurnInput {
  readonly status: JobStatus;
  readonly wish: Wish | null;
  /** This is the job's first turn. */
  readonly first: boolean;
  readonly state: JobState;
  readonly settled: readonly SettledTask[];
  /** Tasks that an executor may still have, or that wait for one; not those that take something back. */
  readonly openTasks: number;
  /** `module.function` of what is being taken back. */
  readonly undoing: string | null;
  /** Of a job that is to take back: what can be, the latest first. */
  readonly takeable: readonly UndoTask[];
}

/** A task that can be taken back. */
export interface UndoTask {
  readonly of: Id;
  readonly call: number;
  readonly module: string;
  /** `module.function`. */
  readonly name: string;
  readonly route: ExecutorRoute;
}

export interface LogDraft {
  readonly kind: LogKind;
  readonly line: number | null;
  readonly text: string;
  readonly taskId?: Id;
}

/** A turn on its way: grows with each step until it is committed. */
export interface Turn {
  status: JobStatus;
  wish: Wish | null;
  program: Json;
  calls: OpenCall[];
  /** Settled tasks that count as looked at after the commit. */
  consumed: Id[];
  /** Answers the program has not seen yet. */
  answers: CallResult[];
  /** Calls to prepare, then to answer or to make tasks of. */
  toPrepare: Call[];
  atPause: boolean;
  /** `sealed`: the parameters, in the place of those of the draft. */
  tasks: { call: Call; draft: TaskDraft; sealed?: Uint8Array }[];
  writes: ValueWrite[];
  /** What calls that were answered at once are to change, in the commit that holds their answers. */
  values: { call: Call; write: ValueChange }[];
  log: LogDraft[];
  failure: JobFailure | null;
  /** Why its starter may not go on. */
  refused: string | null;
  /** The program may take another step in this turn. */
  goesOn: boolean;
  /** Tasks of the job are to be stopped. */
  stopTasks: boolean;
  /** This is to be taken back now. */
  undo: UndoTask | null;
  notUndone: readonly NotUndone[];
  /** When it will have come to its end, as far as anybody can tell. */
  endsAt: number | null;
  /** When the program wants to go on by itself; null: never. */
  wakeAt: number | null;
  message: string | null;
  line: number | null;
  percent: number;
  progress: readonly ProgressEntry[];
  /** Advances taken in this turn. */
  steps: number;
}

/** Texts longer than this are cut where they become a log line or a message. */
const LONGEST_TEXT = 4_096;

/** Whether something is out that has to end first: it is stopped. */
export function stopFirst(turn: Turn, input: TurnInput, message: string): boolean {
  if (input.openTasks === 0) return false;
  turn.stopTasks = true;
  turn.status = "waiting";
  turn.message = message;
  return true;
}

/** The job ends as cancelled: none of its tasks is out any more. */
export function endCancelled(turn: Turn): void {
  turn.status = "cancelled";
  turn.wish = null;
  turn.notUndone = [];
  turn.message = "cancelled";
  turn.log.push({ kind: "cancelled", line: turn.line, text: "cancelled" });
}

/** The job stands still at this call until somebody retries it. */
export function failCall(turn: Turn, call: Call, failure: JobFailure): void {
  turn.calls = turn.calls.map((open) => (open.call.id === call.id ? { call: open.call, failed: true } : open));
  fail(turn, failure);
}

/** Ends the turn with a failure; the first one of a turn is the one shown. */
export function fail(turn: Turn, failure: JobFailure): void {
  turn.log.push({
    kind: "failed",
    line: failure.line,
    text: failure.message,
    ...(failure.taskId === undefined ? {} : { taskId: failure.taskId }),
  });
  turn.status = "failed";
  turn.goesOn = false;
  if (turn.failure !== null) return;
  turn.failure = failure;
  turn.message = failure.message;
}

export function pauseTurn(turn: Turn, message: string): void {
  turn.status = "paused";
  turn.goesOn = false;
  turn.message = cut(message);
  turn.log.push({ kind: "paused", line: turn.line, text: turn.message });
}

/** Cuts a text that people read to a bounded length, and says so. */
export function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)} … (${text.length - LONGEST_TEXT} more)`;
}

import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import { callName } from "./model.ts";
import type { Call, JobFailure, JobStatus, LogKind, ProgressEntry, TaskError, Wish } from "./model.ts";
import type { TaskDraft, ValueChange } from "./host.ts";
import type { Advance, CallResult, Catalogue, ItemCounts, Program, ValueLookup, ValueWrite } from "./program.ts";

/**
 * One turn of a job, pure: what it holds, what came back, what it does next. The engine makes a turn durable in one commit; before that
 * nothing of it has happened, so a turn lost in a crash is simply taken again.
 */

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
}

export const FIRST_STATE: JobState = { version: 1, program: null, calls: [], answers: [], atPause: false };

export interface OpenCall {
  readonly call: Call;
  /** It failed: the job stands still at it until a retry. */
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
  readonly itemsFailed: number | null;
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
  /** Tasks that an executor may still have, or that wait for one. */
  readonly openTasks: number;
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

/** Begins a turn: looks at what was asked and what came back. The program has not run yet. */
export function beginTurn(input: TurnInput, shown: Pick<Turn, "line" | "percent" | "progress">): Turn {
  const turn: Turn = {
    status: input.status,
    wish: input.wish,
    program: input.state.program,
    calls: [...input.state.calls],
    consumed: [],
    answers: [...input.state.answers],
    toPrepare: [],
    atPause: input.state.atPause,
    tasks: [],
    writes: [],
    values: [],
    log: [],
    failure: null,
    refused: null,
    goesOn: false,
    stopTasks: false,
    wakeAt: null,
    message: null,
    steps: 0,
    line: shown.line,
    percent: shown.percent,
    progress: shown.progress,
  };
  switch (input.wish) {
    case "cancel":
      return cancelled(turn, input);
    case "pause":
      turn.wish = null;
      if (input.status === "queued" || input.status === "running" || input.status === "waiting")
        pauseTurn(turn, "paused on request");
      return turn;
    case "retry":
      return retried(turn, input);
    case null:
  }
  if (input.status === "paused" || input.status === "done" || input.status === "failed" || input.status === "cancelled")
    return turn;
  if (input.first) turn.log.push({ kind: "started", line: null, text: "started" });
  takeResults(turn, input.settled);
  if (turn.failure === null) {
    turn.status = "running";
    turn.goesOn = true;
  }
  return turn;
}

function cancelled(turn: Turn, input: TurnInput): Turn {
  for (const task of input.settled) turn.consumed.push(task.taskId);
  turn.stopTasks = true;
  turn.message = "cancelling";
  if (input.openTasks > 0) {
    turn.status = "waiting";
    return turn;
  }
  endCancelled(turn);
  return turn;
}

/** The job ends as cancelled: none of its tasks is out any more. */
export function endCancelled(turn: Turn): void {
  turn.status = "cancelled";
  turn.wish = null;
  turn.message = "cancelled";
  turn.log.push({ kind: "cancelled", line: turn.line, text: "cancelled" });
}

function retried(turn: Turn, input: TurnInput): Turn {
  turn.status = "running";
  const failed = turn.calls.filter((open) => open.failed === true);
  if (failed.length > 0) {
    turn.wish = null;
    turn.calls = turn.calls.map((open) => ({ call: open.call }));
    for (const open of failed) {
      turn.toPrepare.push(open.call);
      turn.log.push({ kind: "call", line: open.call.line, text: `${callName(open.call)} again` });
    }
    return turn;
  }
  // The program itself gave up: no point in its middle can be right, so it begins anew, once nothing of its first life is out.
  for (const task of input.settled) turn.consumed.push(task.taskId);
  turn.program = null;
  turn.calls = [];
  turn.answers = [];
  turn.atPause = false;
  turn.line = null;
  if (input.openTasks > 0) {
    turn.stopTasks = true;
    turn.status = "waiting";
    return turn;
  }
  turn.wish = null;
  turn.goesOn = true;
  return turn;
}

function takeResults(turn: Turn, settled: readonly SettledTask[]): void {
  for (const task of settled) {
    const open = turn.calls.find((one) => one.call.id === task.call);
    if (open === undefined) {
      // Of a program that was started anew since.
      turn.consumed.push(task.taskId);
      continue;
    }
    const name = callName(open.call);
    if (task.status === "done") {
      turn.consumed.push(task.taskId);
      const items = itemsOf(open.call, task);
      turn.answers.push({ call: task.call, value: task.value, ...(items === undefined ? {} : { items }) });
      turn.calls = turn.calls.filter((one) => one !== open);
      turn.log.push({
        kind: "result",
        line: open.call.line,
        text: `${name} done${itemsText(items)}`,
        taskId: task.taskId,
      });
      continue;
    }
    turn.consumed.push(task.taskId);
    const reason = task.error?.message ?? task.status;
    failCall(turn, open.call, {
      message: cut(`${name}: ${reason}`),
      line: open.call.line,
      taskId: task.taskId,
      call: name,
      ...(task.error?.code === undefined ? {} : { code: task.error.code }),
      ...(task.output === undefined ? {} : { output: task.output }),
    });
  }
}

function itemsOf(call: Call, task: SettledTask): ItemCounts | undefined {
  if (call.batch === undefined) return undefined;
  const failed = task.itemsFailed ?? 0;
  const counts = { done: call.batch.length - failed, failed };
  return task.firstItemError === undefined ? counts : { ...counts, firstError: task.firstItemError };
}

function itemsText(items: ItemCounts | undefined): string {
  if (items === undefined) return "";
  return items.failed === 0 ? `: ${items.done}` : `: ${items.done}, ${items.failed} failed`;
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

/** A turn as it is before a step, for taking the step back. */
export function turnBefore(turn: Turn): Turn {
  const { calls, answers, consumed, toPrepare, tasks, writes, values, log } = turn;
  return {
    ...turn,
    calls: [...calls],
    answers: [...answers],
    consumed: [...consumed],
    toPrepare: [...toPrepare],
    tasks: [...tasks],
    writes: [...writes],
    values: [...values],
    log: [...log],
  };
}

/**
 * The job may not do what it was about to do: its last step is taken back, and it rests until somebody who may lets it go on. What was to
 * be done again (a retry) stays failed.
 */
export function refuseTurn(turn: Turn, before: Turn, reason: string): void {
  Object.assign(turn, before);
  if (before.toPrepare.length === 0) return pauseTurn(turn, reason);
  const again = new Set(before.toPrepare.map(({ id }) => id));
  turn.toPrepare = [];
  turn.calls = turn.calls.map(({ call }) => (again.has(call.id) ? { call, failed: true } : { call }));
  fail(turn, { message: cut(reason), line: turn.line });
}

function pauseTurn(turn: Turn, message: string): void {
  turn.status = "paused";
  turn.goesOn = false;
  turn.message = cut(message);
  turn.log.push({ kind: "paused", line: turn.line, text: turn.message });
}

export interface StepInput {
  readonly now: number;
  /** Steps it may take, at least 1. */
  readonly budget: number;
  readonly values: ValueLookup;
  readonly catalogue: Catalogue;
}

/** Lets the program take one step. */
export function stepTurn(turn: Turn, program: Program, input: StepInput): void {
  let state = turn.program ?? program.start();
  if (turn.atPause) state = program.resume(state);
  turn.atPause = false;
  const results = turn.answers;
  turn.answers = [];
  turn.steps += 1;
  const advance = program.advance(state, { ...input, results });
  turn.program = advance.state;
  turn.line = advance.line;
  turn.percent = advance.percent;
  turn.progress = advance.progress;
  turn.writes.push(...advance.writes);
  for (const message of advance.messages) {
    turn.message = cut(message);
    turn.log.push({ kind: "message", line: advance.line, text: turn.message });
  }
  for (const call of advance.calls) {
    turn.calls.push({ call });
    turn.toPrepare.push(call);
    turn.log.push({ kind: "call", line: call.line, text: callText(call) });
  }
  applyStatus(turn, advance);
}

function callText(call: Call): string {
  return call.batch === undefined ? callName(call) : `${callName(call)}: ${call.batch.length} calls`;
}

function applyStatus(turn: Turn, advance: Advance): void {
  const status = advance.status;
  turn.wakeAt = null;
  switch (status.kind) {
    case "running":
      turn.status = "running";
      turn.goesOn = true;
      return;
    case "waiting":
      turn.status = "waiting";
      turn.goesOn = false;
      turn.wakeAt = status.until;
      if (status.message !== undefined) turn.message = cut(status.message);
      return;
    case "paused":
      turn.atPause = true;
      pauseTurn(turn, status.message);
      return;
    case "done":
      turn.status = "done";
      turn.goesOn = false;
      turn.percent = 100;
      // What it waited for says nothing any more.
      turn.message = cut(advance.messages.at(-1) ?? "");
      turn.log.push({ kind: "done", line: null, text: "done" });
      return;
    case "failed":
      fail(turn, {
        message: cut(status.message),
        line: advance.line,
        ...(status.code === undefined ? {} : { code: status.code }),
      });
  }
}

/** A call was answered at once: the program may go on in this turn. */
export function answerCall(turn: Turn, call: Call, value: Json): void {
  turn.calls = turn.calls.filter((open) => open.call.id !== call.id);
  turn.answers.push({ call: call.id, value });
  if (turn.status !== "waiting" && turn.status !== "running") return;
  turn.status = "running";
  turn.goesOn = true;
}

/** The turn could not be committed: what it had to write is as if it had not come to it, and the job stands still where it asked for it. */
export function loseTurn(turn: Turn, failure: JobFailure): void {
  const lost = new Set(turn.tasks.map((one) => one.call.id));
  turn.calls = turn.calls.map((open) => (lost.has(open.call.id) ? { call: open.call, failed: true } : open));
  const unanswered = new Set(turn.values.map((one) => one.call.id));
  turn.answers = turn.answers.filter((one) => !unanswered.has(one.call));
  turn.calls.push(...turn.values.map(({ call }) => ({ call, failed: true as const })));
  turn.writes = [];
  turn.values = [];
  turn.tasks = [];
  fail(turn, failure);
}

/** Ends a turn: what is left to do decides whether the job runs on or waits. */
export function endTurn(turn: Turn): void {
  if (turn.status !== "running" && turn.status !== "waiting") return;
  if (turn.goesOn || turn.answers.length > 0) {
    turn.status = "running";
    return;
  }
  turn.status = "waiting";
  if (turn.calls.length > 0 || turn.wakeAt !== null || turn.stopTasks) return;
  fail(turn, { message: "the program waits for nothing", line: turn.line, code: "internal" });
}

/** What is stored of the job after the turn. */
export function stateAfter(turn: Turn): JobState {
  return { version: 1, program: turn.program, calls: turn.calls, answers: turn.answers, atPause: turn.atPause };
}

/** Cuts a text that people read to a bounded length, and says so. */
export function cut(text: string): string {
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)} … (${text.length - LONGEST_TEXT} more)`;
}

import type { Json } from "../kernel/json.ts";
import { callName } from "./model.ts";
import type { Call, JobFailure } from "./model.ts";
import type { Advance, Catalogue, ItemsAnswer, Program, ValueLookup } from "./program.ts";
import { cut, fail, failCall, pauseTurn, stopFirst } from "./turn.ts";
import type { JobState, SettledTask, Turn, TurnInput } from "./turn.ts";
import { cancelTurn, rollbackTurn } from "./undo.ts";

/**
 * One turn of a job, pure: what came back, what it does next; `turn.ts` says what it holds. The engine makes a turn durable in one commit; before that
 * nothing of it has happened, so a turn lost in a crash is simply taken again.
 */

/** Begins a turn: looks at what was asked and what came back. The program has not run yet. */
export function beginTurn(input: TurnInput, shown: Pick<Turn, "line" | "percent" | "progress" | "endsAt">): Turn {
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
    undo: null,
    notUndone: input.state.notUndone ?? [],
    wakeAt: null,
    message: null,
    steps: 0,
    line: shown.line,
    percent: shown.percent,
    progress: shown.progress,
    endsAt: shown.endsAt,
  };
  switch (input.wish) {
    case "cancel":
      return cancelTurn(turn, input);
    case "rollback":
      return rollbackTurn(turn, input);
    case "jump":
      return jumped(turn, input);
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
  callAgain(turn);
  takeResults(turn, input.settled);
  if (turn.failure === null) {
    turn.status = "running";
    turn.goesOn = true;
  }
  return turn;
}

/** The state stands at the label already: it goes on there once nothing of before is out. */
function jumped(turn: Turn, input: TurnInput): Turn {
  for (const task of input.settled) turn.consumed.push(task.taskId);
  if (stopFirst(turn, input, "stopping what is out")) return turn;
  turn.wish = null;
  turn.status = "running";
  turn.goesOn = true;
  return turn;
}

function retried(turn: Turn, input: TurnInput): Turn {
  turn.status = "running";
  if (callAgain(turn)) {
    turn.wish = null;
    return turn;
  }
  // The program itself gave up: no point in its middle can be right, so it begins anew, once nothing of its first life is out.
  for (const task of input.settled) turn.consumed.push(task.taskId);
  turn.program = null;
  turn.calls = [];
  turn.answers = [];
  turn.atPause = false;
  turn.line = null;
  if (stopFirst(turn, input, "stopping what is out")) return turn;
  turn.wish = null;
  turn.goesOn = true;
  return turn;
}

/** Makes the calls again at which the job stands still. Returns whether there are any. */
function callAgain(turn: Turn): boolean {
  const failed = turn.calls.filter((open) => open.failed === true);
  if (failed.length === 0) return false;
  turn.calls = turn.calls.map((open) => ({ call: open.call }));
  for (const open of failed) {
    turn.toPrepare.push(open.call);
    turn.log.push({ kind: "call", line: open.call.line, text: `${callName(open.call)} again` });
  }
  return true;
}

function takeResults(turn: Turn, settled: readonly SettledTask[]): void {
  for (const task of settled) {
    const open = task.undo === undefined ? turn.calls.find((one) => one.call.id === task.call) : undefined;
    if (open === undefined) {
      // Of a program that was started anew since, or went on elsewhere.
      turn.consumed.push(task.taskId);
      continue;
    }
    const name = callName(open.call);
    if (task.status === "done" || goesOnBehind(open.call, task)) {
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
    const failed = failedName(open.call, task);
    failCall(turn, open.call, {
      message: cut(`${failed}: ${reason}`),
      line: open.call.line,
      taskId: task.taskId,
      call: failed,
      ...(task.error?.code === undefined ? {} : { code: task.error.code }),
      ...(task.output === undefined ? {} : { output: task.output }),
    });
  }
}

/** The items behind those that failed ran as well: whoever wanted that wants what follows the list, too. */
function goesOnBehind(call: Call, { status }: SettledTask): boolean {
  return call.items !== undefined && call.keepGoing === true && (status === "failed" || status === "interrupted");
}

/** `module.function`; of a list that of the item it ended at. */
function failedName(call: Call, { error }: SettledTask): string {
  const item = error?.details?.["item"];
  const one = typeof item === "number" ? call.batch?.[item - (call.firstItem ?? 0)] : undefined;
  return callName(one === undefined ? call : { module: call.module, function: one.function });
}

function itemsOf(call: Call, task: SettledTask): ItemsAnswer | undefined {
  if (call.items === undefined) return undefined;
  const failed = task.itemsBad ?? 0;
  const counts = { done: call.items - failed, failed };
  const firstError = task.firstItemError ?? task.error ?? undefined;
  return firstError === undefined ? counts : { ...counts, firstError };
}

function itemsText(items: ItemsAnswer | undefined): string {
  if (items === undefined) return "";
  return items.failed === 0 ? `: ${items.done}` : `: ${items.done}, ${items.failed} failed`;
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
  if (advance.remaining !== undefined) turn.endsAt = input.now + advance.remaining;
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
  if (turn.calls.length > 0 || turn.wakeAt !== null || turn.wish !== null) return;
  fail(turn, { message: "the program waits for nothing", line: turn.line, code: "internal" });
}

/** Thousands of jobs wait for lists of thousands of verbs, which their programs have once. */
function storedCall(call: Call): Call {
  const { batch: _batch, ...stored } = call;
  return stored;
}

/** What is stored of the job after the turn. */
export function stateAfter(turn: Turn): JobState {
  const { program, answers, atPause, notUndone } = turn;
  const calls = turn.calls.map(({ call, ...open }) => ({ ...open, call: storedCall(call) }));
  const state = { version: 1, program, calls, answers, atPause } as const;
  return notUndone.length === 0 ? state : { ...state, notUndone };
}

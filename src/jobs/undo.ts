import { cut, endCancelled, fail, pauseTurn, stopFirst } from "./turn.ts";
import type { Turn, TurnInput } from "./turn.ts";
import { UNDO_FAILED } from "./errors.ts";
import { callName } from "./model.ts";

/**
 * Turns of a job that takes back what it did. First what is out is stopped; then one thing after the other is taken back, the latest first,
 * by a task of its own. What is still to be taken back is read from the tasks themselves, so that a crash loses nothing and repeats nothing.
 * Pure.
 */

/** Takes back all the job did, then it ends as cancelled. */
export function cancelTurn(turn: Turn, input: TurnInput): Turn {
  if (!isTakenBack(turn, input, "cancelling")) return turn;
  const { notUndone } = turn;
  endCancelled(turn);
  if (notUndone.length === 0) return turn;
  const message = cut(`not taken back: ${notUndone.map(({ text }) => text).join("; ")}`);
  turn.failure = { message, line: turn.line, code: UNDO_FAILED.code };
  turn.message = message;
  return turn;
}

/** Takes back the call the job stands at, then it is paused before that call. */
export function rollbackTurn(turn: Turn, input: TurnInput): Turn {
  if (!isTakenBack(turn, input, "stopping what is out")) return turn;
  const { notUndone } = turn;
  turn.wish = null;
  turn.notUndone = [];
  // Made anew when the job goes on.
  turn.calls = turn.calls.map(({ call }) => ({ call, failed: true }));
  const [open] = turn.calls;
  if (notUndone.length === 0) {
    pauseTurn(turn, open === undefined ? "rolled back" : `rolled back: stands before ${callName(open.call)}`);
    return turn;
  }
  fail(turn, {
    message: cut(`not taken back: ${notUndone.map(({ text }) => text).join("; ")}`),
    line: turn.line,
    code: UNDO_FAILED.code,
    ...(open === undefined ? {} : { call: callName(open.call) }),
  });
  return turn;
}

/** Whether nothing is left to be stopped or taken back. Otherwise the turn does the next thing of it. */
function isTakenBack(turn: Turn, input: TurnInput, stopping: string): boolean {
  takeUndoResults(turn, input);
  if (stopFirst(turn, input, stopping)) return false;
  const tried = new Set(turn.notUndone.map(({ task }) => task));
  const next = input.undoing === null ? input.takeable.find(({ of }) => !tried.has(of)) : undefined;
  const name = input.undoing ?? next?.name;
  if (name === undefined) return true;
  turn.status = "waiting";
  turn.message = `taking back ${name}`;
  if (next !== undefined) {
    turn.undo = next;
    turn.log.push({ kind: "undo", line: turn.line, text: turn.message, taskId: next.of });
  }
  return false;
}

function takeUndoResults(turn: Turn, input: TurnInput): void {
  for (const task of input.settled) {
    turn.consumed.push(task.taskId);
    if (task.undo === undefined) continue;
    const { of, name } = task.undo;
    if (task.status === "done") {
      turn.log.push({ kind: "undo", line: turn.line, text: `${name} taken back`, taskId: task.taskId });
      continue;
    }
    const text = cut(`${name}: ${task.error?.message ?? task.status}`);
    turn.notUndone = [...turn.notUndone, { task: of, text }];
    turn.log.push({ kind: "undo", line: turn.line, text: `not taken back: ${text}`, taskId: task.taskId });
  }
}

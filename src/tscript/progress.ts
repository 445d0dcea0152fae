import type { JsonObject } from "../kernel/json.ts";
import type { BlockStep, Compiled } from "./compile.ts";
import type { ProgressEntry } from "./program-model.ts";
import type { CallState, Frame, ScriptState } from "./state.ts";
import { durationText } from "./values.ts";

/** What is finished of a step, out of how many parts. */
interface Part {
  readonly name: "Scope" | "While" | "IfElse" | "Function";
  readonly finished: number;
  readonly of: number;
  readonly description: JsonObject;
}

/** How far a script is, from the outside in. Each entry counts what is finished in it and the part that is under way. */
export function progressOf(compiled: Compiled, state: ScriptState, now: number): readonly ProgressEntry[] {
  if (state.status !== "ready") return [[100, "Scope", null]];
  const root = state.stack[0];
  if (root === undefined) return [[0, "Scope", null]];
  if (state.entered === 0) return [[0, "Scope", blockDescription(root, compiled.steps[0] as BlockStep, now)]];
  const entered = state.entered === undefined ? state.stack : state.stack.slice(0, state.entered);
  const parts = entered.flatMap((frame) => partOf(compiled, frame, now) ?? []);
  const entries: ProgressEntry[] = [];
  let inner = 0;
  for (const part of parts.reverse()) {
    const percent = part.of === 0 ? 0 : (100 * part.finished + inner) / part.of;
    entries.unshift([percent, part.name, part.description]);
    inner = percent;
  }
  return entries;
}

function partOf(compiled: Compiled, frame: Frame, now: number): Part | undefined {
  const step = compiled.steps[frame.step]!;
  switch (step.kind) {
    case "block":
      return {
        name: "Scope",
        finished: frame.at,
        of: step.entries.length,
        description: blockDescription(frame, step, now),
      };
    case "while":
      return { name: "While", finished: 0, of: 1, description: { doing: frame.at === 0 ? "condition" : "expression" } };
    case "if": {
      const of = step.branches.length + (step.otherwise === null ? 0 : 1);
      const doing = frame.at % 2 === 0 ? "condition" : "expression";
      return { name: "IfElse", finished: frame.at >> 1, of, description: { doing } };
    }
    case "call":
      if (frame.call === undefined) return undefined;
      return { name: "Function", finished: 0, of: 1, description: callDescription(step, frame.call) };
    default:
      return undefined;
  }
}

function blockDescription(frame: Frame, step: BlockStep, now: number): JsonObject {
  const elapsed = now - frame.started!;
  return {
    ...(step.description === null ? {} : { description: step.description }),
    time_elapsed: time(elapsed),
    ...(step.expected === null ? {} : { time_remaining: time(step.expected - elapsed) }),
  };
}

function callDescription(step: { readonly module: string | null; readonly name: string }, call: CallState): JsonObject {
  const named = { module: step.module, name: step.name };
  if (call.wait === "host") return { ...named, dispatched: call.dispatched };
  return call.wait === "delay" ? { ...named, dispatched: false } : named;
}

function time(milliseconds: number): string {
  return durationText(milliseconds / 1000);
}

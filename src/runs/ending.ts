import type { CallState, JobOutcome } from "../jobs/index.ts";
import { NO_COUNTS, type Counts } from "./model.ts";

/** How the verbs of a stage ended on a node, from how the calls of its job ended. Pure. */

export type LineState = CallState;

/** From the best to the worst: a verb of several calls is as its worst. */
const ORDER: readonly LineState[] = ["ok", "changed", "skipped", "unreachable", "interrupted", "failed"];

/** The state of each line, by its number. @param lines for each call of the job its line, -1 for none */
export function lineStates(lines: readonly number[], endings: readonly LineState[]): ReadonlyMap<number, LineState> {
  const states = new Map<number, LineState>();
  for (const [index, line] of lines.entries()) {
    if (line < 0) continue;
    const state = endings[index] ?? "skipped";
    const known = states.get(line);
    if (known === undefined || ORDER.indexOf(state) > ORDER.indexOf(known)) states.set(line, state);
  }
  return states;
}

export function countStates(states: Iterable<LineState>): Counts {
  const counts = { ...NO_COUNTS } as Record<LineState, number>;
  for (const state of states) counts[state] += 1;
  return counts;
}

/** What the stage is on the node, once its job has ended. */
export function jobState(
  { status }: Pick<JobOutcome, "status">,
  counts: Counts,
): "done" | "failed" | "cancelled" | "unreachable" {
  if (status === "failed" && counts.unreachable > 0 && counts.failed + counts.interrupted === 0) return "unreachable";
  return status;
}

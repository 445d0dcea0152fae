import type { Compiled } from "./compile.ts";
import type { ScriptState } from "./state.ts";

/**
 * Milliseconds a script has still before it, by the `expected_time` of its blocks: what is left of the one it is in, and those that follow.
 * Statements outside of such blocks count as nothing, a loop as one round, an `if` as its longest branch. Undefined when no block says.
 */
export function remainingOf(compiled: Compiled, state: ScriptState, now: number): number | undefined {
  if (state.status !== "ready") return undefined;
  if (state.stack.length === 0) return expectedOf(compiled, 0);
  let following: number | undefined;
  for (const [depth, frame] of state.stack.entries()) {
    const step = compiled.steps[frame.step]!;
    if (step.kind !== "block") continue;
    if (step.expected !== null) return plus(following, Math.max(0, step.expected - (now - frame.started!)));
    // What is under way speaks for itself, further in.
    const from = depth === state.stack.length - 1 ? frame.at : frame.at + 1;
    for (const entry of step.entries.slice(from)) following = plus(following, expectedOf(compiled, entry));
  }
  return following;
}

const expectations = new WeakMap<Compiled, Map<number, number | undefined>>();

/** Of a whole step. */
function expectedOf(compiled: Compiled, at: number): number | undefined {
  let known = expectations.get(compiled);
  if (known === undefined) {
    known = new Map();
    expectations.set(compiled, known);
  }
  if (!known.has(at)) known.set(at, computed(compiled, at));
  return known.get(at);
}

function computed(compiled: Compiled, at: number): number | undefined {
  const step = compiled.steps[at]!;
  switch (step.kind) {
    case "block":
      if (step.expected !== null) return step.expected;
      return step.entries.reduce<number | undefined>((sum, entry) => plus(sum, expectedOf(compiled, entry)), undefined);
    case "entry":
      return expectedOf(compiled, step.child);
    case "while":
      return expectedOf(compiled, step.body);
    case "if": {
      const bodies = [...step.branches.map(({ body }) => body), ...(step.otherwise === null ? [] : [step.otherwise])];
      const times = bodies.map((body) => expectedOf(compiled, body)).filter((one) => one !== undefined);
      return times.length === 0 ? undefined : Math.max(...times);
    }
    default:
      return undefined;
  }
}

function plus(one: number | undefined, other: number | undefined): number | undefined {
  return other === undefined ? one : (one ?? 0) + other;
}

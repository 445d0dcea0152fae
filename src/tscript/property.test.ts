import fc from "fast-check";
import { expect, test } from "vitest";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { AdvanceInput, AdvanceOutput, ScriptResult } from "./program-model.ts";
import { tscript } from "./program.ts";
import { script } from "./random-scripts.suite.ts";

/** What a run gave, advance by advance, without the states between. */
interface Trace {
  readonly outputs: readonly Omit<AdvanceOutput, "state">[];
  readonly end: JsonObject;
  /** Broken off because its values grew. */
  readonly large: boolean;
}

interface Way {
  readonly budget: number;
  /** How many calls fail, from the first. */
  readonly failures: number;
  /** What happens to a state between two advances. */
  readonly keep: (state: JsonObject) => JsonObject;
  readonly advances: number;
}

/** Runs a script the way the job engine would, with a host whose answers depend on the calls alone. */
function play(text: string, { budget, failures, keep, advances }: Way): Trace {
  const compiled = tscript.compile(text, "property.t");
  const outputs: Omit<AdvanceOutput, "state">[] = [];
  const values = new Map<string, Json>([
    ["item", ["x", 2]],
    ["number", 1.5],
    ["fixed", 1],
  ]);
  let results: ScriptResult[] = [];
  let now = 1000;
  let state = tscript.start(compiled);
  for (let count = 0; count < advances; count += 1) {
    const input: AdvanceInput = {
      now,
      budget,
      results,
      values: (module, name) =>
        module === "foo" && values.has(name)
          ? { found: true, value: values.get(name)!, access: name === "fixed" ? "r" : "rw" }
          : { found: false, moduleKnown: module === "foo" },
      catalogue: { foo: { functions: { remote: { parameters: { value: { required: false } } } } } },
    };
    const { state: next, ...output } = tscript.advance(compiled, keep(state), input);
    outputs.push(output);
    state = keep(next);
    for (const { name, value } of output.writes) values.set(name, value);
    results = output.calls.map(({ call, parameters }) =>
      call <= failures
        ? { call, ok: false, message: "no" }
        : { call, ok: true, value: parameters["value"] ?? { at: call } },
    );
    if (output.status === "waiting") now = output.wakeAt ?? now + 1;
    if (output.status === "paused") state = tscript.resume(state);
    if (output.status === "failed" && output.resumable) {
      const again = output.call !== undefined && output.call % 2 === 1;
      state = again ? tscript.retry(state) : tscript.resume(state);
    }
    // Doubling an array in a loop makes a state that takes long to compare; the bound itself has a test of its own.
    if ((state["bytes"] as number) > 5000) return { outputs, end: state, large: true };
    if (output.status === "done" || (output.status === "failed" && !output.resumable)) break;
  }
  return { outputs, end: state, large: false };
}

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const part of Object.values(value)) frozen(part);
  }
  return value;
}

const runs = { numRuns: 300 };

test("a run that is stored and restored between any two advances is the run that is not", () => {
  fc.assert(
    fc.property(script, fc.integer({ min: 60, max: 90 }), fc.integer({ min: 0, max: 3 }), (text, budget, failures) => {
      const way = { budget, failures, advances: 25 };
      const stored = play(text, { ...way, keep: (state) => JSON.parse(JSON.stringify(state)) as JsonObject });
      expect(stored).toEqual(play(text, { ...way, keep: (state) => state }));
    }),
    runs,
  );
});

test("an advance changes nothing it was given", () => {
  fc.assert(
    fc.property(script, (text) => {
      const way = { budget: 70, failures: 1, advances: 25 };
      expect(play(text, { ...way, keep: frozen })).toEqual(play(text, { ...way, keep: (state) => state }));
    }),
    runs,
  );
});

test("states are plain JSON: nothing is lost in storing them", () => {
  fc.assert(
    fc.property(script, (text) => {
      const { end } = play(text, { budget: 70, failures: 1, advances: 10, keep: (state) => state });
      expect(JSON.parse(JSON.stringify(end))).toStrictEqual(end);
    }),
    runs,
  );
});

test("the budget decides when a script gets on, not what it does", () => {
  let compared = 0;
  fc.assert(
    fc.property(script, fc.integer({ min: 60, max: 200 }), (text, budget) => {
      const way = { failures: 1, keep: (state: JsonObject) => state };
      // Time would make a difference, and so would a loop without an end.
      fc.pre(!text.includes("max_time") && !text.includes("delay"));
      const long = play(text, { ...way, budget: 5000, advances: 30 });
      fc.pre(long.outputs.every(({ status }) => status !== "running") && long.outputs.length < 30);
      const short = play(text, { ...way, budget, advances: 3000 });
      fc.pre(!long.large && !short.large);
      const told = (trace: Trace) => ({
        calls: trace.outputs.flatMap(({ calls }) => calls),
        writes: trace.outputs.flatMap(({ writes }) => writes),
        messages: trace.outputs.flatMap(({ messages }) => messages),
        end: trace.end,
      });
      expect(told(short)).toEqual(told(long));
      compared += 1;
    }),
    runs,
  );
  expect(compared).toBe(runs.numRuns);
});

import { describe, expect, it } from "vitest";
import { answerCall, beginTurn, endTurn, stateAfter, stepTurn } from "./advance.ts";
import { failCall, FIRST_STATE } from "./turn.ts";
import type { JobState, SettledTask, Turn, TurnInput } from "./turn.ts";
import { ALLOWED_ACTIONS, JOB_ACTIONS, JOB_STATUSES } from "./model.ts";
import type { Call } from "./model.ts";
import type { AdvanceInput, Program } from "./program.ts";

const shown = { line: null, percent: 0, progress: [], endsAt: null };

function begin(input: Partial<TurnInput>): Turn {
  return beginTurn(
    {
      status: "running",
      wish: null,
      first: false,
      state: FIRST_STATE,
      settled: [],
      openTasks: 0,
      undoing: null,
      takeable: [],
      ...input,
    },
    shown,
  );
}

function call(id: number): Call {
  return { id, module: "toy", function: "add", parameters: {}, line: id };
}

function holding(...ids: readonly number[]): JobState {
  return { ...FIRST_STATE, program: "inside", calls: ids.map((id) => ({ call: call(id) })) };
}

function settled(id: number, more: Partial<SettledTask> = {}): SettledTask {
  return { taskId: `task ${id}`, call: id, status: "done", value: id, error: null, itemsBad: null, ...more };
}

/** Makes the calls 1 and 2 at once, and is done when both are answered. */
const pair: Program = {
  start: () => [] as number[],
  resume: (state) => state,
  advance(state, input: AdvanceInput) {
    const answers = [...(state as number[]), ...input.results.map((one) => one.call)];
    const base = { state: answers, writes: [], messages: [], line: 1, percent: 50 * answers.length, progress: [] };
    const begun = input.results.length > 0 || answers.length > 0;
    if (answers.length === 2) return { ...base, calls: [], status: { kind: "done" } };
    return { ...base, calls: begun ? [] : [call(1), call(2)], status: { kind: "waiting", until: null } };
  },
};

const step = { now: 0, budget: 1, values: () => ({ found: false, moduleKnown: false }) as const, catalogue: {} };

describe("a turn", () => {
  it("hands good answers to the program and forgets their calls", () => {
    const turn = begin({ status: "waiting", state: holding(1, 2), settled: [settled(1)] });
    expect(turn).toMatchObject({
      status: "running",
      goesOn: true,
      consumed: ["task 1"],
      answers: [{ call: 1, value: 1 }],
    });
    expect(turn.calls.map((one) => one.call.id)).toEqual([2]);
  });

  it("keeps a good answer when another call failed, until the retry", () => {
    const failed = begin({
      status: "waiting",
      state: holding(1, 2),
      settled: [settled(1), settled(2, { status: "failed", error: { message: "no" } })],
    });
    endTurn(failed);
    expect(failed).toMatchObject({
      status: "failed",
      failure: { message: "toy.add: no", line: 2 },
      consumed: ["task 1", "task 2"],
    });
    const state = stateAfter(failed);
    expect(state.calls).toEqual([{ call: call(2), failed: true }]);
    const retried = begin({ wish: "retry", state });
    expect(retried.toPrepare).toEqual([call(2)]);
    endTurn(retried);
    expect(retried).toMatchObject({ status: "running", wish: null, answers: [{ call: 1, value: 1 }] });
  });

  it("goes on with a call answered at once beside one that is out", () => {
    const turn = begin({ first: true });
    stepTurn(turn, pair, step);
    expect(turn.toPrepare.map((one) => one.id)).toEqual([1, 2]);
    answerCall(turn, call(1), "at once");
    expect(turn.goesOn).toBe(true);
    stepTurn(turn, pair, step);
    endTurn(turn);
    expect(turn).toMatchObject({ status: "waiting", goesOn: false });
    expect(turn.calls.map((one) => one.call.id)).toEqual([2]);
    const next = begin({ status: "waiting", state: stateAfter(turn), settled: [settled(2)] });
    stepTurn(next, pair, step);
    endTurn(next);
    expect(next).toMatchObject({ status: "done", percent: 100 });
  });

  it("keeps an answer given at once when the call beside it is refused", () => {
    const turn = begin({ first: true });
    stepTurn(turn, pair, step);
    answerCall(turn, call(1), "at once");
    failCall(turn, call(2), { message: "refused", line: 2 });
    endTurn(turn);
    expect(turn.status).toBe("failed");
    expect(stateAfter(turn)).toMatchObject({
      answers: [{ call: 1, value: "at once" }],
      calls: [{ call: { id: 2 }, failed: true }],
    });
  });

  it("of a cancelled job stops what is out and waits for it", () => {
    const waiting = begin({ status: "paused", wish: "cancel", state: holding(1), openTasks: 1 });
    endTurn(waiting);
    expect(waiting).toMatchObject({ status: "waiting", wish: "cancel", stopTasks: true, goesOn: false });
    const over = begin({ status: "waiting", wish: "cancel", state: holding(1), settled: [settled(1)] });
    expect(over).toMatchObject({ status: "cancelled", wish: null, consumed: ["task 1"], goesOn: false });
  });

  it("of a program begun anew waits until nothing of its first life is out", () => {
    const waiting = begin({ wish: "retry", state: holding(1), openTasks: 1 });
    endTurn(waiting);
    expect(waiting).toMatchObject({ status: "waiting", wish: "retry", stopTasks: true });
    const again = begin({ status: "waiting", wish: "retry", state: stateAfter(waiting), settled: [settled(1)] });
    expect(again).toMatchObject({ status: "running", wish: null, goesOn: true, program: null, calls: [], answers: [] });
  });

  it("of a job that stands still changes nothing", () => {
    for (const status of ["paused", "done", "failed", "cancelled"] as const) {
      expect(begin({ status, state: holding(1), settled: [settled(1)] })).toMatchObject({
        status,
        goesOn: false,
        consumed: [],
        log: [],
      });
    }
  });

  it("that leaves nothing to wait for fails instead of waiting for ever", () => {
    const turn = begin({});
    stepTurn(
      turn,
      { ...pair, advance: (state) => ({ ...pair.advance([1], { ...step, results: [] }), state, calls: [] }) },
      step,
    );
    endTurn(turn);
    expect(turn).toMatchObject({ status: "failed", failure: { code: "internal" } });
  });
});

it("every state says what may be done in it, and a wish can be asked for in at least one", () => {
  expect(Object.keys(ALLOWED_ACTIONS).sort()).toEqual([...JOB_STATUSES].sort());
  expect(new Set(Object.values(ALLOWED_ACTIONS).flat())).toEqual(new Set(JOB_ACTIONS));
});

import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../kernel/json.ts";
import type { AdvanceInput, AdvanceOutput, Catalogue, ScriptResult, ValueAnswer } from "./program-model.ts";
import { tscript } from "./program.ts";

const CATALOGUE: Catalogue = {
  agent: { functions: { run: { parameters: { text: { required: true }, seconds: { required: false } } } } },
};

function input(more: Partial<AdvanceInput> = {}): AdvanceInput {
  return {
    now: 0,
    budget: 1000,
    results: [],
    values: () => ({ found: false, moduleKnown: false }),
    catalogue: CATALOGUE,
    ...more,
  };
}

function begin(text: string, more: Partial<AdvanceInput> = {}) {
  const compiled = tscript.compile(text, "job.t");
  let state = tscript.start(compiled);
  return {
    compiled,
    /** Advances from where it stands. */
    advance(next: Partial<AdvanceInput> = {}): AdvanceOutput {
      const output = tscript.advance(compiled, state, input({ ...more, ...next }));
      state = output.state;
      return output;
    },
    change(change: (state: JsonObject) => JsonObject): void {
      state = change(state);
    },
  };
}

function ok(call: number, value: Json): ScriptResult {
  return { call, ok: true, value };
}

describe("calls", () => {
  const text = "one = agent.run( text=( 'a' . 1 ), seconds=2.5 )\ntwo = agent.run( text='b' )";

  test("each is given out once, with plain parameters, and answered by its number", () => {
    const job = begin(text);
    const first = job.advance();
    expect(first).toMatchObject({ status: "waiting", message: "Waiting for agent.run", line: 1, call: 1, percent: 0 });
    expect(first.calls).toEqual([
      { call: 1, module: "agent", function: "run", parameters: { text: "a1", seconds: 2.5 }, line: 1 },
    ]);
    expect(job.advance()).toMatchObject({ status: "waiting", calls: [] });
    expect(job.advance({ results: [ok(7, "stale"), ok(1, { lines: [1.5] })] })).toMatchObject({
      calls: [{ call: 2 }],
      line: 2,
      percent: 50,
    });
    const last = job.advance({ results: [ok(1, "again"), ok(2, "two"), ok(2, "twice")] });
    expect(last).toMatchObject({ status: "done", line: null, percent: 100, progress: [[100, "Scope", null]] });
    expect(last.state["variables"]).toEqual({ one: { lines: [{ $float: 1.5 }] }, two: "two" });
  });

  test("a failed call is retried under a new number", () => {
    const job = begin(text);
    job.advance();
    const failed = job.advance({ results: [{ call: 1, ok: false, message: "link down" }] });
    expect(failed).toMatchObject({
      status: "failed",
      resumable: true,
      message: "link down",
      line: 1,
      call: 1,
      calls: [],
    });
    // Held: neither time nor a late result moves it.
    expect(job.advance({ results: [ok(1, "late")] })).toMatchObject({ status: "failed", calls: [], spent: 0 });
    job.change(tscript.retry);
    expect(job.advance()).toMatchObject({
      status: "waiting",
      calls: [{ call: 2, parameters: { text: "a1", seconds: 2.5 } }],
    });
    expect(job.advance({ results: [ok(1, "late")] })).toMatchObject({ status: "waiting" });
    expect(job.advance({ results: [ok(2, "right")] }).state["variables"]).toEqual({ one: "right" });
  });

  test("or gone past, with none for its value", () => {
    const job = begin(text);
    job.advance();
    job.advance({ results: [{ call: 1, ok: false, message: "link down" }] });
    job.change(tscript.resume);
    const next = job.advance();
    expect(next).toMatchObject({ status: "waiting", calls: [{ call: 2 }] });
    expect(next.state["variables"]).toEqual({ one: null });
  });

  test("one that must not be gone past can still be retried", () => {
    const job = begin(text);
    job.advance();
    const failed = job.advance({ results: [{ call: 1, ok: false, message: "gone", resumable: false }] });
    expect(failed).toMatchObject({ status: "failed", resumable: false, message: "gone" });
    expect(() => job.change(tscript.resume)).toThrow("not paused");
    job.change(tscript.retry);
    expect(job.advance()).toMatchObject({ status: "waiting", calls: [{ call: 2 }] });
  });

  test("a call that is under way does not need its module to be offered any more", () => {
    const job = begin(text);
    job.advance();
    expect(job.advance({ catalogue: {} })).toMatchObject({ status: "waiting" });
    expect(job.advance({ catalogue: {}, results: [ok(1, 1)] })).toMatchObject({
      status: "failed",
      message: 'module "agent" is not defined',
      line: 2,
    });
  });

  test.each([
    ["agent.rum( text='x' )", '"agent" has no function "rum"'],
    ["agnet.run( text='x' )", 'module "agnet" is not defined'],
    ["agent.run( txt='x' )", 'agent.run has no parameter "txt"'],
    ["agent.run()", 'agent.run needs "text"'],
  ])("%s fails", (call, message) => {
    expect(begin(call).advance()).toMatchObject({ status: "failed", resumable: false, message, line: 1 });
  });

  test.each<[string, Json]>([
    ["a number that is not exact", 2 ** 60],
    ["a value without end", JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`) as Json],
    ["a value too large", "x".repeat(17 * 1024 * 1024)],
    ["a key that is a trap", JSON.parse('{"__proto__": 1}') as Json],
  ])("%s as a result is a failure of the call", (_, value) => {
    const job = begin(text);
    job.advance();
    const failed = job.advance({ results: [ok(1, value)] });
    expect(failed).toMatchObject({
      status: "failed",
      resumable: true,
      message: expect.stringContaining("the result cannot be used"),
    });
  });
});

describe("stops", () => {
  test("pause and error hold the script until it is resumed", () => {
    const job = begin("pause( msg='plug it in' )\nerror( msg='look' )\naa = 1");
    expect(job.advance()).toMatchObject({ status: "paused", resumable: true, message: "plug it in", line: 1 });
    expect(job.advance()).toMatchObject({ status: "paused", spent: 0 });
    job.change(tscript.resume);
    expect(job.advance()).toMatchObject({ status: "failed", resumable: true, message: "look", line: 2 });
    job.change(tscript.resume);
    expect(job.advance()).toMatchObject({ status: "done" });
    expect(() => job.change(tscript.resume)).toThrow("not paused");
    expect(() => job.change(tscript.retry)).toThrow("did not fail at a call");
  });

  test("fatal_error ends it, and a jump revives it", () => {
    const job = begin("fatal_error( msg='lost' )\n:rescue\naa = 1");
    expect(job.advance()).toMatchObject({ status: "failed", resumable: false, message: "lost", line: 1 });
    expect(() => tscript.jump(job.compiled, tscript.start(job.compiled), "rescu", 0)).toThrow(
      expect.objectContaining({ code: "tscript_unknown_label", hint: 'did you mean "rescue"?' }),
    );
    job.change((state) => tscript.jump(job.compiled, state, "rescue", 0));
    expect(job.advance()).toMatchObject({ status: "done" });
  });

  test("a jump leaves a call behind, and its result comes to nothing", () => {
    const job = begin("agent.run( text='x' )\n:again\nit = agent.run( text='y' )");
    job.advance();
    job.change((state) => tscript.jump(job.compiled, state, "again", 0));
    expect(job.advance({ results: [ok(1, "old")] })).toMatchObject({
      status: "waiting",
      calls: [{ call: 2 }],
      line: 3,
    });
    expect(job.advance({ results: [ok(1, "old")] })).toMatchObject({ status: "waiting" });
    expect(job.advance({ results: [ok(2, "new")] }).state["variables"]).toEqual({ it: "new" });
  });

  test("a delay and a max_time say when to wake", () => {
    const job = begin("begin( max_time=0:30 )\n  delay( minutes=1 )\n  agent.run( text='x' )\nend");
    expect(job.advance({ now: 1000 })).toMatchObject({
      status: "waiting",
      wakeAt: 31_001,
      message: "Waiting for 60 more seconds",
    });
    expect(job.advance({ now: 31_000 })).toMatchObject({ status: "waiting" });
    expect(job.advance({ now: 31_001 })).toMatchObject({
      status: "paused",
      message: "Max Time Elapsed",
      resumable: true,
    });
    job.change(tscript.resume);
    expect(job.advance({ now: 40_000 })).toMatchObject({ status: "waiting", wakeAt: 61_000 });
  });

  test("a result that comes while the script is held is not lost", () => {
    const job = begin("begin( max_time=0:30 )\n  it = agent.run( text='x' )\nend");
    expect(job.advance()).toMatchObject({ wakeAt: 30_001 });
    expect(job.advance({ now: 30_001 })).toMatchObject({ status: "paused" });
    expect(job.advance({ now: 30_002, results: [ok(1, "late")] })).toMatchObject({ status: "paused" });
    job.change(tscript.resume);
    expect(job.advance({ now: 30_003 })).toMatchObject({ status: "done" });
  });

  test("a loop without an end gives control back, advance by advance", () => {
    const job = begin("ii = 0\nwhile True do ii = ( ii + 1 )");
    expect(job.advance()).toMatchObject({ status: "running", spent: 1000, calls: [], message: "" });
    expect(job.advance()).toMatchObject({ status: "running", line: 2 });
  });

  test("messages come in order, and cost no advance each", () => {
    const job = begin("message( msg='one' )\nmessage( msg=2.0 )\nagent.run( text='x' )");
    expect(job.advance()).toMatchObject({ messages: ["one", "2.0"], calls: [{ call: 1 }] });
  });

  test("messages without end keep to the budget as well", () => {
    const output = begin("while True do message( msg='again' )").advance({ budget: 500 });
    expect(output.status).toBe("running");
    expect(output.spent).toBeLessThanOrEqual(500);
  });
});

describe("values", () => {
  function values(module: string, name: string): ValueAnswer {
    if (module !== "structure") return { found: false, moduleKnown: false };
    const known: Record<string, ValueAnswer> = {
      address: { found: true, value: "127.80.0.1", access: "r" },
      weight: { found: true, value: 1, access: "rw" },
      password: { found: true, value: null, access: "w" },
    };
    return known[name] ?? { found: false, moduleKnown: true };
  }

  test("what is set is given out in plain JSON, and read back the way it will be", () => {
    const job = begin(
      "structure.weight = ( structure.weight + 1.0 )\nit = structure.weight\nstructure.weight = { time=1:30 }",
      { values },
    );
    const output = job.advance();
    expect(output.writes).toEqual([
      { module: "structure", name: "weight", value: 2 },
      { module: "structure", name: "weight", value: { time: 90 } },
    ]);
    expect(output.state["variables"]).toEqual({ it: 2 });
  });

  test("what is not there yet can be set where the host says so, and is read back", () => {
    const notes = (): ValueAnswer => ({ found: false, moduleKnown: true, settable: true });
    const output = begin("foundation.serial = 'A1'\nit = foundation.serial", { values: notes }).advance();
    expect(output.writes).toEqual([{ module: "foundation", name: "serial", value: "A1" }]);
    expect(output.state["variables"]).toEqual({ it: "A1" });
    expect(begin("it = foundation.serial", { values: notes }).advance()).toMatchObject({
      status: "failed",
      message: '"foundation" has no value "serial"',
    });
  });

  test("a module that nobody has yet is waited for where the catalogue says so", () => {
    const text = "it = vcenter.create( name='a' )\n";
    expect(begin(text, { catalogue: {} }).advance()).toMatchObject({
      status: "failed",
      message: 'module "vcenter" is not defined',
    });
    const output = begin(text, { catalogue: { "*": { functions: {} }, net: { functions: {} } } }).advance();
    expect(output.calls).toMatchObject([{ module: "vcenter", function: "create", parameters: { name: "a" } }]);
    const known = begin("net.pong()", { catalogue: { "*": { functions: {} }, net: { functions: {} } } }).advance();
    expect(known).toMatchObject({ status: "failed", message: '"net" has no function "pong"' });
  });

  test.each([
    ["structure.address = 1", "structure.address can only be read"],
    ["it = structure.password", "structure.password can be set, but not read"],
    ["it = structure.adress", '"structure" has no value "adress"'],
    ["structure.adress = 1", '"structure" has no value "adress"'],
    ["it = config.port", 'module "config" is not defined'],
    ["it = agent.port", '"agent" has no value "port"'],
    ["it = structure.run()", '"structure" has no function "run"'],
  ])("%s fails", (text, message) => {
    const lookup = (module: string, name: string): ValueAnswer =>
      name === "run" ? { found: true, value: 1, access: "r" } : values(module, name);
    expect(begin(text, { values: lookup }).advance()).toMatchObject({ status: "failed", message });
  });

  test("a script finds the variables it was started with", () => {
    const compiled = tscript.compile("it = ( count + 0.5 )", "job.t");
    const state = tscript.start(compiled, { variables: { count: 1, list: [1.5] } });
    expect(tscript.advance(compiled, state, input()).state["variables"]).toEqual({
      count: 1,
      list: [{ $float: 1.5 }],
      it: { $float: 1.5 },
    });
  });
});

describe("states", () => {
  test("of another script or another version are refused", () => {
    const one = tscript.compile("aa = 1", "one.t");
    const other = tscript.compile("aa = 2", "other.t");
    const state = tscript.start(one);
    expect(() => tscript.advance(other, state, input())).toThrow(expect.objectContaining({ code: "tscript_state" }));
    expect(() => tscript.advance(one, { ...state, version: 0 }, input())).toThrow(
      expect.objectContaining({ code: "tscript_state" }),
    );
    expect(() => tscript.resume({ ...state, version: 2 })).toThrow("version 2");
  });

  test("go with the same text compiled again", () => {
    const text = "agent.run( text='x' )";
    const state = tscript.advance(
      tscript.compile(text, "a.t"),
      tscript.start(tscript.compile(text, "b.t")),
      input(),
    ).state;
    const stored = JSON.parse(JSON.stringify(state)) as JsonObject;
    expect(tscript.advance(tscript.compile(text, "c.t"), stored, input({ results: [ok(1, 1)] })).status).toBe("done");
  });
});

import { describe, expect, test } from "vitest";
import type { Json } from "../kernel/json.ts";
import { compileTree } from "./compile.ts";
import type { Compiled } from "./compile.ts";
import type { Host } from "./host.ts";
import { run } from "./machine.ts";
import { parseOrThrow } from "./parse.ts";
import { progressOf } from "./progress.ts";
import { startState } from "./state.ts";
import type { Outcome, ScriptState } from "./state.ts";

const ALONE: Host = { functionOf: () => "no_module", read: () => "no_module", write: () => "no_module" };

function compiled(text: string): Compiled {
  return compileTree(parseOrThrow(text, "machine.t"), text, "machine.t");
}

function play(
  text: string,
  budget = 100_000,
): { readonly state: ScriptState; readonly outcome: Outcome; readonly spent: number } {
  const script = compiled(text);
  return run(script, startState(script, {}, 0), ALONE, { now: 0, budget });
}

/** The value of `it` after `it = …`. */
function valueOf(expression: string, before = ""): Json | undefined {
  const { state, outcome } = play(`${before}\nit = ${expression}`);
  expect(outcome).toEqual({ kind: "end" });
  return state.variables["it"];
}

function failureOf(text: string): Outcome {
  const { state, outcome } = play(text);
  expect(state.status).toBe("aborted");
  return outcome;
}

describe("operators", () => {
  test.each<[string, Json]>([
    ["( 7 / 2 )", { $float: 3.5 }],
    ["( 6 / 2 )", { $float: 3 }],
    ["( -7 % 3 )", 2],
    ["( 7 % -3 )", -2],
    ["( 2 ^ 10 )", 1024],
    ["( 2 ^ -1 )", { $float: 0.5 }],
    ["( 2.0 ^ 2 )", { $float: 4 }],
    ["( True + True )", 2],
    ["( 3 * 1.0 )", { $float: 3 }],
    ["( 4294967297 & 4294967299 )", 4294967297],
    ["( True | False )", true],
    ["( 1 == 1.0 )", true],
    ["( [ 1, { kk=2 } ] == [ 1.0, { kk=2 } ] )", true],
    ["( [ 1 ] == [ 1, 2 ] )", false],
    ["( 'a' != 1 )", true],
    ["( 'abc' < 'abd' )", true],
    ["( 1:00 > 0:59 )", true],
    ["( 0 or 'x' )", true],
    ["( none and 1 )", false],
    ["not [ 0 ]", false],
    ["not 0.0", true],
    ["( 1 . 1 )", "11"],
    ["( 2.5 . True )", "2.5True"],
    ["( none . 1:30 )", "None01:30"],
    ["( '' . [ 1, 2.0, 'x', none ] )", '[1,2,"x",null]'],
  ])("%s", (expression, value) => {
    expect(valueOf(expression)).toEqual(value);
  });

  test.each([
    ["( 1 / 0 )", "right"],
    ["( 1 % 0 )", "right"],
    ["( 'a' * 2 )", "left"],
    ["( 2 - [ ] )", "right"],
    ["( 1:00 + 1 )", "left"],
    ["( 1.5 & 1 )", "left"],
    ["( 1 < 'a' )", "right"],
    ["( [ ] < [ ] )", "left"],
  ])("%s is refused at its %s operand", (expression, parameter) => {
    expect(failureOf(`it = ${expression}`)).toMatchObject({ kind: "parameter", parameter, line: 1 });
  });

  test.each(["( 9007199254740991 + 1 )", "( 3037000500 * 3037000500 )", "( 10 ^ 16 )", "( -9007199254740991 - 1 )"])(
    "%s is an error and not a little wrong",
    (expression) => {
      expect(failureOf(`it = ${expression}`)).toMatchObject({
        kind: "fatal",
        message: expect.stringContaining("exact"),
      });
    },
  );

  test("a float that is too large is an error, since JSON has no infinity", () => {
    expect(failureOf(`it = ( ${"9".repeat(300)}.0 * ${"9".repeat(300)}.0 )`)).toMatchObject({ kind: "fatal" });
  });

  test("both operands are always evaluated", () => {
    const { state } = play("aa = [ 1 ]\nbb = ( True or append( array=aa, value=2 ) )");
    expect(state.variables["aa"]).toEqual([1, 2]);
  });
});

describe("elements", () => {
  test.each<[string, Json]>([
    ["aa[ -1 ]", 3],
    ["exists( aa[ 3 ] )", false],
    ["exists( aa[ -3 ] )", true],
    ["exists( mm[ 'kk' ] )", true],
    ["exists( mm[ 'll' ] )", false],
    ["exists( nowhere.value )", false],
    ["exists( nothing[ 1 ] )", false],
    ["len( array='four' )", 4],
    ["len( array=mm )", 1],
    ["slice( array=aa, start=-2 )", [2, 3]],
    ["slice( array='text', end=2 )", "te"],
    ["index( array=aa, value=9 )", null],
    ["index( array=aa, value=3.0 )", 2],
  ])("%s", (expression, value) => {
    expect(valueOf(expression, "aa = [ 1, 2, 3 ]\nmm = { kk=1 }")).toEqual(value);
  });

  test.each([
    ["aa[ 3 ]", "index"],
    ["aa[ '0' ]", "index"],
    ["aa[ 1.0 ]", "index"],
    ["mm[ 'll' ]", "index"],
    ["mm[ 0 ]", "index"],
    ["nn[ 0 ]", "target"],
    ["pop( array=[ ] )", "index"],
    ["pop( array=mm )", "array"],
    ["len( array=nn )", "array"],
    ["append( array=aa )", "value"],
    ["len( array=aa, what=1 )", "what"],
    ["slice( array=aa, start='x' )", "start"],
    ["delay( seconds='x' )", "seconds"],
  ])("%s is refused for %s", (expression, parameter) => {
    const outcome = failureOf(`aa = [ 1, 2, 3 ]\nmm = { kk=1 }\nnn = 1\nit = ${expression}`);
    expect(outcome).toMatchObject({ kind: "parameter", parameter, line: 4 });
  });

  test("setting an element that is not there", () => {
    expect(failureOf("aa = [ 1 ]\naa[ 1 ] = 2")).toMatchObject({ kind: "parameter", parameter: "index" });
    expect(failureOf("aa = 1\naa[ 1 ] = 2")).toMatchObject({ kind: "parameter", parameter: "target" });
    expect(failureOf("aa[ 1 ] = 2")).toMatchObject({ kind: "not_defined", name: "aa" });
    expect(failureOf("aa = {}\naa[ '__proto__' ] = {}")).toMatchObject({ kind: "parameter", parameter: "index" });
  });

  test("keys that look like the marks of the state stay keys", () => {
    const { state } = play("mm = {}\nmm[ '$float' ] = 1\naa = mm[ '$float' ]\ntt = ( '' . mm )\nff = len( array=mm )");
    expect(state.variables).toMatchObject({ aa: 1, tt: '{"$float":1}', ff: 1 });
  });
});

describe("values are copied", () => {
  test("assigning copies deeply, whatever is changed afterwards", () => {
    const { state } = play(
      [
        "aa = [ 1, [ 2 ] ]",
        "bb = aa",
        "cc = { kk=aa }",
        "append( array=aa[ 1 ], value=3 )",
        "append( array=aa, value=4 )",
        "dd = bb[ 1 ]",
        "append( array=dd, value=5 )",
        "bb[ 0 ] = 6",
      ].join("\n"),
    );
    expect(state.variables).toEqual({ aa: [1, [2, 3], 4], bb: [6, [2]], cc: { kk: [1, [2]] }, dd: [2, 5] });
  });

  test("an operand that is kept does not change under way", () => {
    const { state } = play("aa = [ 1 ]\nbb = [ aa, append( array=aa, value=2 ), aa ]");
    expect(state.variables["bb"]).toEqual([[1], null, [1, 2]]);
  });

  test("a function on an array that is no variable changes nothing else", () => {
    const { state } = play(
      "aa = [ [ 1, 2 ] ]\nbb = pop( array=slice( array=aa, start=0 ) )\ncc = pop( array=aa[ 0 ] )",
    );
    expect(state.variables).toEqual({ aa: [[1]], bb: [1, 2], cc: 2 });
  });
});

describe("control", () => {
  test("continue and break act on the nearest loop, out of blocks", () => {
    const text = [
      "ii = 0",
      "odd = []",
      "while True do begin()",
      "  ii = ( ii + 1 )",
      "  if ( ii > 6 ) then begin()",
      "    break",
      "  end",
      "  if ( ( ii % 2 ) == 0 ) then continue",
      "  append( array=odd, value=ii )",
      "end",
      "after = True",
    ].join("\n");
    expect(play(text).state.variables).toEqual({ ii: 7, odd: [1, 3, 5], after: true });
  });

  test("outside a loop they are errors", () => {
    expect(failureOf("break")).toMatchObject({ kind: "fatal", line: 1 });
  });

  test("a loop without an end stops at its budget, and takes no more than that", () => {
    const { state, outcome, spent } = play("while True do pass", 5000);
    expect([outcome.kind, spent, state.status]).toEqual(["timeout", 5000, "ready"]);
  });

  test("goto leaves loops behind", () => {
    const text = "ii = 0\n:again\nii = ( ii + 1 )\nwhile ( ii < 3 ) do begin()\n  goto again\nend\nend_is = ii";
    expect(play(text).state.variables).toEqual({ ii: 3, end_is: 3 });
  });

  test("what is unknown is named", () => {
    expect(failureOf("aa = nothing")).toMatchObject({ kind: "not_defined", name: "nothing" });
    expect(failureOf("nowhere()")).toMatchObject({ kind: "not_defined", name: "nowhere" });
    expect(failureOf("nowhere.thing()")).toMatchObject({ kind: "not_defined", name: "nowhere" });
  });
});

describe("bounds", () => {
  test.each([
    ["a text", "tt = 'x'\nwhile True do tt = ( tt . tt )"],
    ["an array", "aa = [ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' ]\nwhile True do aa = [ aa, aa ]"],
    ["a map", "mm = { kk='xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }\nwhile True do mm = { kk=mm, ll=mm }"],
    [
      "variables",
      `tt = '${"x".repeat(1000)}'\nwhile ( len( array=tt ) < 4000000 ) do tt = ( tt . tt )\n${["aa", "bb", "cc", "dd"].map((name) => `${name} = ( tt . '' )`).join("\n")}`,
    ],
    [
      "operands",
      `tt = '${"x".repeat(1000)}'\nwhile ( len( array=tt ) < 4000000 ) do tt = ( tt . tt )\naa = [ tt, [ tt, [ tt, [ tt, tt ] ] ] ]`,
    ],
  ])("%s that grows without end", (_, text) => {
    let { state, outcome } = play(text, 10_000);
    for (let count = 0; count < 100 && outcome.kind === "timeout"; count += 1) {
      ({ state, outcome } = run(compiled(text), state, ALONE, { now: 0, budget: 10_000 }));
    }
    expect(outcome).toMatchObject({ kind: "fatal", message: expect.stringContaining("large") });
    expect(JSON.stringify(state).length).toBeLessThan(40 * 1024 * 1024);
  });

  test("nesting without end", () => {
    expect(failureOf("aa = []\nwhile True do aa = [ aa ]")).toMatchObject({
      kind: "fatal",
      message: expect.stringContaining("deeply"),
    });
    const text = "aa = [ [ ] ]\nwhile True do begin()\nbb = aa\nappend( array=aa[ 0 ], value=bb )\nend";
    expect(failureOf(text)).toMatchObject({ kind: "fatal" });
  });

  test("handling a large value costs more than one step", () => {
    const text = `tt = '${"x".repeat(1000)}'\nwhile ( len( array=tt ) < 1000000 ) do tt = ( tt . tt )\nuu = ( tt . tt )`;
    expect(play(text).spent).toBeGreaterThan(500);
  });
});

describe("time", () => {
  test("a block counts from when it was entered, and tells what is left of its expected time", () => {
    const text =
      "delay( seconds=10 )\nbegin( description='work', expected_time=0:30 )\n  delay( minutes=1, seconds=0.5 )\nend";
    const script = compiled(text);
    const first = run(script, startState(script, {}, 0), ALONE, { now: 0, budget: 100 });
    const second = run(script, first.state, ALONE, { now: 10_000, budget: 100 });
    expect(second.outcome).toEqual({ kind: "waiting", message: "Waiting for 60 more seconds" });
    expect(progressOf(script, second.state, 50_000).slice(0, 2)).toEqual([
      [50, "Scope", { time_elapsed: "00:50" }],
      [0, "Scope", { description: "work", time_elapsed: "00:40", time_remaining: "-00:10" }],
    ]);
    expect(run(script, second.state, ALONE, { now: 70_499, budget: 100 }).outcome.kind).toBe("waiting");
    expect(run(script, second.state, ALONE, { now: 70_500, budget: 100 }).outcome).toEqual({ kind: "end" });
  });

  test("a long time is told in days", () => {
    const script = compiled("delay( hours=100 )");
    const { state } = run(script, startState(script, {}, 0), ALONE, { now: 0, budget: 100 });
    expect(progressOf(script, state, 93_784_000)[0]![2]).toEqual({ time_elapsed: "1:02:03:04" });
  });
});

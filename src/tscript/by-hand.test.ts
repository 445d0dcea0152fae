import { describe, expect, test } from "vitest";
import { manualClock, systemClock } from "../kernel/clock.ts";
import { checkFiles, runFile } from "./by-hand.ts";
import type { RunOptions } from "./by-hand.ts";

function reader(files: Readonly<Record<string, string>>) {
  return (file: string): string => {
    const text = files[file];
    if (text === undefined) throw new Error("no such file");
    return text;
  };
}

describe("check", () => {
  test("writes every problem of every file, and says so by its exit code", () => {
    const out: string[] = [];
    const read = reader({ "a.t": "aa = ]\nbb = lenn( array=[] )", "b.t": "pass" });
    expect(checkFiles(["a.t", "b.t", "c.t"], { read, write: (line) => out.push(line) })).toBe(1);
    expect(out).toEqual([
      'a.t:1:6: expected a value, found "]" (tscript_syntax)',
      'a.t:2:6: there is no function "lenn"; did you mean "len"? (tscript_unknown_function)',
      "c.t: cannot be read: no such file (tscript_file)",
    ]);
  });

  test("is silent when all is well", () => {
    const out: string[] = [];
    expect(checkFiles(["b.t"], { read: reader({ "b.t": "pass" }), write: (line) => out.push(line) })).toBe(0);
    expect(out).toEqual([]);
  });
});

describe("run", () => {
  async function play(text: string, more: Partial<RunOptions> = {}) {
    const out: string[] = [];
    const options = {
      read: reader({ "a.t": text }),
      write: (line: string) => void out.push(line),
      variables: [],
      output: "table" as const,
      clock: systemClock,
      ...more,
    };
    return { code: await runFile("a.t", options), out };
  }

  test("writes messages, then the variables", async () => {
    const { code, out } = await play("message( msg=( 'hello ' . name ) )\nlist = [ 1, 2.5 ]\ncount = ( count + 1 )", {
      variables: ["name=world", "count=41"],
    });
    expect([code, out]).toEqual([
      0,
      ["hello world", "VARIABLE  VALUE", "count     42", "list      [1,2.5]", "name      world"],
    ]);
  });

  test("or the variables as JSON", async () => {
    const { out } = await play("aa = { kk=1.5, tt=0:10 }", { output: "json" });
    expect(JSON.parse(out.join("\n"))).toEqual({ aa: { kk: 1.5, tt: 10 } });
  });

  test("a delay waits on the clock", async () => {
    const clock = manualClock();
    const out: string[] = [];
    const running = runFile("a.t", {
      read: reader({ "a.t": "delay( seconds=30 )\nmessage( msg='later' )" }),
      write: (line) => out.push(line),
      variables: [],
      output: "table",
      clock,
    });
    clock.advance(29_999);
    await Promise.resolve();
    expect(out).toEqual([]);
    clock.advance(1);
    expect(await running).toBe(0);
    expect(out).toEqual(["later"]);
  });

  test("a long loop gives way and goes on", async () => {
    const { code, out } = await play("ii = 0\nwhile ( ii < 50000 ) do ii = ( ii + 1 )");
    expect([code, out.at(-1)]).toEqual([0, "ii        50000"]);
  });

  test.each([
    ["pass\nagent.run( text='x' )", "a.t:2: agent.run is done by a worker; this command has none (tscript_failed)"],
    [
      "aa = config.port",
      "a.t:1: config.port is a value of a job's target; this command has none: give it as a variable (tscript_failed)",
    ],
    ["pause( msg='plug it in' )", "a.t:1: paused, and nobody can resume it here: plug it in (tscript_failed)"],
    ["aa = 1\nbb = ( aa / 0 )", "a.t:2: division by zero (tscript_failed)"],
  ])("%s ends with a line that says why", async (text, line) => {
    expect(await play(text)).toEqual({ code: 1, out: [line] });
  });

  test.each(["name", "1a=2", "a=1", "__proto__=1"])("--variable %s is refused", async (option) => {
    await expect(play("pass", { variables: [option] })).rejects.toMatchObject({ code: "tscript_variable_option" });
  });

  test("a number that is not exact is refused", async () => {
    await expect(play("pass", { variables: ["nn=9007199254740993"] })).rejects.toMatchObject({
      code: "tscript_variable_option",
    });
  });

  test("a script that does not parse, and a file that is not there", async () => {
    await expect(play("aa = ]")).rejects.toMatchObject({ code: "tscript_syntax" });
    await expect(play("pass", { read: reader({}) })).rejects.toMatchObject({ code: "tscript_file" });
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { problemText } from "../kernel/errors.ts";
import { parse, parseOrThrow } from "./parse.ts";

function problemsOf(text: string): readonly string[] {
  return parse(text, { file: "f" }).problems.map(problemText);
}

function lines(...all: readonly string[]): string {
  return all.join("\n");
}

describe("messages", () => {
  test.each([
    ["if aa == 1 then pass", "f:1:7: the operator == stands outside parentheses (tscript_syntax)"],
    [
      "aa = ( 1 + 2 + 3 )",
      "f:1:14: an operation has two operands; a third needs parentheses of its own (tscript_syntax)",
    ],
    ["aa = 'x", "f:1:6: this text is not closed (tscript_syntax)"],
    ["x = 1", 'f:1:1: the name "x" is too short (tscript_syntax)'],
    ["aa = 1 2", 'f:1:8: expected the end of the line, found "2" (tscript_syntax)'],
    ["delay (seconds=5)", "f:1:7: the ( of a call follows the name without a space (tscript_syntax)"],
    ["aa = ", "f:1:6: expected a value, found the end of the script (tscript_syntax)"],
    ["end", 'f:1:1: expected a statement, found "end" (tscript_syntax)'],
    [lines("begin()", "  begin()", "  end", ""), 'f:1:1: this block has no "end" (tscript_syntax)'],
    ["aa = 9007199254740992", "f:1:6: 9007199254740992 is too large to be exact (tscript_number_range)"],
    ["begin( descripton='x' )end", 'f:1:8: a block has no option "descripton" (tscript_block_option)'],
    [
      lines("while True do begin()", ":here", "end"),
      'f:2:1: the label "here" stands inside a block, a loop or a condition (tscript_label_in_block)',
    ],
    [
      lines("begin()", ":here", "end"),
      'f:2:1: the label "here" stands inside a block, a loop or a condition (tscript_label_in_block)',
    ],
  ])("%s", (text, message) => {
    expect(problemsOf(text)).toEqual([message]);
  });

  test("a misspelt option gets the nearest one", () => {
    expect(parse("begin( descripton='x' )end", { file: "f" }).problems[0]!.hint).toBe('did you mean "description"?');
  });

  test("a quote that swallows lines is suspected", () => {
    const found = parse(lines('aa = "x', 'bb = "y"', "cc = 1"), { file: "f" }).problems;
    expect(found).toHaveLength(1);
    expect(found[0]!.hint).toContain("is one missing?");
  });
});

describe("all problems at once", () => {
  test("each broken line is reported, and no other", () => {
    const text = lines(
      "if ( aa == 1 )",
      "begin( descriptn='x' )",
      "  bb = = 2",
      "end",
      "else",
      "begin()",
      "  cc = ]",
      "end",
      "while ( aa < 3 do begin()",
      "  dd = 1",
      "end",
      "if ( aa == 1 then pass elif False then begin()",
      "end else begin()",
      "end",
    );
    expect(parse(text, { file: "f" }).problems.map(({ where }) => where.line)).toEqual([1, 2, 3, 7, 9, 12]);
  });

  test("as many problems as lines are garbled, at those lines", () => {
    const good = ["aa = 1", "foo.bar( aa=1 )", "bb = ( aa + 1 ) # note", "message( msg='end' )", "pass"];
    const bad = ["aa = ", "foo.bar( aa )", "bb = aa + 1", "cc = (", ") end (", "12 13", "goto", "= ="];
    const line = fc.oneof(
      fc.constantFrom(...good).map((text) => ({ text, bad: false })),
      fc.constantFrom(...bad).map((text) => ({ text, bad: true })),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (all) => {
        const found = parse(all.map(({ text }) => text).join("\n"), { file: "f" }).problems;
        const wanted = all.flatMap((one, index) => (one.bad ? [index + 1] : []));
        expect(found.map(({ where }) => where.line)).toEqual(wanted);
      }),
    );
  });

  test("a script of nothing but mistakes ends the list", () => {
    expect(problemsOf("aa bb\n".repeat(200)).length).toBe(30);
  });
});

describe("bounds", () => {
  test.each([
    ["brackets", `aa = ${"[".repeat(5000)}`],
    ["parentheses", `aa = ${"( 1 + ".repeat(150)}1${" )".repeat(150)}`],
    ["nots", `aa = ${"not ".repeat(20_000)}True`],
    ["blocks", `${"begin()\n".repeat(3000)}${"end\n".repeat(3000)}`],
    ["conditions", `${"if True then ".repeat(3000)}pass`],
  ])("%s nested too deeply are one problem", (_, text) => {
    expect(parse(text, { file: "f" }).problems.map((one) => one.code)).toEqual(["tscript_too_deep"]);
  });

  test("99 levels are not too many, and a long chain of elif is no nesting", () => {
    expect(problemsOf(`aa = ${"[".repeat(99)}${"]".repeat(99)}`)).toEqual([]);
    expect(problemsOf(`if True then pass${" elif True then pass".repeat(1000)}`)).toEqual([]);
  });

  test("a script of more than 1 MiB is not read", () => {
    expect(parse("#".repeat(1024 * 1024 + 1), { file: "f" }).problems.map((one) => one.code)).toEqual([
      "tscript_too_large",
    ]);
  });

  test("any text gives a tree or problems, never an error", () => {
    const piece = fc.constantFrom(
      "begin(",
      ")",
      "end",
      "if",
      "then",
      "else",
      "elif",
      "while",
      "do",
      "\n",
      " ",
      '"',
      "'",
      "#",
      "aa",
      "bb.cc",
      "=",
      "( ",
      "+",
      "1",
      "2.5",
      "1:30",
      "[",
      "]",
      "{",
      "}",
      ",",
      ":label",
      "goto label",
      "not",
      "exists(",
      "__proto__",
      "\r\n",
      "é",
      "\u0000",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join("");
        const { ast, problems } = parse(text, { file: "f" });
        expect(ast === null).toBe(problems.some((one) => one.code === "tscript_syntax"));
        for (const { where } of problems) expect(where.line).toBeLessThanOrEqual(text.split("\n").length);
      }),
    );
  });
});

describe("details of the language", () => {
  function only(text: string): unknown {
    return parse(text, { file: "f" }).ast?.statements[0];
  }

  test("names that begin with a word of the grammar", () => {
    expect(only("ending = notes")).toMatchObject({ type: "assign", value: { type: "variable", name: "notes" } });
    expect(only("order = ( orders . android )")).toMatchObject({ value: { op: "." } });
  });

  test("words of the grammar name arguments, entries and values of modules", () => {
    expect(only("aa = slice( array=bb, end=1 )")).toMatchObject({ value: { args: { end: { value: 1 } } } });
    expect(only("aa = foo.end")).toMatchObject({ value: { module: "foo", name: "end" } });
  });

  test("words of the grammar are no variables", () => {
    expect(problemsOf("end = 1").length).toBe(1);
    expect(problemsOf("aa = __proto__").length).toBe(1);
  });

  test("lines end with a carriage return as well", () => {
    expect(problemsOf("aa = 1\r\nbegin()\r\nbb = 2\r\nend\r\n")).toEqual([]);
  });

  test("a text goes over lines, and the next statement knows its line", () => {
    const { ast } = parse('aa = "one\ntwo"\nbb = 1', { file: "f" });
    expect(ast!.statements.map(({ line }) => line)).toEqual([1, 3]);
  });

  test("an else belongs to the nearest if", () => {
    expect(only("if aa then if bb then 1 else 2")).toMatchObject({
      else: null,
      branches: [{ body: { else: { value: 2 } } }],
    });
  });
});

test("a script that must be valid throws all its problems at once", () => {
  expect(() => parseOrThrow("aa = ]\nbb = ]", "f")).toThrow(
    expect.objectContaining({ code: "tscript_syntax", problems: [expect.anything(), expect.anything()] }),
  );
});

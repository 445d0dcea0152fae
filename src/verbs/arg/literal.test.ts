import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json } from "../../kernel/json.ts";
import { pythonText } from "../python.ts";
import { literal } from "./literal.ts";

describe("a typed value", () => {
  it.each([
    ["1", 1],
    ["-1.2", -1.2],
    ["['test']", ["test"]],
    ['{"a": "b"}', { a: "b" }],
    ["{'a': [1, 2.50, True, None, false,], 'b': {}}", { a: [1, 2.5, true, null, false], b: {} }],
    [`["it's", 'say "x"', 'it\\'s', "\\u00e9\\n"]`, ["it's", 'say "x"', "it's", "é\n"]],
    ["('a', 1)", ["a", 1]],
    ["{1: 'a'}", { "1": "a" }],
    ["True", true],
    ["'quoted  text'", "quoted  text"],
  ])("%s is read", (text, expected) => {
    expect(literal(text)).toEqual(expected);
  });

  it.each([
    "two words",
    "true",
    "1.10",
    "007",
    "12345678901234567890",
    "['a'",
    "[a]",
    "['a'] b",
    "{'a'}",
    "(a note)",
    '"a" "b"',
    "",
    "__proto__",
    "[".repeat(60),
  ])("%s stays a text", (text) => {
    expect(literal(text)).toBe(text);
  });

  it("that is printed as Python prints it is read as the same again", () => {
    const values = fc.array(fc.jsonValue() as fc.Arbitrary<Json>);
    fc.assert(
      fc.property(values, (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as Json;
        expect(literal(pythonText(plain))).toEqual(plain);
      }),
    );
  });
});

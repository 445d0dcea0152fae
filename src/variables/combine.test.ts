import { describe, expect, test } from "vitest";
import type { Json } from "../kernel/json.ts";
import { combine } from "./combine.ts";
import type { Operator } from "./names.ts";

describe("operators on values", () => {
  test.each<[Json | undefined, Operator, Json, Json | undefined]>([
    // Put before, the members of a map are defaults; put behind, they win.
    [{ a: 1 }, "prepend", { a: 2, b: 2 }, { a: 1, b: 2 }],
    [{ a: 1 }, "append", { a: 2, b: 2 }, { a: 2, b: 2 }],
    // One level deep: the inner map is replaced whole.
    [{ a: { x: 1 } }, "append", { a: { y: 2 } }, { a: { y: 2 } }],
    [[1], "append", null, [1, null]],
    [[1], "append", [[2]], [1, [2]]],
    [[1], "prepend", { a: 1 }, [{ a: 1 }, 1]],
    ["x", "append", { $float: 2 }, "x2.0"],
    ["a5b5", "remove", 5, "ab5"],
    ["x", "remove", "", "x"],
    [[1, 2, 1, { a: 1, b: 2 }], "remove", [1, { b: 2, a: 1 }], [2, 1]],
    [{ 80: "a", 81: "b" }, "remove", 80, { 81: "b" }],
    [{ a: 1, b: 2 }, "remove", { a: 9 }, { b: 2 }],
    [undefined, "remove", "x", undefined],
    [undefined, "delete", "x", undefined],
    [undefined, "prepend", [1], [1]],
    [{ a: 1 }, "append", JSON.parse('{"__proto__": 1}') as Json, JSON.parse('{"a": 1, "__proto__": 1}') as Json],
  ])("%j %s %j", (held, operator, value, expected) => {
    expect(combine(held, operator, value)).toEqual(expected);
  });

  test.each<[Json, Operator, Json, string]>([
    [5, "append", 1, "a number cannot be put behind a number"],
    [true, "prepend", "x", "a text cannot be put before a truth value"],
    [{ $float: 2 }, "append", { a: 1 }, "a map cannot be put behind a number"],
    ["x", "append", null, "nothing (null) cannot be put behind a text"],
    ["x", "append", { a: 1 }, "a map cannot be put behind a text"],
    [{ a: 1 }, "append", { $float: 2 }, "a number cannot be put behind a map"],
    [{ a: 1 }, "prepend", ["a"], "a list cannot be put before a map"],
    [true, "remove", true, "a truth value cannot be taken out of a truth value"],
    ["x", "remove", ["x"], "a list cannot be taken out of a text"],
    [{ a: 1 }, "remove", [["a"]], "a list cannot be taken out of a map: it is no name"],
  ])("%j %s %j is refused", (held, operator, value, message) => {
    expect(() => combine(held, operator, value)).toThrowError(
      expect.objectContaining({ code: "variable_type_conflict", message }),
    );
  });
});

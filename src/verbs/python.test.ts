import { expect, it } from "vitest";
import { pythonText } from "./python.ts";

it.each([
  ["a 'b' \n", "a 'b' \n"],
  [1.5, "1.5"],
  [true, "True"],
  [null, "None"],
  [["test", 1, false, null], "['test', 1, False, None]"],
  [{ b: { c: "d" }, a: [] }, "{'b': {'c': 'd'}, 'a': []}"],
  [
    ["it's", 'say "x"', `both ' and "`, "a\\b\n\t\u0001é"],
    `["it's", 'say "x"', 'both \\' and "', 'a\\\\b\\n\\t\\x01é']`,
  ],
  [new Map([["a", 1]]), "{'a': 1}"],
])("%j is printed as Python prints it", (value, text) => {
  expect(pythonText(value)).toBe(text);
});

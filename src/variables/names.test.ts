import { describe, expect, test } from "vitest";
import { checkVariables, parseKey } from "./names.ts";

describe("keys of variables", () => {
  test.each([
    ["a", { operator: "set", name: "a", class: undefined }],
    ["<a-b", { operator: "prepend", name: "a-b", class: undefined }],
    [">A_9", { operator: "append", name: "A_9", class: undefined }],
    ["-0:Docker", { operator: "remove", name: "0", class: "Docker" }],
    ["~a:x1", { operator: "delete", name: "a", class: "x1" }],
  ])("%s", (key, expected) => {
    expect(parseKey(key)).toEqual(expected);
  });

  test.each(["", "-", "_a", "<_a", "<<a", "a b", "a:", ":x", "a:b:c", "a:b-c", "é", "a\n", "a.b"])(
    "%j is none",
    (key) => {
      expect(parseKey(key)).toBeUndefined();
    },
  );

  test("reserved names are keys only where they are allowed, and only to be set", () => {
    expect(parseKey("_id", true)).toEqual({ operator: "set", name: "_id", class: undefined });
    expect(parseKey("<_id", true)).toBeUndefined();
  });

  test("every bad key is reported at its place", () => {
    const problems = checkVariables({ good: 1, "my var": 2, _id: 3, ">>x": [] }, (key) => ({
      file: "site.yaml",
      line: key.length,
    }));
    expect(problems).toEqual([
      {
        code: "variable_name_invalid",
        message: 'variable "my var" is not [OPERATOR]NAME[:CLASS]; "my_var" would be a name',
        where: { file: "site.yaml", line: 6 },
      },
      {
        code: "variable_name_invalid",
        message: 'variable "_id": names that start with _ are reserved',
        where: { file: "site.yaml", line: 3 },
      },
      {
        code: "variable_name_invalid",
        message: 'variable ">>x" is not [OPERATOR]NAME[:CLASS]; "x" would be a name',
        where: { file: "site.yaml", line: 3 },
      },
    ]);
    expect(checkVariables({ a: 1 })).toEqual([]);
  });
});

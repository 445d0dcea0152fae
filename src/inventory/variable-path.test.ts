import { describe, expect, it } from "vitest";
import { parseVariablePath, parseVariableQuery, valueAtPath } from "./variable-path.ts";

describe("a question for a variable", () => {
  it("names a place by members and positions, and the value there as JSON or a bare word", () => {
    expect(parseVariableQuery('os.family:"debian"')).toEqual({ path: ["os", "family"], value: "debian" });
    expect(parseVariableQuery("os.family:debian")).toEqual({ path: ["os", "family"], value: "debian" });
    expect(parseVariableQuery("ntp[0].port:123")).toEqual({ path: ["ntp", 0, "port"], value: 123 });
    expect(parseVariableQuery('limits["max: files"]:{"a":[1,null]}')).toEqual({
      path: ["limits", "max: files"],
      value: { a: [1, null] },
    });
    expect(parseVariableQuery("address:10.0.0.1")).toEqual({ path: ["address"], value: "10.0.0.1" });
    expect(parseVariableQuery("url:http://a:1").value).toBe("http://a:1");
    expect(parseVariablePath("a.b[0].c")).toEqual(["a", "b", 0, "c"]);
  });

  it("is refused when it would mean many places, goes too deep, or is too long", () => {
    const code = { code: "variable_path_invalid" };
    for (const text of ["*:1", "a.*:1", "a..b:1", "a[*]:1", "a[-1]:1", "a[0:9]:1", "a[?(@.b)]:1", "$.a:1", "a[0,1]:1"])
      expect(() => parseVariableQuery(text), text).toThrow(expect.objectContaining(code));
    expect(() => parseVariableQuery("a[*]:1")).toThrow("no wildcards");
    for (const text of ["", "a", "a:", ":1", "a.b", 'a:"', "a:{", "a:[1", "a b:1", 'a["\\x"]:1', "a.:1"])
      expect(() => parseVariableQuery(text), text).toThrow(expect.objectContaining(code));
    const explosive = [
      `a${".b".repeat(100_000)}:1`,
      `a${"[0]".repeat(10_000)}:1`,
      `${"a".repeat(5000)}:1`,
      `a:${"[".repeat(4000)}${"]".repeat(4000)}`,
      `a:"${"x".repeat(100_000)}"`,
      `a${"..".repeat(10_000)}:1`,
    ];
    for (const text of explosive) expect(() => parseVariableQuery(text)).toThrow(expect.objectContaining(code));
  });

  it("finds the place, or nothing", () => {
    const value = { list: [{ a: 1 }, null], "a b": { "0": "zero" } };
    expect(valueAtPath(value, ["list", 0, "a"])).toBe(1);
    expect(valueAtPath(value, ["list", 1])).toBeNull();
    expect(valueAtPath(value, ["a b", "0"])).toBe("zero");
    for (const path of [["list", 2], ["list", "0"], ["a b", 0], ["toString"], ["list", 1, "a"], ["list", "length"]])
      expect(valueAtPath(value, path)).toBeUndefined();
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../kernel/json.ts";
import { applyOperations, mergePatch } from "./patch.ts";

describe("a JSON merge patch", () => {
  // Source: RFC 7396, appendix A.
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ] as readonly (readonly [Json, Json, Json])[])("of %j with %j is %j", (target, patch, expected) => {
    expect(mergePatch(target, patch)).toEqual(expected);
  });

  it("takes '__proto__' for a member like any other", () => {
    const patch = JSON.parse('{"__proto__":{"polluted":1}}') as Json;
    expect(JSON.stringify(mergePatch({}, patch))).toBe('{"__proto__":{"polluted":1}}');
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("a JSON Patch", () => {
  // Source: RFC 6902, appendix A.
  it.each([
    [{ foo: "bar" }, [{ op: "add", path: "/baz", value: "qux" }], { baz: "qux", foo: "bar" }],
    [{ foo: ["bar", "baz"] }, [{ op: "add", path: "/foo/1", value: "qux" }], { foo: ["bar", "qux", "baz"] }],
    [{ baz: "qux", foo: "bar" }, [{ op: "remove", path: "/baz" }], { foo: "bar" }],
    [{ foo: ["bar", "qux", "baz"] }, [{ op: "remove", path: "/foo/1" }], { foo: ["bar", "baz"] }],
    [{ baz: "qux" }, [{ op: "replace", path: "/baz", value: "boo" }], { baz: "boo" }],
    [
      { foo: { bar: "baz", waldo: "fred" }, qux: {} },
      [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
      { foo: { bar: "baz" }, qux: { thud: "fred" } },
    ],
    [{ foo: [1, 2, 3] }, [{ op: "move", from: "/foo/0", path: "/foo/2" }], { foo: [2, 3, 1] }],
    [{ a: 1 }, [{ op: "test", path: "/a", value: 1 }], { a: 1 }],
    [{ foo: "bar" }, [{ op: "add", path: "/child", value: { g: {} } }], { foo: "bar", child: { g: {} } }],
    [{ foo: "bar" }, [{ op: "add", path: "/baz", value: "qux", xyz: 123 }], { foo: "bar", baz: "qux" }],
    [{ "/": 9, "~1": 10 }, [{ op: "test", path: "/~01", value: 10 }], { "/": 9, "~1": 10 }],
    [{ foo: ["bar"] }, [{ op: "add", path: "/foo/-", value: ["abc"] }], { foo: ["bar", ["abc"]] }],
    [{ a: 1 }, [{ op: "replace", path: "", value: { b: 2 } }], { b: 2 }],
    [{ a: { b: 1 } }, [{ op: "copy", from: "/a", path: "/c" }], { a: { b: 1 }, c: { b: 1 } }],
  ] as readonly (readonly [JsonObject, Json, Json])[])("of %j by %j is %j", (document, operations, expected) => {
    expect(applyOperations(document, operations)).toEqual(expected);
  });

  it.each([
    [{ op: "add", path: "/baz/bat", value: "qux" }, "there is no /baz"],
    [{ op: "test", path: "/foo", value: "no" }, "/foo is not what the test says"],
    [{ op: "remove", path: "/no" }, "there is no /no"],
    [{ op: "remove", path: "" }, "the whole thing cannot be removed"],
    [{ op: "add", path: "/list/9", value: 1 }, "'9' is no place in this list"],
    [{ op: "add", path: "/list/01", value: 1 }, "'01' is no place in this list"],
    [{ op: "move", from: "/map", path: "/map/in" }, "cannot be moved into itself"],
    [{ op: "ad", path: "/x", value: 1 }, "'op' must be one of"],
    [{ op: "add", path: "/x" }, "needs the member 'value'"],
    [{ op: "add", path: "x", value: 1 }, "a path begins with /"],
    ["add", "is not an object"],
  ] as readonly (readonly [Json, string])[])("that says %j is refused: %s", (operation, text) => {
    const document = { foo: "bar", list: [1], map: {} };
    expect(() => applyOperations(document, [operation])).toThrowError(
      expect.objectContaining({ code: "patch_failed", message: expect.stringContaining(text) as string }),
    );
  });

  it("never changes what it is given, and what it adds it finds", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.jsonValue(), (document, key, value) => {
        const before = JSON.stringify(document);
        const path = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        const added = applyOperations(document as JsonObject, [
          { op: "add", path, value: value as Json },
        ]) as JsonObject;
        expect(JSON.stringify(document)).toBe(before);
        expect(applyOperations(added, [{ op: "test", path, value: value as Json }])).toBe(added);
        const removed = applyOperations(added, [{ op: "remove", path }]) as JsonObject;
        expect(Object.hasOwn(removed, key)).toBe(false);
      }),
    );
  });
});

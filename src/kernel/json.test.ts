import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, isJsonObject, type Json, type JsonObject, depthOver, excessOf } from "./json.ts";

describe("canonical JSON", () => {
  it("sorts keys at every depth and keeps lists as they are", () => {
    expect(canonicalJson({ b: [{ d: 1, c: null }, "x"], a: true })).toBe('{"a":true,"b":[{"c":null,"d":1},"x"]}');
  });

  it("is equal for equal values, and says the same", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value as Json);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(turned(value as Json))).toBe(text);
      }),
    );
  });
});

/** The same value with the members of every object in the opposite order. */
function turned(value: Json): Json {
  if (Array.isArray(value)) return value.map(turned);
  if (!isJsonObject(value)) return value;
  const object: JsonObject = value;
  return Object.fromEntries(
    Object.keys(object)
      .reverse()
      .map((key) => [key, turned(object[key]!)]),
  );
}

describe("objects", () => {
  it("are neither lists nor nothing", () => {
    expect([{}, [], null, "x", undefined].map((value) => isJsonObject(value))).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe("the excess of a text", () => {
  const of = (text: string, depth = 3, values = 5) => excessOf(text, { depth, values });

  it("is levels or values beyond what is allowed, and what stands in strings is neither", () => {
    expect(of("[[[]]]")).toBeUndefined();
    expect(of("[[[[]]]]")).toBe("depth");
    expect(of("[1,2,3,4,5]")).toBeUndefined();
    expect(of("[1,2,3,4,5,6]")).toBe("values");
    expect(of('[{},{},{"a":1}]', 9)).toBe("values");
    expect(of(String.raw`{"[[[[,,,,,,": "\"[[[[,,,,,,\\"}`)).toBeUndefined();
    expect(of('["')).toBeUndefined();
    expect([depthOver("[[", 1), depthOver("[]", 1)]).toEqual([true, false]);
  });
});

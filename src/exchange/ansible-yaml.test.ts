import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { JsonObject } from "../kernel/json.ts";
import { jsonText, yamlText } from "./ansible-yaml.ts";

const values = fc.dictionary(
  fc.string({ unit: "binary", maxLength: 8 }),
  fc.oneof(
    fc.jsonValue({ maxDepth: 4 }),
    fc.string({ unit: "binary" }),
    fc.constantFrom(
      "yes",
      "No",
      "~",
      "1:30",
      "0o7",
      "2020-01-01",
      "<<",
      "=",
      "a: b",
      "a #b",
      "- x",
      "!vault",
      "{{ x }}",
      ".5",
      "1_0",
      "x ",
      "\u0085\u2028",
      "null",
      "0x1f",
      "a\nb\n",
    ),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  ),
) as fc.Arbitrary<JsonObject>;

/** Names that a map of JavaScript keeps apart from the rest. */
function isUsual(made: JsonObject): boolean {
  return !JSON.stringify(made).includes("__proto__");
}

describe("variables as YAML", () => {
  test("are read by YAML 1.1 as they were", () => {
    fc.assert(
      fc.property(values.filter(isUsual), (made) => {
        const normal = JSON.parse(JSON.stringify(made)) as JsonObject;
        expect(parse(yamlText(made), { version: "1.1", uniqueKeys: false })).toEqual(normal);
        expect(JSON.parse(jsonText(made))).toEqual(normal);
      }),
      { numRuns: 200 },
    );
  });

  test("are written as people would", () => {
    const text = yamlText({
      motd: "hello world",
      port: 80,
      on: true,
      yes: "no",
      list: ["a", { b: [], c: {} }, [1]],
      map: { deep: { er: null } },
      quoted: "{{ a }}: #",
      ratio: 1e-7,
      large: 1e21,
      two: { $float: 2 },
    });
    expect(text).toBe(`motd: hello world
port: 80
"on": true
"yes": "no"
list:
  - a
  -
    b: []
    c: {}
  -
    - 1
map:
  deep:
    er: null
quoted: "{{ a }}: #"
ratio: 1.0e-7
large: 1.0e+21
two: 2.0
`);
    expect(jsonText({ two: { $float: 2 }, large: 1e21 })).toBe('{"two": 2.0, "large": 1.0e+21}');
  });

  test("with long keys or deep values are still YAML", () => {
    const key = "k".repeat(2000);
    expect(JSON.parse(yamlText({ [key]: 1 }))).toEqual({ [key]: 1 });
    let deep: JsonObject = { end: 1 };
    for (let level = 0; level < 500; level += 1) deep = { deep };
    expect(yamlText(deep).length).toBeLessThan(20_000);
    expect(parse(yamlText(deep))).toEqual(deep);
  });
});

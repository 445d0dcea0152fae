import { describe, expect, test } from "vitest";
import { GantryError, placeText } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { FILTERS, TESTS } from "./dialect.ts";
import { renderHere } from "./testing.ts";

/** `line:column: message (code)` of what it throws. */
function failure(template: string, values: JsonObject = {}): string {
  try {
    return renderHere(template, values);
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    return `${error.where === undefined ? "" : placeText(error.where)}: ${error.message} (${error.code})`;
  }
}

describe("the engine", () => {
  test.each<[string, JsonObject, string]>([
    ["a\n\n", {}, "a\n\n"],
    ["{{ a }}\r\n", { a: 1 }, "1\r\n"],
    ["{{ n }} {{ f }} {{ g }}", { n: 2 ** 60, f: { $float: 2.5 }, g: 0.1 }, "1152921504606846976 2.5 0.1"],
    ["{{ a.items() | list | length }}{{ a.get('x') }}", { a: { x: 1 } }, "11"],
    ["{{ a }}", { a: "<&>" }, "<&>"],
    ["{{ x | tojson }}", { x: { b: 1, a: "<>&'" } }, String.raw`{"a":"\u003c\u003e\u0026\u0027","b":1}`],
    ["{{ constructor | default('no') }}{{ a.__proto__ | default('no') }}", { a: {} }, "nono"],
    ["{{ range }}", { range: "mine" }, "mine"],
    ["{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}", {}, "3"],
    ["{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}", {}, "12"],
  ])("%j with %j is %j", (template, values, expected) => {
    expect(renderHere(template, values)).toBe(expected);
  });

  test.each<[string, string]>([
    ["x\n  {{ nmae }}", ":2:6: nmae is not defined; did you mean name? (template_undefined_name)"],
    // What the engine alone lets pass.
    ["é {{ nmae | upper }}", ":1:6: nmae is not defined; did you mean name? (template_undefined_name)"],
    ["{{ 'a' ~ nmae }}", ":1:10: nmae is not defined; did you mean name? (template_undefined_name)"],
    ["{% if nmae == 'x' %}{% endif %}", ":1:7: nmae is not defined; did you mean name? (template_undefined_name)"],
    ["{{ [nmae] | tojson }}", ":1:5: nmae is not defined; did you mean name? (template_undefined_name)"],
    ["{{ disk.szie | string }}", ":1:4: disk.szie is not defined; did you mean disk.size? (template_undefined_name)"],
    [
      "{{ disks[0].szie }}",
      ":1:4: disks[0].szie is not defined; did you mean disks[0].size? (template_undefined_name)",
    ],
    ["{{ disks[3].size }}", ":1:4: disks[3].size is not defined (template_undefined_name)"],
    ["{% for d in disks %}{{ d.szie }}{% endfor %}", ":1:24: d.szie is not defined (template_undefined_name)"],
    // What the guard leaves to the engine.
    ["{{ disk\n.szie }}", ":1: a value is not defined (template_undefined_name)"],
    ["{{ nmae() }}", ":1:4: nmae is not defined; did you mean name? (template_undefined_name)"],
    ["{{ dsk.size.items() }}", ":1:4: dsk.size is not defined; did you mean disk? (template_undefined_name)"],
    ["{{ nmae.x | default(1) }}", ":1:4: nmae.x is not defined; did you mean name? (template_undefined_name)"],
    ["a\n{{ 1 +* 2 }}", ":2:7: unexpected `*` (template_syntax)"],
    ["{% endfor %}", ":1:4: unknown statement endfor (template_syntax)"],
    ["{{ 1 | uper }}", ":1:8: filter uper is unknown; did you mean upper? (template_failed)"],
    ["{{ 1 is evn }}", ":1:9: test evn is unknown; did you mean even? (template_failed)"],
    ["{{ name + 1 }}", ":1:4: tried to use + operator on unsupported types string and number (template_failed)"],
    // Behind a guard the columns of the engine are not those of the template, so it is asked again.
    ["{{ disk.size }}{{ 1 // 0 }}", ":1:19: unable to calculate 1 // 0 (template_failed)"],
    ["{% include 'x' %}", ":1:4: a template cannot include, import or extend another (template_failed)"],
    ["{{ debug() }}", ":1:4: debug is not defined (template_undefined_name)"],
    ["{{ range(10 ** 9) }}", ":1:4: a range has more than 100000 numbers (template_too_large)"],
    ["{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", ":1:19: recursion limit exceeded (template_failed)"],
  ])("%s fails: %s", (template, expected) => {
    const values = { name: "web1", disk: { size: 1 }, disks: [{ size: 1 }] };
    expect(failure(template, values)).toBe(expected);
  });

  test("every missing name is told at once, in the order of the text", () => {
    let caught: unknown;
    try {
      renderHere("{% for i in [1, 2] %}\n{{ b }}\n{% endfor %}{{ a.x }}", { a: {} });
    } catch (error) {
      caught = error;
    }
    const { problems } = caught as GantryError;
    expect(problems.map((one) => [one.message, one.where?.line, one.where?.column])).toEqual([
      ["b is not defined; did you mean a?", 2, 4],
      ["a.x is not defined", 3, 16],
    ]);
  });

  test("the filters and tests told as nearest names are the engine's", () => {
    for (const filter of FILTERS) expect(failure(`{{ 'x' | ${filter} }}`)).not.toContain("is unknown");
    for (const name of TESTS) expect(failure(`{{ 'x' is ${name} }}`)).not.toContain("is unknown");
  });
});

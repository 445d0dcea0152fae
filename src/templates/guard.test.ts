import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { guardNames, relax, REPORT, rootNames } from "./guard.ts";
import { renderHere } from "./testing.ts";

function guarded(template: string, known: string[] = []): string[] {
  return guardNames(template, new Set(known)).names.map((name) => name.path);
}

describe("guarding names", () => {
  test("a read name is guarded where it stands", () => {
    expect(guardNames("a {{ x }}", new Set())).toEqual({
      text: `a {{ (x if x is defined else ${REPORT}(0)) }}`,
      names: [{ path: "x", offset: 5 }],
    });
  });

  test.each<[string, string[]]>([
    ["{{ a.b[0]['c'][d] }}", ["a.b[0]['c'][d]"]],
    ["{{ a | default(b) }}", ["b"]],
    ["{{ a | default(b) | default(c) }}", ["c"]],
    ["{{ (a.b) | d('x') }}", []],
    ["{{ a is defined and b is not defined and c is undefined and d is none }}", ["d"]],
    ["{{ x | join(sep) | replace('a', to=b) }}", ["x", "sep", "b"]],
    ["{{ f(a, b=c)[d].e }}", ["a", "c", "d"]],
    ["{{ 'a' ~ \"b\" ~ 'it\\'s x' ~ y }}", ["y"]],
    ["{{ {'a': x, y: [z]} }}", ["x", "y", "z"]],
    ["{%- if a -%}{%- elif b -%}{% else %}{% endif %}", ["a", "b"]],
    ["{% for x, y in z if w recursive %}{% endfor %}", ["z", "w"]],
    ["{% set x = y %}{% set q %}{{ z }}{% endset %}", ["y", "z"]],
    ["{% with x = y, z = w %}{% endwith %}", ["y", "w"]],
    ["{% macro m(a, b=c) %}{{ a }}{% endmacro %}{% call(x) m(y) %}{{ x }}{% endcall %}", ["a", "y", "x"]],
    ["{# {{ x }} #}{% raw %}{{ y }}{% endraw %}{{ z }}", ["z"]],
    ["{{ {'a': {'b': 1}}}}{{ x }}", ["x"]],
    ["{{ true and none or not False }}", []],
    ["{{ größe }}", ["größe"]],
    ["{{ a[\n0] }}", []],
    ["{{ x", []],
    ["{# x {{ y }}", []],
    ["{% raw %}{{ y }}", []],
    ["{{ a.", []],
    ["{{ a[ }}", []],
  ])("%s reads %j", (template, expected) => {
    expect(guarded(template)).toEqual(expected);
  });

  test("a name that has a value needs no guard, a member of it does", () => {
    expect(guarded("{{ a }}{{ a.b }}", ["a"])).toEqual(["a.b"]);
  });

  test("leniently, a missing name is an empty text to tojson", () => {
    expect(relax("{{ a | tojson }}{{ 'x | tojson' }}")).toBe("{{ a | default(\"\")|tojson }}{{ 'x | tojson' }}");
  });

  test("in a chain of defaults, the first that is there counts", () => {
    expect(relax("{{ a|default(b)|default('x') }}")).toBe(
      "{{ a|default((b if b is defined else ('x')))|default('x') }}",
    );
    const template = "{{ a | default(b.c) | d(c) | default('x') | upper }}";
    const values = [{}, { c: "c" }, { b: { c: "b" }, c: "c" }, { a: "a", b: {} }];
    // A path through what is not there is an error when strict, as without a default.
    expect(values.slice(2).map((one) => renderHere(template, one))).toEqual(["B", "A"]);
    expect(values.map((one) => renderHere(template, one, "lenient"))).toEqual(["X", "C", "B", "A"]);
    expect(renderHere("{{ a | default(b) | d() }}|{{ a | default(b) | default(c) | default(7) }}")).toBe("|7");
  });

  test("the first parts of paths are found for naming circles", () => {
    expect([...rootNames("{{ a.b | f(c) }}{% if d['e'] %}{% endif %}")]).toEqual(["a", "c", "d"]);
  });

  test("where every name is there, the guard changes nothing", () => {
    const name = fc.constantFrom("a", "b", "m.x", "m['y']", "list[0]", "list");
    const part = fc.oneof(
      name.map((one) => `{{ ${one} }}`),
      fc.tuple(name, name).map(([one, other]) => `{{ [${one}, ${other}] | tojson }}{{ ${one} ~ ${other} | string }}`),
      fc
        .tuple(name, name)
        .map(([one, other]) => `{% if ${one} == ${other} %}same{% else %}{{ ${one} | string | upper }}{% endif %}`),
      fc
        .tuple(name, name)
        .map(([one, other]) => `{% for i in [${one}, ${other}] %}{{ loop.index }}{{ i }}{% endfor %}`),
      name.map((one) => `{%- set t = ${one} -%}{{ t }}`),
      fc.constantFrom("text ", "\n", "{# {{ nothing }} #}", "{% raw %}{{ x }}{% endraw %}"),
    );
    const values = { a: 1, b: "two", m: { x: [1], y: { z: 1 } }, list: ["first", 2] };
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const template = parts.join("");
        expect(renderHere(template, values)).toBe(renderHere(template, values, "lenient"));
      }),
    );
  });

  test("any text is taken apart without an error, and quickly", () => {
    const piece = fc.constantFrom(
      "{{",
      "}}",
      "{%",
      "%}",
      "{#",
      "#}",
      "raw",
      "endraw",
      "'",
      '"',
      "a",
      ".",
      "[",
      "(",
      "]",
      "|",
      " default",
      "\\",
      "-",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const template = pieces.join("");
        const { text, names } = guardNames(template, new Set());
        expect(text.length).toBeGreaterThanOrEqual(template.length);
        for (const one of names) expect(template.startsWith(one.path, one.offset)).toBe(true);
      }),
    );
  });
});

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import { findCircle } from "./circle.ts";
import { openEngine } from "./engine.ts";
import { DEFAULT_LIMITS } from "./model.ts";
import { settleText, settleValues } from "./settle.ts";
import { startEngine } from "./wasm.ts";

const limits = { ...DEFAULT_LIMITS, outputBytes: 100_000 };
startEngine(limits.memoryBytes);

function open(values: JsonObject) {
  return openEngine(values, "lenient", limits, { broken: false, panic: undefined });
}

function settle(values: JsonObject): JsonObject {
  return settleValues(values, open, limits);
}

function failure(values: JsonObject): GantryError {
  try {
    settle(values);
  } catch (error) {
    return error as GantryError;
  }
  throw new Error("it settled");
}

describe("rendering until nothing changes", () => {
  test("texts anywhere in the values are rendered, names are not, what has no tag is shared", () => {
    const values = { a: "{{ b.c[0] }}!", b: { c: ["{{ d }}", 1, { "{{ d }}": "{{ d }}" }] }, d: "x", e: ["same"] };
    const given = structuredClone(values);
    const rendered = settle(values);
    expect(rendered).toEqual({ a: "x!", b: { c: ["x", 1, { "{{ d }}": "x" }] }, d: "x", e: ["same"] });
    expect(rendered["e"]).toBe(values.e);
    expect(values).toEqual(given);
  });

  test("a chain of any length settles, whatever the order of names", () => {
    const shuffled = fc.integer({ min: 1, max: 60 }).chain((length) => {
      const names = Array.from({ length }, (_, index) => `v${index}`);
      return fc.shuffledSubarray(names, { minLength: length });
    });
    fc.assert(
      fc.property(shuffled, (names) => {
        const entries = names.map(
          (name) => [name, name === "v0" ? "end" : `{{ v${Number(name.slice(1)) - 1} }}`] as const,
        );
        const rendered = settle(Object.fromEntries(entries));
        expect(rendered).toEqual(Object.fromEntries(names.map((name) => [name, "end"])));
      }),
      { numRuns: 20 },
    );
  });

  test.each<[JsonObject, string]>([
    [{ a: "{{ a }}" }, "a → a"],
    [{ a: "{{ b }}", b: "{{ a }}" }, "a → b → a"],
    [{ a: "x{{ a }}" }, "a → a"],
    [{ a: "{{ a }}{{ a }}{{ a }}" }, "a → a"],
    [{ start: "{{ a }}", a: "{{ b.c }}", b: { c: ["{{ d['a'] }}"] }, d: { a: "{{ a }}" } }, "a → b → d → a"],
  ])("%j never settles, and the circle is named", (values, circle) => {
    const error = failure(values);
    expect(error.code).toBe("template_never_settles");
    expect(error.message).toBe(`variables never settle: ${circle}`);
    expect(error.details["circle"]).toEqual(circle.split(" → "));
  });

  test("a name that refers to itself where it is not rendered is no circle", () => {
    expect(settle({ a: "{% if false %}{{ a }}{% endif %}x" })).toEqual({ a: "x" });
  });

  test("an error names the variable", () => {
    const error = failure({ list: [{ x: "\n{{ 1 + }}" }] });
    expect(error.message).toMatch(/^variable list\[0\]\.x: unexpected/);
    expect(error.code).toBe("template_syntax");
    expect(error.details).toMatchObject({ variable: "list[0].x", line: 2 });
  });

  test("texts that grow too large together are refused", () => {
    const error = failure({ a: "{{ 'x' * 60000 }}", b: "{{ 'x' * 60000 }}" });
    expect([error.code, error.message]).toEqual([
      "template_too_large",
      "variable b: the values render to more than 100000 bytes",
    ]);
  });

  test("a lenient text is rendered for as long as it has a tag", () => {
    expect(settleText("{{ '{{ a }}' }}{# no #}", open({ a: 1 }), limits)).toBe("1");
    expect(() => settleText("{{ a }}", open({ a: "{{ a }}" }), limits)).toThrowError(
      expect.objectContaining({ code: "template_never_settles" }),
    );
  });

  test("a chain longer than the stack is searched for circles", () => {
    const names = Array.from({ length: 50_000 }, (_, index) => `v${index}`);
    const values = Object.fromEntries(names.map((name, index) => [name, `{{ v${index + 1} }}`]));
    expect(findCircle(values, names)).toBeUndefined();
    expect(findCircle({ ...values, v49999: "{{ v49998 }}" }, names)).toEqual(["v49998", "v49999", "v49998"]);
  });
});

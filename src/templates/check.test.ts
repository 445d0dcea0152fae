import fc from "fast-check";
import { expect, test } from "vitest";
import { checkTemplate } from "./check.ts";

test.each([
  ["plain text", undefined],
  ["{{ a }}{% for x in y %}{{ x | no_such_filter }}{% endfor %}", undefined],
  ["{% raw %}{{ % }}{% endraw %}{# {{ #}", undefined],
  ["one\n  {{ two", "2:6"],
  ["{% if a %}\n{{ b }}\n{% endfor %}", "3:4"],
  ["{{ a | }}", "1:8"],
])("%j has its first mistake at %s", (text, place) => {
  const found = checkTemplate(text);
  expect(found === undefined ? undefined : `${found.where?.line}:${found.where?.column}`).toBe(place);
  if (found !== undefined) expect(found.code).toBe("template_syntax");
});

test("what nests without end, or is too long, is refused, and the next is looked at as before", () => {
  expect(checkTemplate(`{{ ${"(".repeat(100_000)}`)?.code).toBe("template_syntax");
  expect(checkTemplate("{% if a %}".repeat(20_000))?.code).toBe("template_syntax");
  expect(checkTemplate(`{{ a }}${" ".repeat(2 ** 20)}`)?.code).toBe("template_too_large");
  expect(checkTemplate("{{ a")?.code).toBe("template_syntax");
  expect(checkTemplate("{{ a }}")).toBeUndefined();
});

test("any text is looked at, and nothing but problems comes of it", () => {
  const pieces = fc.constantFrom(
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "if",
    "for x in y",
    "endif",
    "(",
    "[",
    "'",
    "|",
    ".",
    "\n",
    "ä",
    "raw",
    "macro m()",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 20 }), (parts) => {
      expect(checkTemplate(parts.join(" "))?.code ?? "template_fine").toMatch(/^template_/);
    }),
    { numRuns: 300 },
  );
});

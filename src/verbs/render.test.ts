import { describe, expect, it } from "vitest";
import { renderText } from "./render.ts";

describe("filling in", () => {
  const values = { name: "x", list: ["a", "b"], map: { key: "v" } };

  it.each([
    ["{{ name }} {{name}} {{ map.key }} {{ list[1] }}", "x x v b"],
    ["{{ '{{' }} and {{ \"}}\" }}", "{{ and }}"],
    [`\${#list} {% if %} {# no comment #}  `, `\${#list} {% if %} {# no comment #}  `],
    ["a }} b", "a }} b"],
    ["line\n", "line\n"],
  ])("%j gives %j", async (text, expected) => {
    expect(await renderText(text, values)).toBe(expected);
  });

  it.each(["{{ nobody }}", "{{ map.nothing }}", "{{ name", "{{ .Names }}", "{{ }}"])("%j is refused", async (text) => {
    await expect(renderText(text, values)).rejects.toMatchObject({ code: "argument_undefined" });
  });

  it("does not run for ever", async () => {
    await expect(renderText("{{ range(100000000) | list | length }}", values)).rejects.toMatchObject({
      code: "argument_undefined",
    });
  });
});

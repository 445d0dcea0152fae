import { describe, expect, it } from "vitest";
import { renderFile } from "./template-file.ts";

const values = {
  list: ["a", 1, true, null],
  map: { k: "it's" },
  yes: true,
  none: null,
  float: 51.5,
  text: "plain",
};

describe("a template prints", () => {
  it.each([
    ["{{ list }} {{map}} {{ yes }} {{ none }}", `['a', 1, True, None] {'k': "it's"} True None`],
    ["{{ float }} {{ 4 / 2 }} {{ list | length }} {{ text | upper }}", "51.5 2.0 4 PLAIN"],
    ["{{ {'a': {'b': '}}'}} }}", "{'a': {'b': '}}'}}"],
    ["[{{- text -}} ]", "[plain]"],
    ["{# {{ nobody }} #}{% raw %}{{ raw }}{% endraw %}{{ '{{' }}", "{{ raw }}{{"],
    ["{% for one in list %}{{ loop.index }}:{{ one }} {% endfor %}", "1:a 2:1 3:True 4:None "],
    ["{% macro bold(x) %}<b>{{ x }}</b>{% endmacro %}{{ bold(bold(yes)) }}", "<b><b>True</b></b>"],
    ["{{ 'x' if none }}|{{ list\n  | join(',') }}|{{ yes and\n  list }}", "|a,1,true,none|['a', 1, True, None]"],
  ])("%j as %j", async (template, expected) => {
    expect(await renderFile("f", template, values)).toBe(expected);
  });

  it("nothing when it does not end", async () => {
    await expect(renderFile("f", "{{ 'open", values)).rejects.toMatchObject({ code: "template_wrong" });
  });

  it("nothing that is undefined, and says where it is", async () => {
    await expect(renderFile("f", "{{ yes\n }}\n{{ nobody }}", values)).rejects.toMatchObject({
      message: expect.stringContaining("line 3"),
    });
  });
});

import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../kernel/clock.ts";
import { withoutIdioms } from "./idioms.ts";
import { createRenderer } from "./service.ts";

function lenient(text: string, values = {}): Promise<string> {
  const renderer = createRenderer({ clock: systemClock, limits: { threads: 1 } });
  onTestFinished(() => renderer.close());
  return renderer.render({ name: "t", text, values, mode: "lenient" });
}

describe("a lenient template", () => {
  it.each([
    ["{{ servers.0 }}", "a"],
    ["{{ servers.1|upper }}{{ nested.0.1 }}{{ maps.0.name }}", "B2x"],
    ["{{ 1.5 }} {{ servers.7 }}", "1.5 "],
  ])("reads members of lists behind a dot: %s", async (text, expected) => {
    const values = { servers: ["a", "b"], nested: [[1, 2]], maps: [{ name: "x" }] };
    expect(await lenient(text, values)).toBe(expected);
  });

  it.each([
    [
      "counts across loops",
      "{% set n = [ 0 ] %}{% for x in xs %}{{ n.0 }}{% set _ = n.append( n.pop() + 1 ) %}{% endfor %}={{ n[0] }}",
      "012=3",
    ],
    [
      "gathers across loops",
      "{% set all = [] %}{% for x in xs if x != 'b' %}{% set _ = all.append(x ~ all|length) %}{% endfor %}{{ all|join(',') }}",
      "a0,c1",
    ],
    [
      "gathers by a statement",
      "{% set all = ['z'] %}{% for x in xs %}{% do all.append(x) %}{% endfor %}{{ all|join }}",
      "zabc",
    ],
  ])("%s with a list that it changes", async (_name, text, expected) => {
    expect(await lenient(text, { xs: ["a", "b", "c"] })).toBe(expected);
  });

  it("is left as it is without any of that", () => {
    const text = "{% set list = [1] %}{{ list[0] }} 1.5 servers.0 {{ 'a.0' }} {# x.0 #}";
    expect(withoutIdioms(text)).toBe(text);
  });
});

import { describe, expect, it } from "vitest";
import { testTerminal } from "../testing.ts";
import { progressView } from "./progress.ts";
import type { StatusItem } from "./status.ts";

function item(name: string, state: string, step: string, percent: number): StatusItem {
  return {
    name,
    kind: "structure",
    blueprint: "web",
    addresses: [],
    state,
    step,
    percent,
    failure: null,
    milliseconds: null,
  };
}

describe("progress", () => {
  it("is a plain line for each change where nobody watches a terminal", () => {
    const { terminal, out } = testTerminal();
    const view = progressView(terminal);
    view.show([item("web1", "planned", "", 0), item("web2", "planned", "", 0)]);
    view.show([item("web1", "building", "create, line 3: Files", 40), item("web2", "planned", "", 0)]);
    view.show([item("web1", "building", "create, line 3: Files", 45), item("web2", "planned", "", 0)]);
    view.show([item("web1", "built", "", 100)]);
    view.end();
    expect(out()).toBe(
      "web1  planned  0%\nweb2  planned  0%\nweb1  building: create, line 3: Files  40%\nweb1  built  100%\nweb2  gone\n",
    );
  });

  it("is one line a structure, redrawn and never wrapped, on a terminal", () => {
    const { terminal, out } = testTerminal({ interactive: true, columns: 50 });
    const view = progressView(terminal);
    view.show([
      item("web1", "building", "a step with a description that is far too long for it", 40),
      item("balancer", "planned", "", 0),
    ]);
    view.show([item("web1", "built", "", 100), item("balancer", "building", "create", 5)]);
    const frames = out().split("\u001b[J");
    expect(frames).toHaveLength(3);
    expect(frames[1]).toContain("\u001b[2A");
    for (const line of frames[1]!.split("\n").slice(0, 2)) expect(line.length).toBeLessThan(50);
    expect(frames[2]).toContain("web1      built       [##########] 100%");
  });
});

import { expect, it } from "vitest";
import { planText } from "./run-plan.ts";
import type { Terminal } from "./terminal.ts";

const terminal: Terminal = { out() {}, error() {}, interactive: false, columns: 80, colour: false };

it("shows nodes that would do the same together, each verb with what it would change", () => {
  const verbs = new Map([
    [1, { job: 1, verb: "LINE", text: "/etc/motd hello" }],
    [2, { job: 2, verb: "RUN", text: null }],
  ]);
  const line = { state: "changed", message: null, value: { changed: true, diff: "-\n+hello\n" } };
  const run = { state: "ok", message: null, value: { changed: "unknown", diff: "" } };
  const rows = [
    { node: "a", job: 2, ...run },
    { node: "a", job: 1, ...line },
    { node: "b", job: 1, ...line },
    { node: "b", job: 2, ...run },
    { node: "c", job: 1, state: "unreachable", message: "nobody took it", value: null },
  ];
  expect(planText(terminal, verbs, rows)).toBe(
    [
      "a, b",
      "  1. LINE /etc/motd hello: would change",
      "     -",
      "     +hello",
      "  2. RUN (not shown): runs; what it changes nobody can say before",
      "",
      "c",
      "  1. LINE /etc/motd hello: unreachable",
      "     nobody took it",
      "",
      "2 verbs would change something, of 2 nobody can say before, 1 would change nothing",
      "",
    ].join("\n"),
  );
});

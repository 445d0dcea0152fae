import { expect, it } from "vitest";
import { countsText, progressBar, summaryText, type VerbCounts } from "./run-summary.ts";
import type { Terminal } from "./terminal.ts";

const NONE: VerbCounts = { ok: 0, changed: 0, failed: 0, skipped: 0, interrupted: 0, unreachable: 0 };

function testTerminal(interactive: boolean): Terminal & { written: string } {
  return {
    written: "",
    out() {},
    error(text) {
      this.written += text;
    },
    interactive,
    columns: 80,
    colour: false,
  };
}

it("has a line for each node, and of many only those that are worth a look", () => {
  const terminal = testTerminal(false);
  const few = [
    { name: "web1", state: "done", counts: { ...NONE, ok: 3, changed: 1 } },
    { name: "db1", state: "failed", counts: { ...NONE, failed: 1, skipped: 12 } },
  ];
  expect(summaryText(terminal, few)).toBe(
    [
      "NODE  OK  CHANGED  FAILED  SKIPPED  INTERRUPTED  UNREACHABLE",
      "web1  3   1        0       0        0            0",
      "db1   0   0        1       12       0            0",
      "",
    ].join("\n"),
  );
  const many = Array.from({ length: 100 }, (_, index) => ({ name: `n${index}`, state: "done", counts: NONE }));
  expect(summaryText(terminal, many)).toBe("100 nodes not listed; 100 of 100 are done\n");
  expect(summaryText(terminal, [...many, few[1]!])).toMatch(
    /^NODE.*\ndb1 .*\nand 100 nodes not listed; 100 of 101 are done\n$/,
  );
});

it("says what there is of each", () => {
  expect(countsText({ ...NONE, ok: 2, unreachable: 1 })).toBe("2 ok, 1 unreachable");
  expect(countsText(NONE)).toBe("nothing");
});

it("draws its bar over itself on a terminal, and nowhere else", () => {
  const person = testTerminal(true);
  const bar = progressBar(person);
  bar.show(15, 30);
  bar.hide();
  bar.hide();
  expect(person.written).toBe(`\r\u001b[K${"█".repeat(15)}${"░".repeat(15)} 15 of 30 verbs, 50%\r\u001b[K`);
  const file = testTerminal(false);
  progressBar(file).show(1, 2);
  expect(file.written).toBe("");
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unifiedDiff } from "./diff.ts";

describe("a unified diff", () => {
  it("shows what changes, with three lines around it", () => {
    const before = "a\nb\nc\nd\ne\nf\ng\nh\n";
    expect(unifiedDiff("/f", before, before.replace("e", "E"))).toBe(
      "--- /f\n+++ /f\n@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h",
    );
    expect(unifiedDiff("/f", undefined, "x")).toBe(
      "--- /dev/null\n+++ /f\n@@ -0,0 +1 @@\n+x\n\\ No newline at end of file",
    );
    expect(unifiedDiff("/f", "same\n", "same\n")).toBe("");
  });

  it("is cut when it is long", () => {
    const long = unifiedDiff("/f", "", "0123456789\n".repeat(100_000));
    expect(long.length).toBeLessThan(33_000);
    expect(long).toMatch(/… 100000 changed lines in all$/);
  });

  it("makes the one text from the other", () => {
    const text = fc
      .array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 40 })
      .map((lines) => lines.map((one) => `${one}\n`).join(""));
    fc.assert(
      fc.property(text, text, (before, after) => {
        expect(patched(before, unifiedDiff("file", before, after))).toBe(after);
      }),
      { numRuns: 500 },
    );
  });
});

/** What patch(1) does, for texts whose last line ends. */
function patched(text: string, diff: string): string {
  const old = text.split("\n").slice(0, -1);
  const made: string[] = [];
  let at = 0;
  for (const line of diff.split("\n").slice(2)) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+/.exec(line);
    if (hunk !== null) {
      const start = Number(hunk[1]) - (hunk[2] === "0" ? 0 : 1);
      while (at < start) made.push(old[at++]!);
      continue;
    }
    if (!line.startsWith("+")) expect(old[at]).toBe(line.slice(1));
    if (!line.startsWith("-")) made.push(line.slice(1));
    if (!line.startsWith("+")) at += 1;
  }
  return [...made, ...old.slice(at)].map((line) => `${line}\n`).join("");
}

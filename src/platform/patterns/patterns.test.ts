import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../kernel/clock.ts";
import { findMatches, findPaths } from "./index.ts";
import { inThread } from "./thread.ts";

const clock = systemClock;
const hard = `${"a".repeat(60)}!`;

describe("expressions", () => {
  it("say in which texts they find something", async () => {
    const found = await findMatches({ expressions: ["^a", "b$", "z"], texts: ["ab", "ba", "b"], clock });
    expect(found).toEqual([[0], [0, 2], []]);
  });

  it("that cannot be read are refused", async () => {
    await expect(findMatches({ expressions: ["("], texts: [], clock })).rejects.toMatchObject({
      code: "pattern_wrong",
      message: "/(/: /(/u: Unterminated group",
    });
  });

  it("that would take for ever are ended while everything else goes on", async () => {
    const ending = new AbortController();
    const found = findMatches({ expressions: ["^(a+)+$"], texts: [hard], clock, signal: ending.signal });
    let turns = 0;
    const turned = new Promise<void>((resolve) => {
      const turn = (): void => void ((turns += 1) < 5 ? setTimeout(turn, 1) : resolve());
      turn();
    });
    await turned;
    ending.abort(new Error("its time is up"));
    await expect(found).rejects.toThrow("its time is up");
    const quick = { ...clock, after: (_: number, then: () => void) => clock.after(1, then) };
    await expect(findMatches({ expressions: ["^(a+)+$"], texts: [hard], clock: quick })).rejects.toMatchObject({
      code: "pattern_too_slow",
      message: "/^(a+)+$/ takes longer than 5000 ms",
    });
  });
});

describe("patterns for files", () => {
  it("stand for files, and are ended when they take too long or too much", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gantry-patterns-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    for (const name of ["a.log", "b.log", hard]) writeFileSync(join(folder, name), "");
    const { signal } = new AbortController();
    const how = { folder, most: 10, clock, signal };
    expect([...(await findPaths("*.log", how))].sort()).toEqual(["a.log", "b.log"]);
    expect(await findPaths(`${folder}/*.log`, { ...how, most: 1 })).toHaveLength(1);
    const quick = { ...clock, after: (_: number, then: () => void) => clock.after(1, then) };
    for (const hardest of ["+(a|+(a|aa))c", "{a,b}".repeat(30)])
      await expect(findPaths(hardest, { ...how, clock: quick })).rejects.toThrow("takes longer than 60000 ms");
    const growing = "() => { const all = []; for (;;) all.push(new Array(1e6).fill(0)); }";
    await expect(inThread(growing, null, { clock, milliseconds: 60_000, about: "x" })).rejects.toThrow(
      "x takes too much memory",
    );
  });
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock, type Clock } from "../../kernel/clock.ts";
import { parseVerb } from "../parse.ts";
import type { Tools } from "../tools.ts";
import { applyReboot, type RebootWorld } from "./apply.ts";
import { bootName } from "./boot.ts";
import { rebootMarkers } from "./markers.ts";
import { decideReboot } from "./model.ts";

let folder: string;
let asked: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-reboot-"));
  asked = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Seconds pass at once. */
const soon: Clock = {
  now: systemClock.now,
  after: (milliseconds, action) => systemClock.after(milliseconds / 1000, action),
};

const tools: Tools = {
  has: async (program) => program === "reboot",
  async run({ program, arguments: words }) {
    asked.push([program, ...words].join(" "));
    return { code: 0, stdout: "", stderr: "" };
  },
};

function world(boot: string, more: Partial<RebootWorld> = {}): RebootWorld {
  return {
    tools,
    clock: soon,
    signal: new AbortController().signal,
    key: "task/1",
    markers: rebootMarkers(folder),
    bootName: async () => boot,
    ...more,
  };
}

describe("REBOOT", () => {
  it("does not come back from the call that asks, and is over for the same call on another boot", async () => {
    await expect(applyReboot({ delay: 0, timeout: 1 }, world("a"))).rejects.toMatchObject({ code: "reboot_failed" });
    expect(asked).toEqual(["reboot"]);
    expect(await applyReboot({ delay: 0 }, world("b"))).toMatchObject({ changed: true });
    // The answer may get lost: the same call comes once more, and reboots nothing.
    expect(await applyReboot({ delay: 0 }, world("c"))).toMatchObject({ changed: true });
    expect(asked).toHaveLength(1);
  });

  it("asks again when only the agent was started anew, and for another call", async () => {
    await expect(applyReboot({ delay: 0, timeout: 1 }, world("a"))).rejects.toThrow(/still up/);
    await expect(applyReboot({ delay: 0, timeout: 1 }, world("a"))).rejects.toThrow(/still up/);
    await expect(applyReboot({ delay: 0, timeout: 1 }, world("b", { key: "task/2" }))).rejects.toThrow(/still up/);
    expect(asked).toHaveLength(3);
  });

  it("is stopped while it waits, before it asks", async () => {
    const stop = new AbortController();
    const waiting = applyReboot({ delay: 3600 }, world("a", { signal: stop.signal, clock: systemClock }));
    stop.abort(new Error("cancelled"));
    await expect(waiting).rejects.toThrow("cancelled");
    expect(asked).toEqual([]);
  });

  it("needs a program that reboots", async () => {
    const none: Tools = { ...tools, has: async () => false };
    await expect(applyReboot({ delay: 0 }, world("a", { tools: none }))).rejects.toMatchObject({
      code: "node_program_missing",
    });
  });

  it("reads its text, with the seconds in front or by name", () => {
    expect(parseVerb("REBOOT", "").parameters).toEqual({});
    expect(parseVerb("REBOOT", "10").parameters).toEqual({ delay: 10 });
    expect(parseVerb("REBOOT", "--delay 5 --message 'new kernel' --timeout 900").parameters).toEqual({
      delay: 5,
      message: "new kernel",
      timeout: 900,
    });
    expect(() => parseVerb("REBOOT", "now")).toThrow(/not a number of seconds/);
    expect(() => parseVerb("REBOOT", "--delay 5 6")).toThrow(/no text but/);
  });

  it("knows one boot from another", async () => {
    expect(await bootName()).toMatch(/^[0-9a-f-]{36}\/\d+$/);
    expect(await bootName()).toBe(await bootName());
    expect(decideReboot(undefined, "a")).toBe("ask");
    expect(decideReboot({ key: "k", boot: "a", at: 1 }, "a")).toBe("ask");
    expect(decideReboot({ key: "k", boot: "a", at: 1 }, "b")).toBe("over");
  });
});

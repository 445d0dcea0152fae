import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { launcherText } from "./launcher.ts";
import { LAYOUT } from "./layout.ts";

// The shell script itself; a shell script stands for Node, too.

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-launcher-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Resolves when what it starts has said that it runs. */
async function launch(program: string): Promise<{ launcher: ChildProcess; pid: number; said: () => string }> {
  mkdirSync(join(folder, LAYOUT.current));
  writeFileSync(join(folder, LAYOUT.current, LAYOUT.node), `#!/bin/sh\n${program}\n`, { mode: 0o755 });
  writeFileSync(join(folder, LAYOUT.launcher), launcherText(1), { mode: 0o755 });
  const launcher = spawn(join(folder, LAYOUT.launcher), { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  launcher.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  await expect.poll(() => existsSync(join(folder, "pid"))).toBe(true);
  return { launcher, pid: Number(readFileSync(join(folder, "pid"), "utf8")), said: () => said };
}

const RUNS = 'echo $$ >"$GANTRY_AGENT_FOLDER/new"; mv "$GANTRY_AGENT_FOLDER/new" "$GANTRY_AGENT_FOLDER/pid"';

it("kills an agent that does not end when it is asked to", async () => {
  const { launcher, pid, said } = await launch(`trap '' TERM; ${RUNS}; while :; do sleep 0.05; done`);
  launcher.kill("SIGTERM");
  // Its standard error is closed when nobody has it any more: what watched over the end is gone too.
  expect(await once(launcher, "close")).toEqual([0, null]);
  expect(said()).toMatch(/^gantry-agent: the agent did not end within 1 seconds, and is killed$/m);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

it("ends with its agent", async () => {
  const { launcher, said } = await launch(`trap 'exit 0' TERM; ${RUNS}; while :; do sleep 0.05; done`);
  launcher.kill("SIGTERM");
  expect(await once(launcher, "close")).toEqual([0, null]);
  expect(said()).toBe("");
});

it("ends at once while it waits to start an agent again", async () => {
  const { launcher, said } = await launch(`${RUNS}; exit 3`);
  await expect.poll(said).toMatch(/it is started again in 2 seconds/);
  launcher.kill("SIGTERM");
  expect(await once(launcher, "close")).toEqual([0, null]);
  expect(said().match(/^gantry-agent: .*$/gm)).toHaveLength(1);
});

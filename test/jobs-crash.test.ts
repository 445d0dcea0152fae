import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { systemClock } from "../src/kernel/clock.ts";
import { createWorld, TENANT } from "../src/jobs/testing/world.ts";
import { openDatabase } from "../src/platform/database/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";

// A server kills itself (SIGKILL) at every moment at which it could make a difference: before and after each commit, and before and after each
// thing its executor does. The next one brings every job to its end, and the ledger proves what was done.

const folderOfChild = mkdtempSync(join(tmpdir(), "gantry-crash-child-"));
const child = join(folderOfChild, "child.mjs");

// In one file it starts in a third of the time, and it is started a hundred times.
beforeAll(async () => {
  await build({
    entryPoints: [join(import.meta.dirname, "support/jobs-crash-child.ts")],
    outfile: child,
    bundle: true,
    platform: "node",
    format: "esm",
    logLevel: "error",
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
});
afterAll(() => rmSync(folderOfChild, { recursive: true }));

interface Deed {
  readonly name: "add" | "once";
  readonly task: string;
  readonly value: number;
}

/** Runs a server. Returns the steps it took, or undefined when it killed itself. */
async function serve(folder: string, killAt: number): Promise<number | undefined> {
  const server = spawn(process.execPath, [child, folder, String(killAt)], { stdio: ["ignore", "pipe", "pipe"] });
  let printed = "";
  let complained = "";
  server.stdout.on("data", (data: Buffer) => (printed += data.toString()));
  server.stderr.on("data", (data: Buffer) => (complained += data.toString()));
  const [code, signal] = (await once(server, "close")) as [number | null, NodeJS.Signals | null];
  if (signal === "SIGKILL") return undefined;
  expect({ code, complained }).toEqual({ code: 0, complained: "" });
  return Number(printed);
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-crash-"));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function deedsIn(folder: string): readonly Deed[] {
  const file = join(folder, "ledger");
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Deed);
}

/** Nothing that is not safe was done twice for one task, every call has one accepted result, and what has a result was done. */
async function expectRight(folder: string): Promise<void> {
  const deeds = deedsIn(folder);
  const unsafe = deeds.filter((one) => one.name === "once").map((one) => `${one.task} ${one.value}`);
  expect(new Set(unsafe).size).toBe(unsafe.length);
  const database = await openDatabase(join(folder, "jobs.db"), { clock: systemClock, log: silentLogger() });
  const world = createWorld(database, systemClock);
  const jobs = await world.jobs.service.list({ tenantId: TENANT }, { before: null, limit: 10 });
  expect(jobs.map((one) => one.status)).toEqual(["done", "done"]);
  for (const job of jobs) {
    const tasks = await world.jobs.service.tasks(job.id, { after: null, limit: 100 });
    const done = tasks.filter((one) => one.status === "done");
    for (const task of tasks) expect(["done", "interrupted"]).toContain(task.status);
    const values = done.map((task) => deeds.filter((one) => one.task === task.id).map((one) => one.value));
    if (job.programKind === "script")
      expect(values.map((all) => new Set(all))).toEqual([new Set([1]), new Set([2]), new Set([3])]);
    else expect(values).toEqual([[4, 5]]);
  }
  await world.close();
  await database.close();
}

it("ends right wherever it is killed once", { timeout: 300_000 }, async () => {
  let steps = 0;
  await inFolder(async (folder) => {
    steps = (await serve(folder, 0))!;
    expect(deedsIn(folder)).toHaveLength(5);
    await expectRight(folder);
  });
  expect(steps).toBeGreaterThan(30);
  let next = 1;
  let kills = 0;
  async function take(): Promise<void> {
    while (next <= steps) {
      const killAt = next;
      next += 1;
      await inFolder(async (folder) => {
        if ((await serve(folder, killAt)) === undefined) kills += 1;
        expect(await serve(folder, 0)).toBeGreaterThan(0);
        await expectRight(folder);
      });
    }
  }
  await Promise.all([take(), take()]);
  // A run that shares a commit more or less may end a few steps earlier.
  expect(kills).toBeGreaterThan(steps - 10);
});

it("ends right when it is killed again and again", { timeout: 120_000 }, async () => {
  await inFolder(async (folder) => {
    let kills = 0;
    for (let killAt = 6; (await serve(folder, killAt)) === undefined; killAt += 1) kills += 1;
    expect(kills).toBeGreaterThan(3);
    await expectRight(folder);
  });
});

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Job } from "../src/jobs/index.ts";
import { ROOT } from "./support/gantry.ts";
import { type LinkServer, startServer, TENANT, testFolder, until } from "./link-support.ts";

// A worker as a process of its own is killed (SIGKILL) in the middle of each kind of function a driver has, and of taking back: the next one
// brings what was begun to its end, and what is there is as if nothing had happened.

/** Milliseconds a function takes, so that it is known to be in its middle. */
const LONG = 1_500;

/** What is there of the foundation. */
interface There {
  readonly exists: boolean;
  readonly power: "on" | "off";
  readonly calls: Readonly<Record<string, number>>;
}

let folder: string;
let server: LinkServer;
let worker: ChildProcess | undefined;

beforeEach(async () => {
  folder = testFolder();
  server = await startServer(folder, { heartbeat: 400 });
});
afterEach(async () => {
  await kill();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts the worker, the first time or again. */
async function start(): Promise<void> {
  const state = join(folder, "worker");
  const joining = existsSync(join(state, "identity.json"))
    ? []
    : ["--server", server.url, "--join", await server.token({ kind: "worker" })];
  const child = spawn(join(ROOT, "gantry"), ["worker", "--state", state, "--modules", "test", ...joining], {
    env: { ...process.env, GANTRY_DATA: join(folder, "data") },
    stdio: "ignore",
    // The launcher and what it starts end together.
    detached: true,
  });
  worker = child;
}

async function kill(): Promise<void> {
  if (worker?.pid === undefined) return;
  const ended = once(worker, "exit");
  process.kill(-worker.pid, "SIGKILL");
  await ended;
  worker = undefined;
}

function there(): There | undefined {
  const path = join(folder, "data", "pretended", "f1.json");
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as There) : undefined;
}

/** A job of these functions, one after the other; those in `slow` take their time. */
function run(names: readonly string[], slow: readonly string[] = [], undoable: readonly string[] = []): Promise<Job> {
  const luck = Object.fromEntries(slow.map((name) => [name, { delay: { min: LONG, max: LONG } }]));
  const parameters = { foundation: { id: "f1", name: "f1", attributes: { functions: luck } } };
  return server.run(
    names.map((name) => ({
      route: { siteId: "s" },
      module: "test",
      function: name,
      parameters,
      safeToRepeat: true,
      undoable: undoable.includes(name),
    })),
    { batch: 1 },
  );
}

/** Resolves when the function has been called so often and is in its middle. */
function inTheMiddleOf(name: string, count: number): Promise<void> {
  return until(() => there()?.calls[name] === count);
}

describe("a worker that is killed in the middle of", () => {
  const kinds: readonly (readonly [string, readonly string[], Omit<There, "calls"> | undefined])[] = [
    ["create", [], { exists: true, power: "off" }],
    ["power_on", ["create"], { exists: true, power: "on" }],
    ["power_off", ["create", "power_on"], { exists: true, power: "off" }],
    ["destroy", ["create", "power_on"], undefined],
  ];

  it.each(kinds)("%s: the next one brings it to its end", async (name, before, after) => {
    await start();
    if (before.length > 0) expect((await server.ended(await run(before))).status).toBe("done");
    const job = await run([name], [name]);
    await inTheMiddleOf(name, 1);
    await kill();
    await start();
    expect((await server.ended(job)).status).toBe("done");
    const [task] = await server.jobs.service.tasks(job.id, { after: null, limit: 10 });
    expect(task).toMatchObject({ status: "done", attempt: 2 });
    if (after === undefined) expect(there()).toBeUndefined();
    else expect(there()).toMatchObject({ ...after, calls: { [name]: 2 } });
  });

  it("taking back: what its job did is gone, and nothing else was done", async () => {
    await start();
    const job = await run(
      ["create", "power_on", "wait_for_poweroff"],
      ["power_off", "destroy"],
      ["create", "power_on"],
    );
    await until(() => there()?.power === "on");
    const waits = async () =>
      (await server.jobs.service.tasks(job.id, { after: null, limit: 9 })).some(
        (one) => one.function === "wait_for_poweroff" && one.status === "started",
      );
    await until(waits);
    await server.jobs.service.cancel(TENANT, job.id);
    await inTheMiddleOf("power_off", 1);
    await kill();
    await start();
    await inTheMiddleOf("destroy", 1);
    await kill();
    await start();
    expect(await server.ended(job)).toMatchObject({ status: "cancelled", failure: null });
    expect(there()).toBeUndefined();
    const tasks = await server.jobs.service.tasks(job.id, { after: null, limit: 10 });
    expect(tasks.map((one) => [one.function, one.status, one.undoOf === null])).toEqual([
      ["create", "done", true],
      ["power_on", "done", true],
      ["wait_for_poweroff", "cancelled", true],
      ["power_on", "done", false],
      ["create", "done", false],
    ]);
  });
});

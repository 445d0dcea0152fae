import { readFileSync } from "node:fs";
import { access, chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { STATE } from "../agent-place.ts";
import type { Observation, Target } from "../driver.ts";
import { waitUntil } from "../wait.ts";
import { LXC_CONTAINER_ENDED, LXC_FAILED } from "./errors.ts";
import type { ContainerRecord, Places } from "./model.ts";
import { failed, must, plainLog, run, type Under } from "./programs.ts";

/** Starting and stopping containers, and saying what became of them. */

const LOOK = 20;

export interface Seen {
  /** `RUNNING`, `STOPPED`, `FROZEN`, … as LXC says. */
  readonly state: string;
  /** Of its init, on this machine. */
  readonly pid: number | undefined;
}

export async function seeContainer(places: Places, under: Under): Promise<Seen> {
  if (await hasNoMonitor(places)) return { state: "STOPPED", pid: undefined };
  const words = [...nameOf(places), "-s", "-p"];
  const ended = await run("lxc-info", words, under);
  const state = /^State:\s+([A-Z]+)$/m.exec(ended.stdout)?.[1];
  if (ended.code !== 0 || state === undefined) throw failed(`look at ${basename(places.folder)}`, "lxc-info", ended);
  const pid = /^PID:\s+(\d+)$/m.exec(ended.stdout)?.[1];
  return { state, pid: pid === undefined ? undefined : Number(pid) };
}

export function observationOf(places: Places, { state }: Seen): Observation {
  return {
    exists: true,
    // One that is frozen answers nobody.
    power: state === "RUNNING" ? "on" : "off",
    detail: `container ${basename(places.folder)} is ${state.toLowerCase()}`,
  };
}

/** Starts a container that is stopped. Returns the process of its init. Throws `lxc_failed`. */
export async function startContainer(places: Places, record: ContainerRecord, under: Under): Promise<number> {
  await rm(places.log, { force: true });
  await rm(places.console, { force: true });
  const log = ["-l", "ERROR", "-o", places.log];
  const [program, words] =
    record.program.length === 0
      ? ["lxc-start", [...nameOf(places), "-d", ...log]]
      : // Its small init starts the program, and waits for what that leaves behind.
        ["lxc-execute", [...nameOf(places), "-d", ...log, "--", ...record.program]];
  const ended = await run(program, words, under);
  if (ended.code !== 0) {
    const said = await readFile(places.log, "utf8").catch(() => ended.stderr);
    throw failed(`start container ${basename(places.folder)}`, program, ended, plainLog(said));
  }
  return (await seeContainer(places, under)).pid ?? 0;
}

/** Wakes one that is frozen. */
export async function wakeContainer(places: Places, under: Under): Promise<void> {
  await must(`wake container ${basename(places.folder)}`, "lxc-unfreeze", nameOf(places), under);
}

/**
 * Waits until the agent has joined, or the container has ended, or time is up. Returns whether the agent is at work.
 * Throws `lxc_container_ended`.
 */
export async function awaitAgent(
  places: Places,
  target: Target,
  wait: { readonly pid: number; readonly joins: boolean; readonly limit: number },
  context: FunctionContext,
): Promise<boolean> {
  const ready = await waitUntil(
    async () => {
      if (!runs(wait.pid)) throw await endedError(places);
      return !wait.joins || (await hasJoined(places)) ? true : undefined;
    },
    { ...context, every: LOOK, limit: wait.limit },
  );
  if (ready === undefined) {
    context.message(
      `the agent of ${target.name} runs and has not joined yet; it tries ${target.join?.urls.join(", ")}`,
    );
  }
  return ready === true;
}

/** Ends what runs in the container: its program by SIGTERM, after `patience` milliseconds all of it at once. */
export async function stopContainer(
  places: Places,
  record: ContainerRecord,
  patience: number,
  context: FunctionContext,
): Promise<void> {
  const seen = await seeContainer(places, context);
  if (seen.state === "STOPPED") return;
  if (seen.state === "FROZEN") await wakeContainer(places, context);
  if (record.program.length === 0) {
    // LXC knows which signal an init takes, and kills it when time is up.
    const seconds = String(Math.max(1, Math.ceil(patience / 1000)));
    await run("lxc-stop", [...nameOf(places), "-t", seconds], context);
    return killContainer(places, context);
  }
  const { pid } = seen;
  if (pid !== undefined) {
    for (const child of childrenOf(pid)) signalProcess(child, "SIGTERM");
    await waitUntil(async () => (runs(pid) ? undefined : true), { ...context, every: LOOK, limit: patience });
  }
  await killContainer(places, context);
}

/** Ends a container at once, and returns when LXC has cleaned up after it. */
export async function killContainer(places: Places, under: Under): Promise<void> {
  if (await hasNoMonitor(places)) return;
  const { code: stopped, stderr } = await run("lxc-stop", [...nameOf(places), "-k"], under);
  if (stopped === 0 && (await hasNoMonitor(places))) return;
  const { code } = await run("lxc-wait", [...nameOf(places), "-s", "STOPPED", "-t", "10"], under);
  if (code === 0) return;
  throw new GantryError(LXC_FAILED, `container ${basename(places.folder)} does not stop: ${stderr.trim()}`);
}

/** Leaves the agent what it needs to join, unless it has. Only while the container is stopped. Returns whether it is to be expected to join. */
export async function deliverJoin(places: Places, target: Target, near: readonly string[]): Promise<boolean> {
  if (target.join === undefined || (await isThere(inUpper(places, STATE.identity)))) return false;
  const { urls, token } = target.join;
  const folder = inUpper(places, STATE.folder);
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const text = JSON.stringify({ urls: [...new Set([...near, ...urls])], token, name: target.name });
  await writeFile(inUpper(places, STATE.join), `${text}\n`, { mode: 0o600 });
  return true;
}

/** The agent removes the join file once it has an identity; over a file from below it would leave a mark instead. */
async function hasJoined(places: Places): Promise<boolean> {
  return (await isThere(inUpper(places, STATE.identity))) || !(await isThere(inUpper(places, STATE.join)));
}

async function endedError(places: Places): Promise<GantryError> {
  const said = (await readFile(places.console, "utf8").catch(() => "")).replaceAll("\r", "").trim();
  const words = said.split("\n").slice(-10).join("\n");
  return new GantryError(
    LXC_CONTAINER_ENDED,
    `the agent in container ${basename(places.folder)} ended${words === "" ? "" : `:\n${words}`}`,
  );
}

function inUpper(places: Places, path: string): string {
  return join(places.upper, path);
}

function nameOf(places: Places): readonly string[] {
  return ["-P", dirname(places.folder), "-n", basename(places.folder)];
}

/** Longer names of sockets are hashed by LXC. */
const LONGEST_SOCKET = 100;

/**
 * Whether nobody watches over the container, so that it is stopped: its monitor listens on a socket as long as it lives. The kernel's list is
 * read faster than a program of LXC is started. False when that cannot be known like this.
 */
async function hasNoMonitor(places: Places): Promise<boolean> {
  const socket = `@${places.folder}/command`;
  if (socket.length > LONGEST_SOCKET) return false;
  const all = await readFile("/proc/net/unix", "utf8").catch(() => undefined);
  return all !== undefined && !all.includes(`${socket}\n`);
}

function runs(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

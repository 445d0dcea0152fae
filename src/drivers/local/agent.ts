import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, open, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import type { Target } from "../driver.ts";
import { waitUntil } from "../wait.ts";
import { LOCAL_AGENT_ENDED } from "./errors.ts";
import { ownsFolder, readRecord, replaceFile } from "./folder.ts";
import { isSameProcess, type ProcessRecord } from "../../platform/files/index.ts";
import { agentArguments, agentEnvironment, type Places, type Process } from "./model.ts";
import { bootId, markedProcess, processAt, processesOf, processWithArguments, signalProcess } from "./processes.ts";

/** The agent of a foundation: one process in a session of its own, and all that it starts. */

const LOOK = 25;
const serviceRecord = z.looseObject({
  process: z.looseObject({ pid: z.int(), start: z.string(), boot: z.string() }).nullable(),
});
const processRecord = z.object({ pid: z.int(), start: z.string() });

export interface AgentOptions {
  /** Program and first arguments that start an agent; `--state DIR --home DIR` follow. */
  readonly agentCommand: readonly string[];
  /** Milliseconds `power_on` waits for the agent to join. */
  readonly joinTimeout: number;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly stopTimeout: number;
}

/** The running agent: as written down, or, when nobody had the time to write, as found among the processes. */
export async function findAgent(places: Places, id: string): Promise<Process | undefined> {
  const written = await readRecord(places.process, processRecord);
  const known = written === undefined ? undefined : markedProcess(id, written);
  return known ?? processWithArguments(id, agentArguments(places));
}

/**
 * Starts the agent, and waits until it has joined (when it has joined before: until it works), or has ended, or time is up.
 * Throws `local_agent_ended`.
 */
export async function startAgent(
  places: Places,
  target: Target,
  options: AgentOptions,
  context: FunctionContext,
): Promise<{ pid: number; ready: boolean }> {
  const expected = await writeJoin(places, target);
  const log = await open(places.log, "w", 0o600);
  let child: ChildProcess;
  try {
    const [program = process.execPath, ...first] = options.agentCommand;
    child = spawn(program, [...first, ...agentArguments(places)], {
      cwd: places.root,
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      env: agentEnvironment(process.env, { id: target.id, home: places.root, nodeFolder: dirname(process.execPath) }),
    });
    await once(child, "spawn");
  } catch (error) {
    throw new GantryError(LOCAL_AGENT_ENDED, `the agent of ${target.name} cannot be started: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    await log.close();
  }
  child.unref();
  const pid = child.pid ?? 0;
  const started = processAt(pid);
  if (started !== undefined) await writeProcess(places, started);
  const ready = await waitUntil(
    async () => {
      if (child.exitCode !== null || child.signalCode !== null) throw await endedError(places, target, child);
      return (await (expected ? hasJoined(places) : isAtWork(places))) ? true : undefined;
    },
    { clock: context.clock, signal: context.signal, every: LOOK, limit: options.joinTimeout },
  );
  if (ready === undefined) {
    const tries = expected ? `; it tries ${target.join?.urls.join(", ")}` : "";
    context.message(`the agent of ${target.name} runs and is not at work yet${tries}`);
  }
  return { pid, ready: ready === true };
}

/** Writes down which process the agent is. */
export function writeProcess(places: Places, { pid, start }: Process): Promise<void> {
  return replaceFile(places.process, `${JSON.stringify({ pid, start })}\n`);
}

/** Ends everything that runs for the foundation, and returns when nothing does. Returns how many processes there were. */
export async function stopAll(
  places: Places,
  target: Target,
  options: AgentOptions,
  context: FunctionContext,
): Promise<number> {
  const end = context.clock.now() + options.stopTimeout;
  const asked = new Set<string>();
  const owned = await ownsFolder(places, target.id);
  let seen: readonly ProcessRecord[] = owned ? await serviceProcesses(places) : [];
  await waitUntil(
    async () => {
      const running = processesOf(target.id, seen);
      seen = running;
      const force = context.clock.now() >= end;
      for (const one of running) {
        const name = `${one.pid} ${one.start}`;
        if (force || !asked.has(name)) signalProcess(one, force ? "SIGKILL" : "SIGTERM");
        asked.add(name);
      }
      return running.length === 0 ? true : undefined;
    },
    // The kernel ends what gets SIGKILL; a process that hangs in a device is waited for until the task's own time-out.
    { clock: context.clock, signal: context.signal, every: LOOK, limit: Number.POSITIVE_INFINITY },
  );
  if (owned) await rm(places.process, { force: true });
  return asked.size;
}

/**
 * Processes of services, as the agent wrote them down: for those that hide the environment they were started with, whose agent has
 * died. What cannot be read names nobody; the agent itself complains of it.
 */
async function serviceProcesses(places: Places): Promise<readonly ProcessRecord[]> {
  const names = await readdir(places.services).catch(() => []);
  const records = await Promise.all(
    names.map((name) => readRecord(join(places.services, name, "service.json"), serviceRecord)),
  );
  const boot = bootId();
  return records.flatMap((one) => (one?.process?.boot === boot ? one.process : []));
}

/** Leaves the agent what it needs to join, unless it has. Returns whether it is to be expected to join. */
async function writeJoin(places: Places, target: Target): Promise<boolean> {
  if (target.join === undefined || (await exists(places.identity))) return false;
  const { urls, token } = target.join;
  await replaceFile(places.join, `${JSON.stringify({ urls, token, name: target.name })}\n`);
  return true;
}

/** The agent removes the join file once it has an identity. */
async function hasJoined(places: Places): Promise<boolean> {
  return (await exists(places.identity)) || !(await exists(places.join));
}

/** An agent at work holds the lock of its state folder. One that another agent left behind names a process that is gone. */
async function isAtWork(places: Places): Promise<boolean> {
  const holder = await readRecord(places.lock, processRecord);
  return holder !== undefined && isSameProcess(holder);
}

async function endedError(places: Places, target: Target, child: ChildProcess): Promise<GantryError> {
  await rm(places.process, { force: true });
  const how = child.signalCode === null ? `with exit code ${child.exitCode}` : `by ${child.signalCode}`;
  const said = (await readFile(places.log, "utf8")).trim().split("\n").slice(-10).join("\n");
  return new GantryError(
    LOCAL_AGENT_ENDED,
    `the agent of ${target.name} ended ${how}${said === "" ? "" : `:\n${said}`}`,
    {
      details: { log: places.log },
    },
  );
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

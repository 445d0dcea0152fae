import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { open, readFile, rm } from "node:fs/promises";
import { z } from "zod";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { isSameProcess, processStart, type ProcessRecord, writePrivateFile } from "../../platform/files/index.ts";
import { PROGRAM_MISSING } from "../errors.ts";
import { programEnvironment } from "../programs.ts";
import { waitUntil } from "../wait.ts";
import { QEMU_ENDED, QEMU_NETWORK_FAILED, QEMU_PORT_TAKEN } from "./errors.ts";
import type { Places } from "./model.ts";
import { command } from "./qmp.ts";

/** The process of a machine: in a session of its own, so that it outlives the worker that started it. */

export const SYSTEM = "qemu-system-x86_64";
const LOOK = 25;
/** Milliseconds from the start of the process to its first answer: it has much to load. */
const START_LIMIT = 30_000;
/** Milliseconds it has to end once it was told to, before it is killed. */
const QUIT_LIMIT = 5000;

const record = z.object({ pid: z.int().positive(), start: z.string() });
const status = z.looseObject({ status: z.string() });

/** The running process: as written down, or, when nobody had the time to write, as found among the machine's. */
export async function findProcess(places: Places): Promise<ProcessRecord | undefined> {
  const written = await readFile(places.process, "utf8").then(
    (text) => record.safeParse(JSON.parse(text)).data,
    () => undefined,
  );
  if (written !== undefined && isSameProcess(written) && isOurs(written.pid, places)) return written;
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || !isOurs(pid, places)) continue;
    const start = processStart(pid);
    if (start !== undefined) return { pid, start };
  }
  return undefined;
}

/** Whether a process was started with this machine's serial log, which no other machine has. */
function isOurs(pid: number, places: Places): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.includes(serialWord(places));
  } catch {
    return false;
  }
}

function serialWord({ serial }: Places): string {
  return `file,id=serial,path=${serial.replaceAll(",", ",,")},append=on`;
}

/**
 * What the machine does: `running`, `prelaunch` (it waits to be told to go on), `paused`, `internal-error` and others of QEMU's `RunState`.
 * Undefined when it does not say in time.
 */
export async function statusOf(places: Places, context: FunctionContext, limit = 2000): Promise<string | undefined> {
  try {
    return status.parse(await command(places, "query-status", {}, { ...context, limit })).status;
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof GantryError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/**
 * Starts the process, and returns when it answers at its socket and waits to be told to go on.
 * Throws `qemu_ended`, `qemu_port_taken`, `qemu_network_failed`, `program_missing`.
 */
export async function startProcess(
  name: string,
  places: Places,
  words: readonly string[],
  context: FunctionContext,
): Promise<ProcessRecord> {
  await rm(places.socket, { force: true });
  const log = await open(places.log, "w", 0o600);
  const child = spawn(SYSTEM, [...words], {
    cwd: places.folder,
    detached: true,
    stdio: ["ignore", log.fd, log.fd],
    env: programEnvironment(),
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    const message = `${SYSTEM} cannot be started: ${messageOf(error)}`;
    throw new GantryError(PROGRAM_MISSING, message, {
      cause: error,
      hint: "Install Debian's package qemu-system-x86.",
    });
  } finally {
    await log.close();
  }
  child.unref();
  const started = { pid: child.pid ?? 0, start: processStart(child.pid ?? 0) ?? "" };
  await writePrivateFile(places.process, `${JSON.stringify(started)}\n`);
  const patience = { ...context, every: LOOK, limit: START_LIMIT };
  const waits = await waitUntil(async () => {
    if (child.exitCode !== null || child.signalCode !== null) throw await endedError(name, places, child);
    return (await statusOf(places, context)) === undefined ? undefined : true;
  }, patience);
  if (waits === undefined)
    throw new GantryError(QEMU_ENDED, `the virtual machine ${name} did not answer within ${START_LIMIT / 1000} s`);
  return started;
}

/** Ends the process: it is asked to, and killed when it does not. Returns when it is gone. */
export async function endProcess(places: Places, running: ProcessRecord, context: FunctionContext): Promise<void> {
  if ((await statusOf(places, context)) !== undefined) {
    await command(places, "quit", {}, { ...context, limit: QUIT_LIMIT }).catch(() => context.signal.throwIfAborted());
    if (await isGone(running, context, QUIT_LIMIT)) return;
  }
  if (isSameProcess(running)) process.kill(running.pid, "SIGKILL");
  // The kernel ends what gets SIGKILL; one that hangs in a device is waited for until the task's own time-out.
  await isGone(running, context, Number.POSITIVE_INFINITY);
}

/** Waits until the process is gone. False when it is there after the limit, in milliseconds. */
export async function isGone(running: ProcessRecord, context: FunctionContext, limit: number): Promise<boolean> {
  const look = async (): Promise<true | undefined> => (isSameProcess(running) ? undefined : true);
  return (await waitUntil(look, { ...context, every: LOOK, limit })) === true;
}

async function endedError(
  name: string,
  places: Places,
  child: { readonly exitCode: number | null; readonly signalCode: NodeJS.Signals | null },
): Promise<GantryError> {
  const said = (await readFile(places.log, "utf8")).trim().split("\n").slice(-10).join("\n");
  const how = child.signalCode === null ? `with exit code ${child.exitCode}` : `by ${child.signalCode}`;
  const kind = /host forwarding rule/i.test(said)
    ? QEMU_PORT_TAKEN
    : /net\/tun|network script|could not configure \/dev|tap/i.test(said)
      ? QEMU_NETWORK_FAILED
      : QEMU_ENDED;
  return new GantryError(kind, `the virtual machine ${name} ended ${how}${said === "" ? "" : `:\n${said}`}`);
}

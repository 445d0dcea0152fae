import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { endGroup } from "../executor/index.ts";
import { COMMAND_NOT_STARTED } from "./errors.ts";

/** A program the agent starts and waits for, in a process group of its own. */

export interface CommandOptions {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Called with each piece of output; the next one is read when it resolves. */
  output(stream: "stdout" | "stderr", chunk: Uint8Array): Promise<void>;
}

export interface CommandEnd {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Milliseconds a stopped command has between SIGTERM and SIGKILL. */
const PATIENCE = 2000;
/** Milliseconds for the last output when somebody in the background keeps the pipe open. */
const DRAIN = 250;

/**
 * Runs a program to its end. When the signal aborts, the whole process group is ended, and none of it runs any more when this throws
 * the signal's reason. Throws `command_not_started`.
 */
export async function runCommand(options: CommandOptions): Promise<CommandEnd> {
  options.signal.throwIfAborted();
  const child = spawn(options.program, options.arguments, {
    cwd: options.folder,
    env: options.environment,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  try {
    await once(child, "spawn");
  } catch (error) {
    throw new GantryError(
      COMMAND_NOT_STARTED,
      `${options.program} cannot be started in ${options.folder}: ${messageOf(error)}`,
      { cause: error },
    );
  }
  const group = child.pid as number;
  const exited = new Promise<CommandEnd>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null)
      resolve({ code: child.exitCode, signal: child.signalCode });
    child.once("exit", (code, signal) => resolve({ code, signal }));
  });
  const drained = Promise.all([pass(child.stdout, "stdout", options), pass(child.stderr, "stderr", options)]);
  // A failed reader must not go unheard while we wait for the exit.
  drained.catch(() => undefined);
  const aborted = new Promise<"aborted">((resolve) => {
    if (options.signal.aborted) resolve("aborted");
    options.signal.addEventListener("abort", () => resolve("aborted"), { once: true });
  });
  const end = await Promise.race([exited, aborted]);
  if (end === "aborted") {
    await endGroup(group, { patience: PATIENCE });
    child.stdout.destroy();
    child.stderr.destroy();
    throw options.signal.reason;
  }
  const late = new Promise<void>((resolve) => options.clock.after(DRAIN, resolve));
  await Promise.race([drained, late, aborted]);
  child.stdout.destroy();
  child.stderr.destroy();
  return end;
}

async function pass(stream: Readable, name: "stdout" | "stderr", options: CommandOptions): Promise<void> {
  try {
    for await (const chunk of stream) await options.output(name, chunk as Uint8Array);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

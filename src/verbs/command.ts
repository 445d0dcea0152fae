import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { type CommandEnd, endGroup, type Launchers, type RunningCommand, type TakeOutput } from "../executor/index.ts";
import { orAbort } from "../kernel/abort.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { COMMAND_NOT_STARTED } from "./errors.ts";

/** A program the agent starts and waits for, in a process group of its own. */

export interface CommandOptions {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** What it reads from standard input; left out: nothing. */
  readonly input?: Uint8Array;
  /** Start it cheaply, where they can; left out: by Node itself. */
  readonly launchers?: Launchers;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Called with each piece of output; the next one is read when it resolves, or at once. */
  output(stream: "stdout" | "stderr", chunk: Uint8Array): Promise<void> | undefined;
}

export type { CommandEnd };

/** Milliseconds a stopped command has between SIGTERM and SIGKILL. */
const PATIENCE = 2000;
/** Milliseconds for the last output when somebody in the background keeps the pipe open. */
const DRAIN = 250;

/**
 * Runs a program to its end. When the signal aborts, the whole process group is ended, and none of it runs any more when this throws
 * the signal's reason. Throws `command_not_started`, `command_lost`.
 */
export async function runCommand(options: CommandOptions): Promise<CommandEnd> {
  options.signal.throwIfAborted();
  const take: TakeOutput = (stream, chunk) => options.output(stream, chunk);
  const launched = options.input === undefined ? options.launchers?.start(options, take) : undefined;
  if (launched !== undefined) {
    const end = await finish(launched, options);
    if (end !== "unknown") return end;
  }
  return (await finish(await spawned(options, take), options)) as CommandEnd;
}

/** By Node itself. Throws `command_not_started`. */
async function spawned(options: CommandOptions, take: TakeOutput): Promise<RunningCommand> {
  let child: ChildProcess;
  try {
    child = spawn(options.program, options.arguments, {
      cwd: options.folder,
      env: options.environment,
      detached: true,
      stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    await once(child, "spawn");
  } catch (error) {
    throw new GantryError(
      COMMAND_NOT_STARTED,
      `${options.program} cannot be started in ${options.folder}: ${messageOf(error)}`,
      { cause: error },
    );
  }
  const { stdout, stderr } = child as { stdout: Readable; stderr: Readable };
  // It may end without reading all of it.
  child.stdin?.on("error", () => undefined).end(options.input);
  const group = child.pid as number;
  const drained = Promise.all([pass(stdout, "stdout", take), pass(stderr, "stderr", take)]).then(() => undefined);
  // A failed reader must not go unheard while we wait for the exit.
  drained.catch(() => undefined);
  return {
    end: (patience) => endGroup(group, { patience }),
    ended: new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null)
        resolve({ code: child.exitCode, signal: child.signalCode });
      child.once("exit", (code, signal) => resolve({ code, signal }));
    }),
    drained: () => drained,
    release() {
      child.stdin?.destroy();
      stdout.destroy();
      stderr.destroy();
    },
  };
}

async function finish(command: RunningCommand, { signal, clock }: CommandOptions): Promise<CommandEnd | "unknown"> {
  try {
    const end = await orStopped(command.ended, signal);
    if (end === STOPPED) {
      await command.end(PATIENCE);
      throw signal.reason;
    }
    const drained = command.drained();
    if (drained !== undefined) {
      const late = Promise.withResolvers<void>();
      // Never cancelled: many of them at the same time cost next to nothing, each put up and taken down alone does.
      clock.after(DRAIN, late.resolve);
      await orStopped(Promise.race([drained, late.promise]), signal);
    }
    return end;
  } finally {
    command.release();
  }
}

const STOPPED = Symbol("stopped");

function orStopped<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | typeof STOPPED> {
  return orAbort<Result, typeof STOPPED>(work, signal, ({ resolve }) => resolve(STOPPED));
}

async function pass(stream: Readable, name: "stdout" | "stderr", take: TakeOutput): Promise<void> {
  try {
    for await (const chunk of stream) await take(name, chunk as Uint8Array);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

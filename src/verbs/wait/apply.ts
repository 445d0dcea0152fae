import { connect } from "node:net";
import { limitedSignal } from "../../executor/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { Json } from "../../kernel/json.ts";
import { type FunctionContext, moduleFunction } from "../../link/index.ts";
import { runCommand } from "../command.ts";
import { VERB_TEXT_WRONG, WAIT_TIMED_OUT } from "../errors.ts";
import { childEnvironment, type Surroundings, TASK_MARKER, taskMarker } from "../surroundings.ts";
import { DEFAULT_SECONDS, type WaitParameters, waitParameters, waitProblem } from "./model.ts";

/** Milliseconds between two looks. */
const LOOK = 100;
/** Milliseconds one look may take. */
const LOOK_LIMIT = 5000;

export function waitFunction(surroundings: Surroundings) {
  return moduleFunction({
    summary: "Waits until a state is there, or for a time",
    parameters: waitParameters,
    safeToRepeat: true,
    run: (parameters, context) => {
      const limit = limitedSignal(context, parameters.timeout);
      return limit.within(apply(parameters, { ...context, signal: limit.signal }, surroundings));
    },
  });
}

/** Throws `wait_timed_out` with what the last look saw. */
async function apply(parameters: WaitParameters, context: FunctionContext, surroundings: Surroundings): Promise<Json> {
  const problem = waitProblem(parameters);
  if (problem !== undefined) throw new GantryError(VERB_TEXT_WRONG, `wait: ${problem}`);
  const { clock, signal } = context;
  const begin = clock.now();
  const seconds = parameters.seconds ?? DEFAULT_SECONDS;
  const look = lookerFor(parameters, context, surroundings);
  if (look === undefined) {
    await pause(clock, seconds * 1000, signal);
    return { waited: seconds };
  }
  const end = begin + seconds * 1000;
  let missing: string | undefined;
  for (;;) {
    const limit = deadline(clock, Math.min(LOOK_LIMIT, Math.max(1, end - clock.now())));
    const seen = await look(AbortSignal.any([signal, limit]));
    signal.throwIfAborted();
    if (seen === undefined) return { waited: (clock.now() - begin) / 1000 };
    // A look cut short by the end of all waiting says less than the one before.
    missing = limit.aborted ? (missing ?? seen) : seen;
    if (clock.now() >= end) throw new GantryError(WAIT_TIMED_OUT, `${missing}, after ${seconds} s`);
    await pause(clock, Math.min(LOOK, Math.max(1, end - clock.now())), signal);
  }
}

/** Says what is missing; undefined when the state is there. Never throws. */
type Look = (signal: AbortSignal) => Promise<string | undefined>;

function lookerFor(parameters: WaitParameters, context: FunctionContext, surroundings: Surroundings): Look | undefined {
  const { url, cmd, host, port } = parameters;
  if (url !== undefined) return (signal) => lookAtUrl(url, signal);
  if (cmd !== undefined) return (signal) => lookByCommand(cmd, signal, context, surroundings);
  if (host !== undefined && port !== undefined) return (signal) => lookAtPort(host, port, signal);
  return undefined;
}

async function lookAtUrl(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal, headers: { connection: "close" } });
    await response.body?.cancel();
    return response.status < 400 ? undefined : `${url} answers with status ${response.status}`;
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return `${url} does not answer: ${messageOf(cause)}`;
  }
}

function lookAtPort(host: string, port: number, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.once("connect", () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once("error", (error) => resolve(`${host} port ${port} takes no connections: ${error.message}`));
  });
}

async function lookByCommand(
  cmd: string,
  signal: AbortSignal,
  context: FunctionContext,
  surroundings: Surroundings,
): Promise<string | undefined> {
  try {
    const end = await runCommand({
      program: "/bin/sh",
      arguments: ["-c", cmd],
      folder: surroundings.home,
      environment: childEnvironment(surroundings, { [TASK_MARKER]: taskMarker(context.key) }),
      signal,
      clock: context.clock,
      async output(stream, chunk) {
        context.output(stream, chunk);
        await context.room?.();
      },
    });
    return end.code === 0
      ? undefined
      : `the command ends with ${end.code === null ? end.signal : `exit code ${end.code}`}`;
  } catch (error) {
    return `the command does not end: ${messageOf(error)}`;
  }
}

function deadline(clock: Clock, milliseconds: number): AbortSignal {
  const controller = new AbortController();
  clock.after(milliseconds, () => controller.abort(new Error(`no end within ${milliseconds} ms`)));
  return controller.signal;
}

function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(milliseconds, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    function stop(): void {
      cancel();
      reject(signal.reason);
    }
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}

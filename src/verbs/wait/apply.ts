import { connect } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { pause } from "../clock.ts";
import { WAIT_TIMED_OUT } from "../errors.ts";
import type { VerbResult } from "../model.ts";
import { runProgram } from "../program.ts";
import type { VerbContext } from "../verb.ts";
import { DEFAULT_SECONDS, type WaitParameters } from "./model.ts";

/** Milliseconds between two looks. */
const LOOK = 100;
/** Milliseconds one look may take. */
const LOOK_LIMIT = 5000;

/** Throws `wait_timed_out` with what the last look saw. */
export async function applyWait(parameters: WaitParameters, context: VerbContext): Promise<VerbResult> {
  const { clock, signal } = context;
  const begin = clock.now();
  const seconds = parameters.seconds ?? DEFAULT_SECONDS;
  const look = lookerFor(parameters, context);
  if (look === undefined) {
    await pause(clock, seconds * 1000, signal);
    return { changed: false, waited: seconds };
  }
  const end = begin + seconds * 1000;
  let missing: string | undefined;
  for (;;) {
    const limit = deadline(clock, Math.min(LOOK_LIMIT, Math.max(1, end - clock.now())));
    const seen = await look(AbortSignal.any([signal, limit]));
    signal.throwIfAborted();
    if (seen === undefined) return { changed: false, waited: (clock.now() - begin) / 1000 };
    // A look cut short by the end of all waiting says less than the one before.
    missing = limit.aborted ? (missing ?? seen) : seen;
    if (clock.now() >= end) throw new GantryError(WAIT_TIMED_OUT, `${missing}, after ${seconds} s`);
    await pause(clock, Math.min(LOOK, Math.max(1, end - clock.now())), signal);
  }
}

/** Says what is missing; undefined when the state is there. Never throws. */
type Look = (signal: AbortSignal) => Promise<string | undefined>;

function lookerFor(parameters: WaitParameters, context: VerbContext): Look | undefined {
  const { url, cmd, host, port } = parameters;
  if (url !== undefined) return (signal) => lookAtUrl(url, signal);
  if (cmd !== undefined) return (signal) => lookByCommand(cmd, signal, context);
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

async function lookByCommand(cmd: string, signal: AbortSignal, context: VerbContext): Promise<string | undefined> {
  try {
    const end = await runProgram(context, { program: "/bin/sh", arguments: ["-c", cmd], signal });
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

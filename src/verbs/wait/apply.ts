import { get } from "node:https";
import { connect } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { pause } from "../clock.ts";
import { WAIT_TIMED_OUT } from "../errors.ts";
import type { CommonParameters, VerbResult } from "../model.ts";
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
  const { most, until, between } = limitsOf(parameters, begin);
  let missing: string | undefined;
  for (let looks = 1; ; looks += 1) {
    const limit = deadline(clock, Math.min(LOOK_LIMIT, Math.max(1, until - clock.now())));
    const seen = await look(AbortSignal.any([signal, limit]));
    signal.throwIfAborted();
    const waited = (clock.now() - begin) / 1000;
    if (seen === undefined) return { changed: false, waited };
    // A look cut short by the end of all waiting says less than the one before.
    missing = limit.aborted ? (missing ?? seen) : seen;
    if (looks >= most) throw new GantryError(WAIT_TIMED_OUT, `${missing}, also at look ${looks}`);
    if (clock.now() >= until) throw new GantryError(WAIT_TIMED_OUT, `${missing}, after ${seconds} s`);
    await pause(clock, Math.min(between, Math.max(1, until - clock.now())), signal);
  }
}

/** With `retry`, so many looks more after the first, `retry_wait` apart, however long that takes; without, until the seconds are over. */
function limitsOf({ retry, retry_wait, seconds }: WaitParameters & CommonParameters, begin: number) {
  const until = begin + (seconds ?? DEFAULT_SECONDS) * 1000;
  if (retry === undefined) return { most: Infinity, until, between: (retry_wait ?? LOOK / 1000) * 1000 };
  return { most: 1 + retry, until: seconds === undefined ? Infinity : until, between: (retry_wait ?? 1) * 1000 };
}

/** Says what is missing; undefined when the state is there. Never throws. */
type Look = (signal: AbortSignal) => Promise<string | undefined>;

function lookerFor(parameters: WaitParameters, context: VerbContext): Look | undefined {
  const { url, cmd, host, port, insecure } = parameters;
  if (url !== undefined) return (signal) => (insecure === true ? lookWithoutTrust : lookAtUrl)(url, signal);
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

/** Whoever answers, whatever the certificate. */
function lookWithoutTrust(url: string, signal: AbortSignal): Promise<string | undefined> {
  if (!url.startsWith("https:")) return lookAtUrl(url, signal);
  return new Promise((resolve) => {
    const request = get(url, { signal, rejectUnauthorized: false, agent: false }, (response) => {
      response.destroy();
      const { statusCode = 0 } = response;
      resolve(statusCode < 400 ? undefined : `${url} answers with status ${statusCode}`);
    });
    request.on("error", (error) => resolve(`${url} does not answer: ${messageOf(error)}`));
  });
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

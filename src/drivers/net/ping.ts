import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { PROGRAM_MISSING } from "../errors.ts";
import { type Ended, lastWords, runProgram } from "../programs.ts";
import { NET_PING_FAILED, NET_TARGET_UNKNOWN } from "./errors.ts";
import { percentReceived } from "./model.ts";
import { triedPort } from "./port.ts";

export interface PingOptions {
  /** The program. */
  readonly program: string;
}

/** Seconds between two packets: the least that `ping` allows who is not root. */
const INTERVAL = 0.25;
/** Milliseconds `ping` gets beyond what it needs. */
const GRACE = 5000;
/** Hardly anything listens there, and a machine that is up refuses at once: that is an answer. */
const REFUSING_PORT = 7;

/**
 * Percent of the packets that were answered, 0 to 100: a machine that does not answer is no error. Where the machine has no `ping`, it is
 * asked by TCP: who refuses a connection is there as well.
 *
 * Errors: `net_target_unknown`, `net_ping_failed`.
 */
export async function ping(
  wanted: { readonly target: string; readonly count: number; readonly timeout: number },
  { program }: PingOptions,
  context: FunctionContext,
): Promise<number> {
  const { count, timeout } = wanted;
  const address = await addressOf(wanted.target);
  const words = ["-n", "-q", "-c", String(count), "-i", String(INTERVAL), "-W", String(timeout), address];
  let ended: Ended;
  try {
    const limit = (count * INTERVAL + timeout) * 1000 + GRACE;
    ended = await runProgram(program, { ...context, arguments: words, limit, package: "iputils-ping" });
  } catch (error) {
    if (!(error instanceof GantryError) || error.kind !== PROGRAM_MISSING) throw error;
    context.message(`there is no ping on the worker's machine: asked by TCP, port ${REFUSING_PORT}`);
    return pingByTcp(address, wanted, context);
  }
  const percent = percentReceived(ended.stdout);
  if (percent !== undefined) return percent;
  // A machine without a way there says so, and sends nothing.
  if (/unreachable/i.test(ended.stderr)) return 0;
  throw new GantryError(NET_PING_FAILED, `ping ${address}: ${lastWords(ended)}`);
}

async function pingByTcp(
  address: string,
  { count, timeout }: { readonly count: number; readonly timeout: number },
  { clock, signal }: FunctionContext,
): Promise<number> {
  let answered = 0;
  for (let sent = 0; sent < count; sent += 1) {
    const said = await triedPort({ host: address, port: REFUSING_PORT, milliseconds: timeout * 1000, clock, signal });
    if (said === undefined || said === "ECONNREFUSED") answered += 1;
  }
  return Math.round((answered / count) * 10_000) / 100;
}

async function addressOf(target: string): Promise<string> {
  if (isIP(target) !== 0) return target;
  try {
    return (await lookup(target)).address;
  } catch (error) {
    throw new GantryError(NET_TARGET_UNKNOWN, `there is no address for ${target}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

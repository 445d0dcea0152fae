import { connect } from "node:net";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { FunctionContext } from "../../link/index.ts";
import { NET_PORT_CLOSED } from "./errors.ts";

/** Milliseconds between two tries. */
const PAUSE = 500;
/** Milliseconds for one try: a machine that is just starting may not answer at all, and then another try is due. */
const TRY = 5000;

/**
 * Waits until something takes connections there. A name that has no address yet is waited for as well: it may come with the machine.
 *
 * @returns seconds it took
 * Errors: `net_port_closed` after the time-out, with what the last try said.
 */
export async function waitForPort(
  wanted: { readonly target: string; readonly port: number; readonly timeout?: number | undefined },
  { clock, signal }: FunctionContext,
): Promise<number> {
  const { target, port, timeout } = wanted;
  const start = clock.now();
  const end = timeout === undefined ? Number.POSITIVE_INFINITY : start + timeout * 1000;
  for (;;) {
    signal.throwIfAborted();
    const milliseconds = Math.min(TRY, Math.max(1, end - clock.now()));
    const said = await triedPort({ host: target, port, milliseconds, clock, signal });
    if (said === undefined) return Math.round((clock.now() - start) / 10) / 100;
    if (clock.now() + PAUSE > end)
      throw new GantryError(NET_PORT_CLOSED, `${target} port ${port} did not open within ${timeout} s: ${said}`);
    await pause(PAUSE, clock, signal);
  }
}

/** Undefined when a connection came about; else why not: a code like `ECONNREFUSED`, or `no answer`. */
export function triedPort(options: {
  readonly host: string;
  readonly port: number;
  readonly milliseconds: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}): Promise<string | undefined> {
  const { host, port, milliseconds, clock, signal } = options;
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    function over(said: string | undefined): void {
      cancel();
      signal.removeEventListener("abort", stop);
      socket.destroy();
      resolve(said);
    }
    function stop(): void {
      over(undefined);
      reject(signal.reason as Error);
    }
    const cancel = clock.after(milliseconds, () => over("no answer"));
    signal.addEventListener("abort", stop, { once: true });
    socket.once("connect", () => over(undefined));
    // A name has several addresses, each with an error of its own.
    socket.once("error", (error: NodeJS.ErrnoException) => over(error.code ?? error.message));
  });
}

/** Ends with the signal's reason when it is aborted meanwhile. */
function pause(milliseconds: number, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    function stop(): void {
      cancel();
      reject(signal.reason as Error);
    }
    const cancel = clock.after(milliseconds, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    signal.addEventListener("abort", stop, { once: true });
  });
}

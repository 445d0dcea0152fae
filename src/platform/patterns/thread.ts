import { Worker } from "node:worker_threads";
import { type Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { PATTERN_TOO_SLOW } from "./errors.ts";

export interface ThreadOptions {
  readonly clock: Clock;
  /** What it may take. */
  readonly milliseconds: number;
  /** Ends it before, with its reason. */
  readonly signal?: AbortSignal;
  /** For the message of `pattern_too_slow`: what it was about. */
  readonly about: string;
}

/** Threads at the same time; the others wait for their turn. */
const MOST = 2;
const MEGABYTES = 128;

let running = 0;
const waiting: (() => void)[] = [];

/**
 * What a function answers, given as its text: it sees nothing but its argument and Node's own modules. In a thread of its own, which takes
 * about 50 ms to start. Errors: `pattern_too_slow`, also when its memory is full; what the function throws.
 */
export async function inThread<Result>(text: string, argument: unknown, options: ThreadOptions): Promise<Result> {
  options.signal?.throwIfAborted();
  if (running >= MOST) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return await inOwnThread<Result>(text, argument, options);
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}

async function inOwnThread<Result>(text: string, argument: unknown, options: ThreadOptions): Promise<Result> {
  const { clock, milliseconds, signal, about } = options;
  signal?.throwIfAborted();
  const ended = Promise.withResolvers<Result>();
  const thread = new Worker(
    `const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
    parentPort.postMessage((${text})(workerData));`,
    { eval: true, execArgv: [], env: {}, workerData: argument, resourceLimits: { maxOldGenerationSizeMb: MEGABYTES } },
  );
  const tooSlow = (why: string): void => ended.reject(new GantryError(PATTERN_TOO_SLOW, `${about} ${why}`));
  thread.once("message", ended.resolve);
  thread.once("error", (error: NodeJS.ErrnoException) =>
    error.code === "ERR_WORKER_OUT_OF_MEMORY" ? tooSlow("takes too much memory") : ended.reject(error),
  );
  const cancel = clock.after(milliseconds, () => tooSlow(`takes longer than ${milliseconds} ms`));
  const stop = (): void => ended.reject(signal?.reason);
  signal?.addEventListener("abort", stop, { once: true });
  try {
    return await ended.promise;
  } finally {
    cancel();
    signal?.removeEventListener("abort", stop);
    await thread.terminate();
  }
}

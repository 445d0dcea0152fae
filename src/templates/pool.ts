/** A few threads, started when there is work, replaced when they break or take too long, stopped when idle. */
import type { Worker } from "node:worker_threads";
import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import {
  TEMPLATE_ENGINE_FAILED,
  TEMPLATE_RENDERER_CLOSED,
  TEMPLATE_TOO_LARGE,
  TEMPLATE_TOOK_TOO_LONG,
} from "./errors.ts";
import type { Job, Reply } from "./job.ts";

export interface PoolOptions {
  readonly clock: Clock;
  readonly threads: number;
  /** For one job. */
  readonly milliseconds: number;
  readonly idleMilliseconds: number;
  /** Starts a thread that says `ready` and then answers each job with a reply. */
  start(): Worker;
}

export interface Pool {
  /** Jobs wait their turn. Rejects with a `template_*` error when no reply comes. */
  run(job: Job): Promise<Reply>;
  close(): Promise<void>;
}

interface Waiting {
  readonly job: Job;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

interface Thread {
  readonly worker: Worker;
  ready: boolean;
  running: Waiting | undefined;
  cancelTimer: CancelTimer | undefined;
}

export function createPool(options: PoolOptions): Pool {
  const threads = new Set<Thread>();
  const queue: Waiting[] = [];
  const stopping = new Set<Promise<unknown>>();
  let closed = false;

  function advance(): void {
    for (const thread of threads) if (thread.ready && thread.running === undefined) next(thread);
    const starting = [...threads].filter((thread) => !thread.ready).length;
    const wanted = Math.min(queue.length - starting, options.threads - threads.size);
    for (let count = 0; count < wanted; count += 1) start();
  }

  function start(): void {
    const thread: Thread = { worker: options.start(), ready: false, running: undefined, cancelTimer: undefined };
    threads.add(thread);
    thread.worker.on("message", (said: Reply | "ready") => hear(thread, said));
    thread.worker.on("error", (error) => discard(thread, lost(error)));
    thread.worker.on("exit", () => discard(thread, lost(new Error("its thread stopped"))));
  }

  function hear(thread: Thread, said: Reply | "ready"): void {
    if (!threads.has(thread)) return;
    if (said === "ready") thread.ready = true;
    else {
      thread.running?.resolve(said);
      thread.running = undefined;
      if (said.broken) return discard(thread);
    }
    rest(thread);
    advance();
  }

  function next(thread: Thread): void {
    const waiting = queue.shift();
    if (waiting === undefined) return;
    thread.cancelTimer?.();
    thread.running = waiting;
    thread.worker.ref();
    thread.cancelTimer = options.clock.after(options.milliseconds, () =>
      discard(thread, tooLong(options.milliseconds)),
    );
    try {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
      thread.worker.postMessage(waiting.job);
    } catch (error) {
      // What cannot be sent to a thread (a function among the values) fails alone.
      thread.running = undefined;
      waiting.reject(error);
      rest(thread);
    }
  }

  /** An idle thread does not keep the process alive. */
  function rest(thread: Thread): void {
    thread.cancelTimer?.();
    thread.cancelTimer = options.clock.after(options.idleMilliseconds, () => discard(thread));
    thread.worker.unref();
  }

  function discard(thread: Thread, error?: GantryError): void {
    if (!threads.delete(thread)) return;
    thread.cancelTimer?.();
    // A thread that does not even start takes the first job with it: it would not start for that job again and again.
    const failed = thread.running ?? (thread.ready ? undefined : queue.shift());
    if (error !== undefined) failed?.reject(error);
    const stopped = thread.worker.terminate();
    stopping.add(stopped);
    void stopped.finally(() => stopping.delete(stopped));
    advance();
  }

  return {
    run(job) {
      if (closed) return Promise.reject(isClosed());
      return new Promise((resolve, reject) => {
        queue.push({ job, resolve, reject });
        advance();
      });
    },
    async close() {
      closed = true;
      for (const waiting of queue.splice(0)) waiting.reject(isClosed());
      for (const thread of threads) discard(thread, isClosed());
      await Promise.all(stopping);
    },
  };
}

function isClosed(): GantryError {
  return new GantryError(TEMPLATE_RENDERER_CLOSED, "no more templates are rendered: the program is stopping");
}

function tooLong(milliseconds: number): GantryError {
  return new GantryError(TEMPLATE_TOOK_TOO_LONG, `the template took more than ${milliseconds} ms`);
}

function lost(error: Error): GantryError {
  if ("code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY") {
    return new GantryError(TEMPLATE_TOO_LARGE, "the template asks for more memory than a rendering may use");
  }
  return new GantryError(TEMPLATE_ENGINE_FAILED, `the template engine broke off: ${messageOf(error)}`, {
    cause: error,
  });
}

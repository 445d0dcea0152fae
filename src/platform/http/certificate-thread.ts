import { Worker } from "node:worker_threads";
import { type CancelTimer, systemClock } from "../../kernel/clock.ts";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { CERTIFICATE_INVALID } from "./errors.ts";

type Maker = typeof import("./certificate-maker.ts");

/** One call of the maker, as the thread is told. */
export interface MakerCall {
  readonly id: number;
  readonly name: keyof Maker;
  readonly parameters: readonly unknown[];
}

export type MakerAnswer = { readonly id: number } & ({ readonly value: unknown } | { readonly failure: string });

/** From source the thread runs the file beside this one; in what is published, the bundle beside this one. */
const ENTRY = import.meta.url.endsWith(".ts") ? "./certificate-worker.ts" : "./certificate-worker.js";

/** Certificates are made one after the other: the thread waits so long for the next. */
const IDLE_MILLISECONDS = 1000;

interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, { resolve(value: unknown): void; reject(error: Error): void }>;
  stopIdling: CancelTimer;
}

let thread: Thread | undefined;
let calls = 0;

/**
 * Makes certificates in a thread that ends soon after: what that takes is a fifth of all that a server would load, and it is needed once a
 * year. Errors: `certificate_invalid`.
 */
export function making<Name extends keyof Maker>(
  name: Name,
  ...parameters: Parameters<Maker[Name]>
): ReturnType<Maker[Name]> {
  const used = (thread ??= start());
  used.stopIdling();
  const call: MakerCall = { id: (calls += 1), name, parameters };
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  used.waiting.set(call.id, { resolve, reject });
  used.worker.ref();
  used.worker.postMessage(call, []);
  return promise as ReturnType<Maker[Name]>;
}

function start(): Thread {
  const worker = new Worker(new URL(ENTRY, import.meta.url), { name: "certificates", execArgv: [] });
  const started: Thread = { worker, waiting: new Map(), stopIdling: () => {} };
  function end(message: string, cause?: unknown): void {
    if (thread === started) thread = undefined;
    for (const { reject } of started.waiting.values()) reject(failed(message, cause));
    started.waiting.clear();
  }
  worker.on("message", (answer: MakerAnswer) => {
    const call = started.waiting.get(answer.id);
    started.waiting.delete(answer.id);
    if ("failure" in answer) call?.reject(failed(answer.failure));
    else call?.resolve(answer.value);
    if (started.waiting.size > 0) return;
    // Nobody waits for it to end.
    worker.unref();
    started.stopIdling = systemClock.after(IDLE_MILLISECONDS, () => {
      if (thread === started) thread = undefined;
      void worker.terminate();
    });
  });
  worker.on("error", (error) => end(messageOf(error), error));
  worker.on("exit", () => end("its thread ended before its end"));
  return started;
}

function failed(message: string, cause?: unknown): GantryError {
  return new GantryError(CERTIFICATE_INVALID, `cannot make a certificate: ${message}`, { cause });
}

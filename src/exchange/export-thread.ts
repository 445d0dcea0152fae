import { Readable } from "node:stream";
import { MessageChannel, Worker } from "node:worker_threads";
import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { errorKinds, GantryError, messageOf, type Place, type Problem } from "../kernel/errors.ts";
import { EXPORT_FAILED } from "./errors.ts";
import type { Export, ExportJobParts } from "./export-job.ts";
import type { ExportHead, ExportRequest } from "./export-model.ts";
import type { GitReader } from "./git.ts";

/** Makes exports beside the server's own thread, so that a large one does not stop everything else. */
export interface Exporter {
  /** Resolves before there are bytes. Errors: those of `runExport`, `export_failed`. */
  run(request: ExportRequest): Promise<Export>;
  close(): Promise<void>;
}

export interface ExporterParts {
  readonly clock: Clock;
  /** As the server has it. */
  readonly database: string;
  readonly inventory: ExportJobParts["inventory"];
  /** Where git repositories are kept. */
  readonly gitFolder: string;
  /** Whether group configuration may come from paths of this machine. */
  readonly gitLocal: boolean;
}

export interface ExportWorkerData {
  readonly database: string;
  readonly gitFolder: string;
  readonly gitLocal: boolean;
}

/** What the thread says. */
export type ExportAnswer =
  | { readonly kind: "head"; readonly head: ExportHead }
  | { readonly kind: "piece"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | {
      readonly kind: "refused";
      readonly code: string;
      readonly message: string;
      readonly hint: string;
      readonly where: Place | undefined;
      readonly problems: readonly Problem[];
    }
  | { readonly kind: "broken"; readonly message: string };

/** From source the thread runs the file beside this one; in what is published, the bundle beside this one. */
const ENTRY = import.meta.url.endsWith(".ts") ? "./export-worker.ts" : "./export-worker.js";

/** Of the thread's heap. */
const MEGABYTES = 3072;
/** So long the thread stays, with what it has read. */
const IDLE_MILLISECONDS = 60_000;
/** Pieces on their way at the same time. */
const AHEAD = 4;

export function createExporter(parts: ExporterParts): Exporter {
  // A database in memory is seen by the thread that has opened it, and no other.
  return parts.database.includes(":memory:") ? inThisThread(parts) : inAnotherThread(parts);
}

function inThisThread({ clock, inventory, gitFolder, gitLocal }: ExporterParts): Exporter {
  let git: GitReader | undefined;
  return {
    async run(request) {
      // All that makes exports: a server whose thread does has no use for it.
      const [{ runExport }, { createGitReader }] = await Promise.all([import("./export-job.ts"), import("./git.ts")]);
      git ??= createGitReader({ clock, folder: gitFolder, local: gitLocal });
      return runExport({ inventory, git, clock }, request);
    },
    close: async () => {},
  };
}

interface Thread {
  readonly worker: Worker;
  readonly running: Set<(error: Error) => void>;
  cancelIdle: CancelTimer;
}

function inAnotherThread(parts: ExporterParts): Exporter {
  let current: Thread | undefined;
  let closed = false;

  function start(): Thread {
    const { database, gitFolder, gitLocal } = parts;
    const worker = new Worker(new URL(ENTRY, import.meta.url), {
      name: "export",
      workerData: { database, gitFolder, gitLocal } satisfies ExportWorkerData,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MEGABYTES },
    });
    worker.unref();
    const thread: Thread = { worker, running: new Set(), cancelIdle: () => {} };
    worker.on("error", (error) => end(thread, error));
    worker.on("exit", () => end(thread, new Error("it stopped")));
    return thread;
  }

  /** All that the thread was to make fails. */
  function end(thread: Thread, error: Error): void {
    if (current === thread) current = undefined;
    thread.cancelIdle();
    const failure = new GantryError(EXPORT_FAILED, `the export broke off: ${messageOf(error)}`, { cause: error });
    for (const fail of thread.running) fail(failure);
    thread.running.clear();
  }

  return {
    run(request) {
      if (closed) return Promise.reject(new GantryError(EXPORT_FAILED, "the server is being stopped"));
      const thread = (current ??= start());
      thread.cancelIdle();
      return asked(thread, request, () => {
        if (thread.running.size > 0 || current !== thread) return;
        thread.cancelIdle = parts.clock.after(IDLE_MILLISECONDS, () => {
          current = undefined;
          void thread.worker.terminate();
        });
      });
    },
    async close() {
      closed = true;
      await current?.worker.terminate();
    },
  };
}

function asked(thread: Thread, request: ExportRequest, ended: () => void): Promise<Export> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve, reject) => {
    const content = new Readable({
      read() {
        port1.postMessage("more");
      },
      destroy(error, done) {
        leave();
        done(error);
      },
    });
    // Before there are bytes, nobody reads it yet.
    content.on("error", () => {});
    function fail(error: Error): void {
      reject(error);
      content.destroy(error);
    }
    let left = false;
    function leave(): void {
      if (left) return;
      left = true;
      port1.close();
      thread.running.delete(fail);
      ended();
    }
    thread.running.add(fail);
    port1.on("close", () => {
      if (!left) fail(new GantryError(EXPORT_FAILED, "the export broke off before its end"));
    });
    port1.on("message", (answer: ExportAnswer) => {
      switch (answer.kind) {
        case "head":
          resolve({ head: answer.head, content });
          for (let piece = 1; piece < AHEAD; piece += 1) port1.postMessage("more");
          break;
        case "piece":
          content.push(answer.bytes);
          break;
        case "end":
          content.push(null);
          leave();
          break;
        case "refused":
          fail(refusedBy(answer));
          break;
        default:
          fail(new Error(`the export broke: ${answer.message}`));
      }
    });
    thread.worker.postMessage({ request, port: port2 }, [port2]);
  });
}

function refusedBy({ code, message, hint, where, problems }: ExportAnswer & { kind: "refused" }): GantryError {
  const kind = errorKinds().find((one) => one.code === code) ?? EXPORT_FAILED;
  return new GantryError(kind, message, { hint, problems, ...(where === undefined ? {} : { where }) });
}

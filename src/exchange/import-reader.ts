import { Worker } from "node:worker_threads";
import type { Clock } from "../kernel/clock.ts";
import { errorKinds, GantryError, messageOf, type Place, type Problem } from "../kernel/errors.ts";
import { IMPORT_INVALID, IMPORT_TOO_LARGE } from "./errors.ts";
import type { ImportDocument, ImportRow } from "./import-model.ts";

/** Reads imports in a thread, one after the other, so that a large one neither stops the server nor fills its memory. */
export interface ImportReader {
  /** `body`: bytes of a request; they are given away. Errors: those of `readBody` and `readSource`. */
  read(body: Uint8Array): Promise<ReadImport>;
}

export interface ReadImport {
  readonly name: string;
  readonly fingerprint: string | undefined;
  readonly document: ImportDocument;
}

/** What the thread says. */
export type ImportMessage =
  | { readonly kind: "rows"; readonly rows: readonly ImportRow[] }
  | {
      readonly kind: "done";
      readonly name: string;
      readonly fingerprint: string | undefined;
      readonly warnings: readonly Problem[];
    }
  | {
      readonly kind: "refused";
      readonly code: string;
      readonly message: string;
      readonly hint: string;
      readonly where: Place | undefined;
      readonly problems: readonly Problem[];
    };

export interface ReaderLimits {
  /** Of the thread's heap. */
  readonly megabytes: number;
  readonly milliseconds: number;
}

const LIMITS: ReaderLimits = { megabytes: 3072, milliseconds: 120_000 };

/** From source the thread runs the file beside this one; in what is published, the bundle beside this one. */
const ENTRY = import.meta.url.endsWith(".ts") ? "./import-worker.ts" : "./import-worker.js";

export function createImportReader(clock: Clock, limits: ReaderLimits = LIMITS): ImportReader {
  let last: Promise<unknown> = Promise.resolve();
  return {
    read(body) {
      const turn = last.then(() => readInThread(body, clock, limits));
      last = turn.catch(() => {});
      return turn;
    },
  };
}

function readInThread(body: Uint8Array, clock: Clock, limits: ReaderLimits): Promise<ReadImport> {
  // Only memory that is all the body's own can be given away.
  const bytes = body.byteLength === body.buffer.byteLength ? body : new Uint8Array(body);
  const worker = new Worker(new URL(ENTRY, import.meta.url), {
    name: "import",
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: limits.megabytes },
  });
  const rows: ImportRow[] = [];
  return new Promise<ReadImport>((resolve, reject) => {
    const cancel = clock.after(limits.milliseconds, () =>
      end(() => reject(new GantryError(IMPORT_TOO_LARGE, `reading it took more than ${limits.milliseconds / 1000} s`))),
    );
    let ended = false;
    /** What the thread says first counts: that it stops after it is no news. */
    function end(settle: () => void): void {
      if (ended) return;
      ended = true;
      cancel();
      void worker.terminate().finally(settle);
    }
    worker.on("message", (message: ImportMessage) => {
      if (message.kind === "rows") for (const row of message.rows) rows.push(row);
      else if (message.kind === "refused") end(() => reject(refusedBy(message)));
      else {
        const { name, fingerprint, warnings } = message;
        end(() => resolve({ name, fingerprint, document: { rows, warnings } }));
      }
    });
    worker.on("error", (error) => end(() => reject(brokenBy(error, limits))));
    // Sent, not given at its start: so nothing but the reading holds it.
    worker.postMessage(bytes, [bytes.buffer as ArrayBuffer]);
    worker.on("exit", (code) => end(() => reject(new Error(`the thread that reads an import stopped with ${code}`))));
  });
}

function refusedBy({ code, message, hint, where, problems }: ImportMessage & { kind: "refused" }): GantryError {
  const kind = errorKinds().find((one) => one.code === code) ?? IMPORT_INVALID;
  return new GantryError(kind, message, { hint, problems, ...(where === undefined ? {} : { where }) });
}

function brokenBy(error: Error, limits: ReaderLimits): Error {
  if ("code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY")
    return new GantryError(IMPORT_TOO_LARGE, `reading it needs more than ${limits.megabytes} MB of memory`, {
      cause: error,
    });
  return new Error(`the thread that reads an import broke: ${messageOf(error)}`, { cause: error });
}

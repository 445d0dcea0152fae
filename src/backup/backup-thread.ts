import { Readable } from "node:stream";
import { Worker } from "node:worker_threads";
import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { errorKinds, GantryError, messageOf } from "../kernel/errors.ts";
import { BACKUP_FAILED, BACKUP_RUNNING } from "./errors.ts";
import type { BackupKey, Header } from "./model.ts";

/** What a backup is made of, as the thread is told. */
export interface BackupWish {
  /** File or URL, as the server has it. */
  readonly database: string;
  readonly dataFolder: string;
  readonly withMasterKey: boolean;
  readonly key: BackupKey;
  readonly header: Header;
}

/** What the thread says. It sends a piece for each message it gets. */
export type BackupAnswer =
  | { readonly kind: "begun" }
  | { readonly kind: "piece"; readonly bytes: Uint8Array }
  | { readonly kind: "end" }
  | { readonly kind: "refused"; readonly code: string; readonly message: string; readonly hint: string }
  | { readonly kind: "broken"; readonly message: string };

/** Makes backups beside the server's own thread, one at a time. */
export interface BackupMaker {
  /** Resolves when the moment is settled that the backup shows. Errors: `backup_running`, `backup_failed`, those of `openSnapshot`. */
  begin(wish: BackupWish): Promise<Readable>;
  close(): Promise<void>;
}

/** From source the thread runs the file beside this one; in what is published, the bundle beside this one. */
const ENTRY = import.meta.url.endsWith(".ts") ? "./backup-worker.ts" : "./backup-worker.js";

/** Of the thread's heap. Rows wait there by the megabyte. */
const MEGABYTES = 512;
/** Pieces on their way at the same time. */
const AHEAD = 4;
/** A reader who takes nothing for so long keeps the database from tidying up. */
const PATIENCE_MILLISECONDS = 10 * 60 * 1000;

export function createBackupMaker(clock: Clock): BackupMaker {
  let running: Worker | undefined;
  return {
    begin(wish) {
      if (running !== undefined)
        return Promise.reject(new GantryError(BACKUP_RUNNING, "this server is writing a backup already"));
      const worker = new Worker(new URL(ENTRY, import.meta.url), {
        name: "backup",
        workerData: wish,
        execArgv: [],
        resourceLimits: { maxOldGenerationSizeMb: MEGABYTES },
      });
      running = worker;
      worker.unref();
      worker.once("exit", () => (running = undefined));
      return contentOf(worker, clock);
    },
    async close() {
      await running?.terminate();
    },
  };
}

function contentOf(worker: Worker, clock: Clock): Promise<Readable> {
  return new Promise((resolve, reject) => {
    let cancel: CancelTimer = () => {};
    const content = new Readable({
      read() {
        cancel();
        worker.postMessage("more", []);
      },
      destroy(error, done) {
        cancel();
        void worker.terminate();
        done(error);
      },
    });
    // Before there are bytes, nobody reads it yet.
    content.on("error", () => {});
    function fail(error: Error): void {
      reject(error);
      content.destroy(error);
    }
    worker.on("error", (error) => fail(broken(messageOf(error), error)));
    worker.on("exit", () => {
      if (!content.readableEnded && !ended) fail(broken("its thread ended before its end"));
    });
    let ended = false;
    worker.on("message", (answer: BackupAnswer) => {
      switch (answer.kind) {
        case "begun":
          resolve(content);
          for (let piece = 1; piece < AHEAD; piece += 1) worker.postMessage("more", []);
          break;
        case "piece":
          cancel();
          // When the reader has enough, nothing more is asked for, and the time runs.
          if (!content.push(answer.bytes))
            cancel = clock.after(PATIENCE_MILLISECONDS, () => fail(broken("nobody read on for ten minutes")));
          break;
        case "end":
          ended = true;
          cancel();
          content.push(null);
          break;
        case "refused":
          fail(refusedBy(answer));
          break;
        default:
          fail(broken(answer.message));
      }
    });
  });
}

function broken(message: string, cause?: unknown): GantryError {
  return new GantryError(BACKUP_FAILED, `the backup broke off: ${message}`, { cause });
}

function refusedBy({ code, message, hint }: BackupAnswer & { kind: "refused" }): GantryError {
  return new GantryError(errorKinds().find((one) => one.code === code) ?? BACKUP_FAILED, message, { hint });
}

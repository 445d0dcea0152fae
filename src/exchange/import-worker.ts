/** A thread that reads one import and ends. In what is published it is a bundle of its own, `import-worker.js`. */
import { parentPort } from "node:worker_threads";
import { GantryError, invariant } from "../kernel/errors.ts";
import { readBody } from "./import-body.ts";
import { readSource } from "./import-format.ts";
import type { ImportMessage } from "./import-reader.ts";

/** Rows a message: each is taken over in a few milliseconds. */
const ROWS = 500;

const port = parentPort;
invariant(port !== null, "this file is a thread's entry");

function read(bytes: Uint8Array): void {
  const say = (message: ImportMessage): void => port?.postMessage(message);
  try {
    const request = readBody(bytes);
    const { rows, warnings } = readSource(request);
    for (let start = 0; start < rows.length; start += ROWS)
      say({ kind: "rows", rows: rows.slice(start, start + ROWS) });
    say({ kind: "done", name: request.name, fingerprint: request.fingerprint, warnings });
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    const { code, message, hint, where, problems } = error;
    say({ kind: "refused", code, message, hint, where, problems });
  }
}

port.once("message", read);

import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { createInventoryStore } from "../inventory/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { GantryError, invariant, messageOf } from "../kernel/errors.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import { openDatabase } from "../platform/database/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { runExport, type ExportJobParts } from "./export-job.ts";
import type { ExportRequest } from "./export-model.ts";
import type { ExportAnswer, ExportWorkerData } from "./export-thread.ts";
import { createGitReader } from "./git.ts";

/** A thread that makes exports from the database, with what it has read of it. In what is published it is a bundle of its own. */

interface Asked {
  readonly request: ExportRequest;
  /** Answers go this way; each message that comes back asks for one more piece. */
  readonly port: MessagePort;
}

async function main(data: ExportWorkerData): Promise<void> {
  const clock = systemClock;
  const log = silentLogger();
  const database = await openDatabase(data.database, { clock, log, connections: 2 });
  const parts: ExportJobParts = {
    inventory: createInventoryStore({ database, clock, bus: createInProcessBus(log) }),
    git: createGitReader({ clock, folder: data.gitFolder, local: data.gitLocal }),
    clock,
  };
  invariant(parentPort !== null, "this file is a thread's entry");
  parentPort.on("message", ({ request, port }: Asked) => void answer(parts, request, port));
}

async function answer(parts: ExportJobParts, request: ExportRequest, port: MessagePort): Promise<void> {
  const say = (message: ExportAnswer, give: ArrayBuffer[] = []): void => port.postMessage(message, give);
  try {
    const { head, content } = await runExport(parts, request);
    let wanted = 0;
    let gone = false;
    let wake = (): void => {};
    port.on("close", () => {
      gone = true;
      content.destroy();
      wake();
    });
    say({ kind: "head", head });
    port.on("message", () => {
      wanted += 1;
      wake();
    });
    for await (const piece of content) {
      while (wanted === 0 && !gone) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      // That it is destroyed says nothing: it is as well when all of it has been read.
      if (gone) return;
      wanted -= 1;
      // What is given away must be all the piece's own.
      const bytes = new Uint8Array(piece as Buffer);
      say({ kind: "piece", bytes }, [bytes.buffer]);
    }
    say({ kind: "end" });
  } catch (error) {
    say(
      error instanceof GantryError
        ? {
            kind: "refused",
            code: error.code,
            message: error.message,
            hint: error.hint,
            where: error.where,
            problems: error.problems,
          }
        : { kind: "broken", message: messageOf(error) },
    );
  } finally {
    port.close();
  }
}

await main(workerData as ExportWorkerData);

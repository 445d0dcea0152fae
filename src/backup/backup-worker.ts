import { parentPort, workerData } from "node:worker_threads";
import { GantryError, invariant, messageOf } from "../kernel/errors.ts";
import { openSnapshot } from "../platform/database/index.ts";
import { archiveOf, compressed } from "./archive.ts";
import type { BackupAnswer, BackupWish } from "./backup-thread.ts";
import { sealed } from "./sealing.ts";

/** A thread that writes one backup, and ends. In what is published it is a bundle of its own. */

async function main(wish: BackupWish): Promise<void> {
  const port = parentPort;
  invariant(port !== null, "this file is a thread's entry");
  const say = (message: BackupAnswer, give: ArrayBuffer[] = []): void => port.postMessage(message, give);
  let wanted = 0;
  let wake = (): void => {};
  port.on("message", () => {
    wanted += 1;
    wake();
  });
  try {
    const snapshot = await openSnapshot(wish.database);
    say({ kind: "begun" });
    try {
      const { dataFolder, withMasterKey, key, header } = wish;
      const { gantry, made } = header;
      const plain = archiveOf({ snapshot, dataFolder, withMasterKey, gantry, made });
      for await (const piece of sealed(compressed(plain), key, header)) {
        while (wanted === 0) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
        wanted -= 1;
        // What is given away must be all the piece's own.
        const bytes = new Uint8Array(piece);
        say({ kind: "piece", bytes }, [bytes.buffer]);
      }
    } finally {
      await snapshot.close();
    }
    say({ kind: "end" });
  } catch (error) {
    say(
      error instanceof GantryError
        ? { kind: "refused", code: error.code, message: error.message, hint: error.hint }
        : { kind: "broken", message: messageOf(error) },
    );
  } finally {
    port.close();
  }
}

await main(workerData as BackupWish);

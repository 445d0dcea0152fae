import { open, readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import type { CancelTimer, Clock } from "../../kernel/clock.ts";
import { writePrivateFile } from "../../platform/files/index.ts";
import { type Places, placesIn } from "./model.ts";

/** What machines say on their serial ports: kept in a file each, that does not grow for ever. */

/** Bytes after which a log becomes the earlier one, of which its end is kept. */
const MOST = 1024 * 1024;
/** Milliseconds between two looks at the logs. */
const EVERY = 5000;

/** The last of what a machine said, at most `most` bytes. Empty when it has said nothing. */
export async function readSerial({ serial }: Places, most: number): Promise<string> {
  return (await tailOf(serial, most)).bytes.toString("utf8");
}

/** Moves a log that is too long out of the way. QEMU appends: what it writes next is the beginning. */
export async function trimSerial({ serial, earlierSerial }: Places): Promise<void> {
  const { bytes, size } = await tailOf(serial, MOST);
  if (size <= MOST) return;
  await writePrivateFile(earlierSerial, bytes);
  await truncate(serial, 0);
}

export interface SerialKeeper {
  /** Looks at the logs of all machines from now on, as long as there are machines. */
  watch(): void;
  close(): void;
}

export function createSerialKeeper(folder: string, clock: Clock): SerialKeeper {
  let cancel: CancelTimer | undefined;
  let closed = false;

  function watch(): void {
    if (closed) return;
    cancel ??= clock.after(EVERY, () => void look());
  }

  async function look(): Promise<void> {
    const names = (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith("."));
    // A machine that goes away meanwhile takes its log with it.
    for (const name of names) await trimSerial(placesIn(join(folder, name))).catch(() => undefined);
    cancel = undefined;
    if (names.length > 0) watch();
  }

  return {
    watch,
    close() {
      closed = true;
      cancel?.();
    },
  };
}

async function tailOf(path: string, most: number): Promise<{ readonly bytes: Buffer; readonly size: number }> {
  const file = await open(path, "r").catch(() => undefined);
  if (file === undefined) return { bytes: Buffer.alloc(0), size: 0 };
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, most));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
    return { bytes: buffer.subarray(0, bytesRead), size };
  } finally {
    await file.close();
  }
}

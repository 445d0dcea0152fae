import { lstat, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { syncFolder } from "../platform/files/index.ts";
import { OUTPUT_FILE_UNUSABLE } from "./errors.ts";
import { EXIT, Exit } from "./failure.ts";

/**
 * Writes what a server sends into a new file of the owner's alone. Under its name it is whole or not there: until its end it is called
 * `PATH.part`, which goes when something fails or Ctrl-C is pressed.
 *
 * Errors: `output_file_unusable`, those of `load`.
 * @returns bytes written
 */
export async function writePrivateOutput(
  path: string,
  load: (signal: AbortSignal) => Promise<AsyncIterable<Uint8Array>>,
): Promise<number> {
  if (await isThere(path)) throw new GantryError(OUTPUT_FILE_UNUSABLE, `${path} is there already`);
  const interrupted = new AbortController();
  const onInterrupt = (): void => interrupted.abort();
  process.once("SIGINT", onInterrupt);
  const part = `${path}.part`;
  const file = await open(part, "wx", 0o600).catch((cause: unknown) => {
    throw new GantryError(OUTPUT_FILE_UNUSABLE, `${part} cannot be written: ${messageOf(cause)}`, { cause });
  });
  try {
    let bytes = 0;
    try {
      for await (const chunk of await load(interrupted.signal)) {
        await file.writeFile(chunk);
        bytes += chunk.length;
      }
      if (interrupted.signal.aborted) throw new Exit(EXIT.interrupted);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, path);
    await syncFolder(dirname(path));
    return bytes;
  } catch (error) {
    await rm(part, { force: true });
    throw interrupted.signal.aborted ? new Exit(EXIT.interrupted) : error;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** `1.2 MB` */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [unit, size] = bytes < 1_000_000 ? ["kB", 1000] : bytes < 1_000_000_000 ? ["MB", 1e6] : ["GB", 1e9];
  return `${(bytes / Number(size)).toFixed(1)} ${unit}`;
}

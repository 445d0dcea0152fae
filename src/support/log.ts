import { open } from "node:fs/promises";
import { join } from "node:path";
import { toldLine } from "./redact.ts";

/** Bytes of the log that are looked at, from its end. */
const BYTES = 2 * 1024 * 1024;
const LINES = 5000;

/** The last lines of the log that a server in the background writes, each as it may be told. Undefined: there is none. */
export async function endOfLog(dataFolder: string): Promise<readonly string[] | undefined> {
  let file;
  try {
    file = await open(join(dataFolder, "server.log"), "r");
  } catch {
    return undefined;
  }
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - BYTES);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, BYTES)), 0, undefined, start);
    const lines = buffer.subarray(0, bytesRead).toString("utf8").split("\n");
    // The first one may have lost its beginning, and behind the last one is nothing.
    return lines
      .slice(start > 0 ? 1 : 0)
      .filter((line) => line !== "")
      .slice(-LINES)
      .map(toldLine);
  } finally {
    await file.close();
  }
}

/** Records of what went wrong, newest last. */
export function errorsIn(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => /^\{"level":"(error|warn|fatal)"/.test(line)).slice(-500);
}

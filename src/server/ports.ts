import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "../platform/files/index.ts";

/** Ports a server chooses from by itself: outside the range the kernel gives to outgoing connections, and free on most machines. */
const FIRST_PORT = 7400;
const PORTS = 600;

/** The port chosen on an earlier start: agents know it, so it is kept. */
export async function keptPort(dataFolder: string): Promise<number | undefined> {
  try {
    const port = Number((await readFile(join(dataFolder, "port"), "utf8")).trim());
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
  } catch {
    return undefined;
  }
}

export function keepPort(dataFolder: string, port: number): Promise<void> {
  return writePrivateFile(join(dataFolder, "port"), `${port}\n`);
}

/** Ports to try, in an order that differs between data folders, so that two servers of one machine seldom meet. */
export function candidatePorts(dataFolder: string): readonly number[] {
  const start = createHash("sha256").update(dataFolder).digest().readUInt32BE(0) % PORTS;
  return Array.from({ length: 50 }, (_, index) => FIRST_PORT + ((start + index) % PORTS));
}

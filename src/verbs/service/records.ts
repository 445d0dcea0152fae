import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import { writePrivateFile } from "../../platform/files/index.ts";
import { SERVICE_DAMAGED } from "../errors.ts";
import { type ServiceRecord, serviceName, serviceRecord } from "./model.ts";

/** Services on disk: a folder each, with its record and its log. */

/** Bytes of a log at which the next start begins a new one; one old one is kept. */
const LOG_LIMIT = 10 * 1024 * 1024;

export interface ServiceFiles {
  names(): Promise<string[]>;
  /** Undefined when there is none. Throws `service_damaged`. */
  read(name: string): Promise<ServiceRecord | undefined>;
  write(name: string, record: ServiceRecord): Promise<void>;
  remove(name: string): Promise<void>;
  /** The log to append to. */
  log(name: string): Promise<string>;
  /** The end of the log, for messages. */
  lastLines(name: string): Promise<string>;
}

export function serviceFiles(folder: string): ServiceFiles {
  function recordPath(name: string): string {
    return join(folder, name, "service.json");
  }
  function logPath(name: string): string {
    return join(folder, name, "log");
  }
  return {
    async names() {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      return entries
        .filter((entry) => entry.isDirectory() && serviceName.safeParse(entry.name).success)
        .map(({ name }) => name);
    },
    async read(name) {
      try {
        return serviceRecord.parse(JSON.parse(await readFile(recordPath(name), "utf8")));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw new GantryError(SERVICE_DAMAGED, `the record of service ${name} cannot be read`, {
          cause: error,
          details: { path: recordPath(name) },
        });
      }
    },
    async write(name, record) {
      await mkdir(join(folder, name), { recursive: true, mode: 0o700 });
      await writePrivateFile(recordPath(name), JSON.stringify(record));
    },
    async remove(name) {
      // The record first: without it there is no service, whatever else is still to be removed.
      await rm(recordPath(name), { force: true });
      await rm(join(folder, name), { recursive: true, force: true });
    },
    async log(name) {
      const path = logPath(name);
      const size = await stat(path).then(
        (found) => found.size,
        () => 0,
      );
      if (size > LOG_LIMIT) await rename(path, `${path}.old`);
      return path;
    },
    async lastLines(name) {
      const text = await readFile(logPath(name), "utf8").catch(() => "");
      return text.trimEnd().split("\n").slice(-10).join("\n").slice(-4000);
    },
  };
}

/** One hash over the content of files; a missing file counts as such. */
export async function hashFiles(paths: readonly string[]): Promise<string> {
  const all = createHash("sha256");
  for (const path of [...paths].sort()) {
    const one = createHash("sha256");
    try {
      for await (const chunk of createReadStream(path)) one.update(chunk as Buffer);
      all.update(`${path}\0${one.digest("hex")}\0`);
    } catch {
      all.update(`${path}\0missing\0`);
    }
  }
  return all.digest("hex");
}

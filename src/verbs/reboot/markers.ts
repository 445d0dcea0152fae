import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "../../platform/files/index.ts";
import { type RebootMarker, rebootMarker } from "./model.ts";

/** Milliseconds until a marker is of no use any more: its task is long over. */
const KEPT = 30 * 24 * 60 * 60 * 1000;

/** Reboots that were asked for, on disk, by the key of the call. They stay: the same call may come once more when its answer was lost. */
export interface RebootMarkers {
  read(key: string): Promise<RebootMarker | undefined>;
  /** On disk when it resolves. */
  write(marker: RebootMarker): Promise<void>;
}

export function rebootMarkers(folder: string): RebootMarkers {
  function pathOf(key: string): string {
    return join(folder, `${createHash("sha256").update(key).digest("hex").slice(0, 32)}.json`);
  }
  return {
    async read(key) {
      const text = await readFile(pathOf(key), "utf8").catch(() => undefined);
      if (text === undefined) return undefined;
      const marker = rebootMarker.parse(JSON.parse(text));
      return marker.key === key ? marker : undefined;
    },
    async write(marker) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      for (const name of await readdir(folder)) {
        const path = join(folder, name);
        const found = await stat(path).catch(() => undefined);
        if (found !== undefined && marker.at - found.mtimeMs > KEPT) await rm(path, { force: true });
      }
      await writePrivateFile(pathOf(marker.key), JSON.stringify(marker));
    },
  };
}

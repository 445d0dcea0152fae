import { stat, statfs } from "node:fs/promises";
import { arch, cpus, freemem, loadavg, platform, release, totalmem } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "../kernel/json.ts";

/** The program, and what it runs on. */
export function versions(gantry: string): JsonObject {
  const { node, v8, openssl, uv } = process.versions;
  return {
    gantry,
    node,
    v8,
    openssl: openssl ?? null,
    uv,
    platform: platform(),
    release: release(),
    architecture: arch(),
    processors: cpus().length,
    memory: totalmem(),
  };
}

/** What the process and its machine have left. */
export function resources(): JsonObject {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return {
    uptimeSeconds: Math.round(process.uptime()),
    memory: { rss, heapUsed, heapTotal, external, freeOnMachine: freemem() },
    load: loadavg(),
  };
}

/** Bytes of files in the data folder, and bytes free beside them; null: there is no such file. */
export async function sizes(dataFolder: string): Promise<JsonObject> {
  const files = ["gantry.db", "gantry.db-wal", "server.log"];
  const found = await Promise.all(
    files.map(async (name) => {
      const file = await stat(join(dataFolder, name)).catch(() => undefined);
      return [name, file?.size ?? null] as const;
    }),
  );
  const disk = await statfs(dataFolder).catch(() => undefined);
  return { files: Object.fromEntries(found), free: disk === undefined ? null : disk.bavail * disk.bsize };
}

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import type { Json } from "../../kernel/json.ts";
import { type AgentRuntime, RUNTIME, STATE } from "../agent-place.ts";

/** Tar archives, the form in which the engine takes files. Whoever reads one to its end, or destroys it, ends it. */

/** The runtime, relative to its folder. */
export function runtimeArchive(runtime: AgentRuntime): Readable {
  const archive = pack();
  void fill(archive, runtime).then(
    () => archive.finalize(),
    (error: unknown) => archive.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  return Readable.from(archive, { objectMode: false });
}

/** The file that tells the agent how to join, relative to `/`. */
export function joinArchive(join: Json): Readable {
  const archive = pack();
  archive.entry({ name: `${STATE.folder.slice(1)}/`, type: "directory", mode: 0o700 });
  archive.entry({ name: STATE.join.slice(1), mode: 0o600 }, `${JSON.stringify(join)}\n`);
  archive.finalize();
  return Readable.from(archive, { objectMode: false });
}

async function fill(archive: Pack, { node, bundle, hash }: AgentRuntime): Promise<void> {
  const { size } = await stat(node);
  archive.entry({ name: "bin/", type: "directory", mode: 0o755 });
  await pipeline(createReadStream(node), archive.entry({ name: inRuntime(RUNTIME.node), size, mode: 0o755 }));
  archive.entry({ name: inRuntime(RUNTIME.bundle), mode: 0o644 }, Buffer.from(bundle));
  archive.entry({ name: inRuntime(RUNTIME.complete), mode: 0o644 }, `${hash}\n`);
}

function inRuntime(path: string): string {
  return path.slice(RUNTIME.folder.length + 1);
}

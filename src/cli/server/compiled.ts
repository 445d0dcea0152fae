import { statSync } from "node:fs";
import { flushCompileCache, getCompileCacheDir } from "node:module";
import { loadServer } from "../../server/index.ts";

/**
 * Node's compile cache (`main.js` says where): a process that finds all its code in it starts in half the time, and needs 40 MB less,
 * as it loads no TypeScript compiler. By itself Node writes only when a process ends, and servers and agents do not end for a long time.
 */

/**
 * To be called before a server is started. When this program is new here, this command compiles for the server: it ends soon, and what the
 * compiler took is free again.
 */
export async function compileForServer(): Promise<void> {
  const folder = getCompileCacheDir();
  if (folder === undefined) return;
  const before = changedAt(folder);
  flushCompileCache();
  // All that this command runs was compiled before, so the rest was too.
  if (changedAt(folder) === before) return;
  await Promise.all([loadServer(), import("./run.ts")]);
  await compileForAgents();
}

/** To be called by a server: the agents it is about to start need much of what it had to compile. */
export async function compileForAgents(): Promise<void> {
  await Promise.all([import("../agent.ts"), import("../../agent/index.ts")]);
  flushCompileCache();
}

/** Whoever tidies up may have removed the folder meanwhile. */
function changedAt(folder: string): number | undefined {
  return statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
}

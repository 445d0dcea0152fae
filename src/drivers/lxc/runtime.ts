import { copyFile, link, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownProcess } from "../../platform/files/index.ts";
import { type AgentRuntime, RUNTIME } from "../agent-place.ts";
import { type Folders, makeFolder, namesIn, removeTree } from "./folder.ts";

/** The agent's runtime on the worker's machine: one folder for each hash, which all containers see read-only. Node is 121 MB. */

export function runtimeFolder({ runtimes }: Folders, hash: string): string {
  return join(runtimes, hash);
}

/** Puts the runtime into its folder, unless it is there. Returns the folder. */
export async function ensureRuntime(folders: Folders, { node, bundle, hash }: AgentRuntime): Promise<string> {
  const folder = runtimeFolder(folders, hash);
  if (await isThere(join(folder, inRuntime(RUNTIME.complete)))) return folder;
  const draft = join(folders.runtimes, `.new-${hash}-${ownProcess().pid}`);
  try {
    await removeTree(draft);
    await makeFolder(join(draft, inRuntime(RUNTIME.programs)));
    const program = join(draft, inRuntime(RUNTIME.node));
    // A second name costs nothing; it needs the same file system.
    await link(node, program).catch(() => copyFile(node, program));
    await writeFile(join(draft, inRuntime(RUNTIME.bundle)), bundle);
    await writeFile(join(draft, inRuntime(RUNTIME.complete)), `${hash}\n`);
    if (!(await isThere(join(folder, inRuntime(RUNTIME.complete))))) await removeTree(folder);
    await rename(draft, folder).catch(async (error: unknown) => {
      if (!(await isThere(join(folder, inRuntime(RUNTIME.complete))))) throw error;
    });
  } finally {
    await removeTree(draft);
  }
  return folder;
}

export async function removeRuntimes({ runtimes }: Folders, used: ReadonlySet<string>): Promise<void> {
  for (const name of (await namesIn(runtimes)) ?? []) {
    const pid = /^\.new-.*-(\d+)$/.exec(name)?.[1];
    if (pid === undefined ? used.has(name) : await isThere(`/proc/${pid}`)) continue;
    // The file that says that all is there goes first.
    await removeTree(join(runtimes, name, inRuntime(RUNTIME.complete)));
    await removeTree(join(runtimes, name));
  }
}

function inRuntime(path: string): string {
  return path.slice(RUNTIME.folder.length + 1);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { LeftOut } from "./model.ts";

/** What of the data folder is the server's truth, beside the database. */

export interface KeptFile {
  /** Below the data folder, with `/`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Files and folders that go along. */
const TRUTH: readonly string[] = ["admin.token", "port", "gateways.json", "tls"];
/** What opens the secrets in the database. While it is being changed there are two. */
const MASTER_KEY = "master.key";
const MASTER_KEYS: readonly string[] = [MASTER_KEY, `${MASTER_KEY}.next`];

const LEFT_OUT: readonly LeftOut[] = [
  { what: "config.yaml", why: "says where this server runs and which database it has; that is another one elsewhere" },
  { what: "content", why: "large files on their way to nodes; whoever needs one brings it again" },
  { what: "foundations", why: "the machines themselves, of type local" },
  { what: "git", why: "copies of repositories; they are fetched again" },
  { what: "worker", why: "what the worker inside is doing at the moment" },
  { what: "server.log", why: "`gantry support-bundle` takes its end" },
];
const NO_MASTER_KEY: LeftOut = {
  what: MASTER_KEY,
  why: "opens the secrets in this backup: keep it elsewhere, or use --with-master-key",
};

/** All of them, whole: they are small. */
export async function keptFiles(dataFolder: string, withMasterKey: boolean): Promise<readonly KeptFile[]> {
  const names = withMasterKey ? [...TRUTH, ...MASTER_KEYS] : TRUTH;
  const files: KeptFile[] = [];
  for (const name of names.toSorted())
    for (const file of await filesBelow(dataFolder, name))
      files.push({ name: file, bytes: await readFile(join(dataFolder, file)) });
  return files;
}

export function leftOut(withMasterKey: boolean): readonly LeftOut[] {
  return withMasterKey ? LEFT_OUT : [...LEFT_OUT, NO_MASTER_KEY];
}

/** Whether a file of this name may be put into a data folder. */
export function isKeptName(name: string): boolean {
  const parts = name.split("/");
  if (parts.some((part) => part === "" || part === "." || part === ".." || part.includes("\0"))) return false;
  return [...TRUTH, ...MASTER_KEYS].includes(parts[0] ?? "");
}

async function filesBelow(folder: string, name: string): Promise<readonly string[]> {
  const found = await stat(join(folder, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return [];
  if (!found.isDirectory()) return [name];
  const entries = await readdir(join(folder, name), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .toSorted();
}

import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import { findPaths } from "../../platform/patterns/index.ts";
import { GET_FAILED } from "../errors.ts";
import type { VerbContext } from "../verb.ts";
import { type GetParameters, MOST_FETCHED } from "./model.ts";

/** What a pattern may stand for, folders and what else is no file included. */
const MOST_MATCHES = 100_000;
/** Folders in folders. */
const DEEPEST = 64;

/** The files that are asked for, absolute, sorted, each once. Throws `get_failed` when a path or a pattern stands for none, `pattern_too_slow`. */
export async function findFiles({ paths }: GetParameters, context: VerbContext): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const whole = context.path(path);
    const there = await stat(whole).catch(() => undefined);
    let matches = there === undefined ? 0 : 1;
    if (there !== undefined) {
      if (!there.isFile() && !there.isDirectory())
        throw new GantryError(GET_FAILED, `${whole} is a pipe, a socket or a device: it has no end to be read to`);
      await add(found, whole, 0, there.isDirectory());
    } else {
      const { clock, signal, cwd: folder } = context;
      for (const match of await findPaths(path, { folder, most: MOST_MATCHES, clock, signal })) {
        matches += 1;
        await add(found, context.path(match), 0, false);
      }
    }
    if (matches === 0) throw new GantryError(GET_FAILED, `there is no file ${whole} on this node`);
  }
  return [...found].sort();
}

/** Links in folders, and what is no file, are left out: devices never end. */
async function add(found: Set<string>, path: string, depth: number, isFolder: boolean): Promise<void> {
  if (!isFolder) {
    if ((await stat(path)).isFile()) found.add(path);
    if (found.size > MOST_FETCHED) throw new GantryError(GET_FAILED, `these are more than ${MOST_FETCHED} files`);
    return;
  }
  if (depth > DEEPEST) throw new GantryError(GET_FAILED, `${path} is more than ${DEEPEST} folders deep`);
  for (const entry of await readdir(path)) {
    const inside = join(path, entry);
    const there = await lstat(inside);
    if (there.isFile() || there.isDirectory()) await add(found, inside, depth + 1, there.isDirectory());
  }
}

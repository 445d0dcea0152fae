import { glob, lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { GantryError } from "../../kernel/errors.ts";
import { GET_FAILED } from "../errors.ts";
import type { VerbContext } from "../verb.ts";
import { type GetParameters, MOST_FETCHED } from "./model.ts";

/** Folders in folders. */
const DEEPEST = 64;

/** The files that are asked for, absolute, sorted, each once. Throws `get_failed` when a path or a pattern stands for none. */
export async function findFiles({ paths }: GetParameters, context: VerbContext): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const path of paths) {
    const whole = context.path(path);
    const there = await stat(whole).catch(() => undefined);
    let matches = there === undefined ? 0 : 1;
    if (there !== undefined) await add(found, whole, 0, there.isDirectory());
    else {
      for await (const match of glob(path, { cwd: context.cwd })) {
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

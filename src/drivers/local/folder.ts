import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { Target } from "../driver.ts";
import { LOCAL_FOLDER_FAILED, LOCAL_NAME_TAKEN } from "./errors.ts";
import { placesIn, type Places } from "./model.ts";

/**
 * The folder of a foundation. It is made under another name and renamed when it is complete, and renamed before it is removed:
 * under its own name it is whole or not there, whenever the worker dies.
 */

const record = z.object({ id: z.string() });

/** The place for a foundation of this name, whether it is there or not. */
export function placesOf(foundations: string, name: string): Places {
  return placesIn(join(foundations, name));
}

/** Whether the folder is there and belongs to this foundation. */
export async function ownsFolder(places: Places, id: string): Promise<boolean> {
  return (await ownerOf(places)) === id;
}

/** Makes the folder, or adopts the one that is there. Returns whether it was there. Throws `local_name_taken`, `local_folder_failed`. */
export async function makeFolder(places: Places, target: Target): Promise<boolean> {
  const owner = await ownerOf(places);
  if (owner === target.id) return true;
  if (owner !== undefined) {
    const whose = owner === "" ? "is not Gantry's" : `belongs to foundation ${owner}`;
    throw new GantryError(LOCAL_NAME_TAKEN, `${places.folder} ${whose}`);
  }
  const draft = placesIn(join(dirname(places.folder), `.new-${target.id}`));
  await attempt(`make ${places.folder}`, async () => {
    try {
      await removeTree(draft.folder);
      await mkdir(dirname(draft.folder), { recursive: true, mode: 0o700 });
      for (const folder of [draft.folder, draft.root, draft.state]) await mkdir(folder, { mode: 0o700 });
      await writeFile(draft.record, `${JSON.stringify({ id: target.id, name: target.name })}\n`, { mode: 0o600 });
      await rename(draft.folder, places.folder);
    } catch (error) {
      await removeTree(draft.folder);
      throw error;
    }
  });
  return false;
}

/** Removes the folder of this foundation, and what is left of an earlier attempt. Returns whether it was there. */
export async function removeFolder(places: Places, id: string): Promise<boolean> {
  const leaving = join(dirname(places.folder), `.old-${id}`);
  const owned = await ownsFolder(places, id);
  await attempt(`remove ${places.folder}`, async () => {
    await removeTree(leaving);
    if (owned) await rename(places.folder, leaving);
    await removeTree(leaving);
    await removeTree(join(dirname(places.folder), `.new-${id}`));
  });
  return owned;
}

/** Replaces a file of ours in one step; readable by its owner only. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await attempt(`write ${path}`, async () => {
    await writeFile(`${path}.new`, text, { mode: 0o600 });
    await rename(`${path}.new`, path);
  });
}

/** A JSON file of ours; undefined when it is missing or not what it should be. */
export async function readRecord<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch {
    return undefined;
  }
}

/** The id of the foundation a folder belongs to; "" when it is nobody's, undefined when there is no such folder. */
async function ownerOf(places: Places): Promise<string | undefined> {
  const found = await readRecord(places.record, record);
  if (found !== undefined) return found.id;
  return (await entriesOf(places.folder)) === undefined ? undefined : "";
}

/** Removes a tree, also one with folders its owner may not write into: whoever ran there may have made such. */
async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    await unlock(path);
    await rm(path, { recursive: true, force: true });
  }
}

async function unlock(folder: string): Promise<void> {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await unlock(join(folder, entry.name));
  }
}

async function entriesOf(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw folderError(`read ${folder}`, error);
  }
}

async function attempt(what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw folderError(what, error);
  }
}

function folderError(what: string, error: unknown): GantryError {
  return new GantryError(LOCAL_FOLDER_FAILED, `cannot ${what}: ${messageOf(error)}`, { cause: error });
}

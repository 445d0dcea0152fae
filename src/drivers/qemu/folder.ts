import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { Target } from "../driver.ts";
import { writePrivateFile } from "../../platform/files/index.ts";
import { QEMU_DISK_FAILED } from "./errors.ts";
import { folderName, type Places, placesIn } from "./model.ts";

/**
 * The folder of a machine. It is made under another name and renamed when it is complete, and renamed before it is removed: under its
 * own name it is whole or not there, whenever the worker dies.
 */

const record = z.object({ id: z.string(), disks: z.string() });

/** The place for a machine, whether it is there or not. */
export function placesOf(folder: string, { id, name }: Pick<Target, "id" | "name">): Places {
  return placesIn(join(folder, folderName(name, id)));
}

/** What the machine's disks were made of (`diskHash`); undefined when the machine is not there. */
export async function madeOf(places: Places, id: string): Promise<string | undefined> {
  const text = await readFile(places.record, "utf8").catch(() => "null");
  try {
    const found = record.safeParse(JSON.parse(text)).data;
    return found?.id === id ? found.disks : undefined;
  } catch {
    return undefined;
  }
}

/** Makes the folder, and has it filled before it gets its name. Throws `qemu_disk_failed`, and what filling throws. */
export async function makeFolder(
  places: Places,
  { id, name }: Target,
  disks: string,
  fill: (draft: Places) => Promise<void>,
): Promise<void> {
  const draft = placesIn(beside(places, "new", id));
  try {
    await rm(draft.folder, { recursive: true, force: true });
    await mkdir(draft.folder, { recursive: true, mode: 0o700 });
    await fill(draft);
    await writePrivateFile(draft.record, `${JSON.stringify({ id, name, disks })}\n`);
    // What is there and not ours was left by somebody who removed half of it by hand.
    await rm(places.folder, { recursive: true, force: true });
    await rename(draft.folder, places.folder);
  } catch (error) {
    await rm(draft.folder, { recursive: true, force: true });
    throw failed(error, `make ${places.folder}`);
  }
}

/** Removes the folder, and what is left of an earlier attempt. Returns whether it was there. */
export async function removeFolder(places: Places, id: string): Promise<boolean> {
  const leaving = beside(places, "old", id);
  const there = (await madeOf(places, id)) !== undefined;
  try {
    await rm(leaving, { recursive: true, force: true });
    if (there) await rename(places.folder, leaving);
    for (const one of [leaving, beside(places, "new", id)]) await rm(one, { recursive: true, force: true });
  } catch (error) {
    throw failed(error, `remove ${places.folder}`);
  }
  return there;
}

function beside({ folder }: Places, what: "new" | "old", id: string): string {
  return join(dirname(folder), `.${what}-${id}`);
}

function failed(error: unknown, what: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof GantryError || code === undefined) return error;
  return new GantryError(QEMU_DISK_FAILED, `cannot ${what}: ${messageOf(error)}`, { cause: error });
}

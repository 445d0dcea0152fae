import { randomUUID } from "node:crypto";
import { chmod, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { FILE_NOT_PRIVATE, FOLDER_NOT_PRIVATE } from "./errors.ts";

/** Makes a folder for the owner alone (0700), or makes sure that it is one. Errors: `folder_not_private`. */
export async function ensurePrivateFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const found = await stat(path);
    if (process.getuid !== undefined && found.uid !== process.getuid()) {
      throw new GantryError(FOLDER_NOT_PRIVATE, `${path} belongs to another user (uid ${found.uid})`);
    }
    if ((found.mode & 0o077) !== 0) await chmod(path, 0o700);
  } catch (cause) {
    if (cause instanceof GantryError) throw cause;
    throw new GantryError(FOLDER_NOT_PRIVATE, `cannot make the folder ${path}: ${messageOf(cause)}`, { cause });
  }
}

/** Writes a file of the owner's alone (0600) so that a crash leaves the old content or the new, never a part. */
export async function writePrivateFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/**
 * Reads a file that holds a key or a token: it must belong to this program's own user (or root), and nobody else may read it.
 * `longest`: bytes. `kind`: what it is refused with, where a room has an error of its own for its files.
 *
 * Errors: `kind`.
 */
export async function readPrivateFile(path: string, longest: number, kind = FILE_NOT_PRIVATE): Promise<Buffer> {
  try {
    const file = await open(path, "r");
    try {
      const found = await file.stat();
      if (!found.isFile() || found.size > longest)
        throw new GantryError(kind, `${path} is not a file of at most ${longest} bytes`);
      if (process.getuid !== undefined && found.uid !== process.getuid() && found.uid !== 0)
        throw new GantryError(kind, `${path} belongs to another user (uid ${found.uid})`);
      if ((found.mode & 0o077) !== 0) throw new GantryError(kind, `${path} may be read by others than its owner`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof GantryError) throw cause;
    throw new GantryError(kind, `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Makes a rename or a new file in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

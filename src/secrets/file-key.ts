import { existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import { readPrivateFile, syncFolder, writePrivateFile } from "../platform/files/index.ts";
import { MASTER_KEY_UNREACHABLE } from "./errors.ts";
import { keyOf, localKey, type KeyProvider, type MasterKey } from "./master-key.ts";
import { KEY_BYTES } from "./seal.ts";

const LONGEST = 1024;

/**
 * A master key in a file of its owner's alone. Going over to a new key: it is written beside as `FILE.next`; when the database has gone over,
 * the old file becomes `FILE.ID` (it opens backups from before) and the new one takes its place. A crash at any point leaves the key that
 * the database asks for in one of these files.
 */
export function fileKeys(path: string, random: Random): KeyProvider {
  const coming = `${path}.next`;

  async function read(file: string): Promise<MasterKey | undefined> {
    if (!existsSync(file)) return undefined;
    const bytes = await readPrivateFile(file, LONGEST);
    return localKey(keyOf(bytes.toString("latin1"), file), random);
  }

  async function make(file: string): Promise<MasterKey> {
    try {
      const key = Buffer.from(random.token(KEY_BYTES), "base64url");
      await writePrivateFile(file, `${key.toString("base64")}\n`);
      return localKey(key, random);
    } catch (cause) {
      throw new GantryError(MASTER_KEY_UNREACHABLE, `${file} cannot be written: ${messageOf(cause)}`, { cause });
    }
  }

  return {
    source: `file:${path}`,
    async keys(wanted) {
      const files = [
        path,
        coming,
        ...(wanted === undefined || !/^[0-9a-f]+$/.test(wanted) ? [] : [`${path}.${wanted}`]),
      ];
      const found: MasterKey[] = [];
      for (const file of files) {
        const key = await read(file);
        if (key !== undefined) found.push(key);
      }
      if (found.length === 0) throw new GantryError(MASTER_KEY_UNREACHABLE, `there is no file ${path}`);
      return found;
    },
    first: async () => (await read(path)) ?? make(path),
    next: () => make(coming),
    async settle(id) {
      const next = await read(coming);
      if (next === undefined) return;
      if (next.id !== id) return rm(coming, { force: true });
      const old = await read(path);
      if (old !== undefined && old.id !== id) await rename(path, `${path}.${old.id}`);
      await rename(coming, path);
      await syncFolder(dirname(path));
    },
    close: () => undefined,
  };
}

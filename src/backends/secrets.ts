import { open } from "node:fs/promises";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { BACKEND_TOKEN_FILE } from "./errors.ts";

/** The longest file with a token. */
const LONGEST = 64 * 1024;

/** Reads a token: its file must belong to the server's own user (or root), and nobody else may read it. Errors: `backend_token_file`. */
export async function readToken(path: string): Promise<string> {
  try {
    const file = await open(path, "r");
    try {
      const found = await file.stat();
      if (!found.isFile() || found.size > LONGEST)
        throw new GantryError(BACKEND_TOKEN_FILE, `${path} is not a file with a token`);
      if (process.getuid !== undefined && found.uid !== process.getuid() && found.uid !== 0)
        throw new GantryError(BACKEND_TOKEN_FILE, `the token file ${path} belongs to another user (uid ${found.uid})`);
      if ((found.mode & 0o077) !== 0)
        throw new GantryError(BACKEND_TOKEN_FILE, `the token file ${path} may be read by others than its owner`);
      return (await file.readFile("utf8")).trim();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof GantryError) throw cause;
    throw new GantryError(BACKEND_TOKEN_FILE, `the token file ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

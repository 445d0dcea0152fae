import { readPrivateFile } from "../platform/files/index.ts";
import { BACKEND_TOKEN_FILE } from "./errors.ts";

/** The longest file with a token, in bytes. */
const LONGEST = 64 * 1024;

/** Reads a token: its file must belong to the server's own user (or root), and nobody else may read it. Errors: `backend_token_file`. */
export async function readToken(path: string): Promise<string> {
  return (await readPrivateFile(path, LONGEST, BACKEND_TOKEN_FILE)).toString("utf8").trim();
}

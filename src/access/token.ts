import { createHash } from "node:crypto";
import { chmod, link, open, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import { TOKEN_FILE_UNUSABLE } from "./errors.ts";

const FILE = "admin.token";
const TOKEN = /^gantry_[A-Za-z0-9_-]{43}$/;

/** What the server keeps of a token: enough to recognise it, not enough to use it. */
export interface TokenHash {
  /** SHA-256, 32 bytes. */
  readonly sha256: Buffer;
}

/** The path of the token file in a data folder. */
export function adminTokenPath(dataFolder: string): string {
  return join(dataFolder, FILE);
}

export function hashToken(token: string): TokenHash {
  return { sha256: createHash("sha256").update(token).digest() };
}

/** Reads the administrator's token, for a client on the same machine. Undefined when there is no file. */
export async function readAdminToken(dataFolder: string): Promise<string | undefined> {
  try {
    return (await readFile(adminTokenPath(dataFolder), "utf8")).trim();
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw unusable(error);
  }
}

/**
 * The hash of the administrator's token. The first start writes the file, for its owner only (0600); a file that others may read is
 * closed to them. Safe when two processes start at once: one of them writes, both read the same token.
 */
export async function openAdminToken(dataFolder: string, random: Random): Promise<TokenHash> {
  const path = adminTokenPath(dataFolder);
  try {
    if ((await readAdminToken(dataFolder)) === undefined) await createToken(path, random);
    await chmod(path, 0o600);
  } catch (error) {
    throw error instanceof GantryError ? error : unusable(error);
  }
  const token = await readAdminToken(dataFolder);
  if (token === undefined || !TOKEN.test(token)) {
    throw new GantryError(TOKEN_FILE_UNUSABLE, `${path} does not hold a token`);
  }
  return hashToken(token);
}

/** Under its name the file is always whole: it is written beside, and linked there only when nothing is. */
async function createToken(path: string, random: Random): Promise<void> {
  const beside = `${path}.${random.token(6)}`;
  const file = await open(beside, "wx", 0o600);
  try {
    await file.writeFile(`gantry_${random.token(32)}\n`);
    await file.sync();
    await link(beside, path).catch((error: unknown) => {
      if (codeOf(error) !== "EEXIST") throw error;
    });
  } finally {
    await file.close();
    await unlink(beside);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function unusable(error: unknown): GantryError {
  return new GantryError(TOKEN_FILE_UNUSABLE, `the token file cannot be used: ${messageOf(error)}`, { cause: error });
}

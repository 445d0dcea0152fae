import { createHash, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, lchown, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import { syncFolder } from "../../platform/files/index.ts";
import { ADD_FAILED } from "../errors.ts";
import type { VerbResult } from "../model.ts";
import { applyOwner, type Wanted, wantedOwner } from "../owner.ts";
import type { VerbContext } from "../verb.ts";
import type { AddParameters } from "./model.ts";

const NEW_FILE_MODE = 0o644;
/** Of a new file that holds secrets. */
const SECRET_FILE_MODE = "0600";

/** Throws `add_failed`, `owner_unknown`, and `content_unavailable` when what arrives is not what the hash says. */
export async function applyAdd(parameters: AddParameters, context: VerbContext): Promise<VerbResult> {
  const { text, sha256 } = parameters;
  if ((text === undefined) === (sha256 === undefined))
    throw new GantryError(ADD_FAILED, "it needs either sha256 or text as its content");
  const path = await targetOf(context.path(parameters.to), parameters);
  const holdsSecrets = context.hiding !== undefined;
  const isNew = holdsSecrets && (await stat(path).catch(() => undefined)) === undefined;
  const wanted = await wantedOwner(parameters.chown, parameters.chmod ?? (isNew ? SECRET_FILE_MODE : undefined));
  const hash =
    sha256 ??
    createHash("sha256")
      .update(text ?? "")
      .digest("hex");
  // By the hash of a file that is otherwise known, a short secret in it could be guessed.
  const said = holdsSecrets ? { path } : { path, sha256: hash };
  try {
    if ((await hashOf(path)) === hash) {
      return { ...said, changed: await applyOwner(path, wanted) };
    }
    await replace(path, wanted, text === undefined ? context.content(hash) : [Buffer.from(text)], hash, context.signal);
    return { ...said, changed: true };
  } catch (error) {
    if (error instanceof GantryError || context.signal.aborted) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = missing ? `the folder ${dirname(path)} does not exist` : messageOf(error);
    throw new GantryError(ADD_FAILED, `${path} cannot be written: ${why}`, { cause: error });
  }
}

/** A link is followed: what it points to is replaced, not the link. */
export async function targetOf(to: string, parameters: AddParameters): Promise<string> {
  const found = await stat(to).catch(() => undefined);
  if (!parameters.to.endsWith("/") && found?.isDirectory() !== true) return realpath(to).catch(() => to);
  if (parameters.name === undefined)
    throw new GantryError(ADD_FAILED, `${to} is a folder, and the file has no name of its own`);
  const path = join(to, parameters.name);
  return realpath(path).catch(() => path);
}

export async function hashOf(path: string): Promise<string | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  if (!found.isFile()) throw new GantryError(ADD_FAILED, `${path} is no file, and will not be replaced by one`);
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** Written beside its place and renamed into it, so that nobody ever sees half of it. */
async function replace(
  path: string,
  wanted: Wanted,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  hash: string,
  signal: AbortSignal,
): Promise<void> {
  const old = await stat(path).catch(() => undefined);
  const draft = join(dirname(path), `.${basename(path).slice(0, 200)}.${randomUUID()}`);
  const actual = createHash("sha256");
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      for await (const chunk of content) {
        signal.throwIfAborted();
        actual.update(chunk);
        await file.writeFile(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (actual.digest("hex") !== hash)
      throw new GantryError(ADD_FAILED, `what arrived for ${path} is not what its hash says`);
    const uid = wanted.uid ?? old?.uid;
    const gid = wanted.gid ?? old?.gid;
    if (uid !== undefined || gid !== undefined) {
      const now = await stat(draft);
      if ((uid ?? now.uid) !== now.uid || (gid ?? now.gid) !== now.gid)
        await lchown(draft, uid ?? now.uid, gid ?? now.gid);
    }
    await chmod(draft, wanted.mode ?? (old === undefined ? NEW_FILE_MODE : old.mode & 0o7777));
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

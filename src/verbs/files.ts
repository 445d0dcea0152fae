import { createHash, type Hash, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, lstat, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type ErrorKind, GantryError, messageOf } from "../kernel/errors.ts";
import { BLOCK, syncFolder, writerPastCache } from "../platform/files/index.ts";
import { inHeldFolder } from "./held-folder.ts";
import { forgetPart, notePart, PART_ENDING } from "./incoming.ts";
import { applyOwner, type Wanted } from "./owner.ts";
import type { VerbContext } from "./verb.ts";

/** Files of a node: read, compared, and put in their place whole or not at all. */

/** Of a new file of which nothing else is said. */
export const NEW_FILE_MODE = 0o644;
/** Of a new file that holds secrets. */
export const SECRET_FILE_MODE = 0o600;

export interface FileContent {
  readonly sha256: string;
  /** Bytes, where they are known before. */
  readonly size: number | undefined;
  /** All bytes behind the first `from`. Each piece is good until the next is asked for. */
  read(from: number): AsyncIterable<Uint8Array>;
  /** Whether it comes from far, so that what has come is worth keeping when it breaks off. */
  readonly distant: boolean;
}

export function contentOf(bytes: Uint8Array): FileContent {
  return {
    sha256: createHash("sha256").update(bytes).digest("hex"),
    size: bytes.length,
    distant: false,
    async *read(from) {
      yield bytes.subarray(from);
    },
  };
}

export interface Placing {
  /** Absolute, links followed (`safePath`). */
  readonly path: string;
  readonly content: FileContent;
  readonly wanted: Wanted;
  /** Of a new file. An old one keeps its own, unless `wanted` has one. */
  readonly newMode: number;
  readonly failure: ErrorKind;
}

/** Returns whether anything had to change. Throws the given kind. */
export async function placeFile(context: VerbContext, placing: Placing): Promise<boolean> {
  const { path, content, wanted, failure } = placing;
  try {
    return await inHeldFolder(path, async (at) => {
      if (await holds(at, content, failure, path)) return applyOwner(at, wanted);
      await replace(context, placing, at);
      return true;
    });
  } catch (error) {
    if (error instanceof GantryError || context.signal.aborted) throw error;
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    const why = missing ? `the folder ${dirname(path)} does not exist` : messageOf(error);
    throw new GantryError(failure, `${path} cannot be written: ${why}`, { cause: error });
  }
}

/**
 * Whether the file has this content already. Throws the given kind when something else than a file is there.
 *
 * @param called the path for messages
 */
export async function holds(
  path: string,
  content: FileContent,
  failure: ErrorKind,
  called: string = path,
): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return false;
  if (!found.isFile()) throw new GantryError(failure, `${called} is no file, and will not be replaced by one`);
  if (content.size !== undefined && content.size !== found.size) return false;
  return (await hashOf(path)) === content.sha256;
}

/** SHA-256, hex; undefined when there is no such file. */
export async function hashOf(path: string): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const hash = createHash("sha256");
    await hashInto(hash, file, Number.POSITIVE_INFINITY);
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}

/** Bytes read at once: the event loop turns between two. */
const AT_ONCE = 512 * 1024;

async function hashInto(hash: Hash, file: FileHandle, size: number): Promise<void> {
  const buffers = [Buffer.allocUnsafeSlow(AT_ONCE), Buffer.allocUnsafeSlow(AT_ONCE)] as const;
  const read = (turn: number, position: number) =>
    file.read(buffers[turn % 2]!, 0, Math.min(AT_ONCE, size - position), position);
  let position = 0;
  let next = read(0, 0);
  for (let turn = 0; ; turn += 1) {
    const { bytesRead } = await next;
    if (bytesRead === 0) return;
    position += bytesRead;
    // The next is read while this one is hashed.
    next = read(turn + 1, position);
    hash.update(buffers[turn % 2]!.subarray(0, bytesRead));
  }
}

/** Codes of errors at opening what is there, and no file. */
const NO_FILE: readonly string[] = ["ELOOP", "ENXIO"];

/**
 * Text of a file; undefined when there is none, `null` when it is too long or no text.
 *
 * @param path with its links followed: what became a link meanwhile may lead to what is not its owner's, and is not read
 */
export async function textAt(path: string, longest: number): Promise<string | null | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    // A link or a socket, which are no text.
    if (NO_FILE.includes((error as NodeJS.ErrnoException).code ?? "")) return null;
    throw error;
  }
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size > longest) return null;
    return textOf(await file.readFile());
  } finally {
    await file.close();
  }
}

/** Null when the bytes are no text. */
export function textOf(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Bytes from which a transfer that broke off goes on where it stopped, instead of beginning anew. */
const WORTH_KEEPING = 4 * 1024 * 1024;

/** Parts that are being written. */
const busy = new Set<string>();

/** Written beside its place and renamed into it, so that nobody ever sees half of it. `at`: its path within the held folder. */
async function replace(context: VerbContext, placing: Placing, at: string): Promise<void> {
  const { path, content } = placing;
  const name = `.${basename(path).slice(0, 180)}.${content.sha256.slice(0, 24)}${PART_ENDING}`;
  const part = join(dirname(path), name);
  const kept = content.distant && (content.size ?? 0) >= WORTH_KEEPING && !busy.has(part);
  if (!kept) {
    const draft = join(dirname(at), `.${basename(path).slice(0, 200)}.${randomUUID()}`);
    try {
      const file = await open(draft, "wx", 0o600);
      await fill(context, placing, file, createHash("sha256"), 0, { draft, at });
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    return;
  }
  const { state } = context.surroundings;
  busy.add(part);
  try {
    await notePart(state, part);
    const draft = join(dirname(at), name);
    const { file, hash, from } = await openPart(draft, content.size ?? 0);
    try {
      await fill(context, placing, file, hash, from, { draft, at });
    } catch (error) {
      // What is wrong is not gone on with; what is not whole is.
      if (error instanceof WrongContent) await rm(draft, { force: true });
      else throw error;
      throw new GantryError(placing.failure, error.message);
    }
    await forgetPart(state, part);
  } finally {
    busy.delete(part);
  }
}

class WrongContent extends GantryError {}

/** A part of ours, with what it holds; or a new one. Whatever else has its name goes. */
async function openPart(part: string, size: number): Promise<{ file: FileHandle; hash: Hash; from: number }> {
  const hash = createHash("sha256");
  try {
    const file = await open(part, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const found = await file.stat();
    const ours = found.isFile() && found.uid === process.getuid?.() && found.nlink === 1 && (found.mode & 0o077) === 0;
    if (ours && found.size <= size) {
      const from = found.size - (found.size % BLOCK);
      await hashInto(hash, file, from);
      return { file, hash, from };
    }
    await file.close();
  } catch {
    // There is none, or a link: a new one takes its place.
  }
  await rm(part, { force: true });
  return { file: await open(part, "wx+", 0o600), hash, from: 0 };
}

/** Fills a draft, gives it owner and mode, and puts it in its place. Closes the file. */
async function fill(
  context: VerbContext,
  { path, content, wanted, newMode, failure }: Placing,
  file: FileHandle,
  hash: Hash,
  from: number,
  { draft, at }: { readonly draft: string; readonly at: string },
): Promise<void> {
  try {
    await pour(context, content, file, hash, from);
    if (hash.digest("hex") !== content.sha256)
      throw new WrongContent(failure, `what arrived for ${path} is not what its hash says`);
    const found = await lstat(at).catch(() => undefined);
    // A link may have come there meanwhile: nothing of it is kept.
    const old = found?.isFile() === true ? found : undefined;
    const now = await file.stat();
    const uid = wanted.uid ?? old?.uid ?? context.user?.uid ?? now.uid;
    const gid = wanted.gid ?? old?.gid ?? context.user?.gid ?? now.gid;
    if (uid !== now.uid || gid !== now.gid) await file.chown(uid, gid);
    // Bits that lend its owner's rights were given by the owner it had: they are not another's.
    const lent = old?.uid === uid && old.gid === gid ? 0o7777 : 0o777;
    await file.chmod(wanted.mode ?? (old === undefined ? newMode : old.mode & lent));
    await file.sync();
    await rename(draft, at);
  } finally {
    await file.close();
  }
  await syncFolder(dirname(at));
}

async function pour(
  context: VerbContext,
  content: FileContent,
  file: FileHandle,
  hash: Hash,
  from: number,
): Promise<void> {
  if (content.size !== undefined && from >= content.size && from > 0) return;
  const writer = await writerPastCache(file);
  try {
    let position = from;
    for await (const piece of content.read(from)) {
      context.signal.throwIfAborted();
      const writing = writer.write(piece, position);
      hash.update(piece);
      await writing;
      position += piece.length;
    }
  } finally {
    await writer.close();
  }
}

import type { Sftp, Stats } from "ssh2";
import { limitedSignal } from "../../executor/index.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import type { FunctionContext } from "../../link/index.ts";
import { type SshOptions, withConnection } from "./connection.ts";
import { SSH_FILE_FAILED, SSH_FILE_TOO_LARGE } from "./errors.ts";
import type { FileParameters } from "./model.ts";

/** Bytes of a file that can be answered with. */
const MOST_BYTES = 256 * 1024;
/** Bytes of one message of the protocol: every server takes as many. */
const PIECE = 32 * 1024;
const USUAL_MODE = 0o644;
const PERMISSIONS = 0o7777;
/** Of the protocol: there is no such file. */
const NO_SUCH_FILE = 2;

/**
 * Reads a file, or puts content in its place in one step: whoever opens it finds the old or the new one, whole.
 *
 * @returns `{ content, mode }`, or `{ changed }`: false when content and mode were as they should be
 * Errors: `ssh_file_failed`, `ssh_file_too_large`, `function_timed_out`, those of `withConnection`.
 */
export async function file(
  parameters: FileParameters,
  options: SshOptions,
  context: FunctionContext,
): Promise<JsonObject> {
  const limit = limitedSignal(context, parameters.timeout);
  return limit.within(
    withConnection(parameters, options, { ...context, signal: limit.signal }, ({ client, lost }) => {
      const open = new Promise<Sftp>((resolve, reject) => {
        client.sftp((error, sftp) => (error ? reject(failed("use files of the machine", error)) : resolve(sftp)));
      });
      return Promise.race([
        open.then((sftp) =>
          parameters.content === undefined ? get(sftp, parameters) : put(sftp, parameters, context.key),
        ),
        lost,
      ]);
    }),
  );
}

async function get(sftp: Sftp, { path, encoding }: FileParameters): Promise<JsonObject> {
  const there = await read(sftp, path, MOST_BYTES);
  if (there === undefined) throw new GantryError(SSH_FILE_FAILED, `there is no file ${path}`);
  if (there.content === undefined)
    throw new GantryError(
      SSH_FILE_TOO_LARGE,
      `${path} has ${there.stats.size} bytes, and ${MOST_BYTES} can be answered`,
    );
  return { content: there.content.toString(encoding), mode: modeText(there.stats) };
}

async function put(
  sftp: Sftp,
  { path, encoding, content = "", mode: wanted }: FileParameters,
  key: string,
): Promise<JsonObject> {
  const bytes = Buffer.from(content, encoding);
  const there = await read(sftp, path, bytes.length);
  const before = there === undefined ? undefined : there.stats.mode & PERMISSIONS;
  const mode = wanted === undefined ? (before ?? USUAL_MODE) : Number.parseInt(wanted, 8);
  if (there?.content?.equals(bytes) === true && before === mode) return { changed: false };
  // Of this task alone: what an attempt before this one left is removed.
  const draft = `${path}.gantry-${key.replaceAll(/[^A-Za-z0-9-]/g, "-")}`;
  await done("remove", (next) => sftp.unlink(draft, next)).catch(() => undefined);
  try {
    await write(sftp, draft, bytes, mode);
    await done(`rename ${draft}`, (next) => sftp.ext_openssh_rename(draft, path, next));
  } catch (error) {
    await done("remove", (next) => sftp.unlink(draft, next)).catch(() => undefined);
    throw error;
  }
  return { changed: true };
}

/** Undefined when there is none; without content when there is more than `most` bytes. */
async function read(
  sftp: Sftp,
  path: string,
  most: number,
): Promise<{ readonly stats: Stats; readonly content?: Buffer } | undefined> {
  const handle = await open(sftp, path);
  if (handle === undefined) return undefined;
  try {
    const stats = await new Promise<Stats>((resolve, reject) => {
      sftp.fstat(handle, (error, found) => (error ? reject(failed(`look at ${path}`, error)) : resolve(found)));
    });
    if (!stats.isFile()) throw new GantryError(SSH_FILE_FAILED, `${path} is not a file`);
    if (stats.size > most) return { stats };
    const content = await readAll(sftp, handle, path, most);
    return content.length > most ? { stats } : { stats, content };
  } finally {
    await done(`close ${path}`, (next) => sftp.close(handle, next));
  }
}

function open(sftp: Sftp, path: string): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    sftp.open(path, "r", (error: (Error & { readonly code?: number }) | undefined, handle) => {
      if (error === undefined || error === null) resolve(handle);
      else if (error.code === NO_SUCH_FILE) resolve(undefined);
      else reject(failed(`read ${path}`, error));
    });
  });
}

/** At most one byte more than `most`: files may grow while they are read, and some say that they have no bytes. */
async function readAll(sftp: Sftp, handle: Buffer, path: string, most: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (let size = 0; size <= most;) {
    const piece = Buffer.alloc(PIECE);
    const bytes = await new Promise<number>((resolve, reject) => {
      sftp.read(handle, piece, 0, PIECE, size, (error: (Error & { readonly code?: number }) | undefined, count) => {
        if (error && error.code !== 1) reject(failed(`read ${path}`, error));
        // Code 1 is the end of the file.
        else resolve(error ? 0 : count);
      });
    });
    if (bytes === 0) break;
    pieces.push(piece.subarray(0, bytes));
    size += bytes;
  }
  return Buffer.concat(pieces);
}

/** A new file, readable by its owner alone until it is whole. */
async function write(sftp: Sftp, path: string, bytes: Buffer, mode: number): Promise<void> {
  const handle = await new Promise<Buffer>((resolve, reject) => {
    sftp.open(path, "wx", { mode: 0o600 }, (error, made) =>
      error ? reject(failed(`write ${path}`, error)) : resolve(made),
    );
  });
  try {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const length = Math.min(PIECE, bytes.length - at);
      await done(`write ${path}`, (next) => sftp.write(handle, bytes, at, length, at, next));
    }
    await done(`set the mode of ${path}`, (next) => sftp.fchmod(handle, mode, next));
    // Not every server can: then the file is as safe as the machine is.
    await done(`write ${path}`, (next) => sftp.ext_openssh_fsync(handle, next)).catch(() => undefined);
  } finally {
    await done(`close ${path}`, (next) => sftp.close(handle, next));
  }
}

function done(what: string, act: (next: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    try {
      act((error) => (error ? reject(failed(what, error)) : resolve()));
    } catch (error) {
      // What the server has no extension for is thrown at once.
      reject(failed(what, error as Error));
    }
  });
}

function failed(what: string, error: Error): GantryError {
  return new GantryError(SSH_FILE_FAILED, `cannot ${what}: ${error.message}`, { cause: error });
}

function modeText({ mode }: Stats): string {
  return (mode & PERMISSIONS).toString(8).padStart(4, "0");
}

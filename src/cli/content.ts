import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { GantryClient } from "../client/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { FILE_CHANGED } from "./errors.ts";

/** Files on their way from here to the server: each is known by its hash, and what the server has is not sent again. */

export interface SentFile {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

/** Hashes the server is asked for at once. */
const ASKED = 1000;
/** Bytes read at once. */
const AT_ONCE = 512 * 1024;
/** Times an upload is taken up again where it stopped. */
const TRIES = 5;

/** By path, in their order. Errors: `file_changed`, and those of the server. */
export async function sendFiles(client: GantryClient, paths: readonly string[]): Promise<readonly SentFile[]> {
  const files: SentFile[] = [];
  for (const path of paths) files.push(await hashed(path));
  const known = new Set<string>();
  const hashes = [...new Set(files.map(({ sha256 }) => sha256))];
  for (let at = 0; at < hashes.length; at += ASKED) {
    const answer = await client.contentChecks.create({ sha256: hashes.slice(at, at + ASKED) });
    for (const { sha256 } of answer.known) known.add(sha256);
  }
  for (const [index, file] of files.entries()) {
    if (known.has(file.sha256)) continue;
    await send(client, paths[index]!, file);
    known.add(file.sha256);
  }
  return files;
}

async function hashed(path: string): Promise<SentFile> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const piece of createReadStream(path, { highWaterMark: AT_ONCE })) {
    hash.update(piece as Buffer);
    size += (piece as Buffer).length;
  }
  return { sha256: hash.digest("hex"), size };
}

/** Goes on where an earlier upload of it stopped. */
async function send(client: GantryClient, path: string, { sha256, size }: SentFile): Promise<void> {
  if ((await stat(path)).size !== size) throw new GantryError(FILE_CHANGED, `${path} changed while it was being sent`);
  let from = 0;
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Read only when it is sent: an empty stream for an empty file.
      const body = size === 0 ? new Uint8Array(0) : createReadStream(path, { start: from, highWaterMark: AT_ONCE });
      await client.content.replace(sha256, body, { size, from });
      return;
    } catch (error) {
      const received =
        error instanceof GantryError && error.code === "content_upload_elsewhere"
          ? error.details["received"]
          : undefined;
      if (typeof received === "number" && attempt < TRIES) from = received;
      else if (error instanceof GantryError && error.code === "content_wrong")
        throw new GantryError(FILE_CHANGED, `${path} changed while it was being sent`, { cause: error });
      else throw error;
    }
  }
}

import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { GantryError, messageOf } from "../../kernel/errors.ts";
import type { JsonObject } from "../../kernel/json.ts";
import { GET_FAILED } from "../errors.ts";
import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { findFiles } from "./find.ts";
import { FETCHED_BYTES, type GetParameters } from "./model.ts";

/** Bytes read at once. */
const AT_ONCE = 256 * 1024;

/** Brings the files to the server. Throws `get_failed`, `pattern_too_slow`, `content_not_taken`. */
export async function applyGet(parameters: GetParameters, context: VerbContext): Promise<VerbResult> {
  if (context.bring === undefined) throw new GantryError(GET_FAILED, "this node has nowhere to bring files");
  const most = parameters.limit ?? FETCHED_BYTES;
  const files: JsonObject[] = [];
  let left = most;
  for (const path of await findFiles(parameters, context)) {
    context.signal.throwIfAborted();
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: unknown) => {
      throw new GantryError(GET_FAILED, `${path} cannot be read: ${messageOf(error)}`, { cause: error });
    });
    try {
      const there = await file.stat();
      // A pipe that took its place meanwhile would never end.
      if (!there.isFile()) throw new GantryError(GET_FAILED, `${path} is no file any more`);
      const { size, mode } = there;
      if (size > left) throw new GantryError(GET_FAILED, `the files have more than ${most} bytes; --limit allows more`);
      left -= size;
      const sha256 = await hashOf(file, size, context.signal);
      await context.bring({ sha256, size, read: (from) => bytesOf(file, from, size, context.signal) });
      files.push({ path, sha256, size, mode: (mode & 0o777).toString(8).padStart(4, "0") });
    } finally {
      await file.close();
    }
  }
  return { changed: false, files };
}

/** Of the file as long as it is now: one that grows is fetched up to there. */
async function hashOf(file: FileHandle, size: number, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of bytesOf(file, 0, size, signal)) hash.update(piece);
  return hash.digest("hex");
}

async function* bytesOf(file: FileHandle, from: number, size: number, signal: AbortSignal): AsyncIterable<Uint8Array> {
  for (let position = from; position < size;) {
    signal.throwIfAborted();
    const length = Math.min(AT_ONCE, size - position);
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, position);
    if (bytesRead === 0) throw new GantryError(GET_FAILED, "the file became shorter while it was read");
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

import { createCipheriv, createDecipheriv } from "node:crypto";
import { GantryError } from "../kernel/errors.ts";
import { BACKUP_DAMAGED, BACKUP_FOREIGN, BACKUP_KEY_WRONG, BACKUP_NEWER, BACKUP_TRUNCATED } from "./errors.ts";
import { checkOf, isCheck, keysOf } from "./keys.ts";
import { type BackupKey, CHUNK_BYTES, type Header, headerSchema, MAGIC } from "./model.ts";

/**
 * A sealed stream: three lines of text (`gantry-backup`, the header, what authenticates both), then pieces of at most 64 KiB, each sealed
 * with AES-256-GCM. In front of a piece stand four bytes: its length, and in the highest bit whether it is the last one. The nonce of a
 * piece is its number and the same bit, so pieces that were moved, left out or put behind the end do not open. (The construction is STREAM
 * of Hoang, Reyhanitabar, Rogaway and Vizár, 2015.)
 */

const TAG_BYTES = 16;
const FRAME_BYTES = 4;
const LAST = 0x8000_0000;
/** Longer than any header of ours. */
const LONGEST_LINE = 4096;

type Bytes = AsyncIterable<Uint8Array>;

export async function* sealed(plain: Bytes, key: BackupKey, header: Header): AsyncGenerator<Buffer> {
  const keys = await keysOf(key, header);
  const head = `${MAGIC}\n${JSON.stringify(header)}\n`;
  yield Buffer.from(`${head}${checkOf(keys, head)}\n`);
  let count = 0;
  for await (const { bytes, last } of pieces(plain)) {
    const cipher = createCipheriv("aes-256-gcm", keys.seal, nonce(count, last));
    yield Buffer.concat([frame(bytes.length, last), cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    count += 1;
  }
}

/** What was sealed. Nothing is given that was not authenticated. Errors: all of `backup_…` that tell of a file. */
export async function* opened(file: Bytes, key: BackupKey): AsyncGenerator<Buffer> {
  const source = reader(file);
  try {
    const { head, check } = await headOf(source);
    const header = parseHeader(head);
    const keys = await keysOf(key, header);
    if (!isCheck(keys, head, check))
      throw new GantryError(BACKUP_KEY_WRONG, "this is not the passphrase or key that the backup is sealed with");
    for (let count = 0, last = false; !last; count += 1) {
      const where = `piece ${count + 1} of the backup`;
      const framing = await source.take(FRAME_BYTES);
      if (framing.length < FRAME_BYTES)
        throw truncated(`the backup ends before ${where.replace(" of the backup", "")}`);
      const said = framing.readUInt32BE(0);
      last = said >= LAST;
      const length = last ? said - LAST : said;
      if (last ? length > CHUNK_BYTES : length !== CHUNK_BYTES) throw damaged(`the length of ${where} was changed`);
      const bytes = await source.take(length + TAG_BYTES);
      if (bytes.length < length + TAG_BYTES)
        throw truncated(`the backup ends within ${where.replace(" of the backup", "")}`);
      const plain = unsealed(keys.seal, bytes, count, last);
      if (plain === undefined) throw damaged(`${where} (64 KiB each) was changed`);
      yield plain;
    }
    if ((await source.take(1)).length > 0) throw damaged("something stands behind the end of the backup");
  } finally {
    await source.close();
  }
}

function truncated(message: string): GantryError {
  return new GantryError(BACKUP_TRUNCATED, message);
}

function damaged(message: string): GantryError {
  return new GantryError(BACKUP_DAMAGED, message);
}

/** What the header says, without a key. It may have been changed by anybody. Errors: `backup_foreign`, `backup_newer` and others. */
function parseHeader(head: string): Header {
  const text = head.slice(head.indexOf("\n") + 1);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new GantryError(BACKUP_DAMAGED, "the header of the backup cannot be read", { cause });
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === "number" && format > headerSchema.shape.format.value)
    throw new GantryError(BACKUP_NEWER, `the backup has format ${format}; this version knows format 1`);
  const parsed = headerSchema.safeParse(value);
  if (!parsed.success) throw new GantryError(BACKUP_DAMAGED, "the header of the backup is not what it should be");
  return parsed.data;
}

/** The first two lines, as they stand, and the third. */
async function headOf(source: Reader): Promise<{ readonly head: string; readonly check: string }> {
  const begin = (await source.take(MAGIC.length + 1)).toString("latin1");
  if (begin !== `${MAGIC}\n`)
    throw begin !== "" && `${MAGIC}\n`.startsWith(begin)
      ? truncated("the backup ends within its first line")
      : new GantryError(BACKUP_FOREIGN, "the file does not begin as a backup does");
  return { head: `${begin}${await lineOf(source)}\n`, check: await lineOf(source) };
}

async function lineOf(source: Reader): Promise<string> {
  for (let line = ""; line.length < LONGEST_LINE;) {
    const byte = (await source.take(1)).toString("latin1");
    if (byte === "") throw truncated("the backup ends within its header");
    if (byte === "\n") return line;
    line += byte;
  }
  throw damaged("the header of the backup has no end");
}

/** Takes bytes from a stream, as many as are asked for. */
interface Reader {
  /** Fewer when the stream ends before. */
  take(length: number): Promise<Buffer>;
  close(): Promise<void>;
}

function reader(stream: Bytes): Reader {
  const source = stream[Symbol.asyncIterator]();
  let waiting: Buffer = Buffer.alloc(0);
  return {
    async take(length) {
      const found: Uint8Array[] = [waiting];
      let bytes = waiting.length;
      while (bytes < length) {
        const next = await source.next();
        if (next.done === true) break;
        found.push(next.value);
        bytes += next.value.length;
      }
      const all = found.length === 1 ? waiting : Buffer.concat(found, bytes);
      waiting = all.subarray(length);
      return all.subarray(0, length);
    },
    async close() {
      await source.return?.();
    },
  };
}

function frame(length: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(FRAME_BYTES);
  bytes.writeUInt32BE(last ? LAST + length : length);
  return bytes;
}

function nonce(count: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntBE(count, 5, 6);
  bytes[11] = last ? 1 : 0;
  return bytes;
}

/** Undefined: somebody changed it. */
function unsealed(key: Buffer, bytes: Buffer, count: number, last: boolean): Buffer | undefined {
  const decipher = createDecipheriv("aes-256-gcm", key, nonce(count, last), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(bytes.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Pieces of exactly 64 KiB, the last one shorter or as long. There is always a last one. */
async function* pieces(source: Bytes): AsyncGenerator<{ readonly bytes: Buffer; readonly last: boolean }> {
  const size = CHUNK_BYTES;
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const bytes of source) {
    waiting.push(bytes);
    length += bytes.length;
    if (length <= size) continue;
    const all = Buffer.concat(waiting, length);
    let at = 0;
    // What fills the last piece exactly stays until it is known that more follows.
    for (; length - at > size; at += size) yield { bytes: all.subarray(at, at + size), last: false };
    waiting = [all.subarray(at)];
    length -= at;
  }
  yield { bytes: Buffer.concat(waiting, length), last: true };
}

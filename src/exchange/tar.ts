/**
 * The tar format, as far as archives need it whose files are at hand. A library's streams take several times as long for many small files
 * as all else that is done for them. Source: POSIX.1-2017, pax.
 */
export interface TarEntry {
  /** With `/`. */
  readonly path: string;
  /** Permissions. */
  readonly mode: number;
  /** Left out: a folder. */
  readonly content?: Buffer;
}

const BLOCK = 512;
const FOLDER = "5";
const REGULAR_FILE = "0";
const EXTENDED_HEADER = "x";
const PATH_BYTES = 100;
const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;

/** Names that every program reads as they are. */
const SIMPLE_PATH = /^[\x20-\x7e]{1,100}$/;

/** The bytes of a file or a folder in the archive. */
export function tarEntry({ path, mode, content }: TarEntry, modified: Date): Buffer {
  const name = content === undefined ? `${path}/` : path;
  const kind = content === undefined ? FOLDER : REGULAR_FILE;
  if (SIMPLE_PATH.test(name)) return blocks(name, kind, mode, modified, content);
  const record = extendedRecord("path", name);
  return Buffer.concat([
    blocks("PaxHeader", EXTENDED_HEADER, mode, modified, record),
    blocks(asciiOf(name), kind, mode, modified, content),
  ]);
}

/** The end of the archive. */
export function tarEnd(): Buffer {
  return Buffer.alloc(2 * BLOCK);
}

function blocks(name: string, kind: string, mode: number, modified: Date, content: Buffer | undefined): Buffer {
  const size = content?.length ?? 0;
  const length = BLOCK + Math.ceil(size / BLOCK) * BLOCK;
  const made = Buffer.allocUnsafe(length);
  made.fill(0, 0, BLOCK);
  made.write(name, 0, "latin1");
  made.write(octal(mode, 8), 100, "latin1");
  made.write(octal(0, 8), 108, "latin1");
  made.write(octal(0, 8), 116, "latin1");
  made.write(octal(size, 12), 124, "latin1");
  made.write(octal(Math.max(0, Math.floor(modified.getTime() / 1000)), 12), 136, "latin1");
  made.fill(" ", CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_BYTES, "latin1");
  made.write(kind, 156, "latin1");
  made.write("ustar\x0000", 257, "latin1");
  let sum = 0;
  for (let at = 0; at < BLOCK; at += 1) sum += made[at]!;
  made.write(`${octal(sum, 7)}\0`, CHECKSUM_AT, "latin1");
  content?.copy(made, BLOCK);
  return made.fill(0, BLOCK + size);
}

/** Filled up with zeros, and ended by what stands behind it. */
function octal(value: number, bytes: number): string {
  return `${value.toString(8).padStart(bytes - 1, "0")}\0`;
}

/** `LENGTH NAME=VALUE`, the length counting itself. */
function extendedRecord(name: string, value: string): Buffer {
  const rest = ` ${name}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes + String(bytes).length;
  if (bytes + String(length).length !== length) length += 1;
  return Buffer.from(`${length}${rest}`);
}

/** For programs that do not know the extended header. */
function asciiOf(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, "_").slice(-PATH_BYTES);
}

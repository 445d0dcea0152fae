import { crc32, deflateRawSync } from "node:zlib";

/**
 * The zip format, as far as archives need it whose files are at hand: names in UTF-8, Unix permissions, more than 65,535 files. The
 * libraries there are either stop at that number or look through all files for each one. Source: PKWARE's APPNOTE 6.3.10.
 */
export interface ZipEntry {
  /** With `/`. */
  readonly path: string;
  /** Permissions. */
  readonly mode: number;
  readonly content: Buffer;
}

/** What an archive needs to remember of a file until its end. */
export interface ZipDirectory {
  readonly entries: Buffer[];
  offset: number;
}

const STORED = 0;
const DEFLATED = 8;
const UTF8_NAMES = 0x0800;
/** The version that brought archives of any size. */
const VERSION = 45;
const MADE_ON_UNIX = 3 << 8;
const REGULAR_FILE = 0o100000;
const LARGEST_16 = 0xffff;
const LARGEST_32 = 0xffffffff;
const ZIP64_FIELD = 1;
/** What deflating sets up for a large file costs more than a small file itself. */
const SMALL = 4096;
const FOR_SMALL = { level: 4, windowBits: 12, memLevel: 4, chunkSize: 1024 };

/** The bytes of a file in the archive. Notes it in the directory. */
export function zipEntry(directory: ZipDirectory, entry: ZipEntry, modified: Date): Buffer {
  const name = Buffer.from(entry.path);
  const { length } = entry.content;
  const deflated = length === 0 ? entry.content : deflateRawSync(entry.content, length > SMALL ? {} : FOR_SMALL);
  const isSmaller = deflated.length < length;
  const content = isSmaller ? deflated : entry.content;

  // What both headers say, from the version on.
  const common = Buffer.alloc(26);
  common.writeUInt16LE(VERSION, 0);
  common.writeUInt16LE(UTF8_NAMES, 2);
  common.writeUInt16LE(isSmaller ? DEFLATED : STORED, 4);
  common.writeUInt16LE(timeOf(modified), 6);
  common.writeUInt16LE(dateOf(modified), 8);
  common.writeUInt32LE(crc32(entry.content), 10);
  common.writeUInt32LE(content.length, 14);
  common.writeUInt32LE(length, 18);
  common.writeUInt16LE(name.length, 22);

  const { offset } = directory;
  const far = offset >= LARGEST_32 ? zip64Offset(offset) : Buffer.alloc(0);
  const central = Buffer.alloc(46);
  central.write("PK\x01\x02", 0, "latin1");
  central.writeUInt16LE(MADE_ON_UNIX | VERSION, 4);
  common.copy(central, 6);
  central.writeUInt16LE(far.length, 30);
  central.writeUInt32LE(((entry.mode | REGULAR_FILE) << 16) >>> 0, 38);
  central.writeUInt32LE(Math.min(offset, LARGEST_32), 42);
  directory.entries.push(Buffer.concat([central, name, far]));

  const made = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, name, content]);
  directory.offset += made.length;
  return made;
}

/** The end of the archive: what is in it, and where. */
export function zipEnd(directory: ZipDirectory): Buffer {
  const entries = Buffer.concat(directory.entries);
  const count = directory.entries.length;
  const start = directory.offset;
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(Math.min(count, LARGEST_16), 8);
  end.writeUInt16LE(Math.min(count, LARGEST_16), 10);
  end.writeUInt32LE(Math.min(entries.length, LARGEST_32), 12);
  end.writeUInt32LE(Math.min(start, LARGEST_32), 16);
  if (count < LARGEST_16 && start < LARGEST_32 && entries.length < LARGEST_32) return Buffer.concat([entries, end]);

  const large = Buffer.alloc(56);
  large.write("PK\x06\x06", 0, "latin1");
  large.writeBigUInt64LE(BigInt(large.length - 12), 4);
  large.writeUInt16LE(MADE_ON_UNIX | VERSION, 12);
  large.writeUInt16LE(VERSION, 14);
  large.writeBigUInt64LE(BigInt(count), 24);
  large.writeBigUInt64LE(BigInt(count), 32);
  large.writeBigUInt64LE(BigInt(entries.length), 40);
  large.writeBigUInt64LE(BigInt(start), 48);
  const locator = Buffer.alloc(20);
  locator.write("PK\x06\x07", 0, "latin1");
  locator.writeBigUInt64LE(BigInt(start + entries.length), 8);
  locator.writeUInt32LE(1, 16);
  return Buffer.concat([entries, large, locator, end]);
}

function zip64Offset(offset: number): Buffer {
  const field = Buffer.alloc(12);
  field.writeUInt16LE(ZIP64_FIELD, 0);
  field.writeUInt16LE(8, 2);
  field.writeBigUInt64LE(BigInt(offset), 4);
  return field;
}

/** The format knows every second second. */
function timeOf(date: Date): number {
  return (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1);
}

/** Its first year is 1980, its last 2107. */
function dateOf(date: Date): number {
  const year = Math.min(Math.max(date.getFullYear(), 1980), 2107);
  return ((year - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate();
}

import { createHash } from "node:crypto";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { ColumnValue } from "../platform/database/index.ts";
import { decompressed } from "./archive.ts";
import { BACKUP_DAMAGED } from "./errors.ts";
import {
  type BackupKey,
  type BackupRecord,
  type Begin,
  type Manifest,
  type Part,
  recordSchema,
  type TableHead,
} from "./model.ts";
import { opened } from "./sealing.ts";

/** Reads a backup: everything in its order, each part checked against its hash, all of them against the manifest at the end. */

export type Item =
  | { readonly kind: "begin"; readonly begin: Begin }
  | { readonly kind: "table"; readonly table: TableHead }
  | { readonly kind: "rows"; readonly table: TableHead; readonly rows: readonly (readonly ColumnValue[])[] }
  | { readonly kind: "file"; readonly name: string; readonly bytes: Uint8Array }
  | { readonly kind: "manifest"; readonly manifest: Manifest };

/** The longest line: a row with a column of 64 MB. */
const LONGEST_LINE = 256 * 1024 * 1024;
/** Rows, and bytes of their lines, that are handed on together. */
const [GROUP_ROWS, GROUP_BYTES] = [5000, 1024 * 1024];
/** The largest file of a data folder that is kept. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** Errors: all of `backup_…` that tell of a file. Only what comes with the last item is known to be whole. */
export async function* readBackup(file: AsyncIterable<Uint8Array>, key: BackupKey): AsyncGenerator<Item> {
  const found: Part[] = [];
  let begin: Begin | undefined;
  let manifest: Manifest | undefined;
  const lines = linesOf(decompressed(opened(file, key)));
  try {
    for (;;) {
      const text = await lines.next();
      if (text.done === true) break;
      if (manifest !== undefined) throw damaged("something stands behind the manifest");
      const record = recordOf(text.value);
      if ((begin === undefined) !== "begin" in record) throw damaged("the parts are not in their order");
      if ("begin" in record) {
        begin = record.begin;
        yield { kind: "begin", begin };
      } else if ("table" in record) {
        yield { kind: "table", table: record.table };
        found.push(yield* tableRows(lines, record.table));
      } else if ("file" in record) {
        const { part, bytes } = await fileBytes(lines, record.file.name);
        found.push(part);
        yield { kind: "file", name: part.name, bytes };
      } else if ("manifest" in record) {
        manifest = record.manifest;
        refuseDifferent(begin, found, manifest);
      } else throw damaged("a part ends that did not begin");
    }
    if (manifest === undefined) throw damaged("there is no manifest");
    yield { kind: "manifest", manifest };
  } catch (error) {
    throw error instanceof GantryError ? error : damaged(messageOf(error), error);
  } finally {
    await lines.return(undefined);
  }
}

async function* tableRows(lines: AsyncIterator<Buffer>, table: TableHead): AsyncGenerator<Item, Part> {
  const blobs = table.columns.flatMap(({ kind }, index) => (kind === "blob" ? [index] : []));
  const hash = createHash("sha256");
  let rows: ColumnValue[][] = [];
  let [count, bytes] = [0, 0];
  for (;;) {
    const text = await next(lines);
    if (text[0] !== 0x5b) {
      if (rows.length > 0) yield { kind: "rows", table, rows };
      return ended(text, { kind: "table", name: table.name, count, sha256: hash.digest("hex") });
    }
    hash.update(text).update("\n");
    count += 1;
    bytes += text.length;
    rows.push(decoded(text, table, blobs));
    if (rows.length < GROUP_ROWS && bytes < GROUP_BYTES) continue;
    yield { kind: "rows", table, rows };
    rows = [];
    bytes = 0;
  }
}

function decoded(text: Buffer, table: TableHead, blobs: readonly number[]): ColumnValue[] {
  const row = JSON.parse(text.toString("utf8")) as ColumnValue[];
  if (row.length !== table.columns.length) throw damaged(`a row of ${table.name} has ${row.length} values`);
  for (const at of blobs) if (typeof row[at] === "string") row[at] = Buffer.from(row[at], "base64");
  return row;
}

async function fileBytes(lines: AsyncIterator<Buffer>, name: string) {
  const pieces: Buffer[] = [];
  let count = 0;
  for (;;) {
    const text = await next(lines);
    if (text[0] !== 0x22) {
      const bytes = Buffer.concat(pieces, count);
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      return { bytes, part: ended(text, { kind: "file", name, count, sha256 }) };
    }
    const piece = Buffer.from(JSON.parse(text.toString("utf8")) as string, "base64");
    pieces.push(piece);
    count += piece.length;
    if (count > LARGEST_FILE) throw damaged(`the file ${name} is larger than any that is kept`);
  }
}

/** The part as it was found, which must be as its end says. */
function ended(text: Buffer, part: Part): Part {
  const record = recordOf(text);
  if (!("end" in record)) throw damaged(`${part.kind} ${part.name} does not end`);
  if (record.end.count !== part.count || record.end.sha256 !== part.sha256)
    throw damaged(`${part.kind} ${part.name} is not what was written`);
  return part;
}

function refuseDifferent(begin: Begin | undefined, found: readonly Part[], manifest: Manifest): void {
  const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  const names = found.map(({ kind, name }) => ({ kind, name }));
  if (!same(names, begin?.parts)) throw damaged("parts are missing, or there are too many");
  const listed = manifest.parts.map(({ kind, name, count, sha256 }) => ({ kind, name, count, sha256 }));
  if (!same(found, listed)) throw damaged("the manifest lists other parts than there are");
}

function recordOf(text: Buffer): BackupRecord {
  const parsed = recordSchema.safeParse(JSON.parse(text.toString("utf8")));
  if (!parsed.success) throw damaged("a line is not what it should be");
  return parsed.data;
}

async function next(lines: AsyncIterator<Buffer>): Promise<Buffer> {
  const text = await lines.next();
  if (text.done === true) throw damaged("a part does not end");
  return text.value;
}

async function* linesOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let length = 0;
  for await (const bytes of source) {
    let at = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, at)) {
      yield length === 0 ? bytes.subarray(at, end) : Buffer.concat([...waiting, bytes.subarray(at, end)]);
      waiting = [];
      length = 0;
      at = end + 1;
    }
    if (at === bytes.length) continue;
    waiting.push(bytes.subarray(at));
    length += bytes.length - at;
    if (length > LONGEST_LINE) throw damaged("a line has no end");
  }
  if (length > 0) throw damaged("the last line has no end");
}

function damaged(message: string, cause?: unknown): GantryError {
  return new GantryError(BACKUP_DAMAGED, `the backup holds what no backup holds: ${message}`, { cause });
}

import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { GantryError, messageOf } from "../kernel/errors.ts";
import { IMPORT_FILE, IMPORT_TOO_LARGE } from "./errors.ts";
import { MOST_CHARACTERS, MOST_FILES } from "./import-body.ts";

/** A file of an archive. */
export interface ArchiveFile {
  /** With `/`, relative, and never leading out. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * The files of a `.tgz` or `.tar`, in memory. Nothing is written, and nothing but files and folders is accepted: no links, no devices, no
 * paths that lead outside. Stops as soon as what is unpacked is too much, however small the archive is.
 *
 * Errors: `import_file`, `import_too_large`.
 */
export async function readArchive(path: string): Promise<readonly ArchiveFile[]> {
  const files: ArchiveFile[] = [];
  let size = 0;
  const unpack = extract();
  const reading = (async () => {
    for await (const entry of unpack) {
      const name = safePath(path, entry.header);
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry as AsyncIterable<Uint8Array>) {
        size += chunk.byteLength;
        if (size > MOST_CHARACTERS) throw tooLarge(path, `holds more than ${MOST_CHARACTERS} bytes`);
        chunks.push(chunk);
      }
      if (entry.header.type !== "file") continue;
      files.push({ path: name, bytes: Buffer.concat(chunks) });
      if (files.length > MOST_FILES) throw tooLarge(path, `holds more than ${MOST_FILES} files`);
    }
  })();
  const source = createReadStream(path);
  try {
    const sending = /\.tar$/i.test(path) ? pipeline(source, unpack) : pipeline(source, createGunzip(), unpack);
    await Promise.all([reading, sending]);
  } catch (error) {
    unpack.destroy();
    source.destroy();
    await reading.catch(() => {});
    if (error instanceof GantryError) throw error;
    throw new GantryError(IMPORT_FILE, `the archive '${path}' cannot be read: ${messageOf(error)}`, { cause: error });
  }
  return files;
}

function safePath(archive: string, { name, type }: Header): string {
  const shown = JSON.stringify(name.slice(0, 100));
  if (type !== "file" && type !== "directory")
    throw refusedEntry(archive, `${shown} is a ${type ?? "thing"}, and only files and folders are taken`);
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (name.startsWith("/") || name.includes("\\") || name.includes("\0") || parts.includes(".."))
    throw refusedEntry(archive, `${shown} leads out of the archive`);
  return parts.join("/");
}

function refusedEntry(archive: string, message: string): GantryError {
  return new GantryError(IMPORT_FILE, `the archive '${archive}' is not taken: ${message}`);
}

function tooLarge(archive: string, message: string): GantryError {
  return new GantryError(IMPORT_TOO_LARGE, `the archive '${archive}' ${message}`);
}

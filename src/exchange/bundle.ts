import { Readable, type TransformOptions } from "node:stream";
import { pipeline } from "node:stream/promises";
import { buffer } from "node:stream/consumers";
import { setImmediate } from "node:timers/promises";
import { createGzip, type ZlibOptions } from "node:zlib";
import type { BundleFile } from "./ansible-render.ts";
import { tarEnd, tarEntry } from "./tar.ts";
import { zipEnd, zipEntry, type ZipDirectory } from "./zip.ts";

/** Files as one archive, made while it is read: what waits is bounded, however many files there are. */

/** Half the time of the default level, for archives a tenth larger. */
const GZIP_LEVEL = 3;
/** Files are small; what is passed on at once need not be. */
const CHUNK_BYTES = 256 * 1024;
/** What may wait for being compressed, which goes on in another thread while the next files are made. */
const AHEAD_BYTES = 4 * CHUNK_BYTES;
const GZIP: ZlibOptions & TransformOptions = {
  level: GZIP_LEVEL,
  chunkSize: 64 * 1024,
  highWaterMark: AHEAD_BYTES,
};
/** Ansible passes over the configuration in a folder that others can write to. */
const FOLDER = 0o755;
/** Of a bundle in another. */
const BUNDLE = 0o644;

/** What a bundle is made of: files, or other bundles made when their turn comes. */
export type BundleEntry = BundleFile | { readonly path: string; readonly bundle: () => Readable };

/** How an archive is written. */
interface Format {
  file(path: string, mode: number, content: Buffer): readonly Buffer[];
  end(): Buffer;
}

/** A gzipped tar archive. An error of `entries` destroys it. */
export function tgzOf(entries: Iterable<BundleEntry>, modified: Date): Readable {
  const zipped = createGzip(GZIP);
  // What went wrong is told to whoever reads the outer one.
  pipeline(archived(entries, tarFormat(modified)), zipped).catch((error: Error) => zipped.destroy(error));
  return zipped;
}

/** A zip archive. An error of `entries` destroys it. */
export function zipOf(entries: Iterable<BundleEntry>, modified: Date): Readable {
  return Readable.from(archived(entries, zipFormat(modified)), { objectMode: false });
}

function tarFormat(modified: Date): Format {
  const known = new Set<string>();
  return {
    file(path, mode, content) {
      const folders = foldersOf(path, known).map((folder) => tarEntry({ path: folder, mode: FOLDER }, modified));
      return [...folders, tarEntry({ path, mode, content }, modified)];
    },
    end: tarEnd,
  };
}

function zipFormat(modified: Date): Format {
  const directory: ZipDirectory = { entries: [], offset: 0 };
  return {
    file: (path, mode, content) => [zipEntry(directory, { path, mode, content }, modified)],
    end: () => zipEnd(directory),
  };
}

async function* archived(entries: Iterable<BundleEntry>, format: Format): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (const entry of entries) {
    const [mode, content] =
      "bundle" in entry ? [BUNDLE, await buffer(entry.bundle())] : [entry.mode, bytesOf(entry.content)];
    for (const made of format.file(entry.path, mode, content)) {
      waiting.push(made);
      bytes += made.length;
    }
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
    // What was compressed meanwhile goes on, and others have their turn.
    await setImmediate();
  }
  yield Buffer.concat([...waiting, format.end()]);
}

function bytesOf(content: Uint8Array | string): Buffer {
  return typeof content === "string"
    ? Buffer.from(content)
    : Buffer.from(content.buffer, content.byteOffset, content.byteLength);
}

/** The folders of a path that were not there yet, outermost first; adds them to `known`. */
function foldersOf(path: string, known: Set<string>): readonly string[] {
  const found: string[] = [];
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
    const folder = path.slice(0, at);
    if (known.has(folder)) continue;
    known.add(folder);
    found.push(folder);
  }
  return found;
}

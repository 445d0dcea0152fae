import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { buffer } from "node:stream/consumers";
import { createGzip } from "node:zlib";
import { pack } from "tar-stream";
import type { BundleFile } from "./ansible-render.ts";
import { zipEnd, zipEntry, type ZipDirectory } from "./zip.ts";

/** Files as one archive, made while it is read: what waits is bounded, however many files there are. */

/** Half the time of the default level, for archives a tenth larger. */
const GZIP_LEVEL = 3;
/** Files are small; what is passed on at once need not be. */
const CHUNK_BYTES = 256 * 1024;
/** Ansible passes over the configuration in a folder that others can write to. */
const FOLDER = 0o755;

/** What a bundle is made of: files, or other bundles made when their turn comes. */
export type BundleEntry = BundleFile | { readonly path: string; readonly bundle: () => Readable };

/** A gzipped tar archive. An error of `entries` destroys it. */
export function tgzOf(entries: Iterable<BundleEntry>, modified: Date): Readable {
  const archive = pack();
  const zipped = createGzip({ level: GZIP_LEVEL });
  // What went wrong is told to whoever reads the outer one.
  pipeline(archive as unknown as Readable, coalesced, zipped).catch((error: Error) => zipped.destroy(error));
  fill().catch((error: Error) => {
    archive.destroy(error);
    zipped.destroy(error);
  });
  return zipped;

  async function fill(): Promise<void> {
    const known = new Set<string>();
    for (const entry of entries) {
      for (const folder of foldersOf(entry.path, known))
        await add({ name: `${folder}/`, mode: FOLDER, type: "directory" });
      const content = await contentOf(entry);
      await add({ name: entry.path, mode: modeOf(entry) }, content);
    }
    archive.finalize();
  }

  /** Resolves when the archive can take more. */
  function add(header: { name: string; mode: number; type?: "directory" }, content?: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: Error | null): void => (error ? reject(error) : resolve());
      if (content === undefined) archive.entry({ ...header, mtime: modified }, done);
      else archive.entry({ ...header, mtime: modified }, content, done);
    });
  }
}

/** Each piece that is compressed goes to another thread and back: few large ones do that less often. */
async function* coalesced(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for await (const piece of source) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  yield Buffer.concat(waiting);
}

/** A zip archive. An error of `entries` destroys it. */
export function zipOf(entries: Iterable<BundleEntry>, modified: Date): Readable {
  return Readable.from(zipped(), { objectMode: false });

  async function* zipped(): AsyncGenerator<Buffer> {
    const directory: ZipDirectory = { entries: [], offset: 0 };
    let waiting: Buffer[] = [];
    let bytes = 0;
    for (const entry of entries) {
      const made = zipEntry(
        directory,
        { path: entry.path, mode: modeOf(entry), content: await contentOf(entry) },
        modified,
      );
      waiting.push(made);
      bytes += made.length;
      if (bytes < CHUNK_BYTES) continue;
      yield Buffer.concat(waiting);
      waiting = [];
      bytes = 0;
    }
    yield Buffer.concat([...waiting, zipEnd(directory)]);
  }
}

function modeOf(entry: BundleEntry): number {
  return "bundle" in entry ? 0o644 : entry.mode;
}

async function contentOf(entry: BundleEntry): Promise<Buffer> {
  return "bundle" in entry ? buffer(entry.bundle()) : bytesOf(entry.content);
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

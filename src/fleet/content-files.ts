import type { Hash } from "node:crypto";
import { existsSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { ensurePrivateFolder, syncFolder, writeAll } from "../platform/files/index.ts";
import { inChunks } from "./content-pieces.ts";

/** Large content as files of the server's data folder, named by the id of their blob. */

/** A file that is open for reading. */
export interface ContentFile {
  readonly handle: FileHandle;
  /** Bytes. */
  readonly size: number;
}

export interface ContentFiles {
  /** Whether the file is there: synchronous, so that it can be asked inside a transaction. */
  has(blobId: string): boolean;
  /** Durable when it resolves, and added to the hash. What fails leaves a part, to be removed. */
  write(blobId: string, bytes: AsyncIterable<Uint8Array>, hash: Hash): Promise<void>;
  /** Writes behind the first `from` bytes, and tells how many are durable about every `every` bytes and at the end, however it comes. */
  append(
    blobId: string,
    from: number,
    bytes: AsyncIterable<Uint8Array>,
    hash: Hash | undefined,
    every: number,
    durable: (size: number) => Promise<void>,
  ): Promise<void>;
  read(blobId: string, from: number): AsyncIterable<Uint8Array>;
  open(blobId: string): Promise<ContentFile>;
  remove(blobId: string): Promise<void>;
}

/** Bytes written or read at once: with less the calls cost more than the copying, with more the processor's caches miss. */
const AT_ONCE = 256 * 1024;
/** Bytes until the disk is told to begin writing: at the end little is left to wait for. */
const SYNC_EVERY = 64 * 1024 * 1024;

export function contentFiles(folder: string): ContentFiles {
  const pathOf = (blobId: string): string => join(folder, blobId);

  async function openFile(blobId: string): Promise<ContentFile> {
    const handle = await open(pathOf(blobId), "r");
    return { handle, size: (await handle.stat()).size };
  }

  async function append(
    blobId: string,
    flags: "wx" | "w" | "r+",
    from: number,
    bytes: AsyncIterable<Uint8Array>,
    hash: Hash | undefined,
    notes: { readonly every: number; durable(size: number): Promise<void> } | undefined,
  ): Promise<void> {
    const file = await open(pathOf(blobId), flags, 0o600);
    let position = from;
    try {
      let syncedAt = from;
      let syncing: Promise<void> = Promise.resolve();
      try {
        for await (const chunk of inChunks(bytes, AT_ONCE)) {
          const writing = writeAll(file, chunk, position);
          hash?.update(chunk);
          await writing;
          position += chunk.length;
          if (position - syncedAt < (notes?.every ?? SYNC_EVERY)) continue;
          syncedAt = position;
          await syncing;
          const size = position;
          syncing = file.datasync().then(() => notes?.durable(size));
          // It is awaited before the next, and at the end: meanwhile nobody hears it fail.
          syncing.catch(() => undefined);
        }
      } finally {
        // Also when the sender is gone: what came is good to go on from.
        await syncing;
        await file.truncate(position);
        await file.sync();
        await notes?.durable(position);
      }
    } finally {
      await file.close();
    }
  }

  return {
    has: (blobId) => existsSync(pathOf(blobId)),
    async write(blobId, bytes, hash) {
      await ensurePrivateFolder(folder);
      await append(blobId, "wx", 0, bytes, hash, undefined);
      await syncFolder(folder);
    },
    async append(blobId, from, bytes, hash, every, durable) {
      await ensurePrivateFolder(folder);
      await append(blobId, from === 0 ? "w" : "r+", from, bytes, hash, { every, durable });
      await syncFolder(folder);
    },
    async *read(blobId, from) {
      const { handle } = await openFile(blobId);
      try {
        for (let position = from; ;) {
          const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafeSlow(AT_ONCE), 0, AT_ONCE, position);
          if (bytesRead === 0) return;
          position += bytesRead;
          yield buffer.subarray(0, bytesRead);
        }
      } finally {
        await handle.close();
      }
    },
    open: openFile,
    remove: (blobId) => rm(pathOf(blobId), { force: true }),
  };
}

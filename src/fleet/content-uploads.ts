import { createHash } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { Holder } from "./content.ts";
import type { ContentFiles } from "./content-files.ts";
import { inChunks } from "./content-pieces.ts";
import { CONTENT_TOO_LARGE, CONTENT_UPLOAD_ELSEWHERE, CONTENT_UPLOADS_FULL, CONTENT_WRONG } from "./errors.ts";

/** Uploads that go on where they stopped. */

declare module "../platform/database/tables.ts" {
  interface Tables {
    /** An upload under way. `id`: who brings it. `received`: bytes that are durable, whole chunks. */
    content_upload: {
      id: string;
      sha256: string;
      blob_id: string;
      received: number;
      tenant_id: string;
      size: number;
    };
  }
}

export interface Upload {
  readonly tenantId: Id;
  /** Whose it is then. */
  readonly holder: Holder;
  /** Who brings it: one upload at a time, the next takes the place of one that was given up. */
  readonly by: string;
  readonly sha256: string;
  /** Bytes of all of it. */
  readonly size: number;
  /** Bytes the server has already, as it said. */
  readonly from: number;
}

interface Parts {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: ContentFiles | undefined;
  /** What has more bytes stands in a file. */
  readonly large: number;
  /** Bytes of a row, and what is durable at once in a file. */
  readonly chunk: number;
  writeChunk(blobId: Id, position: number, data: Uint8Array): Promise<void>;
  readChunks(blobId: Id, size: number): AsyncIterable<Uint8Array>;
  forget(blobId: Id): Promise<void>;
  /** Makes a whole blob content. */
  done(blobId: Id, content: { readonly sha256: string; readonly size: number }): Promise<void>;
}

/** Bytes that all uploads of a tenant which have not ended may announce, and how many there may be: they wait for a day to be gone on with. */
export const MOST_UNFINISHED_BYTES = 256 * 1024 ** 3;
const MOST_UNFINISHED = 10_000;

/** Bytes between two notes of how far an upload has come. */
const NOTE_EVERY = 16 * 1024 * 1024;

/**
 * Takes the bytes from `from` on. Resolves when all of the content is there. When the connection breaks, what came is kept, and the next
 * request may go on behind it. Errors: `content_upload_elsewhere` (with `received`: where to go on), `content_wrong`, `content_too_large`,
 * `content_uploads_full`.
 */
export function contentUploads(parts: Parts): (upload: Upload, bytes: AsyncIterable<Uint8Array>) => Promise<void> {
  const { database, files, chunk } = parts;
  const busy = new Set<string>();

  async function begin(
    id: string,
    { tenantId, sha256, size }: Upload,
  ): Promise<{ blobId: Id; received: number; inFile: boolean }> {
    const known = await database.kysely
      .selectFrom("content_upload")
      .innerJoin("content_blob", "content_blob.id", "content_upload.blob_id")
      .select(["sha256", "blob_id", "received", "in_file"])
      .where("content_upload.id", "=", id)
      .executeTakeFirst();
    const there = known !== undefined && (known.in_file === 0 || files?.has(known.blob_id) === true);
    if (there && known.sha256 === sha256)
      return { blobId: known.blob_id, received: known.received, inFile: known.in_file === 1 };
    if (known !== undefined) await parts.forget(known.blob_id);
    const blobId = parts.random.id();
    const inFile = files !== undefined && size > parts.large;
    await database.transaction(async (tx) => {
      await checkRoom(tx, tenantId, id, size);
      await tx
        .insertInto("content_blob")
        .values({ id: blobId, created_at: parts.clock.now(), in_file: inFile ? 1 : 0 })
        .execute();
      await tx
        .insertInto("content_upload")
        .values({ id, sha256, blob_id: blobId, received: 0, tenant_id: tenantId, size })
        .onConflict((conflict) => conflict.column("id").doUpdateSet({ sha256, blob_id: blobId, received: 0, size }))
        .execute();
    });
    return { blobId, received: 0, inFile };
  }

  async function checkRoom(tx: Transaction, tenantId: Id, id: string, size: number): Promise<void> {
    const others = await tx
      .selectFrom("content_upload")
      .select(({ fn }) => [fn.countAll<number>().as("count"), fn.sum<number | null>("size").as("bytes")])
      .where("tenant_id", "=", tenantId)
      .where("id", "!=", id)
      .executeTakeFirstOrThrow();
    const [count, bytes] = [Number(others.count), Number(others.bytes ?? 0)];
    if (count < MOST_UNFINISHED && bytes + size <= MOST_UNFINISHED_BYTES) return;
    throw new GantryError(
      CONTENT_UPLOADS_FULL,
      `${count} uploads of ${bytes} bytes have not ended; ${MOST_UNFINISHED} of ${MOST_UNFINISHED_BYTES} bytes are the most`,
    );
  }

  async function note(id: string, received: number): Promise<void> {
    await database.kysely.updateTable("content_upload").set({ received }).where("id", "=", id).execute();
  }

  async function end(id: string): Promise<void> {
    await database.kysely.deleteFrom("content_upload").where("id", "=", id).execute();
  }

  async function take(id: string, upload: Upload, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const { sha256, size, from } = upload;
    const { blobId, received, inFile } = await begin(id, upload);
    if (from !== received) {
      throw new GantryError(CONTENT_UPLOAD_ELSEWHERE, `the server has ${received} bytes of it, not ${from}`, {
        details: { received },
      });
    }
    const hash = from === 0 ? createHash("sha256") : undefined;
    let at = from;
    async function* counted(): AsyncIterable<Uint8Array> {
      for await (const piece of bytes) {
        at += piece.length;
        if (at > size) throw new GantryError(CONTENT_TOO_LARGE, `more than the ${size} bytes that were announced came`);
        yield piece;
      }
    }
    const whole = wholeOnly(inChunks(counted(), chunk), chunk, () => at === size);
    if (inFile) await files!.append(blobId, from, whole, hash, NOTE_EVERY, (done) => note(id, done));
    else {
      let done = from;
      for await (const piece of whole) {
        hash?.update(piece);
        await parts.writeChunk(blobId, Math.floor(done / chunk), piece);
        done += piece.length;
        await note(id, done);
      }
    }
    if (at !== size) throw new Error(`the upload ended after ${at} of ${size} bytes`);
    const actual = hash ?? (await hashOf(inFile ? files!.read(blobId, 0) : parts.readChunks(blobId, size)));
    await end(id);
    if (actual.digest("hex") !== sha256) {
      await parts.forget(blobId);
      throw new GantryError(CONTENT_WRONG, `what came is not what its hash ${sha256} says`);
    }
    await parts.done(blobId, { sha256, size });
  }

  return async (upload, bytes) => {
    const id = upload.by;
    if (busy.has(id)) {
      throw new GantryError(CONTENT_UPLOAD_ELSEWHERE, "this content is being sent by another request at the moment", {
        details: { received: null },
      });
    }
    busy.add(id);
    try {
      await take(id, upload, bytes);
    } finally {
      busy.delete(id);
    }
  };
}

/** Leaves out a last piece that is cut short because the connection broke: the next upload brings it whole. */
async function* wholeOnly(
  chunks: AsyncIterable<Uint8Array>,
  size: number,
  complete: () => boolean,
): AsyncIterable<Uint8Array> {
  for await (const chunk of chunks) if (chunk.length === size || complete()) yield chunk;
}

async function hashOf(bytes: AsyncIterable<Uint8Array>): Promise<ReturnType<typeof createHash>> {
  const hash = createHash("sha256");
  for await (const piece of bytes) hash.update(piece);
  return hash;
}

import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database, Queries } from "../platform/database/index.ts";
import { CONTENT_TOO_LARGE, CONTENT_UNKNOWN } from "./errors.ts";

/** Content named by its hash, in pieces in the database, so that every replica of the server has it. */

declare module "../platform/database/tables.ts" {
  interface Tables {
    content: { sha256: string; blob_id: string; size: number; used_at: number };
    content_blob: { id: string; created_at: number };
    content_grant: { executor_id: string; sha256: string };
    content_chunk: { blob_id: string; position: number; data: Uint8Array };
  }
}

/** Lets an executor fetch content: it was given a task that names it. */
export async function grantContent(queries: Queries, executorId: Id, names: readonly string[]): Promise<void> {
  for (let at = 0; at < names.length; at += GRANTS_AT_ONCE) {
    await queries
      .insertInto("content_grant")
      .values(names.slice(at, at + GRANTS_AT_ONCE).map((sha256) => ({ executor_id: executorId, sha256 })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** So many fit the parameters of one statement on any database. */
const GRANTS_AT_ONCE = 500;

export async function isGranted(queries: Queries, executorId: Id, sha256: string): Promise<boolean> {
  const row = await queries
    .selectFrom("content_grant")
    .select("sha256")
    .where("executor_id", "=", executorId)
    .where("sha256", "=", sha256)
    .executeTakeFirst();
  return row !== undefined;
}

interface Content {
  readonly sha256: string;
  readonly size: number;
}

export interface ContentStore {
  /** Keeps bytes; those it has are kept once. Errors: `content_too_large`. */
  keep(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Content>;
  /** The same for bytes at hand. Returns their SHA-256, hex. */
  put(bytes: Uint8Array): Promise<string>;
  /** Errors: `content_unknown`. */
  find(sha256: string): Promise<Content>;
  /** Errors: `content_unknown`, also in the middle when it was swept away meanwhile. */
  read(sha256: string): AsyncIterable<Uint8Array>;
  /** Removes what nobody has used for long, and what a crash left. */
  sweep(): Promise<void>;
}

/** Bytes of one row. */
const CHUNK = 256 * 1024;
export const CONTENT_LIMIT = 256 * 1024 * 1024;
/** Milliseconds without use until content goes. A retry of an older job makes it anew. */
const KEPT = 30 * 24 * 60 * 60 * 1000;
/** Milliseconds an upload may take. */
const UPLOAD = 24 * 60 * 60 * 1000;
/** Milliseconds until a use is worth writing down again. */
const TOUCH = 60 * 60 * 1000;

export function createContentStore(parts: { database: Database; clock: Clock; random: Random }): ContentStore {
  const { database, clock } = parts;

  async function lookUp(
    queries: Queries,
    sha256: string,
  ): Promise<{ blob_id: Id; size: number; used_at: number } | undefined> {
    return queries
      .selectFrom("content")
      .select(["blob_id", "size", "used_at"])
      .where("sha256", "=", sha256)
      .executeTakeFirst();
  }

  async function found(sha256: string): Promise<{ blob_id: Id; size: number }> {
    const row = await lookUp(database.kysely, sha256);
    if (row === undefined) throw new GantryError(CONTENT_UNKNOWN, `there is no content ${sha256}`);
    const now = clock.now();
    if (now - row.used_at > TOUCH)
      await database.kysely.updateTable("content").set({ used_at: now }).where("sha256", "=", sha256).execute();
    return row;
  }

  async function writeChunks(blobId: Id, from: number, chunks: readonly Uint8Array[]): Promise<void> {
    await database.transaction(async (tx) => {
      await database.bulkInsert(tx, {
        table: "content_chunk",
        columns: ["blob_id", "position", "data"],
        rows: chunks.map((data, index) => [blobId, from + index, data]),
      });
    });
  }

  async function keep(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Content> {
    const first = await takeSmall(bytes);
    if (first.rest === undefined) {
      const known = await lookUp(database.kysely, first.sha256);
      if (known !== undefined) {
        await found(first.sha256);
        return { sha256: first.sha256, size: known.size };
      }
    }
    const blobId = parts.random.id();
    await database.kysely.insertInto("content_blob").values({ id: blobId, created_at: clock.now() }).execute();
    const hash = createHash("sha256");
    let size = 0;
    let position = 0;
    for await (const chunk of inChunks(first.all())) {
      size += chunk.length;
      if (size > CONTENT_LIMIT)
        throw new GantryError(CONTENT_TOO_LARGE, `the file has more than ${CONTENT_LIMIT} bytes`);
      hash.update(chunk);
      await writeChunks(blobId, position, [chunk]);
      position += 1;
    }
    const sha256 = hash.digest("hex");
    await database.kysely
      .insertInto("content")
      .values({ sha256, blob_id: blobId, size, used_at: clock.now() })
      .onConflict((conflict) => conflict.column("sha256").doUpdateSet({ used_at: clock.now() }))
      .execute();
    return { sha256, size };
  }

  return {
    keep,
    put: async (bytes) => (await keep([bytes])).sha256,
    async find(sha256) {
      return { sha256, size: (await found(sha256)).size };
    },
    async *read(sha256) {
      const { blob_id, size } = await found(sha256);
      let position = 0;
      for (let sent = 0; sent < size; position += 1) {
        const row = await database.kysely
          .selectFrom("content_chunk")
          .select("data")
          .where("blob_id", "=", blob_id)
          .where("position", "=", position)
          .executeTakeFirst();
        if (row === undefined) throw new GantryError(CONTENT_UNKNOWN, `content ${sha256} is not there any more`);
        sent += row.data.length;
        yield row.data;
      }
    },
    async sweep() {
      const now = clock.now();
      await database.transaction(async (tx) => {
        await tx
          .deleteFrom("content")
          .where("used_at", "<", now - KEPT)
          .execute();
        await sql`delete from content_grant where sha256 not in (select sha256 from content)`.execute(tx);
        const orphans = sql<Id>`select id from content_blob where created_at < ${now - UPLOAD} and id not in (select blob_id from content)`;
        await sql`delete from content_chunk where blob_id in (${orphans})`.execute(tx);
        await sql`delete from content_blob where id in (${orphans})`.execute(tx);
      });
    },
  };
}

/** What fits one row is hashed before anything is written: most content is small, and often there already. */
async function takeSmall(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<{
  sha256: string;
  rest: AsyncIterator<Uint8Array> | Iterator<Uint8Array> | undefined;
  all(): AsyncIterable<Uint8Array>;
}> {
  const iterator = Symbol.asyncIterator in bytes ? bytes[Symbol.asyncIterator]() : bytes[Symbol.iterator]();
  const head: Uint8Array[] = [];
  let size = 0;
  let over = false;
  while (size <= CHUNK) {
    const next = await iterator.next();
    if (next.done === true) {
      over = true;
      break;
    }
    head.push(next.value);
    size += next.value.length;
  }
  const hash = createHash("sha256");
  for (const chunk of head) hash.update(chunk);
  return {
    sha256: hash.digest("hex"),
    rest: over ? undefined : iterator,
    async *all() {
      yield* head;
      if (over) return;
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return;
        yield next.value;
      }
    },
  };
}

async function* inChunks(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let waiting: Buffer = Buffer.alloc(0);
  for await (const piece of bytes) {
    waiting = waiting.length === 0 ? Buffer.from(piece) : Buffer.concat([waiting, piece]);
    while (waiting.length >= CHUNK) {
      yield waiting.subarray(0, CHUNK);
      waiting = waiting.subarray(CHUNK);
    }
  }
  if (waiting.length > 0) yield waiting;
}

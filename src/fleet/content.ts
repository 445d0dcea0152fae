import { createHash } from "node:crypto";
import { sql } from "kysely";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Database, Queries } from "../platform/database/index.ts";
import { type ContentFiles, contentFiles, type ContentFile } from "./content-files.ts";
import { sweepInbound } from "./content-inbound.ts";
import { inChunks, takeSmall } from "./content-pieces.ts";
import { contentUploads, type Upload } from "./content-uploads.ts";
import { CONTENT_TOO_LARGE, CONTENT_UNKNOWN } from "./errors.ts";

/**
 * Content named by its hash. In pieces in the database, so that every replica of the server has it; where there is one server with a data
 * folder, what is large stands there as a file, because a database is slow at handing out gigabytes.
 */

declare module "../platform/database/tables.ts" {
  interface Tables {
    content: { sha256: string; blob_id: string; size: number; used_at: number };
    /** `in_file`: 1 when its bytes stand in the data folder. */
    content_blob: { id: string; created_at: number; in_file: number };
    content_grant: { executor_id: string; sha256: string };
    /** `holder`: see `Holder`. */
    content_owner: { tenant_id: string; sha256: string; holder: string };
    content_chunk: { blob_id: string; position: number; data: Uint8Array };
  }
}

/**
 * Who brought content here: the id of an account, `SERVER`, or `ADMINISTRATOR` (who has no account). Who merely knows the hash of what others
 * brought gets nothing by it.
 */
export type Holder = string;
/** What the server itself keeps: verbs and releases, which every task of the tenant may name. */
export const SERVER: Holder = "";
const ADMINISTRATOR: Holder = "administrator";

/** @param accountId of a principal, or of who started a job */
export function holderOf(accountId: Id | null | undefined): Holder {
  return accountId ?? ADMINISTRATOR;
}

/**
 * Lets an executor fetch content: it was given a task that names it. Only what who started its job has brought here counts, beside the server's
 * own; an administrator's jobs, and the server's, may name all of the tenant's.
 *
 * @returns those of the names that it may fetch now
 */
export async function grantContent(
  queries: Queries,
  executor: { readonly id: Id; readonly tenantId: Id },
  holder: Holder,
  names: readonly string[],
): Promise<readonly string[]> {
  const granted: string[] = [];
  for (let at = 0; at < names.length; at += GRANTS_AT_ONCE) {
    const some = names.slice(at, at + GRANTS_AT_ONCE);
    const holders = holder === ADMINISTRATOR ? "all" : [SERVER, holder];
    const owned = await ownedOf(queries, executor.tenantId, holders, some);
    if (owned.length === 0) continue;
    await queries
      .insertInto("content_grant")
      .values(owned.map((sha256) => ({ executor_id: executor.id, sha256 })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    granted.push(...owned);
  }
  return granted;
}

/** So many fit the parameters of one statement on any database. */
const GRANTS_AT_ONCE = 500;

async function ownedOf(
  queries: Queries,
  tenantId: Id,
  holders: readonly Holder[] | "all",
  names: readonly string[],
): Promise<string[]> {
  let query = queries
    .selectFrom("content_owner")
    .select("sha256")
    .distinct()
    .where("tenant_id", "=", tenantId)
    .where("sha256", "in", names);
  if (holders !== "all") query = query.where("holder", "in", holders);
  return (await query.execute()).map(({ sha256 }) => sha256);
}

export async function isGranted(queries: Queries, executorId: Id, sha256: string): Promise<boolean> {
  const row = await queries
    .selectFrom("content_grant")
    .select("sha256")
    .where("executor_id", "=", executorId)
    .where("sha256", "=", sha256)
    .executeTakeFirst();
  return row !== undefined;
}

export interface Content {
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface ContentStore {
  /** Keeps bytes of the server's own for a tenant; those it has are kept once. `limit`: bytes, at most `CONTENT_LIMIT`. Errors: `content_too_large`. */
  keep(tenantId: Id, bytes: Bytes, limit?: number): Promise<Content>;
  /** The same for bytes at hand. Returns their SHA-256, hex. */
  put(tenantId: Id, bytes: Uint8Array): Promise<string>;
  /**
   * Keeps content whose hash and size are known before, and goes on with an upload that broke off. Errors: `content_too_large`,
   * `content_wrong`, `content_upload_elsewhere`.
   */
  receive(upload: Upload, bytes: AsyncIterable<Uint8Array>): Promise<void>;
  /** Of these, what somebody has brought here: it need not be sent again. It stays for as long as if it had been. */
  known(tenantId: Id, holder: Holder, names: readonly string[]): Promise<readonly Content[]>;
  /** Of these, those that somebody has not brought here. */
  strange(tenantId: Id, holder: Holder, names: readonly string[]): Promise<readonly string[]>;
  /** Somebody may name these as if they had brought them, where the tenant has them. */
  share(tenantId: Id, holder: Holder, names: readonly string[]): Promise<void>;
  /** Errors: `content_unknown`. */
  find(sha256: string): Promise<Content>;
  /** @param from bytes to leave out. Errors: `content_unknown`, also in the middle when it was swept away meanwhile. */
  read(sha256: string, from?: number): AsyncIterable<Uint8Array>;
  /** The file it stands in, opened: to be closed. Undefined: it stands in the database. Errors: `content_unknown`. */
  openFile(sha256: string): Promise<ContentFile | undefined>;
  /** Removes what nobody has used for long, and what a crash left. */
  sweep(): Promise<void>;
}

/** Bytes of one row. */
const CHUNK = 256 * 1024;
/** What is larger than this many bytes stands in a file, where there is a folder for it. */
const LARGE = 1024 * 1024;
/** Bytes: a disk image fits. */
export const CONTENT_LIMIT = 16 * 1024 * 1024 * 1024;
/** Milliseconds without use until content goes. A retry of an older job makes it anew. */
const KEPT = 30 * 24 * 60 * 60 * 1000;
/** Milliseconds an upload may take. */
const UPLOAD = 24 * 60 * 60 * 1000;
/** Milliseconds until a use is worth writing down again. */
const TOUCH = 60 * 60 * 1000;

interface Row {
  readonly blob_id: Id;
  readonly size: number;
  readonly used_at: number;
  readonly in_file: number;
}

export function createContentStore(parts: {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** Absolute. For what is large. Left out: everything stands in the database, as several servers need it. */
  readonly folder?: string;
}): ContentStore {
  const { database, clock } = parts;
  const files: ContentFiles | undefined = parts.folder === undefined ? undefined : contentFiles(parts.folder);

  async function lookUp(sha256: string): Promise<Row | undefined> {
    const row = await database.kysely
      .selectFrom("content")
      .innerJoin("content_blob", "content_blob.id", "content.blob_id")
      .select(["blob_id", "size", "used_at", "in_file"])
      .where("sha256", "=", sha256)
      .executeTakeFirst();
    // A backup holds the database and not these files: what came from one is asked for anew.
    if (row?.in_file === 1 && files?.has(row.blob_id) !== true) return undefined;
    return row;
  }

  async function touch(sha256: string, { used_at }: Row): Promise<void> {
    const now = clock.now();
    if (now - used_at > TOUCH)
      await database.kysely.updateTable("content").set({ used_at: now }).where("sha256", "=", sha256).execute();
  }

  async function found(sha256: string): Promise<Row> {
    const row = await lookUp(sha256);
    if (row === undefined) throw new GantryError(CONTENT_UNKNOWN, `there is no content ${sha256}`);
    await touch(sha256, row);
    return row;
  }

  async function own(tenantId: Id, holder: Holder, sha256: string): Promise<void> {
    await database.kysely
      .insertInto("content_owner")
      .values({ tenant_id: tenantId, sha256, holder })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }

  async function writeChunk(blobId: Id, position: number, data: Uint8Array): Promise<void> {
    await database.transaction(async (tx) => {
      await database.bulkInsert(tx, {
        table: "content_chunk",
        columns: ["blob_id", "position", "data"],
        rows: [[blobId, position, data]],
      });
    });
  }

  async function write(bytes: AsyncIterable<Uint8Array>, inFile: boolean, limit: number): Promise<Content> {
    const blobId = parts.random.id();
    await database.kysely
      .insertInto("content_blob")
      .values({ id: blobId, created_at: clock.now(), in_file: inFile ? 1 : 0 })
      .execute();
    const hash = createHash("sha256");
    let size = 0;
    async function* counted(): AsyncIterable<Uint8Array> {
      for await (const piece of bytes) {
        size += piece.length;
        if (size > limit) throw new GantryError(CONTENT_TOO_LARGE, `the file has more than ${limit} bytes`);
        yield piece;
      }
    }
    try {
      if (inFile) await files!.write(blobId, counted(), hash);
      else {
        let position = 0;
        for await (const chunk of inChunks(counted(), CHUNK)) {
          hash.update(chunk);
          await writeChunk(blobId, position++, chunk);
        }
      }
    } catch (error) {
      await forget(blobId);
      throw error;
    }
    const sha256 = hash.digest("hex");
    await enter(blobId, { sha256, size });
    return { sha256, size };
  }

  /** Gives a blob its name; when another has it already, that one stays, unless its file is lost. */
  async function enter(blobId: Id, { sha256, size }: Content): Promise<void> {
    await database.transaction(async (tx) => {
      const before = await tx
        .selectFrom("content")
        .innerJoin("content_blob", "content_blob.id", "content.blob_id")
        .select(["blob_id", "in_file"])
        .where("sha256", "=", sha256)
        .executeTakeFirst();
      const lost = before?.in_file === 1 && files?.has(before.blob_id) !== true;
      await tx
        .insertInto("content")
        .values({ sha256, blob_id: blobId, size, used_at: clock.now() })
        .onConflict((conflict) =>
          conflict.column("sha256").doUpdateSet({ used_at: clock.now(), ...(lost ? { blob_id: blobId } : {}) }),
        )
        .execute();
    });
  }

  /** What an upload that came to nothing has left. A crash here leaves it to the sweep. */
  async function forget(blobId: Id): Promise<void> {
    await files?.remove(blobId);
    await database.transaction(async (tx) => {
      await tx.deleteFrom("content_chunk").where("blob_id", "=", blobId).execute();
      await tx.deleteFrom("content_blob").where("id", "=", blobId).execute();
    });
  }

  async function keep(tenantId: Id, bytes: Bytes, limit = CONTENT_LIMIT): Promise<Content> {
    // What is small is hashed before anything is written: most content is, and often there already.
    const first = await takeSmall(bytes, LARGE);
    const known = first.whole ? await lookUp(first.sha256) : undefined;
    if (known !== undefined) await touch(first.sha256, known);
    const kept =
      known === undefined
        ? await write(first.all(), !first.whole && files !== undefined, limit)
        : { sha256: first.sha256, size: known.size };
    await own(tenantId, SERVER, kept.sha256);
    return kept;
  }

  async function* readChunks(blobId: Id, size: number, from = 0): AsyncIterable<Uint8Array> {
    // Every chunk but the last has the same size.
    let position = Math.floor(from / CHUNK);
    let skip = from - position * CHUNK;
    for (let sent = position * CHUNK; sent < size; position += 1) {
      const row = await database.kysely
        .selectFrom("content_chunk")
        .select("data")
        .where("blob_id", "=", blobId)
        .where("position", "=", position)
        .executeTakeFirst();
      if (row === undefined) throw new GantryError(CONTENT_UNKNOWN, "content was swept away while it was read");
      sent += row.data.length;
      yield skip === 0 ? row.data : row.data.subarray(skip);
      skip = 0;
    }
  }

  const upload = contentUploads({
    ...parts,
    files,
    large: LARGE,
    chunk: CHUNK,
    writeChunk,
    readChunks,
    forget,
    done: enter,
  });

  return {
    keep,
    async receive(announced, bytes) {
      if (announced.size > CONTENT_LIMIT)
        throw new GantryError(CONTENT_TOO_LARGE, `the file has more than ${CONTENT_LIMIT} bytes`);
      await upload(announced, bytes);
      await own(announced.tenantId, announced.holder, announced.sha256);
    },
    put: async (tenantId, bytes) => (await keep(tenantId, [bytes])).sha256,
    async known(tenantId, holder, names) {
      const content: Content[] = [];
      if (names.length === 0) return content;
      for (const sha256 of await ownedOf(database.kysely, tenantId, [holder], names)) {
        const row = await lookUp(sha256);
        if (row === undefined) continue;
        await touch(sha256, row);
        content.push({ sha256, size: row.size });
      }
      return content;
    },
    async strange(tenantId, holder, names) {
      const own = new Set<string>();
      for (let at = 0; at < names.length; at += GRANTS_AT_ONCE) {
        const some = names.slice(at, at + GRANTS_AT_ONCE);
        for (const sha256 of await ownedOf(database.kysely, tenantId, [holder], some)) own.add(sha256);
      }
      return names.filter((name) => !own.has(name));
    },
    async share(tenantId, holder, names) {
      for (let at = 0; at < names.length; at += GRANTS_AT_ONCE) {
        const there = await ownedOf(database.kysely, tenantId, "all", names.slice(at, at + GRANTS_AT_ONCE));
        for (const sha256 of there) await own(tenantId, holder, sha256);
      }
    },
    async find(sha256) {
      return { sha256, size: (await found(sha256)).size };
    },
    async *read(sha256, from = 0) {
      const { blob_id, size, in_file } = await found(sha256);
      if (in_file === 1) return yield* files!.read(blob_id, from);
      yield* readChunks(blob_id, size, from);
    },
    async openFile(sha256) {
      const { blob_id, in_file } = await found(sha256);
      return in_file === 1 ? files!.open(blob_id) : undefined;
    },
    async sweep() {
      const now = clock.now();
      const gone = await database.transaction(async (tx) => {
        await tx
          .deleteFrom("content")
          .where("used_at", "<", now - KEPT)
          .execute();
        await sql`delete from content_grant where sha256 not in (select sha256 from content)`.execute(tx);
        await sql`delete from content_owner where sha256 not in (select sha256 from content)`.execute(tx);
        await sweepInbound(tx, now - UPLOAD);
        const stale = sql<Id>`select id from content_blob where created_at < ${now - UPLOAD}`;
        await sql`delete from content_upload where blob_id in (${stale})`.execute(tx);
        const orphans = sql<Id>`select id from content_blob where created_at < ${now - UPLOAD} and id not in (select blob_id from content)`;
        await sql`delete from content_chunk where blob_id in (${orphans})`.execute(tx);
        const { rows } = await sql<{ id: Id }>`select id from content_blob where in_file = 1`.execute(tx);
        await sql`delete from content_blob where id in (${orphans})`.execute(tx);
        const left = await sql<{ id: Id }>`select id from content_blob where in_file = 1`.execute(tx);
        const stay = new Set(left.rows.map(({ id }) => id));
        return rows.map(({ id }) => id).filter((id) => !stay.has(id));
      });
      for (const blobId of gone) await files?.remove(blobId);
    },
  };
}

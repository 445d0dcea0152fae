import { createReadStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { sql } from "kysely";
import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Random } from "../kernel/ids.ts";
import {
  applyMigrations,
  clearTables,
  type Database,
  loadSequence,
  type Migration,
  openDatabase,
  sqlitePath,
  suspendReferences,
  tablesOf,
  type TableShape,
  type Transaction,
} from "../platform/database/index.ts";
import { rebaseEvents } from "../platform/events/index.ts";
import { ensurePrivateFolder, syncFolder, writePrivateFile } from "../platform/files/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { BACKUP_DAMAGED, BACKUP_UNREADABLE, BACKUP_NEWER, RESTORE_FAILED, RESTORE_TARGET_NOT_EMPTY } from "./errors.ts";
import { isKeptName } from "./files.ts";
import type { BackupKey, Begin, Manifest } from "./model.ts";
import { type Item, readBackup } from "./reading.ts";

export interface RestoreParts {
  /** The backup. */
  readonly file: string;
  readonly key: BackupKey;
  /** Absolute path; missing, or an empty folder. */
  readonly dataFolder: string;
  /** Left out: a SQLite file in the data folder. */
  readonly database?: string | undefined;
  /** All of the program. */
  readonly migrations: readonly Migration[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Told within the transaction, once everything is in its place. */
  restored?(tx: Transaction, database: Database, begin: Begin): Promise<void>;
}

export interface Restored {
  readonly begin: Begin;
  readonly manifest: Manifest;
  /** What brought the rows from the version that wrote them to this one. */
  readonly migrated: readonly string[];
}

/** What was counted after the backup was made may be known elsewhere: none of these numbers is given out again. */
const GAP = 1_000_000_000;

/**
 * Puts a backup into an empty folder and an empty database, of either kind. All or nothing: what is made has another name until it is
 * complete, and on PostgreSQL it is one transaction.
 *
 * Errors: `restore_target_not_empty`, `restore_failed`, all of `backup_…` that tell of a file, and those of `openDatabase`.
 */
export async function restore(parts: RestoreParts): Promise<Restored> {
  await refuseFull(parts.dataFolder);
  const mark = `.restoring-${parts.random.token(6)}`;
  const staging = `${resolve(parts.dataFolder)}${mark}`;
  const own = parts.database === undefined ? undefined : sqlitePath(parts.database);
  if (own !== undefined) await refuseFile(own);
  const url = own === undefined ? (parts.database ?? join(staging, "gantry.db")) : `${own}${mark}`;
  const leftovers = [staging, ...(own === undefined ? [] : ["", "-wal", "-shm"].map((end) => `${url}${end}`))];
  const placed: string[] = [];

  /** From here on the data folder is there under its name. */
  async function place(from: string, to: string): Promise<void> {
    await rename(from, to).catch((cause: unknown) => {
      throw new GantryError(RESTORE_FAILED, `${to} cannot be put in its place: ${messageOf(cause)}`, { cause });
    });
    placed.push(to);
    await syncFolder(dirname(to));
  }

  try {
    await mkdir(dirname(staging), { recursive: true, mode: 0o700 });
    await ensurePrivateFolder(staging);
    const database = await openDatabase(url, { clock: parts.clock, log: parts.log, connections: 2 });
    let restored: Restored;
    try {
      restored = await loaded(database, parts, staging, async () => {
        // The last that can fail, as long as the database can still forget everything.
        if (database.dialect === "postgres") await place(staging, parts.dataFolder);
      });
    } finally {
      await database.close();
    }
    if (own !== undefined) await place(url, own);
    if (database.dialect === "sqlite") await place(staging, parts.dataFolder);
    return restored;
  } catch (error) {
    for (const path of [...leftovers, ...placed]) await rm(path, { recursive: true, force: true });
    throw error;
  }
}

async function loaded(
  database: Database,
  parts: RestoreParts,
  folder: string,
  last: () => Promise<void>,
): Promise<Restored> {
  let begun = false;
  let table = "";
  try {
    return await database.transaction(async (tx) => {
      // A transaction that is begun again would find the backup half read.
      if (begun) throw new GantryError(RESTORE_FAILED, "the database gave up: somebody else uses it");
      begun = true;
      await refuseTables(tx, database);
      const items = readBackup(contentOf(parts.file), parts.key);
      const loading = { tx, database, parts, folder, at: (name: string) => (table = name) };
      const restored = await load(loading, items);
      await last();
      return restored;
    });
  } catch (error) {
    if (error instanceof GantryError) throw error;
    const where = table === "" ? "" : ` (table ${table})`;
    throw new GantryError(RESTORE_FAILED, `the backup cannot be put back${where}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

interface Loading {
  readonly tx: Transaction;
  readonly database: Database;
  readonly parts: RestoreParts;
  readonly folder: string;
  /** Told which table is being filled. */
  at(table: string): void;
}

async function load(loading: Loading, items: AsyncGenerator<Item>): Promise<Restored> {
  const { tx, database, parts } = loading;
  const { dialect } = database;
  let begin: Begin | undefined;
  let manifest: Manifest | undefined;
  let shapes = new Map<string, TableShape>();
  let checkReferences = async (): Promise<void> => {};
  for await (const item of items) {
    switch (item.kind) {
      case "begin": {
        begin = item.begin;
        await applyMigrations(tx, dialect, migrationsOf(begin, parts.migrations), parts.clock);
        const tables = await tablesOf(tx, dialect);
        shapes = new Map(tables.map((shape) => [shape.name, shape]));
        checkReferences = await suspendReferences(tx, dialect);
        await clearTables(tx, dialect, tables);
        break;
      }
      case "table": {
        loading.at(item.table.name);
        const shape = shapes.get(item.table.name);
        if (shape === undefined) throw new Error("there is no such table");
        await loadSequence(tx, dialect, shape, (item.table.last ?? 0) + GAP);
        break;
      }
      case "rows":
        await database.bulkInsert(tx, {
          table: item.table.name,
          columns: item.table.columns.map((column) => column.name),
          rows: item.rows,
        });
        break;
      case "file":
        loading.at("");
        await keepFile(loading.folder, item.name, item.bytes);
        break;
      default:
        ({ manifest } = item);
    }
  }
  await refuseOthers(tx, manifest!);
  await checkReferences();
  await rebaseEvents(tx);
  const migrated = await applyMigrations(tx, dialect, parts.migrations, parts.clock);
  await parts.restored?.(tx, database, begin!);
  return { begin: begin!, manifest: manifest!, migrated };
}

/** Those that the rows of the backup have seen. Errors: `backup_newer`. */
function migrationsOf({ gantry, migrations }: Begin, known: readonly Migration[]): readonly Migration[] {
  const unknown = migrations.filter((name) => !known.some((one) => one.name === name));
  if (unknown.length > 0)
    throw new GantryError(
      BACKUP_NEWER,
      `the backup was made by Gantry ${gantry}; this version does not know ${unknown.join(", ")}`,
      { details: { migrations: unknown } },
    );
  return known.filter((one) => migrations.includes(one.name));
}

async function keepFile(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  if (!isKeptName(name)) throw new GantryError(BACKUP_DAMAGED, `'${name}' has no place in a data folder`);
  const path = join(folder, name);
  await ensurePrivateFolder(dirname(path));
  await writePrivateFile(path, bytes);
}

/** What the database answers is what the manifest says. */
async function refuseOthers(tx: Transaction, { parts }: Manifest): Promise<void> {
  for (const { name, count } of parts.filter(({ kind }) => kind === "table")) {
    const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(name)}`.execute(tx);
    if (rows[0]?.count !== count) throw new Error(`${name} has ${rows[0]?.count} rows and not ${count}`);
  }
}

async function* contentOf(file: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(file, { highWaterMark: 256 * 1024 }) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).syscall === undefined) throw cause;
    throw new GantryError(BACKUP_UNREADABLE, `${file} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** Everything a backup holds, read and compared, and put nowhere. Errors: all of `backup_…` that tell of a file. */
export async function checkBackup(file: string, key: BackupKey): Promise<Omit<Restored, "migrated">> {
  let begin: Begin | undefined;
  let manifest: Manifest | undefined;
  for await (const item of readBackup(contentOf(file), key)) {
    if (item.kind === "begin") ({ begin } = item);
    if (item.kind === "manifest") ({ manifest } = item);
  }
  return { begin: begin!, manifest: manifest! };
}

async function refuseFull(folder: string): Promise<void> {
  const entries = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new GantryError(RESTORE_TARGET_NOT_EMPTY, `${folder} is no folder that can be read: ${messageOf(error)}`);
  });
  if (entries.length > 0)
    throw new GantryError(RESTORE_TARGET_NOT_EMPTY, `the data folder ${folder} holds ${few(entries)}`);
}

async function refuseFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (path === ":memory:" || found !== undefined)
    throw new GantryError(RESTORE_TARGET_NOT_EMPTY, `the database ${path} is there already`);
}

async function refuseTables(tx: Transaction, { dialect }: Database): Promise<void> {
  const tables = (await tablesOf(tx, dialect)).map(({ name }) => name);
  if (tables.length > 0)
    throw new GantryError(RESTORE_TARGET_NOT_EMPTY, `the database holds the tables ${few(tables)}`);
}

function few(names: readonly string[]): string {
  const shown = names.toSorted().slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

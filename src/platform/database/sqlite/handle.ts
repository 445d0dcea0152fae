import { DatabaseSync, type StatementSync } from "node:sqlite";
import { GantryError, messageOf } from "../../../kernel/errors.ts";
import { DATA_NOT_WRITABLE, DATABASE_UNUSABLE } from "../errors.ts";

/** A prepared statement and whether it answers with rows. */
export interface Prepared {
  readonly statement: StatementSync;
  readonly reader: boolean;
}

/** The one connection to a SQLite file, with its prepared statements. */
export interface SqliteHandle {
  /** Throws when SQLite gave up the transaction that was begun, as on a full disk: a statement would otherwise commit by itself. */
  prepare(text: string): Prepared;
  /** Between transactions: how much the next commits wait for the disk. */
  wait(synchronous: "full" | "normal"): void;
  begin(): void;
  commit(): void;
  rollback(): void;
  close(): void;
}

/** Statements kept prepared. Kysely makes one text for each shape of a query: a few hundred in the whole program. */
const MOST_PREPARED = 1000;
/** Milliseconds to wait for another process that holds the file. */
export const BUSY_TIMEOUT = 5000;

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html). */
const NOT_WRITABLE: ReadonlySet<number> = new Set([3, 8, 10, 13, 14]); // PERM, READONLY, IOERR, FULL, CANTOPEN
const NOT_USABLE: ReadonlySet<number> = new Set([5, 6, 11, 26]); // BUSY, LOCKED, CORRUPT, NOTADB

/**
 * Opens the file, made when missing. Every commit is on the disk before it returns (`synchronous=FULL`).
 *
 * Errors: `data_not_writable`, `database_unusable`.
 */
export function openHandle(path: string): SqliteHandle {
  return coded(path, () => {
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT, enableForeignKeyConstraints: true });
    try {
      database.exec("pragma journal_mode = wal");
      database.exec("pragma synchronous = full");
      // 4 MB of pages in memory, and no temporary files. The system keeps the others, and gives them away when somebody needs the room.
      database.exec("pragma cache_size = -4096");
      database.exec("pragma temp_store = memory");
      // 16 MB of WAL before its pages go to their places: those that many commits change go there once.
      database.exec("pragma wal_autocheckpoint = 4096");
    } catch (error) {
      database.close();
      throw error;
    }
    return handleOf(database);
  });
}

function handleOf(database: DatabaseSync): SqliteHandle {
  const kept = new Map<string, Prepared>();
  let begun = false;
  return {
    prepare(text) {
      if (begun && !database.isTransaction) throw new Error("SQLite gave up the transaction");
      const known = kept.get(text);
      if (known !== undefined) return known;
      const statement = database.prepare(text);
      const made = { statement, reader: statement.columns().length > 0 };
      const oldest = kept.keys().next().value;
      if (kept.size >= MOST_PREPARED && oldest !== undefined) kept.delete(oldest);
      kept.set(text, made);
      return made;
    },
    wait(synchronous) {
      database.exec(`pragma synchronous = ${synchronous}`);
    },
    begin() {
      // Immediate: a transaction that reads first and writes later can then not fail in between.
      database.exec("begin immediate");
      begun = true;
    },
    commit() {
      database.exec("commit");
      begun = false;
    },
    rollback() {
      begun = false;
      if (database.isTransaction) database.exec("rollback");
    },
    close() {
      if (database.isOpen) database.close();
    },
  };
}

/** Runs `action`; what SQLite says of a bad file or disk becomes a coded error. */
export function coded<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw codedError(path, error);
  }
}

export function codedError(path: string, error: unknown): unknown {
  const code = (error as { errcode?: unknown }).errcode;
  if (typeof code !== "number") return error;
  // The low byte is the primary code, the rest says more about it.
  const primary = code & 0xff;
  if (NOT_WRITABLE.has(primary)) {
    return new GantryError(DATA_NOT_WRITABLE, `the database ${path} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
  if (NOT_USABLE.has(primary)) {
    return new GantryError(DATABASE_UNUSABLE, `the database ${path} cannot be used: ${messageOf(error)}`, {
      cause: error,
    });
  }
  return error;
}

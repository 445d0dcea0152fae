import type { Kysely, Transaction as KyselyTransaction } from "kysely";
import type { BulkInsert, BulkUpdate } from "./bulk.ts";
import type { Migration } from "./migrate.ts";
import type { Tables } from "./tables.ts";

export type Dialect = "sqlite" | "postgres";

/** What reads and writes: the database itself, or a transaction of it. */
export type Queries = Kysely<Tables>;

/** An open transaction. Ends with the work that was given to `Database.transaction`. */
export type Transaction = KyselyTransaction<Tables>;

/**
 * Whether a commit is on the disk when it resolves: it is, unless `relaxed` says otherwise. A relaxed one outlives the death of the process, but
 * may be lost when the machine loses power; never before one that was made earlier, and it is on the disk once a later one is that is not relaxed.
 */
export interface Durability {
  readonly relaxed?: boolean;
}

export interface Database {
  /**
   * For statements that stand alone. On SQLite they wait while a transaction is open; using it inside of one would wait for ever, and
   * is therefore refused.
   */
  readonly kysely: Queries;
  readonly dialect: Dialect;
  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. On SQLite there is one writer, and calls
   * queue in order; so nothing foreign (network, file, process, timer) is awaited in `work`. It must change nothing but the
   * database, as it runs again when PostgreSQL reports a deadlock or a serialization failure.
   */
  transaction<Result>(work: (tx: Transaction) => Promise<Result>, how?: Durability): Promise<Result>;
  /**
   * Inserts many rows by one prepared statement (SQLite) or one array for each column (PostgreSQL).
   * @returns rows inserted
   */
  bulkInsert(tx: Transaction, insert: BulkInsert): Promise<number>;
  /**
   * Changes many rows, each found by its keys and given its own values.
   * @returns rows changed: fewer than given when some were not found or did not meet a condition
   */
  bulkUpdate(tx: Transaction, update: BulkUpdate): Promise<number>;
  close(): Promise<void>;
}

/** Opens a database that has the tables of `migrations` and no rows: what a `store.suite.ts` runs on, once for each dialect. */
export type OpenEmptyDatabase = (migrations: readonly Migration[]) => Promise<Database>;

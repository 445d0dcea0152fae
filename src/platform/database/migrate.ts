import { sql } from "kysely";
import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { type ColumnTypes, columnTypes } from "./columns.ts";
import type { Database, Dialect, Transaction } from "./database.ts";
import { DATABASE_NEWER } from "./errors.ts";

/** One step of the schema. Once released it never changes. */
export interface Migration {
  /** `0801_jobs`: the room's number in the order of rooms, two digits that count within the room, a word. Unique in the program. */
  readonly name: string;
  /** Plain SQL, one statement each. */
  statements(types: ColumnTypes): readonly string[];
}

interface MigrationTable {
  name: string;
  applied_at: number;
}

declare module "./tables.ts" {
  interface Tables {
    migration: MigrationTable;
  }
}

/** Held while migrations run, so that two servers that start at once do not both apply them. Any number; it must only stay the same. */
const LOCK_KEY = 7_163_452_801;

/** The migrations of all rooms as one list, in the order of their names. A room may bring along those of a room it stands on. */
export function orderMigrations(...lists: readonly (readonly Migration[])[]): readonly Migration[] {
  const all = [...new Set(lists.flat())].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const [index, { name }] of all.entries()) {
    if (!/^\d{4}_[a-z0-9_]+$/.test(name)) throw new Error(`migration ${name} is not named like 0801_jobs`);
    if (all[index + 1]?.name.slice(0, 4) === name.slice(0, 4))
      throw new Error(`migration number of ${name} is taken twice`);
  }
  return all;
}

/**
 * Brings the schema up to date, in one transaction: all or nothing.
 *
 * Errors: `database_newer` when an applied migration is not in the list.
 * @returns the names of what was applied now
 */
export function migrate(
  database: Database,
  migrations: readonly Migration[],
  clock: Clock,
): Promise<readonly string[]> {
  return database.transaction(async (tx) => {
    // SQLite has one writer, and its transactions begin as that writer.
    if (database.dialect === "postgres") await sql`select pg_advisory_xact_lock(${LOCK_KEY})`.execute(tx);
    return applyMigrations(tx, database.dialect, migrations, clock);
  });
}

/** The same within a transaction that the caller holds alone. */
export async function applyMigrations(
  tx: Transaction,
  dialect: Dialect,
  migrations: readonly Migration[],
  clock: Clock,
): Promise<readonly string[]> {
  const ordered = orderMigrations(migrations);
  const types = columnTypes(dialect);
  const done = await appliedNames(tx, types);
  const newer = [...done].filter((name) => !ordered.some((one) => one.name === name));
  if (newer.length > 0) {
    throw new GantryError(DATABASE_NEWER, `the data has migrations this version does not know: ${newer.join(", ")}`, {
      details: { migrations: newer },
    });
  }
  const wanted = ordered.filter((one) => !done.has(one.name));
  for (const migration of wanted) {
    for (const statement of migration.statements(types)) await sql.raw(statement).execute(tx);
    await tx.insertInto("migration").values({ name: migration.name, applied_at: clock.now() }).execute();
  }
  return wanted.map((one) => one.name);
}

async function appliedNames(tx: Transaction, types: ColumnTypes): Promise<ReadonlySet<string>> {
  const table = `create table if not exists migration (name ${types.text} primary key, applied_at ${types.time} not null)${types.strict}`;
  await sql.raw(table).execute(tx);
  const rows = await tx.selectFrom("migration").select("name").execute();
  return new Set(rows.map((row) => row.name));
}

import { sql } from "kysely";
import pg from "pg";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { systemRandom } from "../../src/kernel/ids.ts";
import {
  type Database,
  migrate,
  type Migration,
  openDatabase,
  type Transaction,
} from "../../src/platform/database/index.ts";
import { silentLogger } from "../../src/platform/logging/index.ts";
import { addressOf } from "./real.ts";

interface Migrated {
  /** What makes its tables, indexes and triggers. */
  readonly schema: readonly string[];
  /** The rows that migrations put in. */
  readonly rows: readonly (readonly [table: string, rows: readonly Record<string, unknown>[]])[];
}

/** By the names of its migrations: these take ten times as long as what they end in, and most tests want a database of their own. */
const migrated = new Map<string, Migrated>();

/** An empty SQLite database in memory, closed when the test ends. */
export async function openSqlite(migrations: readonly Migration[]): Promise<Database> {
  const names = migrations.map(({ name }) => name).join();
  const known = migrated.get(names);
  if (known === undefined) {
    const database = await openMigrated(":memory:", migrations);
    migrated.set(names, await read(database));
    return database;
  }
  const database = await openMigrated(":memory:", []);
  await database.transaction((tx) => write(tx, known));
  return database;
}

async function read({ kysely }: Database): Promise<Migrated> {
  const order = sql`case type when 'table' then 0 when 'index' then 1 else 2 end, rowid`;
  const made = await sql<{ type: string; name: string; sql: string }>`
    select type, name, sql from sqlite_schema where sql is not null and name not in ('migration', 'sqlite_sequence') order by ${order}
  `.execute(kysely);
  const tables = made.rows.filter(({ type }) => type === "table").map(({ name }) => name);
  const rows: [string, Record<string, unknown>[]][] = [];
  for (const table of ["migration", ...tables])
    rows.push([table, (await sql<Record<string, unknown>>`select * from ${sql.table(table)}`.execute(kysely)).rows]);
  return { schema: made.rows.map((one) => one.sql), rows };
}

async function write(tx: Transaction, { schema, rows }: Migrated): Promise<void> {
  for (const statement of schema) await sql.raw(statement).execute(tx);
  for (const [table, all] of rows)
    for (const row of all)
      await tx
        .insertInto(table as "migration")
        .values(row as never)
        .execute();
}

/** An empty PostgreSQL database (a schema of its own), closed and dropped when the test ends. Inside `describeReal("postgresql", …)`. */
export async function openPostgres(migrations: readonly Migration[]): Promise<Database> {
  const schema = freshName();
  await administer(`create schema ${schema}`);
  onTestFinished(() => administer(`drop schema ${schema} cascade`));
  const url = new URL(addressOf("postgresql"));
  url.searchParams.set("options", `-c search_path=${schema}`);
  return await openMigrated(url.href, migrations);
}

/** The URL of an empty PostgreSQL database, for servers that tests start; dropped when the test ends. */
export async function postgresUrl(): Promise<string> {
  const name = freshName();
  await administer(`create database ${name}`);
  onTestFinished(() => administer(`drop database ${name} with (force)`));
  const url = new URL(addressOf("postgresql"));
  url.pathname = `/${name}`;
  return url.href;
}

async function openMigrated(url: string, migrations: readonly Migration[]): Promise<Database> {
  const database = await openDatabase(url, { clock: systemClock, log: silentLogger() });
  onTestFinished(() => database.close());
  await migrate(database, migrations, systemClock);
  return database;
}

function freshName(): string {
  return `t_${systemRandom.id().replaceAll("-", "")}`;
}

async function administer(statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: addressOf("postgresql") });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

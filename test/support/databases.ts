import pg from "pg";
import { onTestFinished } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { systemRandom } from "../../src/kernel/ids.ts";
import { type Database, migrate, type Migration, openDatabase } from "../../src/platform/database/index.ts";
import { silentLogger } from "../../src/platform/logging/index.ts";
import { addressOf } from "./real.ts";

/** An empty SQLite database in memory, closed when the test ends. */
export function openSqlite(migrations: readonly Migration[]): Promise<Database> {
  return openMigrated(":memory:", migrations);
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

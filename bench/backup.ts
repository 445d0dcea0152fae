/**
 * A backup of 100,000 structures with 20 variables each, taken in a thread beside the server's, and put back. Beside it stand the copies
 * that the databases make of themselves: `vacuum into`, and pg_dump with pg_restore where PostgreSQL is installed.
 */
import { execFile } from "node:child_process";
import { createWriteStream, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import pg from "pg";
import { type Audit, DEFAULT_TENANT, serverPrincipal } from "../src/access/index.ts";
import type { BackupKey } from "../src/backup/index.ts";
import { checkBackup, restore } from "../src/backup/restore.ts";
import { createBackupService } from "../src/backup/service.ts";
import { createInventoryStore, inventoryMigrations } from "../src/inventory/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import { migrate, openDatabase } from "../src/platform/database/index.ts";
import { eventMigrations } from "../src/platform/events/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { measured, type Measurement } from "../scripts/measurement.ts";
import { postgresPart } from "../test/support/postgres.ts";
import { inventoryData, writeInventory } from "./inventory-data.ts";

const execute = promisify(execFile);
const STRUCTURES = 100_000;
const KEY: BackupKey = { kind: "key", key: Buffer.alloc(32, 7) };
const MIGRATIONS = [...eventMigrations, ...inventoryMigrations];
const PARTS = { clock: systemClock, random: systemRandom, log: silentLogger() };

export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  try {
    return [...(await onSqlite(folder)), ...(await onPostgres(folder))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function onSqlite(folder: string): Promise<readonly Measurement[]> {
  const path = join(folder, "large.db");
  await fill(path);
  const copied = await timed(() => {
    const database = new DatabaseSync(path);
    database.exec(`vacuum into '${join(folder, "copy.db")}'`);
    database.close();
  });
  const loop = monitorEventLoopDelay({ resolution: 1 });
  const before = process.memoryUsage().rss;
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
  loop.enable();
  const file = join(folder, "sqlite.backup");
  const made = await timed(() => backup(path, folder, file));
  loop.disable();
  clearInterval(watch);
  const checked = await timed(() => checkBackup(file, KEY));
  const restored = await timed(() =>
    restore({ ...PARTS, file, key: KEY, dataFolder: join(folder, "restored"), migrations: MIGRATIONS }),
  );
  const size = new DatabaseSync(path).prepare("pragma page_count").get()!["page_count"] as number;
  return [
    measured("backup of 100,000 structures, SQLite", "ms", made, copied, "vacuum into", 30_000),
    measured("check of it", "ms", checked, copied, "vacuum into"),
    measured("restore of it", "ms", restored, copied, "vacuum into", 60_000),
    measured("longest wait of others while it is made", "ms", loop.max / 1e6, made, "the whole of it"),
    measured("memory for it", "MB", (most - before) / 1e6, (size * 4096) / 1e6, "the database", 300),
  ];
}

/** Nothing where PostgreSQL is not installed. */
async function onPostgres(folder: string): Promise<readonly Measurement[]> {
  if (postgresPart.present?.() !== true) return [];
  const programs = dirname(globSync("/usr/lib/postgresql/*/bin/pg_dump").toSorted().at(-1)!);
  const server = await postgresPart.start!();
  try {
    const [source, ours, theirs] = await databases(server.address, ["source", "ours", "theirs"]);
    await fill(source!);
    const dump = join(folder, "dump");
    const dumped = await timed(() => execute(join(programs, "pg_dump"), ["-Fc", "-f", dump, "-d", source!]));
    const loaded = await timed(() => execute(join(programs, "pg_restore"), ["-d", theirs!, dump]));
    const file = join(folder, "postgres.backup");
    const made = await timed(() => backup(source!, folder, file));
    const dataFolder = join(folder, "restored-postgres");
    const restored = await timed(() =>
      restore({ ...PARTS, file, key: KEY, dataFolder, database: ours, migrations: MIGRATIONS }),
    );
    return [
      measured("backup of 100,000 structures, PostgreSQL", "ms", made, dumped, "pg_dump -Fc"),
      measured("restore of it", "ms", restored, loaded, "pg_restore"),
    ];
  } finally {
    await server.stop();
  }
}

async function databases(address: string, names: readonly string[]): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: address });
  await client.connect();
  for (const name of names) await client.query(`create database ${name}`);
  await client.end();
  return names.map((name) => {
    const url = new URL(address);
    url.pathname = `/${name}`;
    return url.href;
  });
}

async function fill(url: string): Promise<void> {
  const database = await openDatabase(url, PARTS);
  await migrate(database, MIGRATIONS, systemClock);
  await writeInventory(database, createInventoryStore({ database, clock: systemClock }), inventoryData(STRUCTURES));
  await database.close();
}

async function backup(database: string, dataFolder: string, file: string): Promise<void> {
  const audit = { record: async () => {} } as unknown as Audit;
  const backups = createBackupService({ ...PARTS, version: "bench", database, dataFolder, audit });
  const { content } = await backups.begin(serverPrincipal(DEFAULT_TENANT.id), KEY, false);
  await pipeline(content, createWriteStream(file));
  await backups.close();
}

async function timed(work: () => unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openSqlite } from "../../../test/support/databases.ts";
import { systemClock } from "../../kernel/clock.ts";
import { silentLogger } from "../logging/index.ts";
import { type Database, openDatabase, orderMigrations } from "./index.ts";
import { storeSuite } from "./store.suite.ts";

storeSuite(openSqlite);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-database-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(url: string): Promise<Database> {
  return openDatabase(url, { clock: systemClock, log: silentLogger() });
}

describe("a SQLite file", () => {
  it("is its owner's alone, and keeps what was committed", async () => {
    const path = join(folder, "gantry.db");
    const first = await open(`sqlite:${path}`);
    await sql`create table t (a text)`.execute(first.kysely);
    await sql`insert into t values ('x')`.execute(first.kysely);
    expect(["", "-wal", "-shm"].map((end) => statSync(path + end).mode & 0o777)).toEqual([0o600, 0o600, 0o600]);
    await first.close();
    const second = await open(path);
    expect((await sql`select a from t`.execute(second.kysely)).rows).toEqual([{ a: "x" }]);
    expect((await sql`pragma journal_mode`.execute(second.kysely)).rows).toEqual([{ journal_mode: "wal" }]);
    expect((await sql`pragma synchronous`.execute(second.kysely)).rows).toEqual([{ synchronous: 2 }]);
    expect((await sql`pragma foreign_keys`.execute(second.kysely)).rows).toEqual([{ foreign_keys: 1 }]);
    await second.close();
  });

  it("that cannot be made or written is a coded error", async () => {
    writeFileSync(join(folder, "file"), "");
    mkdirSync(join(folder, "folder"));
    for (const path of ["missing/gantry.db", "file/gantry.db", "folder"]) {
      await expect(open(join(folder, path))).rejects.toMatchObject({ code: "data_not_writable" });
    }
  });

  it("that is no database is a coded error, and left as it is", async () => {
    const path = join(folder, "text.db");
    writeFileSync(path, "this is no database, however long it may be. ".repeat(100));
    const { size } = statSync(path);
    await expect(open(path)).rejects.toMatchObject({ code: "database_unusable" });
    expect(statSync(path).size).toBe(size);
  });

  it("that becomes full says so, undoes the transaction and goes on", async () => {
    const database = await open(join(folder, "gantry.db"));
    await sql`create table t (a text)`.execute(database.kysely);
    await sql`pragma max_page_count = 20`.execute(database.kysely);
    const long = "x".repeat(200_000);
    const filling = database.transaction((tx) => sql`insert into t values (${long})`.execute(tx));
    await expect(filling).rejects.toMatchObject({ code: "data_not_writable" });
    await database.transaction((tx) => sql`insert into t values ('short')`.execute(tx));
    expect((await sql`select count(*) as count from t`.execute(database.kysely)).rows).toEqual([{ count: 1 }]);
    await database.close();
  });

  it("is read while another program writes, and written after", async () => {
    const path = join(folder, "gantry.db");
    const database = await open(path);
    await sql`create table t (a text)`.execute(database.kysely);
    const other = new DatabaseSync(path);
    other.exec("begin immediate");
    other.exec("insert into t values ('other')");
    expect((await sql`select a from t`.execute(database.kysely)).rows).toEqual([]);
    other.exec("commit");
    other.close();
    await database.transaction((tx) => sql`insert into t values ('own')`.execute(tx));
    expect((await sql`select a from t`.execute(database.kysely)).rows).toHaveLength(2);
    await database.close();
  });
});

describe("the one connection of SQLite", () => {
  it("serves who waits in order, transactions and single statements alike", async () => {
    const database = await open(":memory:");
    await sql`create table t (a text)`.execute(database.kysely);
    const insert = (text: string) => sql`insert into t values (${text})`;
    await Promise.all([
      database.transaction(async (tx) => {
        await insert("first").execute(tx);
        await insert("still first").execute(tx);
      }),
      insert("alone").execute(database.kysely),
      database.transaction((tx) => insert("second").execute(tx)),
    ]);
    const rows = await sql<{ a: string }>`select a from t order by rowid`.execute(database.kysely);
    expect(rows.rows.map((row) => row.a)).toEqual(["first", "still first", "alone", "second"]);
    await database.close();
  });

  it("writes nothing more in a transaction that SQLite gave up", async () => {
    const database = await open(":memory:");
    await sql`create table t (a text)`.execute(database.kysely);
    const careless = database.transaction(async (tx) => {
      await sql`insert into t values ('before')`.execute(tx);
      // What SQLite does by itself when the disk is full.
      await sql`rollback`.execute(tx);
      await sql`insert into t values ('after')`.execute(tx);
    });
    await expect(careless).rejects.toThrow(/gave up/);
    expect((await sql`select * from t`.execute(database.kysely)).rows).toEqual([]);
    await database.transaction((tx) => sql`insert into t values ('later')`.execute(tx));
    expect((await sql`select * from t`.execute(database.kysely)).rows).toEqual([{ a: "later" }]);
    await database.close();
  });

  it("refuses to wait for the transaction it is asked in", async () => {
    const database = await open(":memory:");
    const waiting = database.transaction(() => sql`select 1`.execute(database.kysely));
    await expect(waiting).rejects.toThrow(/inside a transaction/);
    // What a transaction leaves running behind it is free again.
    let left: Promise<unknown> | undefined;
    await database.transaction(async () => {
      left = new Promise((resolve) => {
        setImmediate(() => resolve(sql`select 1 as one`.execute(database.kysely)));
      });
    });
    expect(await left).toMatchObject({ rows: [{ one: 1 }] });
    await database.close();
  });
});

describe("a database's URL", () => {
  it("of an unknown kind is a coded error, and so is a server that does not answer", async () => {
    await expect(open("mysql://host/name")).rejects.toMatchObject({ code: "database_url_unknown" });
    const nobody = open("postgres://user:password@127.0.0.1:1/name");
    await expect(nobody).rejects.toMatchObject({ code: "database_unreachable" });
    await expect(nobody).rejects.not.toThrow(/password/);
  });
});

describe("the list of migrations", () => {
  it("is ordered by name, and refuses numbers that are taken", () => {
    const named = (name: string) => ({ name, statements: () => [] });
    const ordered = orderMigrations([named("0801_jobs")], [named("0101_events"), named("1101_inventory")]);
    expect(ordered.map((one) => one.name)).toEqual(["0101_events", "0801_jobs", "1101_inventory"]);
    expect(() => orderMigrations([named("0101_a"), named("0101_b")])).toThrow(/twice/);
    expect(() => orderMigrations([named("events")])).toThrow(/not named/);
  });
});

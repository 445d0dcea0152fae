import { randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Audit, DEFAULT_TENANT, serverPrincipal } from "../access/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import {
  type ColumnValue,
  type Database,
  migrate,
  type Migration,
  openDatabase,
  openSnapshot,
} from "../platform/database/index.ts";
import { createEventStream, eventMigrations } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { archiveOf, compressed } from "./archive.ts";
import type { BackupKey } from "./model.ts";
import { checkBackup, restore } from "./restore.ts";
import { sealed } from "./sealing.ts";
import { createBackupService } from "./service.ts";

/** What backups and restoring must do, from either database into either. A URL is that of an empty database. */

interface Place {
  readonly name: string;
  url(folder: string): Promise<string | undefined>;
}

const KEY: BackupKey = { kind: "key", key: randomBytes(32) };

/** Tables with every kind of column, and references in every direction. */
const MIGRATIONS: readonly Migration[] = [
  ...eventMigrations,
  {
    name: "9001_things",
    statements: ({ id, text, integer, real, blob, flag, strict }) => [
      `create table thing_first (value ${integer} not null)${strict}`,
      "insert into thing_first (value) values (0)",
      `create table thing_last (value ${integer} not null)${strict}`,
      "insert into thing_last (value) values (0)",
      `create table thing_kind (
        id ${id} primary key, parent ${id} references thing_kind (id), text ${text}, number ${integer}, part ${real},
        yes ${flag} not null, bytes ${blob}, owner ${id}
      )${strict}`,
      `create table thing_owner (id ${id} primary key, kind ${id} not null references thing_kind (id))${strict}`,
    ],
  },
];
const NEXT: Migration = {
  name: "9002_more",
  statements: ({ text }) => [`alter table thing_owner add column more ${text} not null default 'later'`],
};

/** Nobody is told. */
const unwritten = { record: async () => {} } as unknown as Audit;
const PRINCIPAL = serverPrincipal(DEFAULT_TENANT.id);

function textOf(row: readonly ColumnValue[]): string {
  return JSON.stringify(row.map((value) => (value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value)));
}

export function restoreSuite(source: Place, target: Place): void {
  describe(`a backup from ${source.name}, restored into ${target.name}`, () => {
    let folder: string;
    let data: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "gantry-backup-"));
      data = join(folder, "data");
      mkdirSync(join(data, "tls", "old"), { recursive: true });
      for (const [name, text] of [
        ["admin.token", "gantry_x"],
        ["tls/ca.pem", "authority"],
        ["tls/old/ca.pem", "before"],
        ["master.key", "of the secrets"],
        ["config.yaml", "database: elsewhere"],
        ["server.log", "x"],
      ] as const)
        writeFileSync(join(data, name), text);
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    async function open(url: string): Promise<Database> {
      const database = await openDatabase(url, { clock: systemClock, log: silentLogger() });
      onTestFinished(() => database.close());
      return database;
    }

    async function begun(): Promise<{ url: string; database: Database }> {
      const url = (await source.url(folder)) ?? join(data, "gantry.db");
      const database = await open(url);
      await migrate(database, MIGRATIONS, systemClock);
      return { url, database };
    }

    function service(url: string) {
      const backups = createBackupService({
        clock: systemClock,
        random: systemRandom,
        version: "1.2.3",
        database: url,
        dataFolder: data,
        audit: unwritten,
      });
      onTestFinished(() => backups.close());
      return backups;
    }

    async function kept(
      content: AsyncIterable<Uint8Array>,
      meanwhile = async (): Promise<void> => {},
    ): Promise<string> {
      const pieces: Uint8Array[] = [];
      for await (const piece of content) {
        pieces.push(piece);
        await meanwhile();
      }
      const file = join(folder, `${systemRandom.id()}.backup`);
      writeFileSync(file, Buffer.concat(pieces));
      return file;
    }

    /** Made in this thread. */
    async function backup(url: string, withMasterKey = false): Promise<string> {
      const snapshot = await openSnapshot(url);
      try {
        const head = { gantry: "1.2.3", made: "2026-01-01T00:00:00.000Z" };
        const plain = archiveOf({ snapshot, dataFolder: data, withMasterKey, ...head });
        const salt = systemRandom.token(16);
        return await kept(sealed(compressed(plain), KEY, { format: 1, ...head, salt, scrypt: null }));
      } finally {
        await snapshot.close();
      }
    }

    async function restored(file: string, migrations = MIGRATIONS, key = KEY) {
      const dataFolder = join(folder, "restored");
      const database = await target.url(folder);
      const parts = {
        file,
        key,
        dataFolder,
        migrations,
        clock: systemClock,
        random: systemRandom,
        log: silentLogger(),
      };
      const done = await restore({ ...parts, ...(database === undefined ? {} : { database }) });
      return { ...done, dataFolder, url: database ?? join(dataFolder, "gantry.db") };
    }

    /** Every row of every table, sorted. */
    async function everything(url: string): Promise<Record<string, readonly string[]>> {
      const snapshot = await openSnapshot(url);
      try {
        const tables: Record<string, string[]> = {};
        for (const table of await snapshot.tables()) {
          const rows: string[] = [];
          for await (const group of snapshot.rows(table)) rows.push(...group.map(textOf));
          tables[table.name] = rows.sort();
        }
        return tables;
      } finally {
        await snapshot.close();
      }
    }

    it("holds every row of every table, and the files of the server", async () => {
      const { url, database } = await begun();
      const odd = "naïve \u{1f980} ' \" \\ \n\u0001";
      await database.transaction(async (tx) => {
        // The parent comes after the child wherever rows are read in the order of their ids.
        const columns = ["id", "parent", "text", "number", "part", "yes", "bytes", "owner"];
        const row = (id: string, parent: string | null) => [
          id,
          parent,
          odd,
          2 ** 53 - 1,
          -0.1,
          1,
          randomBytes(300),
          null,
        ];
        await database.bulkInsert(tx, { table: "thing_kind", columns, rows: [row("b", null)] });
        await database.bulkInsert(tx, { table: "thing_kind", columns, rows: [row("a", "b")] });
        await database.bulkInsert(tx, {
          table: "thing_kind",
          columns,
          rows: [
            ["c", "a", null, null, null, 0, null, null],
            ["d", "a", "", 0, 1e300, 0, Buffer.alloc(0), "x"],
          ],
        });
        await sql`insert into thing_owner (id, kind) values ('o', 'c')`.execute(tx);
      });
      const file = await backup(url);
      const { dataFolder, url: there, manifest, migrated } = await restored(file);
      expect(migrated).toEqual([]);
      expect(await everything(there)).toEqual(await everything(url));
      expect(readFileSync(join(dataFolder, "tls/old/ca.pem"), "utf8")).toBe("before");
      const files = readdirSync(dataFolder, { recursive: true, encoding: "utf8" }).filter(
        (name) => !name.startsWith("gantry.db"),
      );
      expect(files.sort()).toEqual(["admin.token", "tls", "tls/ca.pem", "tls/old", "tls/old/ca.pem"]);
      for (const name of ["", ...files]) expect(statSync(join(dataFolder, name)).mode & 0o077).toBe(0);
      expect(manifest.leftOut.map((one) => one.what)).toEqual(expect.arrayContaining(["config.yaml", "master.key"]));
      expect(manifest.parts.find((part) => part.name === "thing_kind")).toMatchObject({ kind: "table", count: 4 });
      // References hold again.
      const database2 = await open(there);
      await expect(
        database2.transaction((tx) => sql`insert into thing_owner (id, kind) values ('p', 'nobody')`.execute(tx)),
      ).rejects.toThrow(/foreign key/i);
    });

    it("takes the master key along only when it is told to", async () => {
      const { url } = await begun();
      const { dataFolder } = await restored(await backup(url, true));
      expect(readFileSync(join(dataFolder, "master.key"), "utf8")).toBe("of the secrets");
    });

    it("shows one moment, whatever is written while it is made", async () => {
      const { url, database } = await begun();
      await database.transaction(async (tx) => {
        for (let row = 0; row < 300; row += 1)
          await sql`insert into thing_kind (id, yes, bytes) values (${`k${row}`}, 0, ${randomBytes(10_000)})`.execute(
            tx,
          );
      });
      let written = 0;
      const { content } = await service(url).begin(PRINCIPAL, KEY, false);
      const file = await kept(content as AsyncIterable<Uint8Array>, () =>
        database.transaction(async (tx) => {
          written += 1;
          await sql`update thing_first set value = ${written}`.execute(tx);
          await sql`delete from thing_kind where id = ${`k${300 - written}`}`.execute(tx);
          await sql`update thing_last set value = ${written}`.execute(tx);
        }),
      );
      expect(written).toBeGreaterThan(10);
      const { url: there } = await restored(file);
      const tables = await everything(there);
      // The moment is settled when it begins: before the first of these.
      expect([tables["thing_first"], tables["thing_last"], tables["thing_kind"]?.length]).toEqual([
        ["[0]"],
        ["[0]"],
        300,
      ]);
    });

    it("goes on counting events where it was, and tells readers whose place is not of this stream", async () => {
      const { url, database } = await begun();
      const stream = (of: Database) =>
        createEventStream({
          database: of,
          bus: createInProcessBus(silentLogger()),
          clock: systemClock,
          random: systemRandom,
        });
      const append = (of: Database, type: string) =>
        of.transaction((tx) =>
          stream(of).append(tx, [{ tenantId: "t", type, subject: { kind: "thing", id: "x" }, data: {} }]),
        );
      for (const type of ["thing.one", "thing.two", "thing.three"]) await append(database, type);
      const file = await backup(url);
      await append(database, "thing.lost");
      const lost = await stream(database).end();
      const there = await open((await restored(file)).url);
      await expect(stream(there).read({ after: lost, limit: 10 })).rejects.toMatchObject({ code: "events_gone" });
      await append(there, "thing.new");
      const { events, cursor } = await stream(there).read({ limit: 10 });
      expect(events.map((event) => event.type)).toEqual(["thing.one", "thing.two", "thing.three", "thing.new"]);
      await append(there, "thing.newer");
      const page = await stream(there).read({ after: cursor, limit: 10 });
      expect(page.events.map((event) => event.type)).toEqual(["thing.newer"]);
      // Who had read what is lost now reads all that is new, or is told to begin anew.
      const after = await stream(there)
        .read({ after: lost, limit: 10 })
        .then(
          (read) => read.events.map((event) => event.type),
          (error: { code?: string }) => error.code,
        );
      expect([["thing.new", "thing.newer"], "events_gone"]).toContainEqual(after);
      const sequences = await sql<{ sequence: number }>`select sequence from event order by sequence`.execute(
        there.kysely,
      );
      expect(new Set(sequences.rows.map((row) => row.sequence)).size).toBe(5);
      const ahead = `${(2 ** 40).toString(36)}-1`;
      await expect(stream(there).read({ after: ahead, limit: 1 })).rejects.toMatchObject({ code: "events_gone" });
    });

    it("is brought up to this version, and refused when it comes from a newer one", async () => {
      const { url, database } = await begun();
      await database.transaction(async (tx) => {
        await sql`insert into thing_kind (id, yes) values ('k', 0)`.execute(tx);
        await sql`insert into thing_owner (id, kind) values ('o', 'k')`.execute(tx);
      });
      const file = await backup(url);
      const { migrated, url: there } = await restored(file, [...MIGRATIONS, NEXT]);
      expect(migrated).toEqual(["9002_more"]);
      expect((await everything(there))["thing_owner"]).toEqual(['["o","k","later"]']);
      rmSync(join(folder, "restored"), { recursive: true });
      const newer = restored(file, eventMigrations);
      await expect(newer).rejects.toMatchObject({
        code: "backup_newer",
        message: expect.stringContaining("9001_things"),
      });
      expect(existsSync(join(folder, "restored"))).toBe(false);
    });

    it("leaves nothing behind when it cannot be restored", async () => {
      const { url } = await begun();
      const file = await backup(url);
      const whole = readFileSync(file);
      const before = readdirSync(folder);
      const flipped = Buffer.from(whole);
      flipped[whole.length - 500]! ^= 1;
      for (const [bytes, key, code] of [
        [whole.subarray(0, -700), KEY, "backup_truncated"],
        [flipped, KEY, "backup_damaged"],
        [whole, { kind: "key", key: randomBytes(32) }, "backup_key_wrong"],
        [Buffer.from("no backup at all"), KEY, "backup_foreign"],
      ] as const) {
        writeFileSync(file, bytes);
        await expect(restored(file, MIGRATIONS, key)).rejects.toMatchObject({ code });
        await expect(checkBackup(file, key)).rejects.toMatchObject({ code });
        expect(readdirSync(folder)).toEqual(before);
      }
      writeFileSync(file, whole);
      expect((await restored(file)).begin.gantry).toBe("1.2.3");
    });

    it("goes into nothing that holds something", async () => {
      const { url } = await begun();
      const file = await backup(url);
      const full = { key: KEY, migrations: MIGRATIONS, clock: systemClock, random: systemRandom, log: silentLogger() };
      await expect(restore({ ...full, file, dataFolder: data })).rejects.toMatchObject({
        code: "restore_target_not_empty",
        message: expect.stringContaining("admin.token"),
      });
      const dataFolder = join(folder, "empty");
      await expect(restore({ ...full, file, dataFolder, database: url })).rejects.toMatchObject({
        code: "restore_target_not_empty",
      });
      expect(readdirSync(folder).toSorted()).toEqual([basename(file), "data"].toSorted());
      // An empty folder is as good as none.
      mkdirSync(join(folder, "restored"));
      await restored(file);
    });

    it("is made once at a time, and goes on when its reader is gone", async () => {
      const { url } = await begun();
      const backups = service(url);
      const { content } = await backups.begin(PRINCIPAL, KEY, false);
      await expect(backups.begin(PRINCIPAL, KEY, false)).rejects.toMatchObject({ code: "backup_running" });
      const gone = new Promise((resolve) => content.once("close", resolve));
      content.destroy();
      await gone;
      for (;;) {
        try {
          const again = await backups.begin(PRINCIPAL, KEY, false);
          again.content.destroy();
          return;
        } catch (error) {
          expect((error as { code?: string }).code).toBe("backup_running");
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
      }
    });
  });
}

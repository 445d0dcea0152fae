import { sql } from "kysely";
import { describe, expect, it } from "vitest";
import { manualClock } from "../../kernel/clock.ts";
import {
  afterCommit,
  beforeCommit,
  createGroupCommit,
  type Database,
  isForeignKeyViolation,
  isUniqueViolation,
  migrate,
  type Migration,
  type OpenEmptyDatabase,
  type Transaction,
  transactionValue,
} from "./index.ts";

const first: Migration = {
  name: "0001_things",
  statements: ({ id, text, integer, real, blob, strict }) => [
    `create table thing (id ${id} primary key, size ${integer}, weight ${real}, note ${text}, body ${blob})${strict}`,
  ],
};
const second: Migration = {
  name: "0002_parts",
  statements: ({ id, strict }) => [
    `create table part (id ${id} primary key, thing_id ${id} not null references thing(id))${strict}`,
  ],
};
const clock = manualClock(1000);

async function ids(database: Database): Promise<readonly string[]> {
  const answer = await sql<{ id: string }>`select id from thing order by id`.execute(database.kysely);
  return answer.rows.map((row) => row.id);
}

function add(id: string) {
  return sql`insert into thing (id, size) values (${id}, 1)`;
}

/** What every database does, whatever its dialect. */
export function storeSuite(open: OpenEmptyDatabase): void {
  describe("migrations", () => {
    it("run from nothing and from an earlier release, each once", async () => {
      const database = await open([]);
      expect(await migrate(database, [first], clock)).toEqual(["0001_things"]);
      await add("a").execute(database.kysely);
      expect(await migrate(database, [second, first], clock)).toEqual(["0002_parts"]);
      expect(await migrate(database, [first, second], clock)).toEqual([]);
      expect(await ids(database)).toEqual(["a"]);
    });

    it("run once when started twice at the same time", async () => {
      const database = await open([]);
      const applied = await Promise.all([1, 2, 3].map(() => migrate(database, [first, second], clock)));
      expect(applied.flat()).toEqual(["0001_things", "0002_parts"]);
    });

    it("refuse the data of a newer version and change nothing", async () => {
      const database = await open([first, second]);
      const third: Migration = { name: "0003_never", statements: () => ["create table never (a integer)"] };
      await expect(migrate(database, [first, third], clock)).rejects.toMatchObject({
        code: "database_newer",
        details: { migrations: ["0002_parts"] },
      });
      await expect(sql`select * from never`.execute(database.kysely)).rejects.toThrow(/never/);
    });

    it("leave nothing behind when one fails half-way", async () => {
      const database = await open([]);
      const broken: Migration = {
        name: "0002_broken",
        statements: () => ["create table half (a integer)", "create tabel x"],
      };
      await expect(migrate(database, [first, broken], clock)).rejects.toThrow(/tabel/);
      await expect(sql`select * from half`.execute(database.kysely)).rejects.toThrow(/half/);
      expect(await migrate(database, [first], clock)).toEqual(["0001_things"]);
    });
  });

  describe("values", () => {
    it("are the same in both databases: whole numbers, fractions, bytes, nothing", async () => {
      const database = await open([first]);
      const rows = [
        ["b", 1_763_000_000_000, 0.5, 'é\n"{}\\,', new Uint8Array([0, 1, 255])],
        ["a", -1, null, null, null],
      ] as const;
      const columns = ["id", "size", "weight", "note", "body"];
      expect(await database.transaction((tx) => database.bulkInsert(tx, { table: "thing", columns, rows }))).toBe(2);
      const answer = await sql<{ body: Uint8Array | null }>`select * from thing order by id`.execute(database.kysely);
      const [a, b] = answer.rows.map((row) => ({ ...row, body: row.body === null ? null : [...row.body] }));
      expect(a).toEqual({ id: "a", size: -1, weight: null, note: null, body: null });
      expect(b).toEqual({ id: "b", size: 1_763_000_000_000, weight: 0.5, note: 'é\n"{}\\,', body: [0, 1, 255] });
      const sums = await sql`select count(*) as count, sum(size) as sum from thing`.execute(database.kysely);
      expect(sums.rows).toEqual([{ count: 2, sum: 1_762_999_999_999 }]);
    });

    it("sort by code point", async () => {
      const database = await open([first]);
      for (const id of ["b", "é", "a", "B", "_", "a-b", "ab"]) await add(id).execute(database.kysely);
      expect(await ids(database)).toEqual(["B", "_", "a", "a-b", "ab", "b", "é"]);
    });

    it("that break a key are told apart", async () => {
      const database = await open([first, second]);
      await add("a").execute(database.kysely);
      const double = await add("a")
        .execute(database.kysely)
        .catch((error: unknown) => error);
      const orphan = await sql`insert into part (id, thing_id) values ('p', 'nobody')`
        .execute(database.kysely)
        .catch((error: unknown) => error);
      expect([isUniqueViolation(double), isForeignKeyViolation(double)]).toEqual([true, false]);
      expect([isUniqueViolation(orphan), isForeignKeyViolation(orphan)]).toEqual([false, true]);
    });
  });

  describe("bulk statements", () => {
    function insert(
      database: Database,
      rows: readonly (readonly [string, number])[],
      what?: "nothing" | "update",
    ): Promise<number> {
      const onConflict = what === undefined ? {} : { onConflict: { columns: ["id"], do: what } };
      return database.transaction((tx) =>
        database.bulkInsert(tx, { table: "thing", columns: ["id", "size"], rows, ...onConflict }),
      );
    }
    async function sizes(database: Database): Promise<unknown> {
      return (await sql`select id, size from thing order by id`.execute(database.kysely)).rows.map((row) =>
        Object.values(row as object),
      );
    }

    it("insert more rows than one statement holds", async () => {
      const database = await open([first]);
      expect(
        await insert(
          database,
          Array.from({ length: 12_345 }, (_, index) => [`k${index}`, index] as const),
        ),
      ).toBe(12_345);
      const answer = await sql`select count(*) as count, sum(size) as sum from thing`.execute(database.kysely);
      expect(answer.rows).toEqual([{ count: 12_345, sum: (12_345 * 12_344) / 2 }]);
    });

    it("leave or replace rows that exist, or fail", async () => {
      const database = await open([first]);
      await insert(database, [["a", 1]]);
      await expect(
        insert(database, [
          ["b", 2],
          ["a", 2],
        ]),
      ).rejects.toSatisfy(isUniqueViolation);
      expect(
        await insert(
          database,
          [
            ["a", 3],
            ["b", 3],
          ],
          "nothing",
        ),
      ).toBe(1);
      expect(await sizes(database)).toEqual([
        ["a", 1],
        ["b", 3],
      ]);
      expect(
        await insert(
          database,
          [
            ["a", 4],
            ["c", 4],
          ],
          "update",
        ),
      ).toBe(2);
      expect(await sizes(database)).toEqual([
        ["a", 4],
        ["b", 3],
        ["c", 4],
      ]);
    });

    it("change rows that meet every key, and count them", async () => {
      const database = await open([first]);
      await insert(database, [
        ["a", 1],
        ["b", 2],
        ["c", 3],
      ]);
      const rows = [
        ["a", 1, 10, "x"],
        ["b", 9, 20, "y"],
        ["c", 3, null, null],
        ["none", 1, 1, "z"],
      ] as const;
      const update = { table: "thing", keys: ["id", "size"], set: ["size", "note"], rows };
      expect(await database.transaction((tx) => database.bulkUpdate(tx, update))).toBe(2);
      expect(await sizes(database)).toEqual([
        ["a", 10],
        ["b", 2],
        ["c", null],
      ]);
    });

    it("do nothing for no rows", async () => {
      const database = await open([first]);
      expect(await insert(database, [])).toBe(0);
    });
  });

  /** How much commits wait for the disk. */
  async function waits(database: Database): Promise<unknown> {
    const text = database.dialect === "sqlite" ? "pragma synchronous" : "show synchronous_commit";
    return (await sql.raw(text).execute(database.kysely)).rows;
  }

  describe("a transaction", () => {
    it("is undone when it throws, and the next one works", async () => {
      const database = await open([first]);
      const failing = database.transaction(async (tx) => {
        await add("a").execute(tx);
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      await database.transaction((tx) => add("b").execute(tx));
      expect(await ids(database)).toEqual(["b"]);
    });

    it("does not begin within another one", async () => {
      const database = await open([first]);
      const nested = database.transaction(() => database.transaction((tx) => add("a").execute(tx)));
      await expect(nested).rejects.toThrow(/inside a transaction/);
    });

    it("is whole for others: two that read and write do not lose each other's work", async () => {
      const database = await open([first]);
      await add("a").execute(database.kysely);
      const once = () => database.transaction((tx) => sql`update thing set size = size + 1 where id = 'a'`.execute(tx));
      await Promise.all(Array.from({ length: 20 }, once));
      const answer = await sql`select size from thing`.execute(database.kysely);
      expect(answer.rows).toEqual([{ size: 21 }]);
    });

    it("tells afterwards, once for each key, and only when committed", async () => {
      const database = await open([first]);
      const told: string[] = [];
      await database.transaction(async (tx) => {
        afterCommit(tx, "x", () => told.push("earlier"));
        afterCommit(tx, "x", () => told.push(`later ${told.length}`));
        afterCommit(tx, "y", () => told.push("other"));
        await add("a").execute(tx);
        expect(told).toEqual([]);
      });
      expect(told).toEqual(["later 0", "other"]);
      const failing = database.transaction(async (tx) => {
        afterCommit(tx, "x", () => told.push("never"));
        throw new Error("no");
      });
      await expect(failing).rejects.toThrow("no");
      expect(told).toHaveLength(2);
    });

    it("that is relaxed is one like any other, and the next one waits for the disk again", async () => {
      const database = await open([first]);
      const relaxed = { relaxed: true };
      const before = await waits(database);
      const looked: Promise<readonly string[]>[] = [];
      await database.transaction(async (tx) => {
        afterCommit(tx, "look", () => looked.push(ids(database)));
        await add("a").execute(tx);
      }, relaxed);
      expect(await looked[0]).toEqual(["a"]);
      const failing = database.transaction(async (tx) => {
        await add("b").execute(tx);
        throw new Error("no");
      }, relaxed);
      await expect(failing).rejects.toThrow("no");
      const group = createGroupCommit(database);
      await Promise.all([
        group.submit((tx) => add("c").execute(tx), relaxed),
        database.transaction((tx) => add("d").execute(tx), relaxed),
        group.submit((tx) => add("e").execute(tx)),
      ]);
      expect(await ids(database)).toEqual(["a", "c", "d", "e"]);
      expect(await waits(database)).toEqual(before);
      if (database.dialect === "sqlite") expect(before).toEqual([{ synchronous: 2 }]);
    });

    it("does what is left right before it is committed, in the order of keys, and fails with it", async () => {
      const database = await open([first]);
      const writing = (id: string) => async (tx: Transaction) => {
        await sql`insert into thing (id) values (${id})`.execute(tx);
      };
      const ids = async () => (await sql<{ id: string }>`select id from thing`.execute(database.kysely)).rows;
      const done: string[] = [];
      await database.transaction(async (tx) => {
        beforeCommit(tx, "b", async (same) => {
          done.push("b");
          await writing("b")(same);
        });
        beforeCommit(tx, "a", () => Promise.reject(new Error("replaced")));
        beforeCommit(tx, "a", async (same) => {
          done.push("a");
          await writing("a")(same);
        });
        done.push("work");
      });
      expect(done).toEqual(["work", "a", "b"]);
      expect(await ids()).toHaveLength(2);
      const failing = database.transaction(async (tx) => {
        await writing("c")(tx);
        beforeCommit(tx, "a", () => Promise.reject(new Error("too late")));
      });
      await expect(failing).rejects.toThrow("too late");
      expect(await ids()).toHaveLength(2);
    });

    it("remembers what it is told, without what was undone, and of a unit of work until the next", async () => {
      const database = await open([first]);
      const [all, unit] = [transactionValue<string>(), transactionValue<string>("unit")];
      const group = createGroupCommit(database);
      const seen: unknown[] = [];
      const say = (text: string, fails: boolean) =>
        group.submit(async (tx) => {
          seen.push([all.get(tx), unit.get(tx)]);
          all.set(tx, text);
          unit.set(tx, text);
          if (fails) throw new Error("this unit alone");
        });
      const said = await Promise.allSettled([say("one", false), say("two", true), say("three", false)]);
      expect(said.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
      expect(seen.slice(-3)).toEqual([
        [undefined, undefined],
        ["one", undefined],
        ["one", undefined],
      ]);
    });
  });

  describe("a group commit", () => {
    it("undoes alone the unit that throws", async () => {
      const database = await open([first]);
      const told: string[] = [];
      const group = createGroupCommit(database);
      const ends = await Promise.allSettled([
        group.submit((tx) => add("a").execute(tx)),
        group.submit(async (tx) => {
          afterCommit(tx, "x", () => told.push("spoiled"));
          await add("x").execute(tx);
          throw new Error("spoiled");
        }),
        group.submit((tx) => add("a").execute(tx)),
        group.submit(async (tx) => {
          afterCommit(tx, "b", () => told.push("b"));
          await add("b").execute(tx);
          return "result";
        }),
      ]);
      expect(ends.map((end) => end.status)).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
      expect(ends[1]).toMatchObject({ reason: { message: "spoiled" } });
      expect(ends[3]).toMatchObject({ value: "result" });
      expect(told).toEqual(["b"]);
      expect(await ids(database)).toEqual(["a", "b"]);
      await expect(group.submit(() => Promise.reject(new Error("alone")))).rejects.toThrow("alone");
      await group.submit((tx) => add("c").execute(tx));
      expect(await ids(database)).toEqual(["a", "b", "c"]);
    });
  });
}

import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock } from "../../kernel/clock.ts";
import { silentLogger } from "../logging/index.ts";
import { createGroupCommit, type Database, openDatabase, type Transaction } from "./index.ts";

let database: Database;
let commits: number;
/** Counts transactions, and fails while `broken`. */
let counted: Database;
let broken: boolean;

beforeEach(async () => {
  database = await openDatabase(":memory:", { clock: systemClock, log: silentLogger() });
  commits = 0;
  broken = false;
  counted = {
    ...database,
    async transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
      const result = await database.transaction(work);
      if (broken) throw new Error("the disk is full");
      commits += 1;
      return result;
    },
  };
});

afterEach(() => database.close());

describe("a group commit", () => {
  it("commits once for all units of one turn, in their order", async () => {
    const group = createGroupCommit(counted);
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        group.submit(async () => {
          order.push(index);
        }),
      ),
    );
    expect(commits).toBe(1);
    expect(order).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it("puts what arrives during a commit into the next one", async () => {
    const group = createGroupCommit(counted);
    const later: Promise<number>[] = [];
    await group.submit(async () => {
      for (let index = 0; index < 10; index += 1) later.push(group.submit(async () => commits));
    });
    expect(commits).toBe(1);
    // Each ran when exactly one commit was done.
    expect(await Promise.all(later)).toEqual(Array.from({ length: 10 }, () => 1));
    expect(commits).toBe(2);
  });

  it("never holds the writer for more than a bounded number of units", async () => {
    const group = createGroupCommit(counted);
    await Promise.all(Array.from({ length: 450 }, () => group.submit(async () => {})));
    expect(commits).toBe(3);
  });

  it("ends whole when the database gives up the transaction within it", async () => {
    const group = createGroupCommit(counted);
    await sql`create table t (a text)`.execute(database.kysely);
    const add = (text: string) => (tx: Transaction) => sql`insert into t values (${text})`.execute(tx);
    const ends = await Promise.allSettled([
      group.submit(add("before")),
      group.submit(async (tx) => {
        await add("within")(tx);
        // What SQLite does by itself when the disk is full.
        await sql`rollback`.execute(tx);
        throw new Error("the disk is full");
      }),
      group.submit(add("after")),
    ]);
    expect(ends.map((end) => (end.status === "rejected" ? String(end.reason) : "done"))).toEqual(
      Array.from({ length: 3 }, () => "Error: the disk is full"),
    );
    expect((await sql`select a from t`.execute(database.kysely)).rows).toEqual([]);
    await group.submit(add("later"));
    expect((await sql`select a from t`.execute(database.kysely)).rows).toEqual([{ a: "later" }]);
  });

  it("rejects every unit of a commit that fails, and goes on", async () => {
    const group = createGroupCommit(counted);
    broken = true;
    const ends = await Promise.allSettled([group.submit(async () => 1), group.submit(async () => 2)]);
    expect(ends.map((end) => end.status)).toEqual(["rejected", "rejected"]);
    broken = false;
    expect(await group.submit(async () => 3)).toBe(3);
  });
});

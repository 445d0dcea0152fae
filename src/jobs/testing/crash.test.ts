import { sql } from "kysely";
import { expect, it } from "vitest";
import { openSqlite } from "../../../test/support/databases.ts";
import type { Database } from "../../platform/database/index.ts";
import { readerOf } from "../sql.ts";
import { crashingDatabase } from "./crash.ts";

/** A database whose single statements wait for a connection that is not free. */
function withoutConnection(database: Database): { readonly database: Database; free(): void } {
  const freed = Promise.withResolvers<void>();
  const kysely = new Proxy(database.kysely, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "executeQuery") return value;
      return async (...parameters: Parameters<typeof target.executeQuery>) => {
        await freed.promise;
        return target.executeQuery(...parameters);
      };
    },
  });
  return { database: { ...database, kysely }, free: freed.resolve };
}

it("a dead server is gone only when nothing it began can reach the tables any more", async () => {
  const database = await openSqlite([]);
  await sql`create table lease (owner text)`.execute(database.kysely);
  const waiting = withoutConnection(database);
  const crashing = crashingDatabase(waiting.database, { transaction: 1, committed: true });
  const reader = readerOf(crashing.database);
  const heard: string[] = [];
  void crashing.crashed.then(() => heard.push("gone"));
  void reader.rows("insert into lease values ('dead')").then(() => heard.push("statement"));
  void crashing.database.transaction(async () => {}).then(() => heard.push("transaction"));
  await database.transaction(async () => {});
  void reader.rows("insert into lease values ('later')").then(() => heard.push("later statement"));
  expect(heard).toEqual([]);

  waiting.free();
  await crashing.crashed;
  const rows = await sql<{ owner: string }>`select owner from lease`.execute(database.kysely);
  expect([rows.rows.map((row) => row.owner), heard]).toEqual([["dead"], ["gone"]]);
});

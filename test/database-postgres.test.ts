import { sql } from "kysely";
import pg from "pg";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import { createInProcessBus } from "../src/platform/bus/index.ts";
import { type Database, migrate, openDatabase } from "../src/platform/database/index.ts";
import { createEventStream, eventMigrations } from "../src/platform/events/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { openPostgres, postgresUrl } from "./support/databases.ts";
import { describeReal } from "./support/real.ts";

// What only PostgreSQL does. What both databases do is in the stores' suites.

const things = { name: "0001_things", statements: () => ["create table thing (id text primary key, size bigint)"] };

/** A gate that a test opens. */
function gate(): { readonly opened: Promise<void>; open(): void } {
  let open!: () => void;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

async function connect(url: string): Promise<Database> {
  const database = await openDatabase(url, { clock: systemClock, log: silentLogger() });
  onTestFinished(() => database.close());
  return database;
}

describeReal("postgresql", "the event stream on PostgreSQL", () => {
  it("misses no event that commits late", async () => {
    const database = await openPostgres(eventMigrations);
    const bus = createInProcessBus(silentLogger());
    onTestFinished(() => bus.close());
    const stream = createEventStream({ database, bus, clock: systemClock, random: systemRandom });
    const append = (type: string, before: () => Promise<void> = async () => {}) =>
      database.transaction(async (tx) => {
        await stream.append(tx, [{ tenantId: "t", type, subject: { kind: "job", id: "j" }, data: null }]);
        await before();
      });
    const read = async (after: string) => (await stream.read({ after, limit: 10 })).events.map((event) => event.type);

    const start = await stream.end();
    const stop = new AbortController();
    const follower = stream.follow(start, stop.signal);
    const appended = gate();
    const commit = gate();
    // Begins first, and holds the lower sequence; commits last.
    const late = append("a.late", async () => {
      appended.open();
      await commit.opened;
    });
    await appended.opened;
    await append("b.early");
    // Were it read now, its cursor would stand behind the one that is still to come.
    expect(await read(start)).toEqual([]);
    expect(await stream.end()).toBe(start);
    commit.open();
    await late;
    expect(await read(start)).toEqual(["a.late", "b.early"]);
    expect([(await follower.next()).value?.type, (await follower.next()).value?.type]).toEqual(["a.late", "b.early"]);
    stop.abort();
    await follower.return();
  });

  it("follows what becomes readable without anybody telling", async () => {
    const database = await openPostgres([...eventMigrations, { ...things, name: "0201_things" }]);
    const bus = createInProcessBus(silentLogger());
    onTestFinished(() => bus.close());
    const stream = createEventStream({ database, bus, clock: systemClock, random: systemRandom });
    const stop = new AbortController();
    const follower = stream.follow(await stream.end(), stop.signal);
    const wrote = gate();
    const commit = gate();
    // Appends no event, so its end wakes nobody.
    const other = database.transaction(async (tx) => {
      await sql`insert into thing (id) values ('x')`.execute(tx);
      wrote.open();
      await commit.opened;
    });
    await wrote.opened;
    await database.transaction((tx) =>
      stream.append(tx, [{ tenantId: "t", type: "a.held", subject: { kind: "job", id: "j" }, data: null }]),
    );
    const next = follower.next();
    commit.open();
    await other;
    expect((await next).value?.type).toBe("a.held");
    stop.abort();
    await follower.return();
  });
});

describeReal("postgresql", "a transaction on PostgreSQL", () => {
  it("runs again when it was chosen to end a deadlock", async () => {
    const database = await openPostgres([things]);
    await sql`insert into thing (id, size) values ('a', 0), ('b', 0)`.execute(database.kysely);
    const held = { a: gate(), b: gate() };
    let runs = 0;
    const both = (mine: "a" | "b", other: "a" | "b") => {
      // In the same order again it could have its row back before the other wakes up, and both would stand still once more.
      const orders = [
        [mine, other],
        [other, mine],
      ] as const;
      let run = 0;
      return database.transaction(async (tx) => {
        const [first, second] = orders[run]!;
        run += 1;
        runs += 1;
        await sql`update thing set size = size + 1 where id = ${first}`.execute(tx);
        held[mine].open();
        await held[other].opened;
        await sql`update thing set size = size + 1 where id = ${second}`.execute(tx);
      });
    };
    await Promise.all([both("a", "b"), both("b", "a")]);
    expect(runs).toBe(3);
    const answer = await sql`select id, size from thing order by id`.execute(database.kysely);
    expect(answer.rows).toEqual([
      { id: "a", size: 2 },
      { id: "b", size: 2 },
    ]);
  });
});

describeReal("postgresql", "a PostgreSQL server", () => {
  it("is migrated once by servers that start at the same time", async () => {
    const url = await postgresUrl();
    const servers = await Promise.all([1, 2, 3].map(() => connect(url)));
    const applied = await Promise.all(
      servers.map((server) => migrate(server, [things, ...eventMigrations], systemClock)),
    );
    expect(applied.flat()).toEqual(["0001_things", "0101_events"]);
  });

  it("that closes a connection is used again by another", async () => {
    const url = await postgresUrl();
    const database = await connect(url);
    const before = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(database.kysely);
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    await other.query("select pg_terminate_backend($1)", [before.rows[0]!.pid]);
    await other.end();
    // The pool may hand out the dead connection until it has heard of its end.
    let after: number | undefined;
    while (after === undefined) {
      const answer = await sql<{ pid: number }>`select pg_backend_pid() as pid`
        .execute(database.kysely)
        .catch(() => undefined);
      after = answer?.rows[0]?.pid;
    }
    expect(after).not.toBe(before.rows[0]!.pid);
  });

  it("that closes the connection of a transaction ends that transaction alone", async () => {
    const url = await postgresUrl();
    const database = await connect(url);
    const other = new pg.Client({ connectionString: url });
    await other.connect();
    const broken = database.transaction(async (tx) => {
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(tx);
      // Between two statements nobody asks the connection anything, so that it can tell nobody of its end.
      await other.query("select pg_terminate_backend($1, 60000)", [rows[0]!.pid]);
      await other.query("select 1");
      await sql`select 1`.execute(tx);
    });
    await expect(broken).rejects.toThrow(/terminat|connection/i);
    await other.end();
    const answer = await database.transaction((tx) => sql<{ one: number }>`select 1 as one`.execute(tx));
    expect(answer.rows).toEqual([{ one: 1 }]);
  });

  it("that holds a number no JavaScript number holds is an error, not another number", async () => {
    const database = await openPostgres([]);
    await expect(sql`select 9007199254740993::bigint as n`.execute(database.kysely)).rejects.toThrow(
      /9007199254740993/,
    );
  });
});

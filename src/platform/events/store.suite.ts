import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type ManualClock, manualClock } from "../../kernel/clock.ts";
import { systemRandom } from "../../kernel/ids.ts";
import { type Bus, createInProcessBus } from "../bus/index.ts";
import type { Database, OpenEmptyDatabase } from "../database/index.ts";
import { silentLogger } from "../logging/index.ts";
import { createEventStream, type Event, type EventDraft, eventMigrations, type EventStream } from "./index.ts";

function draft(type: string, id = "s1", kind = "structure"): EventDraft {
  return { tenantId: "t", type, subject: { kind, id }, data: { of: type } };
}

function typesOf(events: readonly Event[]): readonly string[] {
  return events.map((one) => one.type);
}

/** What the event stream does on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let bus: Bus;
  let clock: ManualClock;
  let stream: EventStream;
  beforeEach(async () => {
    database = await open(eventMigrations);
    bus = createInProcessBus(silentLogger());
    clock = manualClock(1000);
    stream = createEventStream({ database, bus, clock, random: systemRandom });
    onTestFinished(() => bus.close());
  });

  async function append(...events: readonly (string | EventDraft)[]): Promise<void> {
    const drafts = events.map((one) => (typeof one === "string" ? draft(one) : one));
    await database.transaction((tx) => stream.append(tx, drafts));
  }

  describe("the event stream", () => {
    it("is read in order, from any cursor", async () => {
      await append("a.a", "a.b");
      await append("a.c");
      const all = await stream.read({ limit: 10 });
      expect(typesOf(all.events)).toEqual(["a.a", "a.b", "a.c"]);
      expect(all.events[0]).toMatchObject({
        at: 1000,
        tenantId: "t",
        subject: { kind: "structure", id: "s1" },
        data: { of: "a.a" },
      });
      const rests = await Promise.all(all.events.map((event) => stream.read({ after: event.cursor, limit: 10 })));
      expect(rests.map((page) => typesOf(page.events))).toEqual([["a.b", "a.c"], ["a.c"], []]);
      expect(new Set(all.events.map((event) => event.id)).size).toBe(3);
    });

    it("gives one event by its id, to its tenant alone", async () => {
      await append("a.a", "a.b");
      const { events } = await stream.read({ limit: 10 });
      expect(await stream.find("t", events[1]!.id)).toEqual(events[1]);
      expect(await stream.find("other", events[1]!.id)).toBeUndefined();
      expect(await stream.find("t", "nothing")).toBeUndefined();
    });

    it("is read in pages", async () => {
      await append("a.a", "a.b", "a.c");
      const first = await stream.read({ limit: 2 });
      expect([typesOf(first.events), first.more]).toEqual([["a.a", "a.b"], true]);
      const second = await stream.read({ after: first.cursor, limit: 2 });
      expect([typesOf(second.events), second.more]).toEqual([["a.c"], false]);
      expect(second.cursor).toBe(await stream.end());
    });

    it("is read from its end for what is new", async () => {
      const empty = await stream.end();
      await append("a.a");
      const end = await stream.end();
      expect((await stream.read({ after: end, limit: 10 })).events).toEqual([]);
      await append("a.b");
      expect(typesOf((await stream.read({ after: end, limit: 10 })).events)).toEqual(["a.b"]);
      expect(typesOf((await stream.read({ after: empty, limit: 10 })).events)).toEqual(["a.a", "a.b"]);
    });

    it("is filtered by tenant, type and subject, and its cursor passes over the rest", async () => {
      await append(
        "job.failed",
        draft("job.done", "j1", "job"),
        draft("jobs.x", "j1"),
        { ...draft("job.done"), tenantId: "u" },
        "last.one",
      );
      const read = async (filter: object) => typesOf((await stream.read({ limit: 10, ...filter })).events);
      expect(await read({ types: ["job.*"] })).toEqual(["job.failed", "job.done", "job.done"]);
      expect(await read({ types: ["job.failed", "jobs.*"] })).toEqual(["job.failed", "jobs.x"]);
      expect(await read({ tenantId: "u" })).toEqual(["job.done"]);
      expect(await read({ subject: { kind: "job" } })).toEqual(["job.done"]);
      expect(await read({ subject: { kind: "structure", id: "j1" } })).toEqual(["jobs.x"]);
      expect((await stream.read({ limit: 10, types: ["none"] })).cursor).toBe(await stream.end());
    });

    it("holds nothing of a transaction that was undone", async () => {
      const undone = database.transaction(async (tx) => {
        await stream.append(tx, [draft("a.ghost")]);
        throw new Error("no");
      });
      await expect(undone).rejects.toThrow("no");
      await append("a.real");
      expect(typesOf((await stream.read({ limit: 10 })).events)).toEqual(["a.real"]);
    });

    it("wakes the bus once for each commit", async () => {
      let wakes = 0;
      const two = new Promise<void>((resolve) => {
        bus.subscribe("events", () => {
          wakes += 1;
          if (wakes === 2) resolve();
        });
      });
      await database.transaction(async (tx) => {
        await stream.append(tx, [draft("a.a")]);
        await stream.append(tx, [draft("a.b")]);
        await stream.append(tx, []);
      });
      await append("a.c");
      await two;
      expect(wakes).toBe(2);
    });

    it("refuses what is no cursor", async () => {
      for (const after of ["nonsense", "", "1-", "zzzzzzzzzzzzz-1"]) {
        await expect(stream.read({ after, limit: 1 })).rejects.toMatchObject({ code: "cursor_invalid" });
      }
    });
  });

  describe("who follows", () => {
    it("gets what was there, then what comes, until the signal", async () => {
      await append("a.a");
      const stop = new AbortController();
      const seen: string[] = [];
      const start = (await stream.read({ limit: 0 })).cursor;
      for await (const event of stream.follow(start, stop.signal)) {
        seen.push(event.type);
        if (event.type === "a.a") await append("a.b", "a.c");
        if (event.type === "a.c") stop.abort();
      }
      expect(seen).toEqual(["a.a", "a.b", "a.c"]);
    });

    it("from no cursor gets only what comes, and only what is wanted", async () => {
      await append("a.old");
      const stop = new AbortController();
      const follower = stream.follow(undefined, stop.signal, { types: ["a.*"] });
      let found: Event | undefined;
      void follower.next().then(({ value }) => (found = value ?? undefined));
      // Where it begins nobody can see, so new events come until it has met one.
      while (found === undefined) await append("b.other", "a.new");
      expect(found.type).toBe("a.new");
      stop.abort();
      expect((await follower.next()).done).toBe(true);
    });

    it("looks also when nobody wakes it", async () => {
      const stop = new AbortController();
      const deaf = createEventStream({
        database,
        clock,
        random: systemRandom,
        bus: { ...bus, subscribe: () => () => {} },
      });
      const follower = deaf.follow(await stream.end(), stop.signal);
      const first = follower.next();
      await append("a.late");
      // Time goes on until it has looked: it may not have begun to wait yet.
      let found: Event | undefined;
      void first.then(({ value }) => (found = value ?? undefined));
      while (found === undefined) {
        clock.advance(1000);
        await stream.end();
      }
      expect(found.type).toBe("a.late");
      stop.abort();
      await follower.return();
    });

    it("ends when the signal comes while it waits", async () => {
      const stop = new AbortController();
      const follower = stream.follow(undefined, stop.signal);
      const first = follower.next();
      await stream.end();
      stop.abort();
      expect(await first).toEqual({ done: true, value: undefined });
    });
  });

  describe("what happened long ago", () => {
    it("is deleted, and who still wants it is told so", async () => {
      const start = await stream.end();
      await append("a.a", "a.b");
      const [a, b] = (await stream.read({ limit: 10 })).events;
      clock.advance(1000);
      await append("a.c");
      expect(await stream.prune(2000)).toBe(2);
      expect(typesOf((await stream.read({ limit: 10 })).events)).toEqual(["a.c"]);
      expect(typesOf((await stream.read({ after: b!.cursor, limit: 10 })).events)).toEqual(["a.c"]);
      for (const after of [start, a!.cursor]) {
        await expect(stream.read({ after, limit: 10 })).rejects.toMatchObject({
          code: "events_gone",
          kind: { status: 410 },
        });
        await expect(stream.follow(after, new AbortController().signal).next()).rejects.toMatchObject({
          code: "events_gone",
        });
      }
      expect(await stream.prune(2000)).toBe(0);
    });

    it("may be everything; the stream goes on behind it", async () => {
      await append(...Array.from({ length: 5001 }, (_, index) => `a.n${index}`));
      expect(await stream.prune(1001)).toBe(5001);
      const end = await stream.end();
      expect(await stream.read({ limit: 10 })).toEqual({ events: [], cursor: end, more: false });
      await append("a.next");
      expect(typesOf((await stream.read({ after: end, limit: 10 })).events)).toEqual(["a.next"]);
    });

    it("stays when it stands behind something newer, as clocks may go back", async () => {
      await append("a.first");
      clock = manualClock(500);
      const back = createEventStream({ database, bus, clock, random: systemRandom });
      await database.transaction((tx) => back.append(tx, [draft("a.second")]));
      expect(await stream.prune(900)).toBe(0);
      expect(typesOf((await stream.read({ limit: 10 })).events)).toEqual(["a.first", "a.second"]);
    });
  });
}

import { mkdtempSync, rmSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { manualClock, type ManualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import { createEventStream, eventMigrations, type EventStream } from "../platform/events/index.ts";
import { createHttpServer } from "../platform/http/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import { createMetrics } from "../platform/metrics/index.ts";
import type { EventSight } from "./event-places.ts";
import { eventRoutes } from "./event-routes.ts";

interface Sent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: { readonly type: string; readonly code?: string };
  readonly comment?: string;
}

let clock: ManualClock;
let database: Database;
let stream: EventStream;
let path: string;
/** What the reader may see; undefined: everything. */
let sees: ReturnType<EventSight>;
/** Events the server took out of the stream, for each reader. */
let taken: number[];

beforeEach(async () => {
  const folder = mkdtempSync(join(tmpdir(), "gantry-events-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  path = join(folder, "gantry.sock");
  clock = manualClock(1000);
  database = await openSqlite(eventMigrations);
  const bus = createInProcessBus(silentLogger());
  onTestFinished(() => bus.close());
  stream = createEventStream({ database, bus, clock, random: systemRandom });
  const server = await createHttpServer({
    log: silentLogger(),
    version: "1",
    authenticate: () => ({ kind: "administrator", name: "test", tenantId: "t" }),
    ready: async () => true,
    metrics: createMetrics(),
  });
  taken = [];
  sees = undefined;
  eventRoutes(server, { ...stream, follow: counted }, clock, () => sees);
  await server.listenOnSocket(path);
  onTestFinished(() => server.close());
});

async function* counted(...given: Parameters<EventStream["follow"]>): ReturnType<EventStream["follow"]> {
  const reader = taken.push(0) - 1;
  for await (const event of stream.follow(...given)) {
    taken[reader]! += 1;
    yield event;
  }
}

function append(...types: readonly string[]): Promise<void> {
  const drafts = types.map((type) => ({
    tenantId: "t",
    type,
    subject: { kind: type.split(".")[0]!, id: `${type}-1` },
    data: {},
  }));
  return database.transaction((tx) => stream.append(tx, drafts));
}

function open(query: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { socketPath: path, path: `/v1/events${query}`, agent: false as const };
    const outgoing = request({ ...options, headers: { accept: "text/event-stream", ...headers } }, resolve);
    outgoing.on("error", reject);
    outgoing.end();
    onTestFinished(() => void outgoing.destroy());
  });
}

async function* sent(answer: IncomingMessage): AsyncGenerator<Sent> {
  let rest = "";
  for await (const chunk of answer) {
    const blocks = (rest + String(chunk)).split("\n\n");
    rest = blocks.pop()!;
    for (const block of blocks) {
      const members = block.split("\n").map((line) => {
        const [, name = "", value = ""] = /^([a-z]*): (.*)$/.exec(line) ?? [];
        return [name === "" ? "comment" : name, name === "data" ? JSON.parse(value) : value];
      });
      yield Object.fromEntries(members) as Sent;
    }
  }
}

async function next(events: AsyncGenerator<Sent>, count: number): Promise<Sent[]> {
  const found: Sent[] = [];
  while (found.length < count) found.push((await events.next()).value as Sent);
  return found;
}

function text(answer: IncomingMessage): Promise<string> {
  return new Promise((resolve) => {
    let all = "";
    answer.on("data", (chunk) => (all += String(chunk)));
    answer.on("end", () => resolve(all));
  });
}

describe("server-sent events", () => {
  it("tell what happens from now on, with cursor, type and the whole event", async () => {
    await append("job.old");
    const answer = await open("");
    expect(answer.headers["content-type"]).toBe("text/event-stream");
    const events = sent(answer);
    expect(await next(events, 1)).toEqual([{ comment: "listening", id: await stream.end() }]);
    await append("job.created");
    const [one] = await next(events, 1);
    expect(one).toMatchObject({
      id: await stream.end(),
      event: "job.created",
      data: { type: "job.created", subject: { kind: "job" } },
    });
  });

  it("go on behind the last one a reader had, missing and doubling none", async () => {
    await append("job.a");
    const { cursor } = await stream.read({ limit: 0 });
    const had: Sent[] = [];
    let last = cursor;
    const wanted = Array.from({ length: 60 }, (_, index) => `job.n${"i".repeat(index)}`);
    for (const [index, type] of wanted.entries()) {
      await append(type);
      if (index % 7 !== 6) continue;
      // The reader comes back, takes some of what there is, and its connection breaks within the rest.
      const answer = await open(`?cursor=${cursor}`, { "last-event-id": last });
      const [listening, ...events] = await next(sent(answer), 1 + Math.min(4, index));
      expect(listening!.id).toBe(last);
      answer.destroy();
      had.push(...events);
      last = events.at(-1)!.id!;
    }
    const answer = await open("", { "last-event-id": last });
    had.push(...(await next(sent(answer), 1 + wanted.length + 1 - had.length)).slice(1));
    expect(had.map((one) => one.event)).toEqual(["job.a", ...wanted]);
    expect(new Set(had.map((one) => one.id)).size).toBe(had.length);
  });

  it("are filtered by type and by subject", async () => {
    const { cursor } = await stream.read({ limit: 0 });
    await append("job.created", "structure.built", "node.joined", "job.finished");
    const types = async (query: string, count: number): Promise<unknown> =>
      (await next(sent(await open(`?cursor=${cursor}&${query}`)), count + 1)).slice(1).map((one) => one.event);
    expect(await types("type=job.*", 2)).toEqual(["job.created", "job.finished"]);
    expect(await types("type=job.finished&type=node.*", 2)).toEqual(["node.joined", "job.finished"]);
    expect(await types("subject=structure", 1)).toEqual(["structure.built"]);
    expect(await types("subject=job/job.finished-1", 1)).toEqual(["job.finished"]);
    for (const wrong of ["type=job", "type=job.%0aid", "subject=a/b/c"]) {
      expect(JSON.parse(await text(await open(`?${wrong}`)))).toMatchObject({ status: 400, code: "request_invalid" });
    }
  });

  it("show that the connection lives, and how far it came past what is not wanted", async () => {
    const events = sent(await open("?type=job.*"));
    await next(events, 1);
    await append("node.joined");
    const end = await stream.end();
    // Time goes on until the server has looked past the event: nobody can see that it did.
    let beat: Sent | undefined;
    void (async () => {
      while (beat?.id !== end) beat = (await events.next()).value as Sent;
    })();
    while (beat?.id !== end) {
      clock.advance(1000);
      await stream.end();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(beat).toEqual({ comment: "heartbeat", id: end });
    await append("job.created");
    expect((await events.next()).value).toMatchObject({ event: "job.created" });
  });

  it("from before what is kept are refused with 410, from no cursor with 400", async () => {
    const start = await stream.end();
    await append("job.a", "job.b");
    clock.advance(1000);
    await append("job.c");
    await stream.prune(2000);
    for (const [query, headers] of [
      ["", { "last-event-id": start }],
      [`?cursor=${start}`, {}],
      [`?follow=true&cursor=${start}`, { accept: "application/x-ndjson" }],
    ] as const) {
      const answer = await open(query, headers);
      expect(answer.statusCode).toBe(410);
      expect(JSON.parse(await text(answer))).toMatchObject({ code: "events_gone" });
    }
    const wrong = await open("", { "last-event-id": "x y" });
    expect([wrong.statusCode, JSON.parse(await text(wrong)).code]).toEqual([400, "cursor_invalid"]);
  });

  it("wait for a slow reader in the database, not in memory", async () => {
    const { cursor } = await stream.read({ limit: 0 });
    const count = 5000;
    await append(...Array.from({ length: count }, () => `job.${"x".repeat(400)}`));
    const slow = await open(`?cursor=${cursor}`);
    const fast = await open(`?cursor=${cursor}`);
    await next(sent(fast), count + 1);
    // 5,000 events are 7 MB; what two streams and a socket hold is far below 1,000 of them.
    expect(taken[1]).toBe(count);
    expect(taken[0]).toBeLessThan(1000);
    expect((await next(sent(slow), count + 1)).length).toBe(count + 1);
  });
});

describe("lines", () => {
  it("are told as they happen", async () => {
    const { cursor } = await stream.read({ limit: 0 });
    await append("job.a");
    const answer = await open(`?follow=true&cursor=${cursor}`, { accept: "application/x-ndjson" });
    expect(answer.headers["content-type"]).toContain("application/x-ndjson");
    for await (const chunk of answer) {
      if (String(chunk).trim() === "") continue;
      expect(JSON.parse(String(chunk))).toMatchObject({ type: "job.a" });
      break;
    }
  });
});

it("what may not be seen is left out of pages, of what comes, and is not there by its id", async () => {
  sees = async ({ type }) => type.startsWith("own.");
  await append("own.first", ...Array.from({ length: 30 }, () => "hidden.one"), "own.second", "hidden.two");
  const get = async (
    query: string,
  ): Promise<{ status: number; body: { items: readonly { type: string }[]; next: string | null } }> => {
    const answer = await open(query, { accept: "application/json" });
    let text = "";
    for await (const chunk of answer) text += String(chunk);
    return { status: answer.statusCode ?? 0, body: JSON.parse(text) };
  };
  const types = ({ items }: { items: readonly { type: string }[] }) => items.map(({ type }) => type);
  const page = await get("?limit=2");
  expect(types(page.body)).toEqual(["own.first", "own.second"]);
  expect(types((await get(`?limit=2&cursor=${page.body.next}`)).body)).toEqual([]);
  const all = await stream.read({ limit: 100 });
  const [first, hidden] = all.events;
  expect((await get(`/${first!.id}`)).status).toBe(200);
  expect(await get(`/${hidden!.id}`)).toMatchObject({ status: 404, body: { code: "event_unknown" } });
  const followed = await open(`?follow=true&cursor=${first!.cursor}`, { accept: "application/x-ndjson" });
  await append("hidden.three", "own.third");
  let told = "";
  for await (const chunk of followed) {
    told += String(chunk);
    if (told.includes("own.third")) break;
  }
  expect(told).toContain("own.second");
  expect(told).not.toContain("hidden");
});

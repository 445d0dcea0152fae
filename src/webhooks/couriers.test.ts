import { createHmac } from "node:crypto";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { manualClock, type ManualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import { createInProcessBus, type Bus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import { createEventStream, eventMigrations, type EventStream } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import type { MayShow } from "./courier.ts";
import { createCouriers, type Couriers } from "./couriers.ts";
import { createWebhookKeys, type WebhookKeys } from "./keys.ts";
import { RETRY_RULES, type Webhook, type WebhookState } from "./model.ts";
import { createSender } from "./sender.ts";
import { insertWebhook, selectDeadLetters, selectState, updateWebhook, wantReplay } from "./store.ts";
import { webhookMigrations } from "./tables.ts";
import { isSigned, startReceiver, type Receiver } from "./testing/receiver.ts";

const tenantId = "t";
const START = 1_000_000_000;

let database: Database;
let bus: Bus;
let clock: ManualClock;
let events: EventStream;
let keys: WebhookKeys;
let couriers: Couriers;
let receiver: Receiver;
let mayShow: MayShow;

beforeEach(async () => {
  database = await openSqlite([...eventMigrations, ...webhookMigrations]);
  bus = createInProcessBus(silentLogger());
  clock = manualClock(START);
  events = createEventStream({ database, bus, clock, random: systemRandom });
  keys = createWebhookKeys({
    sealer: { fingerprint: async (tenant, what) => createHmac("sha256", tenant).update(what.join("\n")).digest("hex") },
    secrets: { find: async () => undefined, open: () => Promise.reject(new Error("there are no secrets")) },
  });
  mayShow = async () => true;
  receiver = await startReceiver();
  begin();
  onTestFinished(async () => {
    await couriers.stop();
    await bus.close();
  });
});

/** As a server that starts. */
function begin(): void {
  couriers = createCouriers({
    database,
    events,
    clock,
    random: systemRandom,
    log: silentLogger(),
    keys,
    send: createSender({ clock, policy: "any" }),
    rules: { ...RETRY_RULES, attempts: 4 },
    version: "1",
    chance: () => 1,
    mayShow: (...asked) => mayShow(...asked),
    replyTo: async () => undefined,
  });
}

function hook(name: string, more: Partial<Webhook> = {}): Webhook {
  return {
    id: name,
    tenantId,
    name,
    url: receiver.url,
    filter: { types: [], subjects: [], sites: [] },
    ca: null,
    secret: { generation: 1 },
    former: null,
    active: true,
    owner: { accountId: null, name: "administrator" },
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    ...more,
  };
}

async function add(...hooks: readonly Webhook[]): Promise<void> {
  const cursor = await events.end();
  for (const one of hooks) await database.transaction((tx) => insertWebhook(tx, one, cursor));
  await couriers.start();
}

function happen(...types: readonly string[]): Promise<void> {
  const drafts = types.map((type) => ({
    tenantId,
    type,
    subject: { kind: "structure", id: "s1" },
    data: { of: type },
  }));
  return database.transaction((tx) => events.append(tx, drafts));
}

async function reach(id: string, isSo: (state: WebhookState) => boolean): Promise<WebhookState> {
  for (;;) {
    const state = await selectState(database.kysely, id);
    if (state !== undefined && isSo(state)) return state;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const tried = (id: string, attempts: number): Promise<WebhookState> =>
  reach(id, (state) => state.attempts === attempts);
const idle = (id: string): Promise<WebhookState> =>
  reach(id, ({ eventId, deliveredAt }) => eventId === null && deliveredAt !== null);

describe("a webhook", () => {
  it("gets what happens from its beginning on, in order, signed, each by its id", async () => {
    await happen("job.before");
    await add(hook("a"));
    await happen("job.one", "job.two");
    await happen("job.three");
    const received = await receiver.reach(3);
    expect(receiver.types()).toEqual(["job.one", "job.two", "job.three"]);
    const { events: all } = await events.read({ limit: 10 });
    expect(received.map(({ headers }) => headers["gantry-delivery"])).toEqual(all.slice(1).map(({ id }) => id));
    expect(received[0]!.body).toEqual({
      id: all[1]!.id,
      type: "job.one",
      at: new Date(START).toISOString(),
      subject: { kind: "structure", id: "s1" },
      data: { of: "job.one" },
      webhook: "a",
    });
    const secret = await keys.secret(hook("a"), { generation: 1 });
    expect(received.map((one) => isSigned(one, secret, clock.now()))).toEqual([true, true, true]);
    expect(isSigned({ ...received[0]!, text: `${received[0]!.text} ` }, secret, clock.now())).toBe(false);
    expect(isSigned(received[0]!, secret, clock.now() + 400_000)).toBe(false);
  });

  it("gets what it wants alone: of its tenant, types and kinds, that may be shown, and nothing of itself", async () => {
    mayShow = async (_webhook, { type }) => type !== "job.hidden";
    await add(hook("a", { filter: { types: ["job.*", "site.made"], subjects: ["structure"], sites: [] } }));
    await database.transaction((tx) =>
      events.append(
        tx,
        [
          [tenantId, "job.other", "site", "s1"],
          ["u", "job.foreign", "structure", "s1"],
          [tenantId, "jobs.x", "structure", "s1"],
          [tenantId, "job.hidden", "structure", "s1"],
          [tenantId, "job.self", "structure", "a"],
          [tenantId, "site.made", "structure", "s1"],
        ].map(([tenant = "", type = "", kind = "", id = ""]) => ({
          tenantId: tenant,
          type,
          subject: { kind, id },
          data: {},
        })),
      ),
    );
    await happen("job.last");
    await receiver.reach(2);
    expect(receiver.types()).toEqual(["site.made", "job.last"]);
  });

  it("signs by the former secret as well while it is being replaced", async () => {
    await add(hook("a", { secret: { generation: 2 }, former: { generation: 1 } }));
    await happen("job.one");
    const [one] = await receiver.reach(1);
    for (const generation of [1, 2])
      expect(isSigned(one!, await keys.secret(hook("a"), { generation }), clock.now())).toBe(true);
    expect(isSigned(one!, await keys.secret(hook("a"), { generation: 3 }), clock.now())).toBe(false);
  });

  it("is tried again, later each time, and what comes behind waits for its turn", async () => {
    receiver.answer = 500;
    await add(hook("a"));
    await happen("job.one", "job.two");
    expect((await tried("a", 1)).nextAt).toBe(START + 1000);
    clock.advance(1000);
    expect((await tried("a", 2)).nextAt).toBe(START + 3000);
    clock.advance(1999);
    expect(receiver.received).toHaveLength(2);
    receiver.answer = 200;
    clock.advance(1);
    await receiver.reach(4);
    expect(receiver.types()).toEqual(["job.one", "job.one", "job.one", "job.two"]);
    expect(new Set(receiver.received.slice(0, 3).map(({ body }) => body.id)).size).toBe(1);
    expect(await idle("a")).toMatchObject({ attempts: 0, lastError: null });
  });

  it.each([
    ["is down", () => "http://127.0.0.1:9/", "ECONNREFUSED"],
    ["has no name", () => "https://nowhere.invalid/", "ENOTFOUND"],
    ["speaks no TLS", () => receiver.url.replace("http:", "https:"), "SSL"],
  ])("is told to be wrong when its receiver %s", async (_name, url, error) => {
    await add(hook("a", { url: url() }));
    await happen("job.one");
    expect((await tried("a", 1)).lastError).toMatch(new RegExp(`${error}|EAI_AGAIN|EPROTO|packet length`));
  });

  it("follows no redirect, reads no endless answer, and waits 10 s", async () => {
    const other = await startReceiver();
    receiver.answer = (response) => response.writeHead(307, { location: other.url }).end();
    await add(hook("a"));
    await happen("job.one");
    expect((await tried("a", 1)).lastError).toBe("answered 307: redirects are not followed");
    expect(other.received).toEqual([]);
    const ended = Promise.withResolvers<void>();
    receiver.answer = (response) => {
      const more = (): void =>
        void (response.destroyed || response.write("x".repeat(10_000), () => setImmediate(more)));
      response.on("close", () => ended.resolve());
      response.writeHead(500);
      more();
    };
    clock.advance(1000);
    expect((await tried("a", 2)).lastError).toBe("answered 500");
    await ended.promise;
    receiver.answer = () => {};
    clock.advance(2000);
    await receiver.reach(3);
    clock.advance(10_000);
    expect((await tried("a", 3)).lastError).toBe("no answer within 10 s");
  });

  it("that hangs, or fails, delays no other", async () => {
    const [hangs, fails] = [await startReceiver(), await startReceiver()];
    hangs.answer = () => {};
    fails.answer = 503;
    await add(hook("a", { url: hangs.url }), hook("b", { url: fails.url }), hook("c"));
    const types = Array.from({ length: 50 }, (_, index) => `job.n${"abcdefghij"[index % 10]}`);
    await happen(...types);
    await receiver.reach(50);
    expect(receiver.types()).toEqual(types);
    expect([hangs.received.length, fails.received.length]).toEqual([1, 1]);
  });

  it("goes on where it was after a stop, with the tries it had", async () => {
    receiver.answer = 500;
    await add(hook("a"));
    await happen("job.one");
    await tried("a", 1);
    clock.advance(1000);
    await tried("a", 2);
    await couriers.stop();
    await happen("job.two");
    receiver.answer = 200;
    begin();
    await couriers.start();
    expect(receiver.received).toHaveLength(2);
    clock.advance(2000);
    await receiver.reach(4);
    expect(receiver.types()).toEqual(["job.one", "job.one", "job.one", "job.two"]);
  });

  it("sends again what it does not know to have arrived, by the same id", async () => {
    // It arrives, and the server ends before it is told.
    receiver.answer = () => {};
    await add(hook("a"));
    await happen("job.one");
    await receiver.reach(1);
    await couriers.stop();
    receiver.answer = 200;
    begin();
    await couriers.start();
    await receiver.reach(2);
    const [first, second] = receiver.received;
    expect(second!.body.id).toBe(first!.body.id);
    await idle("a");
    await couriers.stop();
    begin();
    await couriers.start();
    await happen("job.two");
    await receiver.reach(3);
    expect(receiver.types()).toEqual(["job.one", "job.one", "job.two"]);
  });

  it("gives an event up after so many tries, keeps it, and sends it again when told", async () => {
    receiver.answer = 500;
    await add(hook("a"));
    await happen("job.one");
    for (const attempts of [1, 2, 3]) {
      const { nextAt } = await tried("a", attempts);
      clock.advance((nextAt ?? 0) - clock.now());
    }
    const letters = () => selectDeadLetters(database.kysely, "a", { limit: 10 });
    await reach("a", ({ eventId }) => eventId === null);
    expect(await letters()).toMatchObject([{ event: { type: "job.one" }, attempts: 4, error: "answered 500" }]);
    const { events: all } = await events.read({ limit: 10 });
    expect(all.at(-1)).toMatchObject({ type: "webhook.gave_up", data: { type: "job.one" } });
    const again = async (): Promise<void> => {
      await database.transaction((tx) => wantReplay(tx, "a", undefined));
      couriers.replay("a");
    };
    await again();
    while ((await letters())[0]?.attempts !== 5) await new Promise((resolve) => setImmediate(resolve));
    receiver.answer = 200;
    await again();
    while ((await letters()).length > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(new Set(receiver.received.map(({ body }) => body.id)).size).toBe(1);
    // A day is too long: what waited behind is tried once each.
    receiver.answer = 500;
    await happen("job.old", "job.older");
    await tried("a", 1);
    clock.advance(25 * 60 * 60 * 1000);
    while ((await letters()).length < 2) await new Promise((resolve) => setImmediate(resolve));
    expect((await letters()).map(({ event, attempts }) => [event.type, attempts])).toEqual([
      ["job.old", 2],
      ["job.older", 1],
    ]);
  });

  it("sends nothing again that who stands behind it now may not see", async () => {
    receiver.answer = 500;
    await add(hook("a"));
    await happen("job.one");
    for (const attempts of [1, 2, 3]) {
      const { nextAt } = await tried("a", attempts);
      clock.advance((nextAt ?? 0) - clock.now());
    }
    await reach("a", ({ eventId }) => eventId === null);
    const sent = receiver.received.length;
    mayShow = async () => false;
    await database.transaction((tx) => wantReplay(tx, "a", undefined));
    couriers.replay("a");
    const letter = async () => (await selectDeadLetters(database.kysely, "a", { limit: 10 }))[0];
    while ((await letter())?.attempts !== 5) await new Promise((resolve) => setImmediate(resolve));
    expect((await letter())?.error).toBe("administrator, who changed it last, may not see it");
    expect(receiver.received).toHaveLength(sent);
  });

  it("says that events were deleted before it could send them, and goes on with what there is", async () => {
    receiver.answer = 500;
    await add(hook("a"));
    await happen("job.one");
    await tried("a", 1);
    await couriers.stop();
    clock.advance(100_000);
    await happen("job.two");
    await events.prune(clock.now());
    receiver.answer = 200;
    begin();
    await couriers.start();
    await receiver.reach(2);
    expect(receiver.types()).toEqual(["job.one", "job.two"]);
  });

  it("rests while it is not active, or nobody stands behind it, and loses nothing", async () => {
    await add(hook("a", { active: false }));
    await happen("job.one");
    mayShow = async () => "the account of alice is gone";
    await database.transaction((tx) => updateWebhook(tx, hook("a", { version: 2 })));
    couriers.changed();
    await reach("a", ({ lastError }) => lastError === "the account of alice is gone");
    expect(receiver.received).toEqual([]);
    mayShow = async () => true;
    clock.advance(60_000);
    await receiver.reach(1);
    expect(receiver.types()).toEqual(["job.one"]);
  });
});

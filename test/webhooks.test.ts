import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../src/kernel/clock.ts";
import type { JsonObject } from "../src/kernel/json.ts";
import { TOLD_HERE } from "../src/webhooks/holds.ts";
import { isSigned, startReceiver, type Received, type Receiver } from "../src/webhooks/testing/receiver.ts";
import { testComposition, type TestComposition } from "../src/server/testing.ts";

// Webhooks of a server with everything in it, and a real receiver.

interface Answer {
  readonly status: number;
  readonly text: string;
}

let folder: string;
let made: TestComposition;
let ahead: number;
let receiver: Receiver;

async function serve(webhookAddresses: "any" | "private" = "any"): Promise<void> {
  made = await testComposition(folder, "the right token", {
    database: join(folder, "gantry.db"),
    keepJobs: 1_000_000,
    keepEvents: 1_000_000,
    webhookAddresses,
    clock: { now: () => systemClock.now() + ahead, after: systemClock.after },
  });
  await made.composition.http.listenOnSocket(join(folder, "gantry.sock"));
  await made.composition.start({
    urls: ["https://gantry.example:7411"],
    modules: [],
    workerFolder: join(folder, "worker"),
  });
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "gantry-webhooks-"));
  ahead = 0;
  receiver = await startReceiver();
  await serve();
  onTestFinished(async () => {
    await made.close();
    rmSync(folder, { recursive: true });
  });
});

function call(method: string, path: string, body?: unknown, token?: string): Promise<Answer> {
  const headers = {
    "if-match": "*",
    ...(body !== undefined && { "content-type": "application/json" }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = request({ socketPath: join(folder, "gantry.sock"), method, path, headers }, (answer) => {
      let text = "";
      answer.on("data", (chunk) => (text += String(chunk)));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function ask<Body = JsonObject>(method: string, path: string, body?: unknown, token?: string): Promise<Body> {
  const { status, text } = await call(method, path, body, token);
  expect(status, `${method} ${path}: ${text}`).toBeLessThan(300);
  return (text === "" ? undefined : JSON.parse(text)) as Body;
}

async function until<Value>(look: () => Promise<Value | undefined | false>): Promise<Value> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

async function tokenOf(account: string, permissions: readonly string[], site?: string): Promise<string> {
  await ask("POST", "/v1/accounts", { name: account });
  await ask("POST", "/v1/roles", { name: account, permissions });
  const scope = site === undefined ? { kind: "tenant" } : { kind: "site", name: site };
  await ask("POST", "/v1/role-bindings", { account, role: account, scope });
  return (await ask<{ token: string }>("POST", `/v1/accounts/${account}/tokens`, { name: "t" })).token;
}

const HOLD = `
begin( description='The service lets go of the disk' )
  answer = events.hold( event='hardware.disk_removal', data={ disk='sdb' }, timeout=2:00:00 )
end
message( msg=answer[ 'note' ] )
`;

async function machines(script = HOLD): Promise<void> {
  for (const name of ["east", "west"]) await ask("POST", "/v1/sites", { name });
  await ask("POST", "/v1/blueprints", { name: "machine", builds: "foundation", scripts: { "replace-disk": script } });
  for (const [name, site] of [
    ["m1", "east"],
    ["m2", "west"],
  ])
    await ask("POST", "/v1/foundations", { name, site, type: "switch", blueprint: "machine", attributes: {} });
}

const create = (more: JsonObject = {}): Promise<{ signingSecret: string | null; version: number }> =>
  ask("POST", "/v1/webhooks", { name: "chat", url: receiver.url, types: ["hardware.*"], ...more });
const report = (foundation: string, data: JsonObject = {}): Promise<JsonObject> =>
  ask("POST", "/v1/events", { type: "hardware.disk_failed", foundation, data });

async function replaceDisk(): Promise<string> {
  const body = { script: "replace-disk", foundation: "m1" };
  return (await ask<{ items: { id: string }[] }>("POST", "/v1/jobs", body)).items[0]!.id;
}

interface JobShown {
  readonly status: string;
  readonly message: string | null;
  readonly failure: { readonly message: string; readonly line: number | null } | null;
}

const job = (id: string): Promise<JobShown> => ask("GET", `/v1/jobs/${id}`);
const reach = (id: string, status: string): Promise<JobShown> =>
  until(async () => {
    const now = await job(id);
    return now.status === status && now;
  });
const replyOf = (one: Received): { url: string; token: string; expiresAt: string } =>
  one.body["reply"] as unknown as { url: string; token: string; expiresAt: string };
const reply = (token: string, outcome: string, note = ""): Promise<Answer> =>
  call("POST", "/v1/webhooks/replies", { outcome, note }, token);

describe("a webhook", () => {
  it("is told its secret once, tried, changed, and signs by two secrets until the former is dropped", async () => {
    await machines();
    const { signingSecret } = await create();
    expect(await ask("POST", "/v1/webhooks/chat/test")).toEqual({ delivered: true, status: 204, error: null });
    await report("m1", { disk: "sdb" });
    const [test, one] = await receiver.reach(2);
    expect(test!.body.type).toBe("webhook.test");
    expect(one!.body).toMatchObject({
      type: "hardware.disk_failed",
      data: { name: "m1", by: "administrator (socket)", details: { disk: "sdb" } },
    });
    expect(isSigned(one!, signingSecret!, Date.now())).toBe(true);
    expect(JSON.stringify(await ask("GET", "/v1/webhooks"))).not.toContain(signingSecret);

    const draft = { name: "chat", url: receiver.url, types: ["hardware.*"] };
    const next = await ask("PUT", "/v1/webhooks/chat", { ...draft, rotateSecret: true });
    expect(next["formerSecret"]).toBe(true);
    await report("m1");
    await receiver.reach(3);
    const [both] = receiver.received.slice(2);
    for (const secret of [signingSecret, next["signingSecret"]])
      expect(isSigned(both!, String(secret), Date.now())).toBe(true);
    await ask("PUT", "/v1/webhooks/chat", { ...draft, dropFormerSecret: true });
    await report("m1");
    await receiver.reach(4);
    expect(isSigned(receiver.received[3]!, signingSecret!, Date.now())).toBe(false);
    expect((await call("PUT", "/v1/webhooks/chat", { ...draft, url: "https://a:b@c/" })).text).toContain(
      "webhook_invalid",
    );
    expect((await call("POST", "/v1/webhooks", draft)).text).toContain("webhook_name_taken");
    await ask("DELETE", "/v1/webhooks/chat");
    expect((await call("GET", "/v1/webhooks/chat")).text).toContain("webhook_unknown");
  });

  it("signs by a secret of the tenant, where who makes it may read secrets", async () => {
    await machines();
    await ask("POST", "/v1/secrets", {
      name: "chat",
      owner: { kind: "tenant", name: "default" },
      kind: "text",
      value: "a secret of ours",
      encoding: "utf8",
      description: "",
    });
    const token = await tokenOf("integrator", ["webhook.manage", "event.read"]);
    const refused = await call("POST", "/v1/webhooks", { name: "x", url: receiver.url, secret: "chat" }, token);
    expect(refused).toMatchObject({ status: 403 });
    expect((await create({ secret: "chat" })).signingSecret).toBeNull();
    await report("m1");
    const [one] = await receiver.reach(1);
    expect(isSigned(one!, "a secret of ours", Date.now())).toBe(true);
  });

  it("shows what who made it may see, at the sites it asks for, and nothing once that account is closed", async () => {
    await machines();
    const token = await tokenOf("east", ["webhook.manage"]);
    await ask("POST", "/v1/roles", { name: "sees", permissions: ["event.read"] });
    await ask("POST", "/v1/role-bindings", { account: "east", role: "sees", scope: { kind: "site", name: "east" } });
    await ask("POST", "/v1/webhooks", { name: "east", url: receiver.url, types: ["hardware.*"] }, token);
    const other = await startReceiver();
    await create({ name: "west", url: other.url, sites: ["west"] });
    for (const name of ["m2", "m1", "m2"]) await report(name);
    await receiver.reach(1);
    await other.reach(2);
    const names = ({ received }: Receiver) => received.map(({ body }) => (body["data"] as JsonObject)["name"]);
    expect([names(receiver), names(other)]).toEqual([["m1"], ["m2", "m2"]]);
    await ask("PATCH", "/v1/accounts/east", { disabled: true });
    await report("m1");
    const error = await until(
      async () => ((await ask("GET", "/v1/webhooks/east"))["lastError"] as string | null) ?? undefined,
    );
    expect(error).toContain("the account of east");
    expect(receiver.received).toHaveLength(1);
    expect((await call("POST", "/v1/webhooks", { name: "x", url: other.url, sites: ["eest"] })).text).toContain(
      "did you mean 'east'?",
    );
  });

  it("does not reach this machine, unless it may", async () => {
    await made.close();
    await serve("private");
    for (const url of [receiver.url, "http://169.254.169.254/latest", "http://[::ffff:127.0.0.1]:1/"]) {
      await ask("POST", "/v1/webhooks", { name: "inside", url });
      const { delivered, error } = await ask<{ delivered: boolean; error: string }>("POST", "/v1/webhooks/inside/test");
      expect([delivered, error]).toEqual([false, expect.stringContaining("webhook_addresses forbids it")]);
      await ask("DELETE", "/v1/webhooks/inside");
    }
    expect(receiver.received).toEqual([]);
  });
});

describe("hardware", () => {
  it("is reported by who may at its place, and by no other", async () => {
    await machines();
    const token = await tokenOf("probe", ["event.report", "inventory.read"], "east");
    const body = (foundation: string, type = "hardware.fan_failed") => ({ type, foundation });
    expect((await call("POST", "/v1/events", body("m1"), token)).status).toBe(201);
    expect((await call("POST", "/v1/events", body("m2"), token)).text).toContain("not_found");
    expect((await call("POST", "/v1/events", body("m1", "job.finished"), token)).text).toContain(
      "event_report_invalid",
    );
    const large = { ...body("m1"), data: { text: "x".repeat(20_000) } };
    expect((await call("POST", "/v1/events", large, token)).text).toContain("event_report_invalid");
  });
});

describe("an action that is held", () => {
  it("waits until the receiver has answered, and goes on", async () => {
    await machines();
    await create();
    const other = await startReceiver();
    await create({ name: "second", url: other.url });
    const id = await replaceDisk();
    const [asked] = await receiver.reach(1);
    expect(asked!.body).toMatchObject({
      type: "hardware.disk_removal",
      subject: { kind: "foundation" },
      data: { name: "m1", job: id, details: { disk: "sdb" } },
      reply: { url: "https://gantry.example:7411/v1/webhooks/replies" },
    });
    await reach(id, "waiting");
    const { items } = await ask<{ items: JsonObject[] }>("GET", "/v1/holds");
    expect(items).toMatchObject([{ event: "hardware.disk_removal", jobId: id, onTimeout: "fail" }]);

    // Neither a guess nor a token for something else is an answer.
    const { token } = replyOf(asked!);
    const [theirs] = await other.reach(1);
    expect(replyOf(theirs!).token).not.toBe(token);
    for (const wrong of ["nonsense", `${token.slice(0, -3)}AAA`, token.replace(/\.[^.]+\./, `.${"0".repeat(36)}.`)])
      expect((await reply(wrong, "done")).text).toContain("hold_unknown");
    expect((await call("POST", "/v1/webhooks/replies", { outcome: "done" })).text).toContain("hold_unknown");
    expect((await job(id)).status).toBe("waiting");

    expect((await reply(token, "done", "the disk is out of the pool")).status).toBe(204);
    expect((await reach(id, "done")).message).toBe("the disk is out of the pool");
    expect((await reply(token, "refused")).text).toContain("hold_answered");
    expect((await reply(replyOf(theirs!).token, "refused")).text).toContain("hold_answered");
    expect(await ask("GET", "/v1/holds")).toMatchObject({ items: [] });
    const { items: log } = await ask<{ items: { text: string }[] }>("GET", `/v1/jobs/${id}/log`);
    expect(JSON.stringify(log)).toContain("webhook chat is done: the disk is out of the pool");
    expect(JSON.stringify(log)).not.toContain(token);
  });

  it("stops when the receiver refuses, and a retry asks anew", async () => {
    await machines();
    await create();
    const id = await replaceDisk();
    const [first] = await receiver.reach(1);
    await reply(replyOf(first!).token, "refused", "a rebuild is going on");
    expect((await reach(id, "failed")).failure).toMatchObject({
      message: "events.hold: webhook chat refused: a rebuild is going on",
      line: 3,
    });
    await ask("POST", `/v1/jobs/${id}/retry`);
    const [, second] = await receiver.reach(2);
    expect(replyOf(second!).token).not.toBe(replyOf(first!).token);
    await reply(replyOf(second!).token, "done");
    await reach(id, "done");
  });

  it.each([
    ["fail", "failed", "no receiver has answered 'hardware.disk_removal' in time"],
    ["go_on", "done", "time_out"],
  ])("ends in time when nobody answers: %s", async (onTimeout, status, text) => {
    await machines(
      `answer = events.hold( event='hardware.disk_removal', timeout=1, on_timeout='${onTimeout}' )\nmessage( msg=answer[ 'outcome' ] )`,
    );
    await create();
    const id = await replaceDisk();
    const [asked] = await receiver.reach(1);
    const ended = await reach(id, status);
    expect(ended.failure?.message ?? ended.message).toContain(text);
    expect((await reply(replyOf(asked!).token, "done")).text).toContain("hold_answered");
  });

  it("is told of and ended also when the server was away", async () => {
    await machines();
    const id = await replaceDisk();
    await reach(id, "waiting");
    await made.close();
    ahead = 3 * 60 * 60 * 1000;
    await serve();
    expect((await reach(id, "failed")).failure?.message).toContain("in time");
  });

  it("tells nothing in the server's name", async () => {
    await machines(HOLD.replace("hardware.disk_removal", "foundation.destroyed"));
    const { failure } = await reach(await replaceDisk(), "failed");
    expect(failure?.message).toContain("'event' must not begin with 'foundation.'");
    const page = readFileSync(join(import.meta.dirname, "../docs/events.md"), "utf8");
    const told = [...page.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = ""]) =>
      [...cell.matchAll(/`([a-z_]+)\./g)].map(([, first = ""]) => first),
    );
    expect([...new Set(told)].filter((first) => first !== "hardware").toSorted()).toEqual(TOLD_HERE);
  });

  it("may be answered by a person who controls the job, and by no other", async () => {
    await machines();
    const id = await replaceDisk();
    const hold = await until(async () => (await ask<{ items: { id: string }[] }>("GET", "/v1/holds")).items[0]);
    const west = await tokenOf("west", ["job.control", "job.read"], "west");
    expect(await ask("GET", "/v1/holds", undefined, west)).toMatchObject({ items: [] });
    const answer = { outcome: "done", note: "by hand" };
    expect((await call("POST", `/v1/holds/${hold.id}/answer`, answer, west)).text).toContain("hold_unknown");
    await ask("POST", `/v1/holds/${hold.id}/answer`, answer);
    expect((await reach(id, "done")).message).toBe("by hand");
  });

  it.each([
    ["event='Disk', timeout=1", "'event' must be a name"],
    ["event='hardware.disk', timeout=0", "'timeout' must be a time"],
    ["event='hardware.disk', timeout=1, on_timeout='wait'", "'on_timeout' must be"],
  ])("says what is wrong with %s", async (parameters, message) => {
    await machines(`events.hold( ${parameters} )`);
    expect((await reach(await replaceDisk(), "failed")).failure?.message).toContain(message);
  });
});

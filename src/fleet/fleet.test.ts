import fc from "fast-check";
import { DEFAULT_TENANT } from "../access/index.ts";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ADMINISTRATOR } from "../access/testing.ts";
import { openSqlite } from "../../test/support/databases.ts";
import { type ManualClock, manualClock } from "../kernel/clock.ts";
import { createKeyPair, memoryPair } from "../link/index.ts";
import {
  createTestFleet,
  FLEET_MIGRATIONS,
  joinPeer,
  memoryPeer,
  openPeer,
  TENANT,
  type TestCall,
  type TestFleet,
  type TestPeer,
  welcomePeer,
} from "./testing.ts";

let clock: ManualClock;
let rig: TestFleet;
beforeEach(async () => {
  clock = manualClock(1_000_000_000_000);
  rig = await createTestFleet(await openSqlite(FLEET_MIGRATIONS), clock);
  await rig.fleet.start({ urls: ["https://server:1"] });
  onTestFinished(() => rig.close());
});

async function joined(name = "node1", more: { foundationId?: string } = {}) {
  const { token } = await rig.fleet.mintJoinToken({ tenantId: TENANT, kind: "agent", name, expiresIn: 60, ...more });
  return joinPeer(rig.fleet, token);
}

async function connected(
  name = "node1",
  more: Parameters<typeof welcomePeer>[1] & { foundationId?: string } = {},
): Promise<TestPeer> {
  const { id, keys } = await joined(name, more.foundationId === undefined ? {} : { foundationId: more.foundationId });
  const peer = memoryPeer(rig.fleet, id, keys);
  await welcomePeer(peer, more);
  return peer;
}

function call(peer: TestPeer, name: string, more: Partial<TestCall> = {}): TestCall {
  return { route: { agentId: peer.id }, function: name, ...more };
}

/** Resolves when the server has worked off what it was sent: it answers in order. */
async function settled(peer: TestPeer): Promise<void> {
  peer.send({ type: "heartbeat" });
  await peer.next("heartbeat");
}

describe("a connection", () => {
  it("is let in with the proof of its key, and shown as a node", async () => {
    const peer = await connected();
    expect(rig.fleet.isConnected(peer.id)).toBe(true);
    expect(await rig.fleet.nodes(TENANT)).toMatchObject([
      { name: "node1", state: "connected", version: "1.2.3", modules: ["test"], agentId: peer.id },
    ]);
    peer.connection.close({ code: "closed", text: "bye" });
    await peer.closed;
    clock.advance(60_000);
    expect(await rig.fleet.node(TENANT, "node1")).toMatchObject({
      state: "away",
      version: "1.2.3",
      facts: { hostname: "here" },
    });
    await expect(rig.fleet.node(TENANT, "node2")).rejects.toMatchObject({ code: "executor_unknown" });
  });

  it("is refused to who claims to be another", async () => {
    const victim = await connected();
    const thief = await joined("thief");
    const peer = memoryPeer(rig.fleet, victim.id, thief.keys);
    void welcomePeer(peer);
    expect((await peer.closed).code).toBe("link_proof_wrong");
    await settled(victim);
  });

  it("is refused to a proof that was made for another server", async () => {
    const { id, keys } = await joined();
    const peer = memoryPeer(rig.fleet, id, keys);
    void welcomePeer(peer, { pin: "other" });
    expect((await peer.closed).code).toBe("link_proof_wrong");
  });

  it("is refused to who never joined, or was removed", async () => {
    const peer = memoryPeer(rig.fleet, "nobody", createKeyPair());
    void welcomePeer(peer);
    expect((await peer.closed).code).toBe("executor_unknown");
    const removed = await connected();
    await rig.transaction((tx) => rig.fleet.remove(tx, { id: removed.id }));
    expect((await removed.closed).code).toBe("executor_unknown");
  });

  it("that proves nothing is closed after a while", async () => {
    const { id, keys } = await joined();
    const peer = memoryPeer(rig.fleet, id, keys);
    peer.send({ type: "identify", version: 1, executor: id });
    await peer.next("challenge");
    clock.advance(10_000);
    expect((await peer.closed).code).toBe("link_silent");
  });

  it("of another version is refused", async () => {
    const { id, keys } = await joined();
    const peer = memoryPeer(rig.fleet, id, keys);
    peer.send({ type: "identify", version: 2, executor: id });
    expect(await peer.next("goodbye")).toMatchObject({ code: "link_version_unsupported" });
  });

  it.each([
    ["no JSON", "rubbish", "link_message_malformed"],
    ["no message", '[{"type":"result","task":1}]', "link_message_malformed"],
    ["too deep", `[${"[".repeat(200)}${"]".repeat(200)}]`, "link_message_malformed"],
    ["too large", `[${" ".repeat(1024 * 1024)}]`, "link_message_too_large"],
    ["facts", `[{"type":"heartbeat","facts":{"a":"${"x".repeat(300_000)}"}}]`, "link_message_malformed"],
    ["a second identify", '[{"type":"identify","version":1,"executor":"x"}]', "link_message_malformed"],
  ])("that sends %s is closed with the reason, and harms nobody", async (_name, text, code) => {
    const [bad, good] = [await connected("bad"), await connected("good")];
    bad.sendText(text);
    expect(await bad.next("goodbye")).toMatchObject({ code });
    await bad.closed;
    await settled(good);
    // Who has not proven anything yet is heard no better.
    const [mine, theirs] = memoryPair();
    rig.fleet.accept(theirs);
    const nobody = openPeer(mine, "x", createKeyPair());
    nobody.sendText('[{"type":"identify","version":1,"executor":"x"}]');
    nobody.sendText(text);
    expect((await nobody.closed).code).toBe(code);
    await settled(good);
  });

  it("takes the place of an older one of the same executor", async () => {
    const first = await connected();
    const second = memoryPeer(rig.fleet, first.id, first.keys);
    await welcomePeer(second);
    expect((await first.closed).code).toBe("link_superseded");
    await settled(second);
    expect(rig.fleet.isConnected(first.id)).toBe(true);
  });

  it("that is silent for three heartbeats is closed", async () => {
    const peer = await connected();
    clock.advance(2000);
    await settled(peer);
    clock.advance(2999);
    expect(rig.fleet.isConnected(peer.id)).toBe(true);
    clock.advance(1);
    expect((await peer.closed).code).toBe("link_silent");
    expect(rig.fleet.isConnected(peer.id)).toBe(false);
  });
});

describe("tasks", () => {
  it("go to the agent they are for, are granted, and end with its result", async () => {
    const [peer, other] = [await connected("one"), await connected("two")];
    const job = await rig.run([call(peer, "go", { parameters: { a: 1 } })]);
    const task = await peer.next("task");
    expect(task).toMatchObject({
      module: "test",
      function: "go",
      parameters: { a: 1 },
      attempt: 1,
      safeToRepeat: false,
    });
    peer.send({ type: "started", sequence: 1, tasks: [{ task: task.task, attempt: 1 }] });
    expect(await peer.next("granted")).toMatchObject({ tasks: [{ task: task.task, attempt: 1 }] });
    peer.send({
      type: "output",
      sequence: 2,
      task: task.task,
      attempt: 1,
      stream: "stdout",
      index: 0,
      data: Buffer.from("hello").toString("base64"),
    });
    peer.send({ type: "message", sequence: 3, task: task.task, attempt: 1, text: "half-way" });
    peer.send({ type: "result", sequence: 4, task: task.task, attempt: 1, outcome: "done", value: 7 });
    expect((await rig.ended(job)).status).toBe("done");
    let acknowledged = 0;
    while (acknowledged < 4) acknowledged = (await peer.next("ack")).sequence;
    const [piece] = await rig.jobs.service.output(job.id, { after: null, limit: 10 });
    expect(Buffer.from(piece!.data).toString()).toBe("hello");
    expect((await rig.jobs.service.log(job.id, { after: 0, limit: 50 })).map(({ text }) => text)).toContain("half-way");
    await settled(other);
  });

  it("are not more than the free slots of their module", async () => {
    const peer = await connected();
    await rig.run(
      Array.from({ length: 5 }, (_, index) => call(peer, "go", { parameters: { index }, safeToRepeat: true })),
      { batch: 1 },
    );
    const jobs = await Promise.all(
      Array.from({ length: 5 }, () => rig.run([call(peer, "go", { safeToRepeat: true })])),
    );
    const tasks = [await peer.next("task"), await peer.next("task")];
    await settled(peer);
    for (let count = 2; count < 6; count += 1) {
      const { task, attempt } = tasks.shift()!;
      peer.send({ type: "result", sequence: count, task, attempt, outcome: "done" });
      tasks.push(await peer.next("task"));
    }
    expect(jobs).toHaveLength(5);
  });

  it("of somebody else are not touched by a result", async () => {
    const [peer, thief] = [await connected("one"), await connected("thief")];
    const job = await rig.run([call(peer, "go")]);
    const { task } = await peer.next("task");
    thief.send({ type: "started", sequence: 1, tasks: [{ task, attempt: 1 }] });
    expect(await thief.next("forget")).toMatchObject({ tasks: [{ task, attempt: 1 }] });
    thief.send({ type: "result", sequence: 2, task, attempt: 1, outcome: "done", value: "stolen" });
    thief.send({ type: "output", sequence: 3, task, attempt: 1, stream: "stdout", index: 0, data: "c3RvbGVu" });
    while ((await thief.next("ack")).sequence < 3);
    expect((await rig.jobs.service.get(TENANT, job.id)).status).toBe("waiting");
    peer.send({ type: "result", sequence: 1, task, attempt: 1, outcome: "done", value: "own" });
    await rig.ended(job);
    expect(await rig.jobs.service.output(job.id, { after: null, limit: 10 })).toEqual([]);
    expect(await rig.jobs.service.tasks(job.id, { after: null, limit: 1 })).toMatchObject([{ value: "own" }]);
  });

  it("come again to who lost them before it began, and stay with who brings them back", async () => {
    const first = await connected();
    const job = await rig.run([call(first, "go")]);
    const { task } = await first.next("task");
    first.connection.close({ code: "closed", text: "cut" });
    await first.closed;
    const second = memoryPeer(rig.fleet, first.id, first.keys);
    await welcomePeer(second, { held: [] });
    expect(await second.next("task")).toMatchObject({ task });
    second.connection.close({ code: "closed", text: "cut" });
    await second.closed;
    const third = memoryPeer(rig.fleet, first.id, first.keys);
    await welcomePeer(third, { held: [{ task, attempt: 1, phase: "started", module: "test" }] });
    third.send({ type: "result", sequence: 9, task, attempt: 1, outcome: "done" });
    expect((await rig.ended(job)).status).toBe("done");
  });

  it("that are not safe to repeat end as interrupted when who began them comes back without", async () => {
    const peer = await connected();
    const job = await rig.run([call(peer, "go")]);
    const { task } = await peer.next("task");
    peer.send({ type: "started", sequence: 1, tasks: [{ task, attempt: 1 }] });
    await peer.next("granted");
    const again = memoryPeer(rig.fleet, peer.id, peer.keys);
    await welcomePeer(again, { held: [] });
    const after = await rig.ended(job);
    expect(after).toMatchObject({ status: "failed", failure: { code: "task_interrupted" } });
  });

  it("are brought back, however many there are", async () => {
    const peer = await connected("many", { modules: { test: { limit: 20_000, functions: {} } } });
    const job = await rig.run([call(peer, "go")]);
    const { task } = await peer.next("task");
    const again = memoryPeer(rig.fleet, peer.id, peer.keys);
    const strangers = Array.from({ length: 10_000 }, (_, index) => ({
      task: `stranger-${index}`,
      attempt: 1,
      phase: "finished" as const,
      module: "",
    }));
    await welcomePeer(again, { held: [...strangers, { task, attempt: 1, phase: "started", module: "test" }] });
    let forgotten = 0;
    while (forgotten < strangers.length) forgotten += (await again.next("forget")).tasks.length;
    again.send({ type: "result", sequence: 1, task, attempt: 1, outcome: "done" });
    expect((await rig.ended(job)).status).toBe("done");
  });

  it("that were cancelled are stopped where they run", async () => {
    const peer = await connected();
    const job = await rig.run([call(peer, "go", { safeToRepeat: true })]);
    const { task } = await peer.next("task");
    peer.send({ type: "started", sequence: 1, tasks: [{ task, attempt: 1 }] });
    await peer.next("granted");
    await rig.jobs.service.cancel(TENANT, job.id);
    expect(await peer.next("cancel")).toMatchObject({ task, attempt: 1 });
    peer.send({
      type: "result",
      sequence: 2,
      task,
      attempt: 1,
      outcome: "cancelled",
      error: { code: "function_cancelled", message: "stopped" },
    });
    expect((await rig.ended(job)).status).toBe("cancelled");
  });

  it("are taken back by who says it can, with what was answered", async () => {
    const told = { summary: "", parameters: {}, safeToRepeat: true, observes: false, undoable: true };
    const peer = await connected("node1", { modules: { test: { limit: 2, functions: { go: told } } } });
    const job = await rig.run([
      call(peer, "go", { safeToRepeat: true, undoable: true, parameters: { a: 1 } }),
      call(peer, "stay", { safeToRepeat: true }),
    ]);
    const go = await peer.next("task");
    expect(go).not.toHaveProperty("undo");
    peer.send({ type: "result", sequence: 1, task: go.task, attempt: 1, outcome: "done", value: 7 });
    const stay = await peer.next("task");
    await rig.jobs.service.cancel(TENANT, job.id);
    await peer.next("cancel");
    peer.send({ type: "result", sequence: 2, task: stay.task, attempt: 1, outcome: "cancelled" });
    const undo = await peer.next("task");
    expect(undo).toMatchObject({ function: "go", parameters: { a: 1 }, undo: { value: 7 }, safeToRepeat: true });
    expect(undo.key).not.toBe(go.key);
    peer.send({ type: "result", sequence: 3, task: undo.task, attempt: 1, outcome: "done", value: null });
    expect(await rig.ended(job)).toMatchObject({ status: "cancelled", failure: null });
  });

  it("are not taken back by who does not say that it can: it would do them once more", async () => {
    const peer = await connected();
    const job = await rig.run([
      call(peer, "go", { safeToRepeat: true, undoable: true }),
      call(peer, "stay", { safeToRepeat: true }),
    ]);
    const go = await peer.next("task");
    peer.send({ type: "result", sequence: 1, task: go.task, attempt: 1, outcome: "done", value: 7 });
    const stay = await peer.next("task");
    await rig.jobs.service.cancel(TENANT, job.id);
    await peer.next("cancel");
    peer.send({ type: "result", sequence: 2, task: stay.task, attempt: 1, outcome: "cancelled" });
    expect(await rig.ended(job)).toMatchObject({
      status: "cancelled",
      failure: { message: "not taken back: test.go: node1 cannot take back what test.go did" },
    });
  });

  it("that began and were stopped in one breath are taken back", async () => {
    const told = { summary: "", parameters: {}, safeToRepeat: true, observes: false, undoable: true };
    const peer = await connected("node1", { modules: { test: { limit: 2, functions: { go: told } } } });
    const job = await rig.run([call(peer, "go", { safeToRepeat: true, undoable: true })]);
    const { task } = await peer.next("task");
    await rig.jobs.service.cancel(TENANT, job.id);
    await peer.next("cancel");
    peer.send({ type: "started", sequence: 1, tasks: [{ task, attempt: 1 }] });
    peer.send({ type: "result", sequence: 2, task, attempt: 1, outcome: "cancelled" });
    const undo = await peer.next("task");
    expect(undo.undo).toEqual({});
    peer.send({ type: "result", sequence: 3, task: undo.task, attempt: 1, outcome: "done" });
    expect((await rig.ended(job)).status).toBe("cancelled");
  });

  it("in a batch have a result each", async () => {
    const peer = await connected();
    const job = await rig.run([1, 2, 3].map((n) => call(peer, "go", { parameters: { n } })));
    const { task, batch } = await peer.next("task");
    expect(batch).toEqual([1, 2, 3].map((n, item) => ({ item, parameters: { n } })));
    peer.send({ type: "items", sequence: 1, task, attempt: 1, items: [{ item: 0, outcome: "done", value: "a" }] });
    await settled(peer);
    peer.send({
      type: "items",
      sequence: 2,
      task,
      attempt: 1,
      items: [
        { item: 1, outcome: "done", value: "b" },
        { item: 2, outcome: "done", value: "c" },
      ],
    });
    peer.send({ type: "result", sequence: 3, task, attempt: 1, outcome: "done", value: { items: 3 } });
    expect((await rig.ended(job)).status).toBe("done");
    expect((await rig.jobs.service.results(job.id, { after: null, limit: 10 })).map(({ value }) => value)).toEqual([
      "a",
      "b",
      "c",
    ]);
  });

  it("whose parameters fit no message fail, and the next one comes", async () => {
    const peer = await connected();
    const large = await rig.run([call(peer, "go", { parameters: { text: "x".repeat(1_100_000) } })]);
    expect(await rig.ended(large)).toMatchObject({ status: "failed", failure: { code: "link_message_too_large" } });
    const small = await rig.run([call(peer, "go")]);
    const { task } = await peer.next("task");
    peer.send({ type: "result", sequence: 1, task, attempt: 1, outcome: "done" });
    expect((await rig.ended(small)).status).toBe("done");
  });

  it("get a join token in place of its stand-in, which the agent of that foundation joins with", async () => {
    const peer = await connected();
    const job = await rig.run([
      call(peer, "create", { parameters: { foundation: { id: "f1", name: "web1" }, join: { $join: "f1" } } }),
    ]);
    const { task, parameters } = await peer.next("task");
    const { urls, token } = (parameters as { join: { urls: string[]; token: string } }).join;
    expect(urls).toEqual(["https://server:1"]);
    const { id, name, keys } = await joinPeer(rig.fleet, token, "whatever");
    expect(name).toBe("web1");
    const agent = memoryPeer(rig.fleet, id, keys);
    const waiting = await rig.run([{ route: { agentId: "f1" }, function: "go" }]);
    await welcomePeer(agent);
    const own = await agent.next("task");
    agent.send({ type: "result", sequence: 1, task: own.task, attempt: 1, outcome: "done" });
    expect((await rig.ended(waiting)).status).toBe("done");
    expect(rig.fleet.isConnected("f1")).toBe(true);
    peer.send({ type: "result", sequence: 1, task, attempt: 1, outcome: "done" });
    expect((await rig.ended(job)).status).toBe("done");
    expect(await rig.fleet.agents(DEFAULT_TENANT.id)).toContainEqual({
      agentId: "f1",
      name: "web1",
      foundationId: "f1",
      siteId: null,
    });
  });
});

describe("a question", () => {
  it("is answered by the agent, or ends in an error that says why not", async () => {
    const peer = await connected();
    const asked = rig.fleet.ask(DEFAULT_TENANT.id, { agentId: peer.id }, "test", "look", { a: 1 }, 5000);
    const query = await peer.next("query");
    expect(query).toMatchObject({ module: "test", function: "look", parameters: { a: 1 } });
    peer.send({ type: "reply", query: query.query, value: { seen: true } });
    expect(await asked).toEqual({ seen: true });

    const failing = rig.fleet.ask(DEFAULT_TENANT.id, { agentId: peer.id }, "test", "look", {}, 5000);
    const { query: second } = await peer.next("query");
    peer.send({ type: "reply", query: second, error: { code: "x", message: "no" } });
    await expect(failing).rejects.toMatchObject({ code: "executor_answer_failed", details: { code: "x" } });

    const late = rig.fleet.ask(DEFAULT_TENANT.id, { agentId: peer.id }, "test", "look", {}, 500);
    await peer.next("query");
    clock.advance(500);
    await expect(late).rejects.toMatchObject({ code: "executor_no_answer" });

    const cut = rig.fleet.ask(DEFAULT_TENANT.id, { agentId: peer.id }, "test", "look", {}, 500);
    await peer.next("query");
    peer.connection.close({ code: "closed", text: "cut" });
    await expect(cut).rejects.toMatchObject({ code: "executor_not_connected" });
    await expect(rig.fleet.ask(DEFAULT_TENANT.id, { agentId: peer.id }, "test", "look", {}, 500)).rejects.toMatchObject(
      {
        code: "executor_not_connected",
      },
    );
  });

  it("to a site goes to a worker, not to an agent", async () => {
    const link = await rig.fleet.embed({ tenantId: TENANT, kind: "worker", name: "embedded", siteId: null });
    const agent = await connected();
    await expect(rig.fleet.ask(DEFAULT_TENANT.id, { siteId: "s" }, "test", "look", {}, 500)).rejects.toMatchObject({
      code: "executor_not_connected",
    });
    expect(link.id).not.toBe(agent.id);
  });
});

/** Messages about a task, whatever that is. */
function report(type: string, ref: { task: string; attempt: number }) {
  return { type: fc.constant(type), task: fc.constant(ref.task), attempt: fc.constant(ref.attempt) };
}
const output = (ref: { task: string; attempt: number }) => ({
  ...report("output", ref),
  stream: fc.constantFrom("stdout", "stderr"),
});

describe("a worker", () => {
  it("that answers rubbish harms neither the server nor another worker's tasks", async () => {
    const bad = await worker(rig, "bad", TENANT);
    const job = await rig.run([{ route: { siteId: "s" }, function: "first" }]);
    const task = await bad.next("task");
    const good = await worker(rig, "good", TENANT);
    const ref = { task: task.task, attempt: task.attempt };
    const other = { task: "nobody's", attempt: 9 };
    const rubbish = fc.oneof(
      fc.record({ type: fc.constant("started"), tasks: fc.subarray([ref, other, { ...ref, attempt: 7 }]) }),
      fc.record({ ...output(other), data: fc.string(), index: fc.nat() }),
      fc.record({ ...output(ref), data: fc.string(), index: fc.nat() }),
      fc.record({ ...report("message", other), text: fc.string() }),
      fc.record({ ...report("result", other), outcome: fc.constantFrom("done", "failed"), value: fc.jsonValue() }),
      fc.record({ ...report("items", other), items: fc.constant([{ item: 0, outcome: "done", value: null }]) }),
      fc.record({
        type: fc.constant("held"),
        tasks: fc.constant([{ ...other, phase: "started", module: "__proto__" }]),
      }),
      fc.record({ type: fc.constant("reply"), query: fc.string({ maxLength: 20 }), value: fc.jsonValue() }),
      fc.record({ type: fc.constant("heartbeat"), facts: fc.dictionary(fc.string(), fc.jsonValue()) }),
    );
    for (const messages of fc.sample(fc.array(rubbish, { maxLength: 20 }), 50)) {
      bad.sendText(JSON.stringify(messages.map((message, sequence) => ({ sequence, ...message }))));
    }
    await settled(good);
    // It ends the connection, or goes on as if nothing had been.
    const word = Promise.race([settled(bad), bad.closed]);
    await word;
    bad.sendText("{}");
    expect((await bad.closed).code).toBe("link_message_malformed");
    await rig.fleet.drain(ADMINISTRATOR, "bad");
    const second = await rig.run([{ route: { siteId: "s" }, function: "second" }]);
    const given = await good.next("task");
    expect(given.function).toBe("second");
    good.send({ type: "result", sequence: 0, task: given.task, attempt: given.attempt, outcome: "done", value: 1 });
    expect((await rig.ended(second)).status).toBe("done");
    expect((await rig.jobs.service.get(TENANT, job.id)).status).not.toBe("done");
  });

  it("with names that mean something to objects is a worker with strange names", async () => {
    const { token } = await rig.fleet.mintJoinToken({ tenantId: TENANT, kind: "worker", name: "w", expiresIn: 60 });
    const { id, keys } = await joinPeer(rig.fleet, token, "w", createKeyPair(), "worker");
    const peer = memoryPeer(rig.fleet, id, keys);
    const strange = JSON.parse(
      '{"constructor":{"limit":1,"functions":{"toString":{"summary":"","parameters":{},"safeToRepeat":true,"observes":false}}}}',
    );
    await welcomePeer(peer, { modules: strange });
    expect(Object.keys(rig.fleet.modules(TENANT))).toEqual(["constructor"]);
    expect(Object.keys(rig.fleet.modules(TENANT)["constructor"]!.functions)).toEqual(["toString"]);
    await rig.run([{ route: { siteId: "s" }, module: "constructor", function: "toString" }]);
    expect((await peer.next("task")).module).toBe("constructor");
  });

  it("is told no word of a task that is not its own", async () => {
    const own = await createTestFleet(await openSqlite(FLEET_MIGRATIONS), clock, { sites });
    onTestFinished(() => own.close());
    const heard: string[] = [];
    async function listening(name: string, tenantId: string, siteId: string, modules: string[]): Promise<TestPeer> {
      const { token } = await own.fleet.mintJoinToken({ tenantId, kind: "worker", name, siteId, expiresIn: 60 });
      const { id, keys } = await joinPeer(own.fleet, token, name, createKeyPair(), "worker");
      const [mine, theirs] = memoryPair();
      own.fleet.accept({ ...theirs, send: (frame) => (heard.push(`${name}: ${frame}`), theirs.send(frame)) });
      const peer = openPeer(mine, id, keys);
      await welcomePeer(peer, {
        modules: Object.fromEntries(modules.map((one) => [one, { limit: 2, functions: {} }])),
      });
      return peer;
    }
    const others = [
      await listening("foreign", "other", "s", ["test"]),
      await listening("elsewhere", TENANT, "elsewhere", ["test"]),
      await listening("lacking", TENANT, "s", ["toast"]),
    ];
    const meant = await listening("meant", TENANT, "s", ["test"]);
    await own.run([{ route: { siteId: "below s" }, function: "set", parameters: { password: "correct horse" } }]);
    await meant.next("task");
    for (const peer of others) await settled(peer);
    const told = heard.filter((line) => line.includes("correct horse"));
    expect(told.map((line) => line.split(":")[0])).toEqual(["meant"]);
  });

  const sites = async () => ({
    names: new Map(["s", "below s", "elsewhere"].map((name) => [name, name])),
    below: (id: string) => (id === "s" ? ["s", "below s"] : [id]),
  });

  async function worker(own: TestFleet, name: string, tenantId: string, siteId?: string): Promise<TestPeer> {
    const site = siteId === undefined ? {} : { siteId };
    const { token } = await own.fleet.mintJoinToken({ tenantId, kind: "worker", name, expiresIn: 60, ...site });
    const { id, keys } = await joinPeer(own.fleet, token, name, createKeyPair(), "worker");
    const peer = memoryPeer(own.fleet, id, keys);
    await welcomePeer(peer);
    return peer;
  }

  it("is given and asked what is of its tenant, and of the site it joined for or one below it", async () => {
    const own = await createTestFleet(await openSqlite(FLEET_MIGRATIONS), clock, { sites });
    onTestFinished(() => own.close());
    const foreign = await worker(own, "foreign", "other");
    const there = await worker(own, "there", TENANT, "s");
    for (const siteId of ["elsewhere", "s", "below s"]) await own.run([{ route: { siteId }, function: siteId }]);
    const given = [await there.next("task"), await there.next("task")].map((one) => one.function);
    expect(given.sort()).toEqual(["below s", "s"]);
    for (const peer of [there, foreign]) {
      const more = await Promise.race([peer.next("task"), settled(peer).then(() => "nothing")]);
      expect(more).toBe("nothing");
    }
    await expect(own.fleet.ask(TENANT, { siteId: "elsewhere" }, "test", "look", {}, 500)).rejects.toMatchObject({
      code: "executor_not_connected",
    });
    const everywhere = await worker(own, "everywhere", TENANT);
    expect((await everywhere.next("task")).function).toBe("elsewhere");
  });

  it("is there for whom it works, where it is, and for what it offers", async () => {
    expect(await rig.fleet.isServed(TENANT, "site", "test")).toBe(false);
    await settled(await worker(rig, "w", TENANT));
    const asked = [
      [TENANT, "test"],
      [TENANT, "other"],
      ["another tenant", "test"],
    ] as const;
    const answers = await Promise.all(asked.map(([tenant, module]) => rig.fleet.isServed(tenant, "site", module)));
    expect(answers).toEqual([true, false, false]);
  });

  it("serves a site that comes to be below its own while it is connected", async () => {
    let below: readonly string[] = ["s"];
    const own = await createTestFleet(await openSqlite(FLEET_MIGRATIONS), clock, {
      sites: async () => ({ names: new Map(), below: () => below }),
    });
    onTestFinished(() => own.close());
    const there = await worker(own, "there", TENANT, "s");
    await own.run([{ route: { siteId: "rack" }, function: "new" }]);
    await settled(there);
    below = ["s", "rack"];
    there.send({ type: "heartbeat" });
    expect((await there.next("task")).function).toBe("new");
  });

  it("that is drained gets nothing new, keeps what it has, and is drained when that is done, also after a restart", async () => {
    const peer = await worker(rig, "w", TENANT);
    const first = await rig.run([{ route: { siteId: "s" }, function: "first" }]);
    const task = await peer.next("task");
    const slots = async () => {
      const { slots: by, drain } = await rig.fleet.node(TENANT, "w");
      return [by["test"]?.inUse, drain];
    };
    expect(await slots()).toEqual([1, null]);
    expect((await rig.fleet.drain(ADMINISTRATOR, "w")).drain).toBe("draining");
    await rig.run([{ route: { siteId: "s" }, function: "second" }]);
    await settled(peer);
    expect(await slots()).toEqual([1, "draining"]);
    await expect(rig.fleet.ask(TENANT, { siteId: "s" }, "test", "look", {}, 500)).rejects.toMatchObject({
      code: "executor_not_connected",
    });
    peer.send({ type: "result", sequence: 0, task: task.task, attempt: 1, outcome: "done", value: null });
    expect((await rig.ended(first)).status).toBe("done");
    await peer.next("ack");
    expect(await slots()).toEqual([0, "drained"]);
    // The same worker, started anew.
    peer.connection.close({ code: "closed", text: "restart" });
    await peer.closed;
    const again = memoryPeer(rig.fleet, peer.id, peer.keys);
    await welcomePeer(again, { epoch: "another" });
    await expect.poll(slots).toEqual([0, "drained"]);
    expect((await rig.fleet.resume(ADMINISTRATOR, "w")).drain).toBeNull();
    expect((await again.next("task")).function).toBe("second");
    expect(await slots()).toEqual([1, null]);
  });

  it("is drained and an agent is not", async () => {
    await connected("node1");
    await expect(rig.fleet.drain(ADMINISTRATOR, "node1")).rejects.toMatchObject({ code: "executor_no_worker" });
    await expect(rig.fleet.drain(ADMINISTRATOR, "nobody")).rejects.toMatchObject({ code: "executor_unknown" });
  });

  it("that went away while draining is drained when its leases have run out", async () => {
    const peer = await worker(rig, "w", TENANT);
    await rig.run([{ route: { siteId: "s" }, function: "first" }]);
    await peer.next("task");
    await rig.fleet.drain(ADMINISTRATOR, "w");
    peer.connection.close({ code: "closed", text: "gone" });
    await peer.closed;
    clock.advance(5000);
    expect((await rig.fleet.node(TENANT, "w")).drain).toBe("draining");
    clock.advance(10_000);
    expect((await rig.fleet.node(TENANT, "w")).drain).toBe("drained");
  });
});

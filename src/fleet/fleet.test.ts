import { DEFAULT_TENANT } from "../access/index.ts";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
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
  untilAcknowledged,
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
    expect((await rig.fleet.node(TENANT, "node1")).facts).toEqual({ hostname: "here" });
    peer.send({ type: "heartbeat", facts: { hostname: "there" } });
    await settled(peer);
    expect((await rig.fleet.node(TENANT, "node1")).facts).toEqual({ hostname: "there" });
    peer.connection.close({ code: "closed", text: "bye" });
    await peer.closed;
    expect(await rig.fleet.node(TENANT, "node1")).toMatchObject({ state: "away", seenAt: clock.now() });
    clock.advance(60_000);
    expect(await rig.fleet.node(TENANT, "node1")).toMatchObject({
      state: "away",
      version: "1.2.3",
      facts: { hostname: "there" },
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
    clock.advance(3999);
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
    await untilAcknowledged(clock, peer, 4);
    const [piece] = await rig.jobs.service.output([{ jobId: job.id, after: null }], 10);
    expect(Buffer.from(piece!.data).toString()).toBe("hello");
    expect((await rig.jobs.service.log(job.id, { after: 0, limit: 50 })).map(({ text }) => text)).toContain("half-way");
    await settled(other);
  });

  it("are heard out: what is said in one breath with the goodbye is taken in", async () => {
    const peer = await connected();
    const job = await rig.run([call(peer, "go")]);
    const { task } = await peer.next("task");
    peer.send({ type: "started", sequence: 1, tasks: [{ task, attempt: 1 }] });
    await peer.next("granted");
    const data = Buffer.from("last words").toString("base64");
    peer.send({ type: "output", sequence: 2, task, attempt: 1, stream: "stdout", index: 0, data });
    peer.send({ type: "goodbye", code: "link_stopping", reason: "the executor is stopping" });
    await peer.closed;
    const again = memoryPeer(rig.fleet, peer.id, peer.keys);
    await welcomePeer(again, { held: [{ task, attempt: 1, phase: "started", module: "test" }] });
    again.send({ type: "result", sequence: 1, task, attempt: 1, outcome: "done" });
    await rig.ended(job);
    const pieces = await rig.jobs.service.output([{ jobId: job.id, after: null }], 10);
    expect(pieces.map((piece) => Buffer.from(piece.data).toString())).toEqual(["last words"]);
  });

  it("are acknowledged by one word for what is told within half a second, and at once when it is much", async () => {
    const peer = await connected();
    const acks: number[] = [];
    const hear = (): Promise<void> =>
      peer.next("ack").then(({ sequence }) => {
        acks.push(sequence);
        return hear();
      });
    void hear();
    for (const sequence of [1, 2, 3]) {
      const job = await rig.run([call(peer, "go", { safeToRepeat: true })]);
      const { task, attempt } = await peer.next("task");
      peer.send({ type: "result", sequence, task, attempt, outcome: "done" });
      await rig.ended(job);
      await settled(peer);
    }
    clock.advance(499);
    await settled(peer);
    expect(acks).toEqual([]);
    clock.advance(1);
    await expect.poll(() => acks).toEqual([3]);
    const job = await rig.run([call(peer, "go", { safeToRepeat: true })]);
    const { task, attempt } = await peer.next("task");
    const data = Buffer.alloc(60 * 1024).toString("base64");
    for (let index = 0; index < 4; index += 1)
      peer.send({ type: "output", sequence: 4 + index, task, attempt, stream: "stdout", index, data });
    peer.send({ type: "result", sequence: 8, task, attempt, outcome: "done" });
    await rig.ended(job);
    await expect.poll(() => acks.at(-1)).toBe(8);
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
    await untilAcknowledged(clock, thief, 3);
    expect((await rig.jobs.service.get(TENANT, job.id)).status).toBe("waiting");
    peer.send({ type: "result", sequence: 1, task, attempt: 1, outcome: "done", value: "own" });
    await rig.ended(job);
    expect(await rig.jobs.service.output([{ jobId: job.id, after: null }], 10)).toEqual([]);
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
    peer.send({ type: "heartbeat" });
    await peer.next("heartbeat");
    // Nobody waits for the beginning of what may be repeated, so it waits for what may follow.
    clock.advance(100);
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
    const job = await rig.run(
      [
        call(peer, "go", { safeToRepeat: true, undoable: true, parameters: { a: 1 } }),
        call(peer, "stay", { safeToRepeat: true }),
      ],
      { batch: 1 },
    );
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
    const job = await rig.run(
      [call(peer, "go", { safeToRepeat: true, undoable: true }), call(peer, "stay", { safeToRepeat: true })],
      { batch: 1 },
    );
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

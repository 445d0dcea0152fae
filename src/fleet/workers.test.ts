import fc from "fast-check";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { type ManualClock, manualClock } from "../kernel/clock.ts";
import { createKeyPair, memoryPair } from "../link/index.ts";
import {
  createTestFleet,
  FLEET_MIGRATIONS,
  joinPeer,
  memoryPeer,
  openPeer,
  TENANT,
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

/** Resolves when the server has worked off what it was sent: it answers in order. */
async function settled(peer: TestPeer): Promise<void> {
  peer.send({ type: "heartbeat" });
  await peer.next("heartbeat");
}

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
        // Its own is among them: it would be taken for lost.
        tasks: fc.constant([
          { ...other, phase: "started", module: "__proto__" },
          { ...ref, phase: "queued", module: "constructor" },
        ]),
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

  it("whose one module is full gets the next task of it when one ends, whatever its other modules have to do", async () => {
    const { token } = await rig.fleet.mintJoinToken({ tenantId: TENANT, kind: "worker", name: "w", expiresIn: 60 });
    const { id, keys } = await joinPeer(rig.fleet, token, "w", createKeyPair(), "worker");
    const peer = memoryPeer(rig.fleet, id, keys);
    await welcomePeer(peer, { modules: { test: { limit: 1, functions: {} }, idle: { limit: 4, functions: {} } } });
    for (const name of ["first", "second", "third"]) await rig.run([{ route: { siteId: "s" }, function: name }]);
    const given: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const task = await peer.next("task");
      given.push(task.function);
      await settled(peer);
      peer.send({ type: "result", sequence: count, task: task.task, attempt: 1, outcome: "done", value: null });
    }
    expect(given).toEqual(["first", "second", "third"]);
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
    await untilAcknowledged(clock, peer, 0);
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

  it("that another replica was told to drain gets nothing new from its next heartbeat on", async () => {
    const database = await openSqlite(FLEET_MIGRATIONS);
    const [here, there] = [await createTestFleet(database, clock), await createTestFleet(database, clock)];
    onTestFinished(async () => {
      await here.close();
      await there.close();
    });
    const peer = await worker(here, "w", TENANT);
    await there.fleet.drain(ADMINISTRATOR, "w");
    await settled(peer);
    await expect.poll(async () => (await here.fleet.node(TENANT, "w")).drain).toBe("drained");
    await expect
      .poll(() => here.fleet.ask(TENANT, { siteId: "s" }, "test", "look", {}, 500).catch((error: Error) => error))
      .toMatchObject({ code: "executor_not_connected" });
    await there.fleet.resume(ADMINISTRATOR, "w");
    await settled(peer);
    await here.run([{ route: { siteId: "s" }, function: "first" }]);
    expect((await peer.next("task")).function).toBe("first");
  });

  it("is drained and an agent is not", async () => {
    const { token } = await rig.fleet.mintJoinToken({ tenantId: TENANT, kind: "agent", name: "node1", expiresIn: 60 });
    await joinPeer(rig.fleet, token);
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

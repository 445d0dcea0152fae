import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { type ManualClock, manualClock } from "../kernel/clock.ts";
import type { Job, Task } from "../jobs/index.ts";
import {
  createTestFleet,
  FLEET_MIGRATIONS,
  joinPeer,
  memoryPeer,
  TENANT,
  type TestCall,
  type TestFleet,
  type TestPeer,
  welcomePeer,
  untilAcknowledged,
} from "./testing.ts";

/** What executors do that they should not, over the link: jobs end as they should all the same. */

const HEARTBEAT = 1_000;
const LEASE = 60_000;

let clock: ManualClock;
let rig: TestFleet;
beforeEach(async () => {
  clock = manualClock(1_000_000_000_000);
  rig = await createTestFleet(await openSqlite(FLEET_MIGRATIONS), clock, { heartbeat: HEARTBEAT, taskLease: LEASE });
  await rig.fleet.start({ urls: ["https://server:1"] });
  onTestFinished(() => rig.close());
});

interface Known {
  readonly peer: TestPeer;
  /** The same executor on a new connection; it holds these. */
  again(held?: Parameters<typeof welcomePeer>[1]): Promise<TestPeer>;
}

async function worker(name: string, limit = 2): Promise<Known> {
  const { token } = await rig.fleet.mintJoinToken({ tenantId: TENANT, kind: "worker", name, expiresIn: 60 });
  const { id, keys } = await joinPeer(rig.fleet, token, name, undefined, "worker");
  async function again(more: Parameters<typeof welcomePeer>[1] = {}): Promise<TestPeer> {
    const peer = memoryPeer(rig.fleet, id, keys);
    await welcomePeer(peer, { modules: { test: { limit, functions: {} } }, ...more });
    return peer;
  }
  return { peer: await again(), again };
}

function call(more: Partial<TestCall> = {}): TestCall {
  return { route: { siteId: "s" }, function: "go", ...more };
}

async function taskOf(job: Job): Promise<Task> {
  return (await rig.jobs.service.tasks(job.id, { after: null, limit: 10 })).at(-1)!;
}

/** Time goes by; the executor shows that it is alive. */
async function alive(peer: TestPeer, milliseconds: number): Promise<void> {
  let left = milliseconds;
  do {
    clock.advance(Math.min(HEARTBEAT, left));
    peer.send({ type: "heartbeat" });
    await peer.next("heartbeat");
    left -= HEARTBEAT;
  } while (left > 0);
}

describe("a function that hangs", () => {
  it("past its lease keeps it, as long as its worker lives, and past its time-out is given up", async () => {
    const { peer } = await worker("w");
    const job = await rig.run([call()], { timeout: 2 * LEASE });
    const { task } = await peer.next("task");
    peer.send({ type: "started", sequence: 1, tasks: [{ task, attempt: 1 }] });
    await peer.next("granted");
    await alive(peer, LEASE + 30_000);
    expect((await taskOf(job)).status).toBe("started");
    await alive(peer, LEASE + 10_000);
    expect(await rig.ended(job)).toMatchObject({ status: "failed", failure: { code: "task_timed_out" } });
    // It is told to stop as well, and what it says in the end changes nothing.
    expect(await peer.next("cancel")).toMatchObject({ task });
    peer.send({ type: "result", sequence: 2, task, attempt: 1, outcome: "done", value: "late" });
    await alive(peer, HEARTBEAT);
    expect(await taskOf(job)).toMatchObject({ status: "interrupted", value: null });
  });
});

describe("a result", () => {
  it("that comes after the lease, and twice, changes nothing: who has it now ends it", async () => {
    const slow = await worker("slow");
    const job = await rig.run([call({ safeToRepeat: true })]);
    const { task } = await slow.peer.next("task");
    slow.peer.send({ type: "started", sequence: 1, tasks: [{ task, attempt: 1 }] });
    // Nobody waits for the beginning of what may be repeated, so it waits for what may follow.
    await alive(slow.peer, 0);
    clock.advance(100);
    await slow.peer.next("granted");
    slow.peer.connection.close({ code: "closed", text: "the cable" });
    const other = await worker("other");
    await alive(other.peer, LEASE + HEARTBEAT);
    expect(await other.peer.next("task")).toMatchObject({ task, attempt: 2, key: task });
    const back = await slow.again({ held: [{ task, attempt: 1, phase: "finished", module: "" }] });
    expect(await back.next("forget")).toMatchObject({ tasks: [{ task, attempt: 1 }] });
    for (const sequence of [2, 3])
      back.send({ type: "result", sequence, task, attempt: 1, outcome: "done", value: "old" });
    await untilAcknowledged(clock, back, 3);
    expect((await taskOf(job)).status).toBe("leased");
    other.peer.send({ type: "result", sequence: 1, task, attempt: 2, outcome: "done", value: "new" });
    expect((await rig.ended(job)).status).toBe("done");
    expect((await taskOf(job)).value).toBe("new");
  });

  it("about what it was never given changes nothing, and the next one counts", async () => {
    const { peer } = await worker("w");
    const stranger = await worker("stranger", 0);
    const job = await rig.run([call()]);
    const { task } = await peer.next("task");
    const result = { type: "result", outcome: "done", value: "stolen" } as const;
    stranger.peer.send({ ...result, sequence: 1, task, attempt: 1 });
    peer.send({ ...result, sequence: 1, task, attempt: 99 });
    peer.send({ ...result, sequence: 2, task: "nobody's", attempt: 1 });
    peer.send({ type: "items", sequence: 3, task: "nobody's", attempt: 1, items: [{ item: 7, outcome: "done" }] });
    peer.send({ ...result, sequence: 4, task: "nobody's", attempt: 1 });
    await untilAcknowledged(clock, stranger.peer, 1);
    await untilAcknowledged(clock, peer, 4);
    expect((await taskOf(job)).status).toBe("leased");
    peer.send({ ...result, sequence: 5, task, attempt: 1, value: "own" });
    expect((await rig.ended(job)).status).toBe("done");
    expect((await taskOf(job)).value).toBe("own");
  });

  const deep = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;
  const garbage: readonly (readonly [string, (task: string) => string])[] = [
    ["is no JSON", () => "[{"],
    ["has no known type", () => '[{"type":"resutl"}]'],
    ["has an outcome that is none", (task) => sent({ task, outcome: "perhaps" })],
    ["has an attempt that is none", (task) => sent({ task, attempt: 0, outcome: "done" })],
    ["is nested too deep", (task) => sent({ task, outcome: "done" }).replace("}]", `,"value":${deep}}]`)],
    ["is too large", (task) => sent({ task, outcome: "done", value: "x".repeat(9_000_000) })],
  ];

  function sent(message: object): string {
    return JSON.stringify([{ type: "result", sequence: 1, attempt: 1, ...message }]);
  }

  it.each(garbage)("that %s ends the connection of who sent it; its task goes on when it is back", async (_, text) => {
    const { peer, again } = await worker("w");
    const other = await worker("other", 0);
    const job = await rig.run([call({ safeToRepeat: true })]);
    const { task } = await peer.next("task");
    peer.sendText(text(task));
    expect((await peer.closed).code).not.toBe("closed");
    expect((await taskOf(job)).status).toBe("leased");
    await alive(other.peer, HEARTBEAT);
    const back = await again();
    expect(await back.next("task")).toMatchObject({ task });
    back.send({ type: "result", sequence: 1, task, attempt: 1, outcome: "done", value: 1 });
    expect((await rig.ended(job)).status).toBe("done");
  });
});

describe("a thousand jobs on one worker", () => {
  it("all end, none is done twice, and no more at a time than it takes", async () => {
    const LIMIT = 7;
    const { peer } = await worker("w", LIMIT);
    const jobs = await Promise.all(
      Array.from({ length: 1_000 }, (_, number) => rig.run([call({ parameters: { number } })])),
    );
    const ledger: number[] = [];
    const results = { sequence: 0, out: 0, most: 0 };
    async function begin(): Promise<void> {
      const { task, parameters } = await peer.next("task");
      ledger.push((parameters as { readonly number: number }).number);
      results.out += 1;
      results.most = Math.max(results.most, results.out);
      peer.send({ type: "started", sequence: (results.sequence += 1), tasks: [{ task, attempt: 1 }] });
    }
    async function end(): Promise<number> {
      const { tasks } = await peer.next("granted");
      for (const { task, attempt } of tasks) {
        results.out -= 1;
        const sequence = (results.sequence += 1);
        peer.send({ type: "result", sequence, task, attempt, outcome: "done", value: null });
      }
      return tasks.length;
    }
    const all = (async () => {
      for (const _ of jobs) await begin();
    })();
    for (let done = 0; done < jobs.length;) done += await end();
    await all;
    const ended = await Promise.all(jobs.map((job) => rig.ended(job)));
    expect(new Set(ended.map((job) => job.status))).toEqual(new Set(["done"]));
    expect(ledger.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_000 }, (_, number) => number));
    expect(results.most).toBeLessThanOrEqual(LIMIT);
    expect(results.most).toBeGreaterThan(1);
  });
});

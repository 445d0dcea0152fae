import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { type ManualClock, manualClock } from "../kernel/clock.ts";
import { createKeyPair } from "../link/index.ts";
import {
  createTestFleet,
  FLEET_MIGRATIONS,
  joinPeer,
  memoryPeer,
  TENANT,
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

async function connected(keys = createKeyPair()): Promise<TestPeer> {
  const { token } = await rig.fleet.mintJoinToken({ tenantId: TENANT, kind: "agent", name: "node1", expiresIn: 600 });
  const { id } = await joinPeer(rig.fleet, token, "node1", keys);
  const peer = memoryPeer(rig.fleet, id, keys);
  await welcomePeer(peer);
  return peer;
}

async function leave(peer: TestPeer): Promise<void> {
  peer.connection.close({ code: "closed", text: "bye" });
  await peer.closed;
}

describe("a node", () => {
  it("shows how many heartbeats it missed, and what it has to do", async () => {
    const peer = await connected();
    expect(await rig.fleet.node(TENANT, "node1")).toMatchObject({ missed: 0, load: 0 });
    clock.advance(2500);
    expect(await rig.fleet.node(TENANT, "node1")).toMatchObject({ state: "connected", missed: 2, load: 0 });
    await leave(peer);
    clock.advance(60_000);
    expect(await rig.fleet.node(TENANT, "node1")).toMatchObject({ state: "away", missed: 60, load: null });
  });

  it("that is gone is forgotten: what it had is settled, its key is worth nothing, its name is free", async () => {
    const peer = await connected();
    await expect(rig.fleet.purge(ADMINISTRATOR, "node1")).rejects.toMatchObject({ code: "executor_connected" });
    const job = await rig.run([{ route: { agentId: peer.id }, function: "go" }]);
    const { task, attempt } = await peer.next("task");
    peer.send({ type: "started", sequence: 1, tasks: [{ task, attempt }] });
    await peer.next("granted");
    await leave(peer);
    await rig.fleet.purge(ADMINISTRATOR, "node1");
    expect(await rig.ended(job)).toMatchObject({ status: "failed" });
    expect((await rig.jobs.service.tasks(job.id, { after: null, limit: 9 }))[0]).toMatchObject({
      status: "interrupted",
    });
    expect(await rig.fleet.nodes(TENANT)).toEqual([]);
    const again = memoryPeer(rig.fleet, peer.id, peer.keys);
    void welcomePeer(again);
    expect((await again.closed).code).toBe("executor_unknown");
    await connected();
  });

  it("that was revoked and forgotten stays out with its key", async () => {
    const keys = createKeyPair();
    const peer = await connected(keys);
    await rig.fleet.revoke(ADMINISTRATOR, "node1");
    await peer.closed;
    await expect(rig.fleet.purge(ADMINISTRATOR, "node1")).rejects.toMatchObject({ code: "executor_unknown" });
    await expect(connected(keys)).rejects.toMatchObject({ code: "executor_revoked" });
  });
});

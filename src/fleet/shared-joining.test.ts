import { createHash } from "node:crypto";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../test/support/databases.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { type ManualClock, manualClock } from "../kernel/clock.ts";
import {
  agentProof,
  createKeyPair,
  deriveSharedKey,
  serverProof,
  type SharedJoinRequest,
  signJoin,
} from "../link/index.ts";
import { createTestFleet, FLEET_MIGRATIONS, memoryPeer, TENANT, type TestFleet, welcomePeer } from "./testing.ts";

const SECRET = "correct horse battery";
let clock: ManualClock;
let rig: TestFleet;
beforeEach(async () => {
  clock = manualClock(1_000_000_000_000);
  rig = await createTestFleet(await openSqlite(FLEET_MIGRATIONS), clock, { sharedKey: SECRET });
  onTestFinished(() => rig.close());
});

interface Wish {
  readonly name?: string;
  readonly secret?: string;
  /** Pin of the authority that the agent sees. */
  readonly pin?: string;
  readonly keys?: ReturnType<typeof createKeyPair>;
  readonly challenge?: string;
}

async function requestFor(wish: Wish = {}): Promise<{ request: SharedJoinRequest; key: Buffer; pin: string }> {
  const told = rig.fleet.shared.challenge();
  const { name = "node1", keys = createKeyPair(), pin = told.pin, challenge = told.challenge } = wish;
  const key = await deriveSharedKey(wish.secret ?? SECRET, pin);
  const said = { pin, challenge, nonce: "n".repeat(32), publicKey: keys.publicKey, name };
  const { pin: _pin, ...sent } = said;
  const signature = signJoin(keys.privateKey, challenge);
  return { request: { ...sent, proof: agentProof(key, said), signature }, key, pin };
}

async function join(wish: Wish = {}) {
  return rig.fleet.shared.admit((await requestFor(wish)).request);
}

describe("whoever has the shared key", () => {
  it("joins as an agent of the default tenant, is told so by a proof, and connects with its own key", async () => {
    const keys = createKeyPair();
    const { request, key, pin } = await requestFor({ keys });
    const { record, proof } = await rig.fleet.shared.admit(request);
    expect(record).toMatchObject({ tenantId: TENANT, kind: "agent", name: "node1", foundationId: null });
    expect(proof).toBe(serverProof(key, { ...request, pin }, record.id));
    // The proof of one end is not that of the other.
    expect(proof).not.toBe(request.proof);
    const peer = memoryPeer(rig.fleet, record.id, keys);
    await welcomePeer(peer);
    expect(rig.fleet.isConnected(record.id)).toBe(true);
  });

  it("may ask again with the same key pair, when the answer was lost", async () => {
    const keys = createKeyPair();
    const first = await join({ keys });
    expect((await join({ keys })).record.id).toBe(first.record.id);
    await expect(join()).rejects.toMatchObject({ code: "executor_name_taken" });
  });

  it("stays out with a key pair that was revoked", async () => {
    const keys = createKeyPair();
    await join({ keys });
    await rig.fleet.revoke(ADMINISTRATOR, "node1");
    await expect(join({ keys })).rejects.toMatchObject({ code: "executor_revoked" });
    expect((await join()).record.name).toBe("node1");
  });
});

describe("nobody gets in", () => {
  it("with another key", async () => {
    await expect(join({ secret: `${SECRET}!` })).rejects.toMatchObject({ code: "shared_key_wrong" });
    expect(await rig.fleet.nodes(TENANT)).toEqual([]);
  });

  it("with a proof that was made for another authority, as one in the middle gets it", async () => {
    const pin = createHash("sha256").update("his own authority").digest("base64url");
    await expect(join({ pin })).rejects.toMatchObject({ code: "shared_key_wrong" });
  });

  it("with what somebody else has sent: again, with another key or another name", async () => {
    const { request } = await requestFor();
    await rig.fleet.shared.admit(request);
    await expect(rig.fleet.shared.admit(request)).rejects.toMatchObject({ code: "shared_challenge_stale" });
    const { request: caught } = await requestFor({ name: "node2" });
    const mine = createKeyPair();
    for (const change of [
      { name: "node3" },
      { nonce: "m".repeat(32) },
      { publicKey: mine.publicKey, signature: signJoin(mine.privateKey, caught.challenge) },
      { challenge: rig.fleet.shared.challenge().challenge },
      { signature: signJoin(mine.privateKey, caught.challenge) },
    ])
      await expect(rig.fleet.shared.admit({ ...caught, ...change })).rejects.toMatchObject({
        code: "shared_key_wrong",
      });
    expect((await rig.fleet.shared.admit(caught)).record.name).toBe("node2");
  });

  it("with a challenge that is old, or was made up", async () => {
    const { request } = await requestFor();
    await clock.advance(61_000);
    await expect(rig.fleet.shared.admit(request)).rejects.toMatchObject({ code: "shared_challenge_stale" });
    const challenge = `${clock.now().toString(36)}.${"x".repeat(22)}.${"y".repeat(43)}`;
    await expect(join({ challenge })).rejects.toMatchObject({ code: "shared_challenge_stale" });
  });

  it("where the server was given no key", async () => {
    const other = await createTestFleet(await openSqlite(FLEET_MIGRATIONS), clock);
    onTestFinished(() => other.close());
    expect(() => other.fleet.shared.challenge()).toThrow(expect.objectContaining({ code: "shared_key_off" }));
    const { request } = await requestFor();
    await expect(other.fleet.shared.admit(request)).rejects.toMatchObject({ code: "shared_key_off" });
  });
});

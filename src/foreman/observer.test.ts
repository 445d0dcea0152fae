import { describe, expect, it } from "vitest";
import { manualClock } from "../kernel/clock.ts";
import type { Json } from "../kernel/json.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Observer } from "../design/index.ts";
import { DEFAULT_TENANT } from "../access/index.ts";
import { foundation, inserting, site } from "../inventory/testing.ts";
import { createObserver, observedParameters, type Asker } from "./observer.ts";
import type { SecretUse } from "./secrets.ts";
import { openForemanWorld } from "./testing.ts";

function observerWith(asker: Asker, clock: Clock, joined: readonly string[] = ["f1"]): Observer {
  return createObserver({
    asker,
    clock,
    siteId: async () => "s1",
    parametersOf: async (_tenant, id) => ({ id, name: "web1", attributes: {} }),
    withAgents: async () => new Set(joined),
  });
}

const target = { foundationId: "f1", name: "web1", type: "local", site: "lab", attributes: {}, structures: ["web1"] };

function asker(power: Json, connected: () => boolean, services: Json = []): Asker {
  return {
    ask: async (_tenant, _route, module) => (module === "local" ? power : services),
    isConnected: connected,
  };
}

describe("what the observer sees", () => {
  it("a machine that is on, with its agent and its services", async () => {
    const seen = asker({ exists: true, power: "on" }, () => true, [{ name: "web", state: "failed", pid: 1 }]);
    const [observation] = await observerWith(seen, manualClock()).observe("t", [target]);
    expect(observation).toMatchObject({
      foundationId: "f1",
      power: "on",
      agent: "connected",
      services: [{ name: "web", state: "failed" }],
    });
  });

  it("an agent that comes back while it looks, and one that does not", async () => {
    const clock = manualClock();
    let connected = false;
    const observer = observerWith(
      asker({ exists: true, power: "on" }, () => connected),
      clock,
    );
    async function seenAfter(milliseconds: number, then: () => void): Promise<unknown> {
      const pending = observer.observe("t", [target]);
      for (let passed = 0; passed < milliseconds; passed += 25) {
        await Promise.resolve();
        await new Promise((resolve) => setImmediate(resolve));
        clock.advance(25);
      }
      then();
      clock.advance(25);
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(10_000);
      return (await pending)[0]?.agent;
    }
    expect(await seenAfter(1000, () => (connected = true))).toBe("connected");
    connected = false;
    expect(await seenAfter(1000, () => {})).toBe("missing");
  });

  it("a machine that is off or gone at once, and nothing where nobody can look", async () => {
    const never = (): boolean => false;
    const of = (power: Json) => observerWith(asker(power, never), manualClock()).observe("t", [target]);
    expect((await of({ exists: true, power: "off" }))[0]).toMatchObject({
      power: "off",
      agent: "missing",
      services: null,
    });
    expect((await of({ exists: false, power: "off" }))[0]).toMatchObject({ power: "absent" });
    const failing: Asker = { ask: () => Promise.reject(new Error("nobody")), isConnected: never };
    expect((await observerWith(failing, manualClock()).observe("t", [target]))[0]).toMatchObject({
      power: "unknown",
    });
  });

  it("no agent where none has ever joined, without waiting for one", async () => {
    const seen = asker({ exists: true, power: "on" }, () => false);
    const [observation] = await observerWith(seen, manualClock(), []).observe("t", [target]);
    expect(observation).toMatchObject({ power: "on", agent: "unknown", services: null });
  });
});

describe("what a driver is told when a plan looks", () => {
  it("is the foundation as it was built, its secrets opened for this question and nowhere else", async () => {
    const world = await openForemanWorld();
    world.secrets.values.set("bmc", { value: "canary-bmc", version: 1 });
    const built = foundation("box", {
      id: "f1",
      state: "built",
      attributes: { host: "new" },
      build: {
        blueprint: "machine",
        scripts: {},
        templates: {},
        variables: {},
        addresses: ["10.0.0.5"],
        site: "lab",
        type: "local",
        attributes: { host: "old", password: { $secret: "bmc" } },
        hostname: "web1",
      },
    });
    const rows = { sites: [site("lab")], foundations: [built] };
    await world.database.transaction((tx) => world.inventory.write(tx, DEFAULT_TENANT.id, inserting(rows)));
    const parametersOf = observedParameters(world.inventory, world.secrets as unknown as SecretUse);
    expect(await parametersOf(DEFAULT_TENANT.id, "f1")).toMatchObject({
      id: "f1",
      attributes: { host: "old", password: "canary-bmc" },
      addresses: ["10.0.0.5"],
      hostname: "web1",
    });
    expect(world.secrets.opened).toEqual([
      { name: "bmc", purpose: { call: "observe", foundation: "box", variable: "password" } },
    ]);
    expect(await parametersOf(DEFAULT_TENANT.id, "gone")).toBeUndefined();
    // A plan is made all the same when the master key is away: nobody could look.
    world.secrets.locked = true;
    const observer = createObserver({
      asker: asker({ exists: true, power: "on" }, () => false),
      clock: manualClock(),
      siteId: async () => "s1",
      parametersOf,
      withAgents: async () => new Set(),
    });
    expect((await observer.observe(DEFAULT_TENANT.id, [target]))[0]).toMatchObject({ power: "unknown" });
  });
});

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, onTestFinished } from "vitest";
import { openFleet } from "../bench/fleet-data.ts";
import { until } from "./link-support.ts";
import { type FleetProcesses, fleetProcesses, toLedger } from "./support/fleet-processes.ts";

// Agents and servers that are killed, and what was given to them: nobody waits for who is dead, and who comes back gets what is his.

describe("verbs for several nodes", () => {
  const NODES = ["n1", "n2", "n3"];
  let fleet: FleetProcesses;

  /** @param heartbeat seconds; who was not heard of for six of them has lost what it had */
  async function start(heartbeat: number, reach: number): Promise<void> {
    fleet = fleetProcesses({ GANTRY_HEARTBEAT_INTERVAL: String(heartbeat), GANTRY_REACH_TIMEOUT: String(reach) });
    await fleet.startServer();
    await Promise.all(NODES.map((name) => fleet.startAgent(name)));
    await fleet.connected(...NODES);
  }

  afterEach(() => fleet.close());

  async function begin(verbs: readonly string[]): Promise<string> {
    const jobs = verbs.map((text) => ({ verb: "RUN", text }));
    return (await fleet.client.runs.create({ text: "test", entries: [{ jobs }] })).id;
  }

  async function ended(id: string): Promise<string> {
    let status = "";
    await until(async () => {
      ({ status } = await fleet.client.runs.get(id));
      return status !== "running";
    });
    return status;
  }

  it("that one of them was killed before: the others are done at once, and it is unreachable", async () => {
    await start(0.5, 3);
    await fleet.killAgent("n1");
    const id = await begin([toLedger("a")]);
    const order: string[] = [];
    for await (const line of await fleet.client.runs.output(id)) {
      if (line.kind === "ended") order.push(`${line.node} ${line.state}`);
    }
    expect(order.slice(0, 2).toSorted()).toEqual(["n2 done", "n3 done"]);
    expect(order[2]).toBe("n1 unreachable");
  });

  it("reach one that was killed and comes back in time", async () => {
    await start(0.5, 100);
    await fleet.killAgent("n1");
    const id = await begin([toLedger("a"), toLedger("b")]);
    await until(() => ["n2", "n3"].every((name) => fleet.ledger(name).length === 2));
    await fleet.startAgent("n1");
    expect(await ended(id)).toBe("done");
    for (const name of NODES) expect(fleet.ledger(name)).toEqual(["a", "b"]);
  });

  it("outlive a server that is killed: nothing is lost, and nothing done twice", async () => {
    await start(10, 100);
    const names = Array.from({ length: 10 }, (_, index) => `v${index}`);
    const id = await begin(names.map((name) => `sleep 0.2; ${toLedger(name)}`));
    await until(() => NODES.every((name) => fleet.ledger(name).length >= 2));
    await fleet.killServer();
    await until(() => NODES.every((name) => fleet.ledger(name).length >= 5));
    await fleet.startServer();
    expect(await ended(id)).toBe("done");
    for (const name of NODES) expect(fleet.ledger(name)).toEqual(names);
  });
});

describe("500 agents that come back at once", () => {
  it("each get through at the first try when the server is there again", async () => {
    const rig = await openFleet(500);
    onTestFinished(() => rig.close());
    const patience = 110_000;
    await rig.startAgents(0, 500);
    await rig.untilConnected(500, patience);
    await rig.stopServer();
    await rig.untilConnected(0, patience);
    await rig.startServer();
    await rig.untilConnected(500, patience);
    const lives = readFileSync(join(rig.dataFolder, "server.log"), "utf8").split('"msg":"server stopped"');
    const last = lives.at(-1)!.split("\n");
    expect(
      last.filter((line) => line.includes('"msg":"executor connected"') && line.includes('"name":"agent-')),
    ).toHaveLength(500);
    expect(last.filter((line) => line.includes('"msg":"connection refused"'))).toEqual([]);
  });
});

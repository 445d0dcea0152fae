import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { until } from "./link-support.ts";
import { type FleetProcesses, fleetProcesses, toLedger } from "./support/fleet-processes.ts";
import { type Network, openNetwork } from "./support/networks.ts";
import { describeReal } from "./support/real.ts";

// Nodes that are cut off: packets to them and from them are dropped, so that no end of a connection is told of anything.

const NODES = ["n1", "n2", "n3"];

describeReal("networks", "a node that is cut off", () => {
  let network: Network;
  let fleet: FleetProcesses;

  beforeAll(async () => {
    network = await openNetwork();
    fleet = fleetProcesses({
      GANTRY_LISTEN: `${network.address}:7443`,
      GANTRY_HEARTBEAT_INTERVAL: "1",
      GANTRY_REACH_TIMEOUT: "4",
    });
    await fleet.startServer();
    for (const name of NODES) await fleet.startAgent(name, await network.add(name));
    await fleet.connected(...NODES);
  });
  afterAll(async () => {
    await fleet.close();
    await network.close();
  });
  afterEach(() => fleet.connected(...NODES));

  async function begin(text: string, verbs: readonly string[], targets = NODES): Promise<string> {
    const jobs = verbs.map((command) => ({ verb: "RUN", text: command }));
    return (await fleet.client.runs.create({ text, entries: [{ targets, onFailure: "stop", jobs }] })).id;
  }

  async function ended(id: string): Promise<string> {
    let status = "";
    await until(async () => {
      ({ status } = await fleet.client.runs.get(id));
      return status !== "running";
    });
    return status;
  }

  async function endings(id: string): Promise<readonly string[]> {
    const results = await fleet.client.runs.results(id).all();
    return results
      .toSorted((a, b) => a.node.localeCompare(b.node) || a.job - b.job)
      .map(({ node, state }) => `${node} ${state}`);
  }

  function lines(name: string, run: string): readonly string[] {
    return fleet.ledger(name).filter((line) => line.startsWith(`${run}-`));
  }

  it("ends as unreachable within its time-out, and holds nobody up", async () => {
    await network.cut("n1");
    const id = await begin("first", [toLedger("a-1")]);
    const order: string[] = [];
    for await (const line of await fleet.client.runs.output(id)) {
      if (line.kind === "ended") order.push(`${line.node} ${line.state}`);
    }
    expect(order.at(-1)).toBe("n1 unreachable");
    expect(order.slice(0, 2).toSorted()).toEqual(["n2 done", "n3 done"]);
    expect(await endings(id)).toEqual(["n1 unreachable", "n2 changed", "n3 changed"]);
    await network.heal("n1");
    await fleet.connected("n1");
    // What was given up is not done after all.
    expect(await ended(await begin("next", ["true"], ["n1"]))).toBe("done");
    expect(lines("n1", "a")).toEqual([]);
  });

  it("goes on with its list through a short loss, and what it did arrives once", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `b-${index + 1}`);
    const id = await begin(
      "list",
      names.map((name) => `sleep 0.15; ${toLedger(name)}`),
      ["n1"],
    );
    await until(() => lines("n1", "b").length >= 3);
    await network.cut("n1");
    await until(() => lines("n1", "b").length >= 8);
    await network.heal("n1");
    expect(await ended(id)).toBe("done");
    expect(lines("n1", "b")).toEqual(names);
    expect(await endings(id)).toEqual(names.map(() => "n1 changed"));
  });

  it("that was given up may have gone on: what was said of it stays the only ending", async () => {
    const names = Array.from({ length: 10 }, (_, index) => `c-${index + 1}`);
    const id = await begin(
      "long",
      names.map((name) => `sleep 1; ${toLedger(name)}`),
      ["n1"],
    );
    await until(() => lines("n1", "c").length >= 2);
    await network.cut("n1");
    expect(await ended(id)).toBe("failed");
    const said = await endings(id);
    expect(said).toHaveLength(names.length);
    expect(said.slice(0, 1)).toEqual(["n1 changed"]);
    expect(said.filter((one) => one === "n1 interrupted").length).toBeGreaterThan(0);
    await network.heal("n1");
    await fleet.connected("n1");
    // It has told all it had to tell once it has done something else.
    expect(await ended(await begin("other", ["true"], ["n1"]))).toBe("done");
    expect(await endings(id)).toEqual(said);
    expect(new Set(lines("n1", "c")).size).toBe(lines("n1", "c").length);
  });
});

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FleetProcesses, fleetProcesses, toLedger } from "./support/fleet-processes.ts";

// Whatever is killed (SIGKILL), the server or an agent, at whatever moment: every verb on every node ends in one way, and none that is not
// declared safe to repeat runs twice. Each verb writes its name into a ledger on its node, which is on the disk before the verb ends; what the
// server says of it is compared with that.

const ROUNDS = 100;
const VERBS = 4;
const NODES = ["n1", "n2", "n3"];
/** Milliseconds from the beginning of a round until somebody is killed, at most. */
const LATEST = 350;
/** Another one each time would be another test each time: this one can be gone through again. */
const SEED = 20_260_714;

let fleet: FleetProcesses;
beforeAll(async () => {
  fleet = fleetProcesses({ GANTRY_HEARTBEAT_INTERVAL: "0.5", GANTRY_REACH_TIMEOUT: "20" });
  await fleet.startServer();
  await Promise.all(NODES.map((name) => fleet.startAgent(name)));
  await fleet.connected(...NODES);
});
afterAll(() => fleet.close());

/** Numbers from 0 up to, but not, 1: the same ones for the same seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

function verbName(round: string, verb: number): string {
  return `${round}-${verb}`;
}

/** The run is made, or it is not: a server that is killed meanwhile says nothing. */
async function begin(round: number): Promise<void> {
  const text = `r${round}`;
  const jobs = Array.from({ length: VERBS }, (_, index) => ({
    verb: "RUN",
    text: toLedger(verbName(text, index + 1)),
  }));
  const onFailure = round % 2 === 0 ? ("stop" as const) : ("continue" as const);
  await fleet.client.runs.create({ text, entries: [{ onFailure, jobs }] }).catch(() => undefined);
}

async function killSomebody(number: number): Promise<void> {
  const name = NODES[Math.floor(number * (NODES.length + 1))];
  if (name === undefined) {
    await fleet.killServer();
    return fleet.startServer();
  }
  await fleet.killAgent(name);
  return fleet.startAgent(name);
}

/** Resolves when every run is over. */
async function ended(): Promise<void> {
  const stop = new AbortController();
  const feed = fleet.client.events.follow({ type: "run.finished", signal: stop.signal });
  await feed.opened;
  const finished = feed[Symbol.asyncIterator]();
  while ((await fleet.client.runs.list().all()).some(({ status }) => status === "running")) await finished.next();
  stop.abort();
}

describe("a ledger on each node, while server and agents are killed", () => {
  it(`shows after ${ROUNDS} rounds that every verb ended in one way, and that none ran twice`, async () => {
    const next = chance(SEED);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const begun = begin(round);
      await new Promise((resolve) => setTimeout(resolve, next() * LATEST));
      await killSomebody(next());
      await begun;
    }
    await ended();

    const wrong: string[] = [];
    const endings = new Map<string, number>();
    const ledgers = new Map(NODES.map((name) => [name, Map.groupBy(fleet.ledger(name), (line) => line)]));
    const runs = await fleet.client.runs.list().all();
    for (const { id, text } of runs) {
      const results = await fleet.client.runs.results(id).all();
      const told = new Set(results.map(({ node, job }) => `${node} ${job}`));
      if (results.length !== NODES.length * VERBS || told.size !== results.length)
        wrong.push(`${text}: ${results.length} endings of ${told.size} verbs`);
      for (const { node, job, state } of results) {
        endings.set(state, (endings.get(state) ?? 0) + 1);
        const ran = ledgers.get(node)?.get(verbName(text, job))?.length ?? 0;
        const [least, most] = TIMES[state] ?? [1, 0];
        if (ran < least || ran > most)
          wrong.push(`${text}: verb ${job} on ${node} ended ${state}, and ran ${ran} times`);
      }
    }
    expect(wrong).toEqual([]);
    // Otherwise nothing would have been shown.
    expect(runs.length).toBeGreaterThan(ROUNDS * 0.7);
    expect((endings.get("ok") ?? 0) + (endings.get("changed") ?? 0)).toBeGreaterThan(ROUNDS * VERBS);
    expect(endings.get("interrupted") ?? 0).toBeGreaterThan(0);
  }, 600_000);
});

/** How often a verb may have run, by how it is said to have ended. What has no ending here must not be. */
const TIMES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  ok: [1, 1],
  changed: [1, 1],
  skipped: [0, 0],
  unreachable: [0, 0],
  interrupted: [0, 1],
};

import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Bench, createBench, type Ended, type Running } from "./support/gantry.ts";
import { freePort } from "./support/names.ts";

// What people ask of the fleet on the command line, and what they are shown.

const KEY = "only for this test";

describe("on two nodes", () => {
  let bench: Bench;
  let address: string;
  const agents = new Map<string, Running>();

  beforeAll(async () => {
    bench = createBench();
    address = `127.0.0.1:${await freePort()}`;
    const server = bench.start(["server", "run"], {
      GANTRY_SHARED_KEY: KEY,
      GANTRY_LISTEN: address,
      GANTRY_HEARTBEAT_INTERVAL: "0.2",
    });
    await server.printed(/Listening on/);
    for (const name of ["one", "two"]) await start(name);
  });
  afterAll(async () => {
    for (const name of agents.keys()) await stop(name, "SIGTERM");
    expect(await bench.clear()).toEqual([]);
  });

  async function start(name: string): Promise<void> {
    const [state, home] = [join(bench.folder, name), join(bench.folder, `${name}-home`)];
    const agent = bench.start(["agent", "--state", state, "--home", home, "--name", name], {
      GANTRY_CONFIG: "/dev/null",
      GANTRY_SERVER_ADDRESS: address,
      GANTRY_SHARED_KEY: KEY,
    });
    agents.set(name, agent);
    await agent.printed(/connected to the server/);
  }

  async function stop(name: string, signal: NodeJS.Signals): Promise<void> {
    const { child, ended } = agents.get(name)!;
    child.kill(signal);
    await ended;
  }

  async function ok(...words: readonly string[]): Promise<Ended> {
    const ended = await bench.gantry(words);
    expect([words.join(" "), ended.code, ended.error]).toEqual([words.join(" "), 0, expect.any(String)]);
    return ended;
  }

  it("a node is listed with when it was seen, its version, load and facts, and shown with all of them", async () => {
    // A node tells its facts a moment after it has connected.
    await expect
      .poll(async () => (await ok("node", "list", "--kind", "agent")).out, { timeout: 20_000 })
      .toMatch(
        /^NAME +KIND +STATE +SEEN +MISSING +TASKS +LOAD +VERSION +FACTS\none +agent +connected +[\d.]+s ago +- +0 +[\d.]+ +\d+\.\d+\.\d+ +\S.*, \d+ processors?, [\d.]+ GiB$/m,
      );
    const shown = JSON.parse((await ok("node", "show", "one", "-o", "json")).out) as { facts: { hostname: string } };
    expect(shown.facts.hostname).not.toBe("");
  });

  it("a failure keeps its exit code, and the run is found again by each of its sides", async () => {
    const failed = await bench.gantry(["exec", "echo to look at; test -e once || exit 7"]);
    expect(failed.code).toBe(1);
    expect(failed.out).toMatch(/^one \| to look at$/m);
    expect(failed.error).toMatch(/^two \| failed \(exit code 7\)/m);
    expect((await ok("run")).out).toMatch(/^\S+ +failed +\S+ \S+ +\S+ +2 +.*RUN echo to look at; test -e once/m);
    expect((await ok("run", "show")).out).toMatch(/^one +0 +0 +1 +0 +0 +0$/m);
    expect((await ok("run", "results", "--state", "failed")).out).toMatch(
      /^two +1 +RUN echo to look at.* +failed +7 +/m,
    );
    const time = String.raw`[\d.]+m?s`;
    expect((await ok("run", "analyze")).out).toMatch(
      new RegExp(
        [
          `^2 verbs on nodes: they worked for ${time}, and were waited for ${time}`,
          "",
          "The slowest verbs:",
          "NUMBER +VERB +NODES +MEAN +LONGEST +ON",
          `1 +RUN echo to look at; test -e once .. exit 7 +2 +${time} +${time} +(one|two)`,
          "",
          "The slowest nodes:",
          "NODE +WAITED +WORKED +ELSE",
          ...[1, 2].map(() => `(one|two) +${time} +${time} +${time}`),
          "$",
        ].join("\n"),
      ),
    );
    const analysis = JSON.parse((await ok("run", "analyze", "-o", "json")).out) as { total: { verbs: number } };
    expect(analysis.total.verbs).toBe(2);
    const again = await bench.gantry(["run", "output"]);
    expect([again.code, again.out]).toEqual([1, expect.stringMatching(/^two \| to look at$/m)]);
    const file = join(bench.folder, "run.ndjson");
    await ok("run", "export", "--file", file);
    const lines = readFileSync(file, "utf8").trim().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { kind: string }).kind)).toEqual(
      expect.arrayContaining(["run", "verb", "result"]),
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("a plan changes nothing, and shows nodes that would do the same together", async () => {
    const file = join(bench.folder, "plan.yaml");
    writeFileSync(file, "- jobs:\n  - WORKDIR: planned\n  - RUN: touch planned/file\n");
    const { out } = await ok("orchestrate", file, "--plan");
    expect(out).toMatch(/^ {2}1\. WORKDIR planned: would change$/m);
    expect(out).toMatch(/^ {2}2\. RUN touch planned\/file: runs; what it changes nobody can say before$/m);
    expect(out).toMatch(/^2 verbs would change something, of 2 nobody can say before, 0 would change nothing$/m);
    expect((await bench.gantry(["exec", "ls -d planned"])).code).toBe(1);
  });

  it("what nodes remember stands in, is listed, and is forgotten", async () => {
    const file = join(bench.folder, "cached.yaml");
    writeFileSync(file, "- jobs:\n  - RUN: echo x >> count; wc -l < count\n");
    await ok("orchestrate", file);
    expect((await ok("orchestrate", file)).error).toMatch(/^one +1 +0 +0 +0 +0 +0$/m);
    const { out } = await ok("node", "cache", "list", "one", "two");
    expect(out).toMatch(/^one +[0-9a-f]+ +\S+ \S+ +RUN echo x >> count; wc -l < count$/m);
    await ok("node", "cache", "evict", "one");
    const after = await ok("orchestrate", file);
    expect(after.error).toMatch(/^one +0 +1 +0 +0 +0 +0$/m);
    expect(after.error).toMatch(/^two +1 +0 +0 +0 +0 +0$/m);
    expect((await bench.gantry(["node", "cache", "evict", "one", "--key", "no key"])).code).toBe(2);
  });

  it("a run that is left alone is cancelled by its name, and what has ended is purged", async () => {
    const id = (await ok("exec", "--detach", "sleep 600")).out.trim();
    expect((await ok("run", "cancel", id, "--yes")).out).toMatch(new RegExp(`^run ${id} (is being stopped|cancelled)`));
    const end = await bench.gantry(["run", "output", id]);
    expect(end.code).toBe(1);
    expect((await bench.gantry(["run", "purge", id])).code).toBe(2);
    expect((await ok("run", "purge", id, "--yes")).out).toBe(`run ${id} removed\n`);
    expect((await bench.gantry(["run", "show", id])).error).toMatch(/run_unknown/);
    expect((await ok("run", "purge", "--older-than", "1", "--yes")).out).toBe("There is nothing to remove.\n");
  });

  it("a node that is gone is missing, and is removed", async () => {
    await stop("two", "SIGKILL");
    await expect
      .poll(async () => (await ok("node", "list", "--missing")).out, { timeout: 30_000 })
      .toMatch(/^two +agent +away +[\d.]+s ago +\d+ heartbeats +/m);
    expect((await bench.gantry(["node", "purge", "two"])).code).toBe(2);
    expect((await ok("node", "purge", "--missing", "1", "--yes")).out).toBe("There is nothing to remove.\n");
    expect((await ok("node", "purge", "two", "--yes")).out).toBe("node two removed\n");
    expect((await ok("node", "list", "--kind", "agent")).out).not.toMatch(/^two/m);
  });
});

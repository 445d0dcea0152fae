import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { IMAGE, useEngine } from "./support/containers.ts";
import { type Bench, createBench, fetchPage } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

/** `examples/containers` on a real engine: the same life as the quickstart's, with containers for machines. */

const BALANCER = "172.30.80.100";

describeReal("docker", "gantry up examples/containers", () => {
  const engine = useEngine();
  let bench: Bench;
  let site: string;
  let environment: NodeJS.ProcessEnv;

  beforeAll(() => {
    bench = createBench();
    site = bench.example("containers", "127.80");
    environment = { DOCKER_HOST: engine.host };
    const file = join(site, "site.yaml");
    const text = readFileSync(file, "utf8");
    // There is no registry to pull from.
    writeFileSync(file, text.replace("debian:bookworm-slim", IMAGE));
  });

  afterAll(async () => {
    expect(await bench.clear()).toEqual([]);
  });

  async function answers(): Promise<readonly string[]> {
    const names: string[] = [];
    for (let asked = 0; asked < 3; asked += 1) names.push((await fetchPage(BALANCER))?.servedBy ?? "none");
    return names.toSorted();
  }

  async function containers(): Promise<readonly string[]> {
    const list = JSON.parse(await engine.ask("GET", "/containers/json?all=1")) as { Names: string[]; State: string }[];
    return list.map(({ Names, State }) => `${Names[0]?.replace(/-[0-9a-f]{6}$/, "")} ${State}`).toSorted();
  }

  function killServer(): void {
    const { pid } = JSON.parse(readFileSync(join(bench.dataFolder, "server.json"), "utf8")) as { pid: number };
    process.kill(pid, "SIGKILL");
  }

  const ALL = ["/gantry-balancer running", "/gantry-web1 running", "/gantry-web2 running", "/gantry-web3 running"];

  test("says that the engine went away in the middle, without a trace of our own code", async () => {
    const up = bench.start(["up", site], environment);
    await up.printed(/foundation\.(create|power_on)/);
    await engine.kill();
    const end = await up.ended;
    expect(end.code).toBe(1);
    expect(end.error).toContain(`the Docker engine at ${engine.host} does not answer`);
    expect(end.error).not.toMatch(/^ +at /m);
    const again = await bench.gantry(["up", site], environment);
    expect(again.code).toBe(1);
    expect(again.error).toContain("does not answer");
    await engine.start();
  });

  test("goes on after the server was killed while it made containers, to webs that answer in turn", async () => {
    const up = bench.start(["up", site], environment);
    await up.printed(/foundation\.power_on/);
    killServer();
    expect((await up.ended).code).not.toBe(0);
    expect(await bench.gantry(["up", site], environment)).toMatchObject({ code: 0, error: "" });
    expect(await containers()).toEqual(ALL);
    expect(await answers()).toEqual(["web1", "web2", "web3"]);
  });

  test("says that nothing changed", async () => {
    expect(await bench.gantry(["up", site], environment)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/no changes/i),
    });
  });

  test("runs commands in the containers", async () => {
    const end = await bench.gantry(["exec", "--target", "web1", "cat /etc/hostname"], environment);
    expect(end).toMatchObject({ code: 0, out: "web1 | web1\n" });
  });

  test("sees a container that was removed behind its back, and repairs it", async () => {
    const list = JSON.parse(await engine.ask("GET", "/containers/json")) as { Id: string; Names: string[] }[];
    const web2 = list.find(({ Names }) => Names[0]?.startsWith("/gantry-web2-"));
    await engine.ask("DELETE", `/containers/${web2?.Id}?force=1`);
    const end = await bench.gantry(["up", site], environment);
    expect(end).toMatchObject({ code: 0, error: "" });
    expect(end.out).toContain("web2");
    expect(await containers()).toEqual(ALL);
    expect(await answers()).toEqual(["web1", "web2", "web3"]);
  });

  test("repairs a web whose whole container died and came back", async () => {
    const list = JSON.parse(await engine.ask("GET", "/containers/json")) as { Id: string; Names: string[] }[];
    const id = list.find(({ Names }) => Names[0]?.startsWith("/gantry-web1-"))?.Id;
    async function processId(): Promise<number> {
      const { State } = JSON.parse(await engine.ask("GET", `/containers/${id}/json`)) as { State: { Pid: number } };
      return State.Pid;
    }
    const before = await processId();
    process.kill(before, "SIGKILL");
    await expect.poll(processId, { timeout: 20_000 }).not.toSatisfy((pid: number) => pid === before || pid === 0);
    expect(await bench.gantry(["up", site], environment)).toMatchObject({ code: 0, error: "" });
    expect(await answers()).toEqual(["web1", "web2", "web3"]);
  });

  test("finds its agents again after the server was killed", async () => {
    killServer();
    expect(await bench.gantry(["up", site], environment)).toMatchObject({ code: 0, error: "" });
    const end = await bench.gantry(["exec", "--target", "web3", "echo here"], environment);
    expect(end).toMatchObject({ code: 0, out: "web3 | here\n" });
  });

  test("leaves nothing in the engine", async () => {
    expect(await bench.gantry(["down", "--purge", "--yes"], environment)).toMatchObject({ code: 0, error: "" });
    expect(await containers()).toEqual([]);
    expect(await engine.ask("GET", "/networks")).not.toContain("gantry-containers");
    expect(await engine.ask("GET", "/volumes")).not.toContain("gantry-runtime");
  });
});

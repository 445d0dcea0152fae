import { readFileSync } from "node:fs";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createListener } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { callFunction, conformanceCases, type DriverUnderTest, type Parameters } from "../src/drivers/conformance.ts";
import { createDockerModule, type DockerOptions } from "../src/drivers/docker/index.ts";
import { EMPTY_IMAGE, IMAGE, IMAGE_WITHOUT_LIBRARY, useEngine } from "./support/containers.ts";
import { createFlakyProxy } from "./support/flaky-proxy.ts";
import { fetchPage } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

/** The network of the tests' containers; the engine does not have it until a container needs it. */
const NETWORK = { name: "gantry-lab", subnet: "172.29.251.0/24" };
const BUNDLE = readFileSync(join(import.meta.dirname, "support", "stand-in-agent.mjs"));

/** Says that it is Node when it is tried, and joins at once when it is to run an agent. */
const SMALL_NODE = `#!/bin/sh
if [ "$1" = --version ]; then exit 0; fi
rm -f /var/lib/gantry-agent/join.json
exec sleep 100000
`;

describeReal("docker", "the docker driver", () => {
  const engine = useEngine();
  /** What agents posted when they joined. */
  let joins: { urls: string[]; token: string; name: string }[] = [];
  let gateways: string[] = [];
  const servers = new Map<string, Server>();
  const made: Parameters[] = [];
  let count = 0;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gantry-docker-test-"));
  });
  beforeEach(() => {
    joins = [];
    gateways = [];
  });
  afterEach(async () => {
    for (const parameters of made.splice(0)) await callFunction(driver(), "destroy", parameters);
    // What tests made themselves.
    await engine.ask("POST", "/containers/prune");
    await engine.ask("DELETE", "/volumes/gantry-test-data").catch(() => undefined);
  });
  afterAll(async () => {
    for (const server of servers.values()) server.close();
    await rm(folder, { recursive: true });
  });

  /** Stands in for the server: listens on the address of the host that a container sees. */
  async function serverUrls(gateway: string): Promise<readonly string[]> {
    gateways.push(gateway);
    let server = servers.get(gateway);
    if (server === undefined) {
      server = createServer((request, response) => {
        let text = "";
        request.on("data", (chunk: Buffer) => (text += chunk.toString()));
        request.on("end", () => {
          joins.push(JSON.parse(text));
          response.end();
        });
      });
      servers.set(gateway, server);
      await once(server.listen(0, gateway), "listening");
    }
    return [`http://${gateway}:${(server.address() as AddressInfo).port}/join`];
  }

  const ours = createDriver();

  /** A worker has one driver for all it does. */
  function driver(changes?: Partial<DockerOptions>) {
    return changes === undefined ? ours : createDriver(changes);
  }

  function createDriver(changes: Partial<DockerOptions> = {}) {
    return createDockerModule({
      environment: { DOCKER_HOST: engine.host },
      runtime: async () => ({ node: process.execPath, bundle: BUNDLE, hash: "0123456789abcdef0123" }),
      serverUrls,
      stopTimeout: 5,
      ...changes,
    });
  }

  function foundation(attributes: Record<string, unknown> = {}, addressed = true): Parameters {
    count += 1;
    const addresses = addressed ? [`172.29.251.${10 + count}`] : [];
    const networks = addressed ? [NETWORK] : [];
    const parameters = {
      foundation: {
        id: `00000000-0000-7000-8000-${String(count).padStart(12, "0")}`,
        name: `web${count}`,
        addresses,
        hostname: `web${count}`,
        attributes: { image: IMAGE, networks, ...attributes } as Parameters["foundation"]["attributes"],
      },
      join: { urls: ["http://127.0.0.1:9/join"], token: "gantry-join-x" },
    };
    made.push(parameters);
    return parameters;
  }

  async function ask<T>(path: string): Promise<T> {
    return JSON.parse(await engine.ask("GET", path)) as T;
  }

  async function traces(): Promise<readonly string[]> {
    const containers = await ask<{ Names: string[] }[]>("/containers/json?all=1");
    const networks = await ask<{ Name: string }[]>("/networks");
    const volumes = await ask<{ Volumes: { Name: string }[] | null }>("/volumes");
    const own = new Set(["host", "none", "bridge"]);
    return [
      ...containers.map(({ Names }) => `container ${Names[0]}`),
      ...networks.filter(({ Name }) => !own.has(Name)).map(({ Name }) => `network ${Name}`),
      ...(volumes.Volumes ?? []).map(({ Name }) => `volume ${Name}`),
    ].toSorted();
  }

  function nameOf({ foundation: { id, name } }: Parameters): string {
    return `gantry-${name}-${id.slice(-6)}`;
  }

  const underTest = (): DriverUnderTest => ({
    module: driver(),
    origin: "made",
    functions: ["map_ports", "unmap_ports"],
    foundation,
    broken: () => ({ parameters: foundation({ image: EMPTY_IMAGE }), code: "docker_image_unfit" }),
    traces,
    vanish: async (parameters) => void (await engine.ask("DELETE", `/containers/${nameOf(parameters)}?force=1`)),
  });

  test.each(conformanceCases)("$title", async ({ run }) => {
    await expect(run(underTest())).resolves.toBeUndefined();
    expect(await traces()).toEqual([]);
  });

  test("tells the agent how to reach the server from its network", async () => {
    const parameters = foundation();
    await callFunction(driver(), "create", parameters);
    expect(await callFunction(driver(), "power_on", parameters)).toMatchObject({ power: "on", ready: true });
    expect(gateways).toContain("172.29.251.1");
    expect(joins).toEqual([
      {
        urls: [expect.stringMatching(/^http:\/\/172\.29\.251\.1:\d+\/join$/), "http://127.0.0.1:9/join"],
        token: "gantry-join-x",
        name: parameters.foundation.name,
      },
    ]);
    await callFunction(driver(), "power_off", parameters);
    // It has joined: it does not join again.
    expect(await callFunction(driver(), "power_on", parameters)).toMatchObject({ ready: true });
    expect(joins).toHaveLength(1);
    await callFunction(driver(), "destroy", parameters);
  });

  test("needs no network of its own: the engine's bridge will do", async () => {
    const parameters = foundation({}, false);
    await callFunction(driver(), "create", parameters);
    expect(await callFunction(driver(), "power_on", parameters)).toMatchObject({ ready: true });
    expect(gateways).toContain("172.29.250.1");
    expect(await callFunction(driver(), "interface_map", parameters)).toEqual([
      {
        name: "eth0",
        mac: expect.stringMatching(/^02:42:/),
        network: "bridge",
        gateway: "172.29.250.1",
        addresses: [{ address: expect.stringMatching(/^172\.29\.250\./), prefix: 24 }],
      },
    ]);
    await callFunction(driver(), "destroy", parameters);
  });

  test("shares one read-only runtime, and keeps the agent's secrets for root", async () => {
    const both = [foundation(), foundation()];
    for (const parameters of both) await callFunction(driver(), "create", parameters);
    for (const parameters of both) {
      const { Mounts } = await ask<{ Mounts: object[] }>(`/containers/${nameOf(parameters)}/json`);
      expect(Mounts).toMatchObject([
        { Name: "gantry-runtime-0123456789abcdef", Destination: "/opt/gantry", RW: false },
      ]);
      const archive = await engine.ask("GET", `/containers/${nameOf(parameters)}/archive?path=/var/lib/gantry-agent`);
      expect(archive).toMatch(/gantry-agent\/\0+0?040700/);
      expect(archive).toMatch(/join\.json\0+0?100600/);
    }
    for (const parameters of both) await callFunction(driver(), "destroy", parameters);
    expect(await traces()).toEqual([]);
  });

  test("runs a plain container: command, environment, mounts, published port, labels", async () => {
    await writeFile(join(folder, "greeting"), "Hello");
    const probe = createListener().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as AddressInfo;
    probe.close();
    const program = `
      const { readFileSync, writeFileSync } = require("node:fs");
      writeFileSync("/memory/x", "1");
      writeFileSync("/data/x", "1");
      const greeting = readFileSync("/config/greeting", "utf8");
      const text = [greeting, process.env.WHOM, process.env.TIMES, process.cwd(), require("node:os").hostname()].join(" ");
      require("node:http").createServer((_, response) => response.end(text)).listen(80);
      process.on("SIGTERM", () => process.exit(0));
    `;
    const parameters = foundation({
      command: ["/node/node", "-e", program],
      folder: "/memory",
      environment: { WHOM: "world", TIMES: 3 },
      mounts: [
        { source: dirname(process.execPath), target: "/node", read_only: true },
        { source: folder, target: "/config", read_only: true },
        { source: "gantry-test-data", target: "/data" },
        { target: "/memory" },
      ],
      ports: [`127.0.0.1:${port}:80`],
      labels: { team: "web" },
      restart: "no",
    });
    await callFunction(driver(), "create", parameters);
    expect(await callFunction(driver(), "power_on", parameters)).toMatchObject({ power: "on" });
    await expect
      .poll(() => fetchPage("127.0.0.1", port), { timeout: 20_000 })
      .toMatchObject({ text: `Hello world 3 /memory ${parameters.foundation.hostname}` });
    expect(await fetchPage(parameters.foundation.addresses?.[0] ?? "", 80)).toMatchObject({ status: 200 });
    const other = foundation({ command: ["/bin/sleep", "1000"], ports: [`127.0.0.1:${port}:80`] });
    await callFunction(driver(), "create", other);
    await expect(callFunction(driver(), "power_on", other)).rejects.toMatchObject({ code: "docker_port_taken" });
    await callFunction(driver(), "destroy", other);
    await callFunction(driver(), "destroy", parameters);
    // Data in a volume with a name outlives the container.
    expect(await traces()).toEqual(["volume gantry-test-data"]);
  });

  test("names an image that cannot run the agent, and what it lacks", async () => {
    await expect(callFunction(driver(), "create", foundation({ image: EMPTY_IMAGE }))).rejects.toMatchObject({
      code: "docker_image_unfit",
      message: expect.stringMatching(/^image gantry-test:empty lacks glibc and its loader/),
    });
    await expect(callFunction(driver(), "create", foundation({ image: IMAGE_WITHOUT_LIBRARY }))).rejects.toMatchObject({
      code: "docker_image_unfit",
      message: "image gantry-test:no-libstdcxx lacks libstdc++ (libstdc++.so.6), which the agent's Node needs",
    });
    expect(await traces()).toEqual([]);
  });

  test("names an image that is not there, and says that pulling it failed", async () => {
    const image = "registry.invalid/team/web:1";
    await expect(callFunction(driver(), "create", foundation({ image }))).rejects.toMatchObject({
      code: "docker_image_missing",
      message: expect.stringMatching(
        /^the Docker engine has no image registry\.invalid\/team\/web:1, and pulling it failed: ./,
      ),
    });
    await expect(callFunction(driver(), "create", foundation({ image, pull: "never" }))).rejects.toMatchObject({
      message: "the Docker engine has no image registry.invalid/team/web:1, and may not pull it (pull: never)",
    });
  });

  test("says what is wrong with networks and addresses", async () => {
    const lost = foundation({ networks: [{ name: "brigde" }] });
    await expect(callFunction(driver(), "create", lost)).rejects.toMatchObject({
      code: "docker_network_missing",
      message: "the Docker engine has no network brigde; did you mean bridge?",
    });
    const homeless = foundation({ networks: [] });
    await expect(callFunction(driver(), "create", homeless)).rejects.toMatchObject({
      code: "docker_address_invalid",
      message: expect.stringMatching(/172\.29\.251\.\d+ lies in none of its networks \(bridge 172\.29\.250\.0\/24\)$/),
    });
    const first = foundation();
    await callFunction(driver(), "create", first);
    const second = foundation({ networks: [{ ...NETWORK, subnet: "172.29.252.0/24" }] });
    await expect(callFunction(driver(), "create", second)).rejects.toMatchObject({
      code: "docker_network_differs",
      message: "network gantry-lab exists with subnet 172.29.251.0/24, and not 172.29.252.0/24",
    });
    await callFunction(driver(), "destroy", first);
    expect(await traces()).toEqual([]);
  });

  test("plugs a container into several networks", async () => {
    const parameters = foundation({
      networks: [NETWORK, "bridge", { name: "gantry-back", subnet: "172.29.253.0/24" }],
    });
    await callFunction(driver(), "create", parameters);
    await callFunction(driver(), "power_on", parameters);
    const map = (await callFunction(driver(), "interface_map", parameters)) as { network: string }[];
    expect(map.map(({ network }) => network)).toEqual(["bridge", "gantry-back", "gantry-lab"]);
    await callFunction(driver(), "destroy", parameters);
    expect(await traces()).toEqual([]);
  });

  test("makes what a script specifies, on the engine the foundation names: that of the structure it is placed on", async () => {
    // Another way to the same engine, by TCP, as to the engine of a member of a complex.
    const relay = createListener((near) => {
      const far = connect(engine.socket);
      near.pipe(far).pipe(near);
      for (const end of [near, far]) end.on("error", () => end.destroy());
    }).listen(0, "127.0.0.1");
    await once(relay, "listening");
    const { port } = relay.address() as AddressInfo;
    const elsewhere = driver({ environment: { DOCKER_HOST: "unix:///nonexistent/docker.sock" } });
    const one = foundation({ engine: `tcp://{host}:${port}`, agent: false, command: ["/bin/sleep", "1000"] }, false);
    const placed = { ...one, foundation: { ...one.foundation, host: { name: "host1", address: "127.0.0.1" } } };
    // Without its host nobody knows where it is.
    made.pop();
    try {
      const specification = { ...one.foundation.attributes, environment: { A: 1 }, ports: [8080] };
      const ports = await callFunction(elsewhere, "map_ports", { ...placed, container_spec: specification });
      expect(ports).toEqual([8080]);
      const given = { ...placed, container_spec: specification, port_map: ports };
      const made = (await callFunction(elsewhere, "create", given)) as { docker_id: string };
      const { Config } = await ask<{ Config: { Env: string[]; ExposedPorts: object } }>(
        `/containers/${made.docker_id}/json`,
      );
      expect(Config.Env).toContain("A=1");
      expect(Config.ExposedPorts).toEqual({ "8080/tcp": {} });
      await callFunction(elsewhere, "power_on", placed);
      expect(await callFunction(elsewhere, "power_state", placed)).toEqual({ power: "on" });
      expect(await callFunction(elsewhere, "unmap_ports", placed)).toBeNull();
      await callFunction(elsewhere, "destroy", placed);
      expect(await traces()).toEqual([]);
    } finally {
      relay.close();
    }
  });

  test("leaves a stranger's container with the same name alone", async () => {
    const parameters = foundation();
    const body = JSON.stringify({ Image: IMAGE, Cmd: ["/bin/true"] });
    await engine.ask("POST", `/containers/create?name=${nameOf(parameters)}`, body);
    await expect(callFunction(driver(), "create", parameters)).rejects.toMatchObject({ code: "docker_name_taken" });
    await callFunction(driver(), "destroy", parameters);
    expect(await traces()).toEqual([`container /${nameOf(parameters)}`]);
  });

  test("replaces a container that was made of something else", async () => {
    const parameters = foundation();
    const { foundation: old } = parameters;
    const before = (await callFunction(driver(), "create", parameters)) as { id: string };
    const changed = { ...parameters, foundation: { ...old, attributes: { ...old.attributes, environment: { A: 1 } } } };
    const after = (await callFunction(driver(), "create", changed)) as { id: string; adopted: boolean };
    expect(after.adopted).toBe(false);
    expect(after.id).not.toBe(before.id);
    await callFunction(driver(), "destroy", changed);
  });

  test("says what an agent said that ended at once, and does not let it go on ending", async () => {
    const parameters = foundation({ environment: { STAND_IN: "broken" } });
    await callFunction(driver(), "create", parameters);
    await expect(callFunction(driver(), "power_on", parameters)).rejects.toMatchObject({
      code: "docker_container_ended",
      message: expect.stringMatching(
        /\(image gantry-test:debian\) ended (with exit code 3|again and again):\n.*cannot find my own feet/s,
      ),
    });
    expect(await callFunction(driver(), "observe", parameters)).toMatchObject({
      exists: true,
      power: "off",
      detail: expect.stringContaining("is exited (exit code "),
    });
    await callFunction(driver(), "destroy", parameters);
  });

  test("does not wait for ever for an agent that cannot join", async () => {
    const parameters = foundation({ environment: { STAND_IN: "lonely" } });
    const messages: string[] = [];
    const context = { message: (text: string) => void messages.push(text) };
    await callFunction(driver(), "create", parameters);
    const impatient = driver({ joinTimeout: 200 });
    expect(await callFunction(impatient, "power_on", parameters, context)).toMatchObject({ power: "on", ready: false });
    expect(messages.join()).toContain("has not joined yet");
    await callFunction(driver(), "destroy", parameters);
  });

  test("takes a paused container for one that is off, and wakes it", async () => {
    const parameters = foundation();
    await callFunction(driver(), "create", parameters);
    await callFunction(driver(), "power_on", parameters);
    await engine.ask("POST", `/containers/${nameOf(parameters)}/pause`);
    expect(await callFunction(driver(), "observe", parameters)).toMatchObject({
      power: "off",
      detail: expect.stringContaining("is paused"),
    });
    await callFunction(driver(), "power_on", parameters);
    expect(await callFunction(driver(), "power_state", parameters)).toEqual({ power: "on" });
    await callFunction(driver(), "destroy", parameters);
  });

  test("leaves nothing when it is cancelled in the middle", async () => {
    const cancel = new AbortController();
    const context = { signal: cancel.signal, message: () => cancel.abort(new Error("cancelled")) };
    await expect(callFunction(driver(), "create", foundation(), context)).rejects.toThrow("cancelled");
    expect(await traces()).toEqual([]);
  });

  test("goes on after the engine was killed while it took the runtime, and while it started a container", async () => {
    const parameters = foundation();
    const kill = { message: () => void engine.kill() };
    await expect(callFunction(driver(), "create", parameters, kill)).rejects.toMatchObject({
      code: "docker_unreachable",
    });
    await expect(callFunction(driver(), "observe", parameters)).rejects.toMatchObject({ code: "docker_unreachable" });
    await engine.start();
    await callFunction(driver(), "create", parameters);
    const starting = callFunction(driver(), "power_on", parameters);
    await Promise.all([
      engine.kill(),
      starting.catch((error: unknown) => expect(error).toMatchObject({ code: "docker_unreachable" })),
    ]);
    await engine.start();
    expect(await callFunction(driver(), "power_on", parameters)).toMatchObject({ power: "on" });
    expect(await traces()).toEqual([
      `container /${nameOf(parameters)}`,
      "network gantry-lab",
      "volume gantry-runtime-0123456789abcdef",
    ]);
    await callFunction(driver(), "destroy", parameters);
    expect(await traces()).toEqual([]);
  });

  test("converges when the engine goes away after any one thing it did", async () => {
    const proxy = await createFlakyProxy(engine.socket, join(folder, "flaky.sock"));
    // Small, so that each of the many rounds is short.
    const node = join(folder, "node");
    await writeFile(node, SMALL_NODE, { mode: 0o755 });
    const flaky = createDriver({
      environment: { DOCKER_HOST: proxy.host },
      runtime: async () => ({ node, bundle: Buffer.from(""), hash: "feedfeedfeedfeed" }),
    });
    // What goes before each round, and what is to be seen after it.
    const plans = [
      { name: "create", before: "destroy", exists: true, power: "off" },
      { name: "power_on", before: "power_off", exists: true, power: "on" },
      { name: "power_off", before: "power_on", exists: true, power: "off" },
      { name: "destroy", before: "create", exists: false, power: "off" },
    ];
    const parameters = foundation();
    const rounds: Record<string, number> = {};
    for (const { name, before, exists, power } of plans) {
      for (let request = 0, broke = true; broke; request += 1) {
        await callFunction(flaky, before, parameters);
        proxy.breakAfter(request);
        const outcome = await callFunction(flaky, name, parameters).catch((error: unknown) => error);
        broke = proxy.mend();
        const where = `${name}, request ${request}`;
        if (broke) expect(outcome, where).toMatchObject({ code: "docker_unreachable" });
        await callFunction(flaky, name, parameters);
        expect(await callFunction(driver(), "observe", parameters), where).toMatchObject({ exists, power });
        const whole = [
          `container /${nameOf(parameters)}`,
          "network gantry-lab",
          "volume gantry-runtime-feedfeedfeedfeed",
        ];
        expect(await traces(), where).toEqual(exists ? whole : []);
        rounds[name] = request;
      }
    }
    await proxy.close();
    // Fewer would mean that the proxy broke nothing.
    expect(rounds["create"]).toBeGreaterThan(12);
    expect(rounds["power_on"]).toBeGreaterThan(5);
  });
});

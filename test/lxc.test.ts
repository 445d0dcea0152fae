import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { callFunction, conformanceCases, type DriverUnderTest, type Parameters } from "../src/drivers/conformance.ts";
import { createLxcModule, type LxcOptions } from "../src/drivers/lxc/index.ts";
import { processesOf } from "./support/gantry.ts";
import { useLxc } from "./support/lxc.ts";
import { describeReal } from "./support/real.ts";

/** The bridge of the tests' containers; the machine does not have it until a container needs it. */
const NETWORK = { name: "gantry-lab0", subnet: ["172.29.240.0/24", "fd00:29:240::/64"] };
const BUNDLE = readFileSync(join(import.meta.dirname, "support", "stand-in-agent.mjs"));
const run = promisify(execFile);

describeReal("lxc", "the lxc driver", () => {
  const { debian, withoutLibrary, empty } = useLxc();
  /** What agents posted when they joined. */
  let joins: { urls: string[]; token: string; name: string }[] = [];
  let gateways: string[] = [];
  const servers = new Map<string, Server>();
  const made: Parameters[] = [];
  let count = 0;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "gantry-lxc-test-"));
  });
  beforeEach(() => {
    joins = [];
    gateways = [];
  });
  afterEach(async () => {
    for (const parameters of made.splice(0)) await callFunction(driver(), "destroy", parameters);
    // Their addresses went with the bridge.
    for (const server of servers.values()) server.close();
    servers.clear();
    expect(await traces()).toEqual([]);
  });
  afterAll(async () => {
    expect(processesOf(folder)).toEqual([]);
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

  const ours = new Map<string, ReturnType<typeof createLxcModule>>();

  /** A worker has one driver for all it does. */
  function driver(changes: Partial<LxcOptions> = {}) {
    const key = JSON.stringify(changes);
    let module = ours.get(key);
    if (module === undefined) {
      module = createLxcModule({
        dataFolder: folder,
        runtime: async () => ({ node: process.execPath, bundle: BUNDLE, hash: "0123456789abcdef0123" }),
        serverUrls,
        stopTimeout: 5000,
        ...changes,
      });
      ours.set(key, module);
    }
    return module;
  }

  function foundation(attributes: Record<string, unknown> = {}, addressed = true): Parameters {
    count += 1;
    const addresses = addressed ? [`172.29.240.${10 + count}`, `fd00:29:240::${count}`] : [];
    const networks = addressed ? [NETWORK] : [];
    const { rootfs = debian, ...others } = attributes;
    const all = others["template"] === undefined ? { rootfs, networks, ...others } : { networks, ...others };
    const parameters = {
      foundation: {
        id: `00000000-0000-7000-8000-${String(count).padStart(12, "0")}`,
        name: `web${count}`,
        addresses,
        hostname: `web${count}`,
        attributes: all as Parameters["foundation"]["attributes"],
      },
      join: { urls: ["http://127.0.0.1:9/join"], token: "gantry-join-x" },
    };
    made.push(parameters);
    return parameters;
  }

  function nameOf({ foundation: { id, name } }: Parameters): string {
    return `gantry-${name}-${id.slice(-6)}`;
  }

  /** Runs a program in a container that is on. */
  async function inside(parameters: Parameters, ...words: readonly string[]): Promise<string> {
    const path = join(folder, "lxc", "containers");
    const { stdout } = await run("lxc-attach", ["-P", path, "-n", nameOf(parameters), "--", ...words]);
    return stdout.trim();
  }

  async function namesIn(...path: readonly string[]): Promise<readonly string[]> {
    const names = await readdir(join(folder, "lxc", ...path)).catch(() => []);
    return names.map((name) => [...path, name].join("/"));
  }

  async function traces(): Promise<readonly string[]> {
    const links = (await readdir("/sys/class/net")).filter((name) => name.startsWith("gantry-"));
    const kept = ["containers", "templates", "runtimes", "bridges", "probes"];
    const files = await Promise.all(kept.map((name) => namesIn(name)));
    return [...links.map((name) => `link ${name}`), ...files.flat()].toSorted();
  }

  const underTest = (): DriverUnderTest => ({
    module: driver(),
    origin: "made",
    foundation,
    broken: () => ({ parameters: foundation({ rootfs: empty }), code: "lxc_rootfs_unfit" }),
    traces,
    async vanish(parameters) {
      const path = join(folder, "lxc", "containers");
      await run("lxc-stop", ["-P", path, "-n", nameOf(parameters), "-k"]);
      await rm(join(path, nameOf(parameters)), { recursive: true });
    },
  });

  test.each(conformanceCases)("$title", async ({ run: check }) => {
    await expect(check(underTest())).resolves.toBeUndefined();
    expect(await traces()).toEqual([]);
  });

  test("tells the agent how to reach the server from its network, in both families", async () => {
    const parameters = foundation();
    await callFunction(driver(), "create", parameters);
    expect(await callFunction(driver(), "power_on", parameters)).toMatchObject({ power: "on", ready: true });
    expect(gateways).toContain("172.29.240.1");
    expect(joins).toEqual([
      {
        urls: [expect.stringMatching(/^http:\/\/172\.29\.240\.1:\d+\/join$/), "http://127.0.0.1:9/join"],
        token: "gantry-join-x",
        name: parameters.foundation.name,
      },
    ]);
    expect(await callFunction(driver(), "interface_map", parameters)).toEqual([
      {
        name: "eth0",
        mac: expect.stringMatching(/^02:/),
        network: "gantry-lab0",
        gateway: "172.29.240.1",
        addresses: [
          { address: parameters.foundation.addresses?.[0], prefix: 24 },
          { address: parameters.foundation.addresses?.[1], prefix: 64 },
        ],
      },
    ]);
    await callFunction(driver(), "power_off", parameters);
    // It has joined: it does not join again.
    expect(await callFunction(driver(), "power_on", parameters)).toMatchObject({ ready: true });
    expect(joins).toHaveLength(1);
  });

  test("unpacks a tarball once, and shares one read-only runtime", async () => {
    const both = [foundation(), foundation()];
    const messages: string[] = [];
    const context = { message: (text: string) => void messages.push(text) };
    await Promise.all(both.map((parameters) => callFunction(driver(), "create", parameters, context)));
    expect(messages).toEqual([`unpacking ${debian}`]);
    expect(await namesIn("templates")).toHaveLength(1);
    expect(await namesIn("runtimes")).toEqual(["runtimes/0123456789abcdef0123"]);
    const [first] = both;
    await callFunction(driver(), "power_on", first);
    await expect(inside(first!, "/bin/touch", "/opt/gantry/agent.mjs")).rejects.toThrow("Read-only file system");
    expect(await inside(first!, "/usr/bin/stat", "-c", "%a", "/var/lib/gantry-agent")).toBe("700");
    await inside(first!, "/bin/touch", "/usr/of-its-own");
    await callFunction(driver(), "power_on", both[1]);
    await expect(inside(both[1]!, "/bin/ls", "/usr/of-its-own")).rejects.toThrow("No such file");
  });

  test("runs a plain container: command, folder, environment, mounts, names, MACs, limits", async () => {
    await writeFile(join(folder, "greeting"), "Hello");
    const words =
      'echo "$(cat /con\\ fig/greeting) $WHOM $(pwd) $(cat /etc/hostname)"; echo 1 >/memory/x; exec sleep 1000';
    const parameters = foundation({
      command: ["/bin/sh", "-c", words.replace("con\\ fig", "config")],
      folder: "/memory",
      environment: { WHOM: "the whole world" },
      mounts: [{ source: folder, target: "/config", read_only: true }, { target: "/memory" }],
      memory: 128 * 1024 * 1024,
      cpus: 0.5,
      pids: 50,
    });
    const interfaces = [{ device: "front0", mac: "02:11:22:33:44:55", provisioning: true }];
    const named = { ...parameters, foundation: { ...parameters.foundation, interfaces } };
    await callFunction(driver(), "create", named);
    await callFunction(driver(), "power_on", named);
    const console = join(folder, "lxc", "containers", nameOf(parameters), "console.log");
    await expect
      .poll(async () => (await readFile(console, "utf8").catch(() => "")).trim())
      .toBe(`Hello the whole world /memory ${parameters.foundation.hostname}`);
    expect(await callFunction(driver(), "interface_map", named)).toMatchObject([
      { name: "front0", mac: "02:11:22:33:44:55" },
    ]);
    const groups = join("/sys/fs/cgroup", "pids", `lxc.payload.${nameOf(parameters)}`);
    const unified = join("/sys/fs/cgroup", `lxc.payload.${nameOf(parameters)}`);
    const limit = await readFile(join(groups, "pids.max"), "utf8").catch(() =>
      readFile(join(unified, "pids.max"), "utf8"),
    );
    expect(limit.trim()).toBe("50");
  });

  test("is a clone of a folder, or of a stopped container of LXC, over which it writes nothing", async () => {
    const base = join(folder, "base");
    await run("mkdir", ["-p", join(base, "small", "rootfs")]);
    await run("tar", ["--extract", `--file=${debian}`, `--directory=${join(base, "small", "rootfs")}`]);
    await writeFile(join(base, "small", "config"), `lxc.rootfs.path = dir:${join(base, "small", "rootfs")}\n`);
    const before = await readdir(join(base, "small", "rootfs"));
    const clones = [
      foundation({ template: "small", lxc_path: base }),
      foundation({ rootfs: join(base, "small", "rootfs") }),
    ];
    for (const parameters of clones) {
      await callFunction(driver(), "create", parameters);
      expect(await callFunction(driver(), "power_on", parameters)).toMatchObject({ ready: true });
      await callFunction(driver(), "destroy", parameters);
    }
    expect(await readdir(join(base, "small", "rootfs"))).toEqual(before);
    await expect(
      callFunction(driver(), "create", foundation({ template: "smal", lxc_path: base })),
    ).rejects.toMatchObject({
      code: "lxc_rootfs_invalid",
      message: expect.stringContaining(`no container smal in ${base}`),
    });
    await rm(base, { recursive: true });
  });

  test("names a root file system that cannot run the agent, and what it lacks", async () => {
    await expect(callFunction(driver(), "create", foundation({ rootfs: empty }))).rejects.toMatchObject({
      code: "lxc_rootfs_unfit",
      message: expect.stringContaining("lacks glibc and its loader"),
    });
    await expect(callFunction(driver(), "create", foundation({ rootfs: withoutLibrary }))).rejects.toMatchObject({
      code: "lxc_rootfs_unfit",
      message: `${withoutLibrary} lacks libstdc++ (libstdc++.so.6), which the agent's Node needs`,
    });
    await expect(callFunction(driver(), "create", foundation({ rootfs: "/no/such.tar" }))).rejects.toMatchObject({
      code: "lxc_rootfs_invalid",
    });
    const broken = join(folder, "greeting");
    await writeFile(broken, "no tarball");
    await expect(callFunction(driver(), "create", foundation({ rootfs: broken }))).rejects.toMatchObject({
      code: "lxc_rootfs_invalid",
      message: expect.stringContaining("does not look like a tar archive"),
    });
    expect(await traces()).toEqual([]);
  });

  test("says what is wrong with networks and addresses", async () => {
    const nowhere = foundation({ networks: [{ name: "gantry-lab1" }] });
    await expect(callFunction(driver(), "create", nowhere)).rejects.toMatchObject({
      code: "lxc_network_invalid",
      message: expect.stringContaining("this machine has no bridge gantry-lab1, and no subnet is given for it"),
    });
    await expect(callFunction(driver(), "create", foundation({ networks: [{ name: "lo" }] }))).rejects.toMatchObject({
      message: "lo is an interface of this machine, and no bridge",
    });
    const outside = foundation({ networks: [{ name: "gantry-lab0", subnet: "172.29.241.0/24" }] });
    await expect(callFunction(driver(), "create", outside)).rejects.toMatchObject({
      code: "lxc_address_invalid",
      message: expect.stringMatching(
        /172\.29\.240\.\d+ lies in none of its networks \(gantry-lab0 172\.29\.241\.0\/24\)$/,
      ),
    });
    await expect(callFunction(driver(), "create", foundation({}, false))).rejects.toMatchObject({
      code: "lxc_address_invalid",
      message: expect.stringContaining("has an agent and no address"),
    });
    await callFunction(driver(), "create", foundation());
    const other = foundation({ networks: [{ name: "gantry-lab0", subnet: "172.29.241.0/24" }] });
    await expect(callFunction(driver(), "create", other)).rejects.toMatchObject({
      code: "lxc_network_invalid",
      message:
        "bridge gantry-lab0 exists with addresses 172.29.240.1/24, fd00:29:240::1/64, and none of 172.29.241.0/24",
    });
  });

  test("leaves a bridge that somebody else made alone, and takes its addresses", async () => {
    await run("ip", ["link", "add", "name", "gantry-their0", "type", "bridge"]);
    try {
      await run("ip", ["address", "add", "172.29.240.1/24", "dev", "gantry-their0"]);
      await run("ip", ["link", "set", "gantry-their0", "up"]);
      const parameters = foundation({ networks: ["gantry-their0"] });
      const addresses = parameters.foundation.addresses?.slice(0, 1) ?? [];
      const one = { ...parameters, foundation: { ...parameters.foundation, addresses } };
      await callFunction(driver(), "create", one);
      expect(await callFunction(driver(), "power_on", one)).toMatchObject({ ready: true });
      await callFunction(driver(), "destroy", one);
      expect(await traces()).toEqual(["link gantry-their0"]);
    } finally {
      await run("ip", ["link", "delete", "gantry-their0"]);
    }
  });

  test("lets containers out when they are to have NAT, and takes that back with the bridge", async () => {
    const parameters = foundation({ networks: [{ ...NETWORK, nat: true }] });
    await callFunction(driver(), "create", parameters);
    const { stdout } = await run("nft", ["list", "tables"]);
    expect(stdout).toContain("table inet gantry_gantry-lab0");
    await callFunction(driver(), "destroy", parameters);
    expect((await run("nft", ["list", "tables"])).stdout).not.toContain("gantry_gantry-lab0");
  });

  test("replaces a container that was made of something else", async () => {
    const parameters = foundation();
    const { foundation: old } = parameters;
    await callFunction(driver(), "create", parameters);
    await callFunction(driver(), "power_on", parameters);
    const changed = { ...parameters, foundation: { ...old, attributes: { ...old.attributes, environment: { A: 1 } } } };
    expect(await callFunction(driver(), "create", changed)).toMatchObject({ adopted: false });
    expect(await callFunction(driver(), "power_state", changed)).toEqual({ power: "off" });
  });

  test("says what an agent said that ended at once", async () => {
    const parameters = foundation({ environment: { STAND_IN: "broken" } });
    await callFunction(driver(), "create", parameters);
    await expect(callFunction(driver(), "power_on", parameters)).rejects.toMatchObject({
      code: "lxc_container_ended",
      message: expect.stringContaining("cannot find my own feet"),
    });
    expect(await callFunction(driver(), "observe", parameters)).toMatchObject({ exists: true, power: "off" });
  });

  test("does not wait for ever for an agent that cannot join", async () => {
    const parameters = foundation({ environment: { STAND_IN: "lonely" } });
    const messages: string[] = [];
    const context = { message: (text: string) => void messages.push(text) };
    await callFunction(driver(), "create", parameters);
    const impatient = driver({ joinTimeout: 100 });
    expect(await callFunction(impatient, "power_on", parameters, context)).toMatchObject({ power: "on", ready: false });
    expect(messages.join()).toContain("has not joined yet");
  });

  test("takes a frozen container for one that is off, and wakes it", async () => {
    const parameters = foundation();
    await callFunction(driver(), "create", parameters);
    await callFunction(driver(), "power_on", parameters);
    await run("lxc-freeze", ["-P", join(folder, "lxc", "containers"), "-n", nameOf(parameters)]);
    expect(await callFunction(driver(), "observe", parameters)).toMatchObject({
      power: "off",
      detail: expect.stringContaining("is frozen"),
    });
    await callFunction(driver(), "power_on", parameters);
    expect(await callFunction(driver(), "power_state", parameters)).toEqual({ power: "on" });
  });

  test("leaves nothing when it is cancelled in the middle", async () => {
    const cancel = new AbortController();
    const context = { signal: cancel.signal, message: () => cancel.abort(new Error("cancelled")) };
    await expect(callFunction(driver(), "create", foundation(), context)).rejects.toThrow("cancelled");
    expect(await traces()).toEqual([]);
  });

  test("converges when the worker is killed at any moment of any function", async () => {
    const child = join(import.meta.dirname, "support", "lxc-child.ts");
    const parameters = foundation();
    /** Calls a function in a worker of its own, and kills that after so many milliseconds. Returns whether it had ended before. */
    async function killed(name: string, after: number): Promise<boolean> {
      const worker = fork(child, [folder, name, JSON.stringify(parameters)], { stdio: "ignore" });
      const ended = once(worker, "exit");
      await once(worker, "message");
      const kill = setTimeout(() => worker.kill("SIGKILL"), after);
      const [, signal] = (await ended) as [number | null, string | null];
      clearTimeout(kill);
      return signal === null;
    }
    // What goes before each round, and what is to be seen after it.
    const plans = [
      { name: "create", before: "destroy", exists: true, power: "off" },
      { name: "power_on", before: "power_off", exists: true, power: "on" },
      { name: "power_off", before: "power_on", exists: true, power: "off" },
      { name: "destroy", before: "create", exists: false, power: "off" },
    ];
    for (const { name, before, exists, power } of plans) {
      for (let after = 2; ; after *= 4) {
        await callFunction(driver(), before, parameters);
        const over = (await killed(name, after)) || after > 500;
        await callFunction(driver(), name, parameters);
        const where = `${name}, killed after ${after} ms`;
        expect(await callFunction(driver(), "observe", parameters), where).toMatchObject({ exists, power });
        if (!exists) expect(await traces(), where).toEqual([]);
        if (over) break;
      }
    }
  });

  test("ends what a killed worker was trying on a root file system", async () => {
    const parameters = foundation();
    const child = join(import.meta.dirname, "support", "lxc-child.ts");
    // Its agent never ends by itself.
    const worker = fork(child, [folder, "create", JSON.stringify(parameters)], { stdio: "ignore" });
    const ended = once(worker, "exit");
    const commands = (): string =>
      processesOf(folder)
        .flatMap(({ command }) => command)
        .join("\n");
    await expect.poll(commands, { timeout: 60_000 }).toMatch(/lxc-execute .*agent\.mjs/);
    worker.kill("SIGKILL");
    await ended;
    await callFunction(driver(), "destroy", parameters);
    expect(await traces()).toEqual([]);
    expect(processesOf(folder)).toEqual([]);
  });

  test("goes on where a worker died: half made, half removed, and with its bridge gone", async () => {
    const parameters = foundation();
    const { id } = parameters.foundation;
    const containers = join(folder, "lxc", "containers");
    await run("mkdir", ["-p", join(containers, `.new-${id}`, "upper"), join(containers, `.old-${id}`, "upper")]);
    await callFunction(driver(), "create", parameters);
    // As after a restart of the machine.
    await run("ip", ["link", "delete", NETWORK.name]);
    expect(await callFunction(driver(), "power_on", parameters)).toMatchObject({ ready: true });
    await callFunction(driver(), "destroy", parameters);
    expect(await traces()).toEqual([]);
  });
});

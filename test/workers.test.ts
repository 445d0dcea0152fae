import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { type Module, moduleFunction } from "../src/link/index.ts";
import { startWorker } from "../src/worker/index.ts";
import { type Bench, createBench, ROOT, type Running } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";
import { type LinkServer, startServer, testFolder, until } from "./link-support.ts";

// Workers as processes and machines of their own: behind a proxy, killed, drained, written by somebody else.

/** A proxy that tunnels (CONNECT), and knows names that nobody else does. */
async function connectProxy(names: Readonly<Record<string, number>>) {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const proxy = createHttp((_request, response) => response.writeHead(405).end());
  proxy.on("connect", (request, socket: Socket) => {
    asked.push(request.url ?? "");
    const port = names[(request.url ?? "").split(":")[0] ?? ""];
    if (port === undefined) return socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const out = connect(port, "127.0.0.1", () => socket.write("HTTP/1.1 200 Connection established\r\n\r\n"));
    for (const [one, other] of [
      [socket, out],
      [out, socket],
    ] as const) {
      sockets.add(one);
      one.on("error", () => undefined);
      one.on("close", () => other.destroy());
      one.pipe(other);
    }
    return undefined;
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, asked };
}

describe("a worker behind a proxy", () => {
  let folder: string;
  let server: LinkServer;
  beforeEach(async () => {
    folder = testFolder();
    server = await startServer(folder, { heartbeat: 400 });
  });
  afterEach(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const toy: Module = {
    name: "toy",
    limit: 2,
    functions: {
      shout: moduleFunction({
        summary: "Says it louder",
        parameters: z.object({ text: z.string() }),
        safeToRepeat: true,
        run: async ({ text }) => text.toUpperCase(),
      }),
    },
  };
  const quiet = { info: () => undefined, warn: () => undefined };

  it.each(["websocket", "poll"] as const)("joins, and does its tasks (%s)", async (transport) => {
    // No name server knows it: who goes there directly does not arrive.
    const proxy = await connectProxy({ "gantry.invalid": server.port });
    const worker = await startWorker({
      state: join(folder, "worker"),
      modules: [toy],
      join: { urls: ["https://gantry.invalid:7878"], token: await server.token({ kind: "worker" }) },
      name: "far",
      version: "1",
      transport,
      environment: { HTTPS_PROXY: proxy.url },
      log: quiet,
      signal: new AbortController().signal,
    });
    onTestFinished(() => worker.stop());
    const call = { route: { siteId: "s" }, module: "toy", function: "shout", parameters: { text: "hello" } };
    const job = await server.run([{ ...call, safeToRepeat: true }]);
    expect((await server.ended(job)).status).toBe("done");
    expect(new Set(proxy.asked)).toEqual(new Set(["gantry.invalid:7878"]));
  });

  it("goes by none where NO_PROXY says so", async () => {
    const proxy = await connectProxy({});
    const stop = new AbortController();
    const warned: string[] = [];
    const starting = startWorker({
      state: join(folder, "worker"),
      modules: [toy],
      join: { urls: ["https://gantry.invalid:7878"], token: await server.token({ kind: "worker" }) },
      version: "1",
      environment: { HTTPS_PROXY: proxy.url, NO_PROXY: "gantry.invalid" },
      log: { ...quiet, warn: (fields) => void warned.push(JSON.stringify(fields)) },
      signal: stop.signal,
    });
    await until(() => warned.length > 0);
    stop.abort(new Error("enough"));
    await expect(starting).rejects.toThrow("enough");
    expect(warned[0]).toContain("ENOTFOUND");
    expect(proxy.asked).toEqual([]);
  });
});

const SITE = {
  design: "far",
  sites: { region: { kind: "region" }, rack: { kind: "rack", parent: "region" } },
  blueprints: {
    machine: {
      builds: "foundation",
      foundation_types: ["test"],
      scripts: { create: "foundation.create()", destroy: "foundation.destroy()" },
    },
  },
};

/** Each look is a process: not so many that nothing else gets done. */
const SELDOM = { interval: 300, timeout: 60_000 };

interface Listed {
  readonly name: string;
  readonly site: string;
  readonly state: string;
  readonly slots: Record<string, { limit: number; inUse: number }>;
}

describe("workers beside a server", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = createBench();
    mkdirSync(bench.dataFolder, { recursive: true, mode: 0o700 });
    const started = await bench.gantry(["server", "start"], { GANTRY_HEARTBEAT_INTERVAL: "1" });
    expect(started).toMatchObject({ code: 0 });
    // What is to be shown is done by others.
    expect(await bench.gantry(["worker", "drain", "embedded-worker", "--wait"])).toMatchObject({
      code: 0,
      out: "worker embedded-worker is drained\n",
    });
  });
  afterEach(async () => {
    // Somebody has to take it all down.
    await bench.gantry(["worker", "resume", "embedded-worker"]);
    expect(await bench.clear()).toEqual([]);
  });

  /** Structures at the rack, each on a pretended foundation, by what their create script does. */
  function site(scripts: Readonly<Record<string, string>>, attributes: object = {}): string {
    const path = join(bench.folder, "site.yaml");
    const made = Object.entries(scripts);
    const blueprints = made.map(([name, create]) => [`for-${name}`, { builds: "structure", scripts: { create } }]);
    const foundation = { type: "test", blueprint: "machine", attributes };
    const structures = made.map(([name]) => [name, { site: "rack", blueprint: `for-${name}`, foundation }]);
    const whole = {
      ...SITE,
      blueprints: { ...SITE.blueprints, ...Object.fromEntries(blueprints) },
      structures: Object.fromEntries(structures),
    };
    writeFileSync(path, JSON.stringify(whole));
    return path;
  }

  async function token(...more: string[]): Promise<string> {
    const { out } = await bench.gantry(["join-token", "create", "--role", "worker", ...more]);
    return out.trim();
  }

  function url(): string {
    const { urls } = JSON.parse(readFileSync(join(bench.dataFolder, "server.json"), "utf8")) as { urls: string[] };
    return urls[0]!;
  }

  async function worker(name: string, ...more: string[]): Promise<Running> {
    const state = join(bench.folder, name);
    const known = existsSync(join(state, "identity.json"));
    const joining = known ? [] : ["--server", url(), "--join", await token()];
    const running = bench.start(["worker", "--state", state, "--name", name, ...joining, ...more]);
    await running.printed(/connected to the server/);
    return running;
  }

  async function list(): Promise<readonly Listed[]> {
    const { out } = await bench.gantry(["worker", "list", "--output", "json"]);
    const listed = JSON.parse(out) as readonly Listed[] | { items: readonly Listed[] };
    return "items" in listed ? listed.items : listed;
  }

  async function busy(name: string, module: string): Promise<void> {
    const inUse = async () => (await list()).find((one) => one.name === name)?.slots[module]?.inUse;
    await expect.poll(inUse, SELDOM).toBe(1);
  }

  it("join for a site, say what they do, are drained, and stay so", async () => {
    expect(await bench.gantry(["up", site({}), "--yes"])).toMatchObject({ code: 0 });
    const unknown = bench.start(
      [
        "worker",
        "--state",
        join(bench.folder, "x"),
        "--site",
        "rak",
        "--modules",
        "net",
        "--server",
        url(),
        "--join",
      ].concat(await token()),
    );
    expect(await unknown.ended).toMatchObject({ code: 1, error: expect.stringContaining("did you mean rack?") });
    const first = await worker("w1", "--site", "rack", "--modules", "test,net", "--limit", "test=3");
    const listed = (await list()).find(({ name }) => name === "w1");
    expect(listed).toMatchObject({
      site: "rack",
      state: "connected",
      slots: { test: { limit: 3 }, net: { limit: 256 } },
    });
    expect((await bench.gantry(["worker", "drain", "w1", "--wait"])).code).toBe(0);
    first.child.kill("SIGTERM");
    expect(await first.ended).toMatchObject({ code: 0 });
    const again = await worker("w1", "--modules", "test");
    expect((await list()).find(({ name }) => name === "w1")?.state).toBe("drained");
    expect((await bench.gantry(["worker", "resume", "w1"])).out).toBe("worker w1 is given tasks\n");
    expect((await list()).find(({ name }) => name === "w1")?.state).toBe("connected");
    again.child.kill("SIGTERM");
    await again.ended;
    const contradiction = bench.start(["worker", "--state", join(bench.folder, "w1"), "--site", "region"]);
    expect(await contradiction.ended).toMatchObject({
      code: 2,
      error: expect.stringContaining("executor_site_differs"),
    });
  });

  it("that are killed leave what is safe to another, and what is not is told to be interrupted", async () => {
    const up = bench.start(["up", site({ one: "delay( seconds=0 )" }, { delay: { min: 2000, max: 2000 } }), "--yes"]);
    // Nobody does it yet, and the job says so.
    const waiting = "no worker for test at site rack: waiting";
    await expect.poll(async () => (await bench.gantry(["get", "jobs"])).out, SELDOM).toContain(waiting);
    const first = await worker("w1", "--modules", "test");
    await busy("w1", "test");
    const second = await worker("w2", "--modules", "test,ssh");
    first.child.kill("SIGKILL");
    expect(await up.ended).toMatchObject({ code: 0, out: expect.stringContaining("built") });

    // Somebody who takes connections and says nothing: the command hangs, and may have been run.
    const silent = createServer();
    const held: Socket[] = [];
    silent.on("connection", (socket) => {
      held.push(socket);
      socket.on("error", () => undefined);
    });
    silent.listen(0, "127.0.0.1");
    await once(silent, "listening");
    onTestFinished(() => {
      for (const socket of held) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as AddressInfo;
    const script = `ssh.execute( target='127.0.0.1', port=${port}, user='x', command='true' )`;
    const both = site({ one: "delay( seconds=0 )", two: script }, { delay: { min: 2000, max: 2000 } });
    const unsafe = bench.start(["up", both, "--yes"]);
    await busy("w2", "ssh");
    second.child.kill("SIGKILL");
    const third = await worker("w3", "--modules", "test,ssh");
    const ended = await unsafe.ended;
    expect(ended.code).toBe(1);
    expect(ended.out + ended.error).toContain("interrupted");
    third.child.kill("SIGTERM");
    await third.ended;
  });

  describeReal("python", "of other programs", () => {
    it("written in Python in a few lines joins, and does a task of a script", async () => {
      const state = join(bench.folder, "worker.json");
      const script = join(ROOT, "examples/worker-python/worker.py");
      const python = bench.startProgram("/usr/bin/python3", [script, state, url(), await token()]);
      const local = await worker("w1", "--modules", "test");
      const offered = async () => (await list()).flatMap(({ slots }) => Object.keys(slots));
      await expect.poll(offered, SELDOM).toContain("disks");
      const up = await bench.gantry([
        "up",
        site({ one: "space = disks.usage( path='/' )\nmessage( msg=space )" }),
        "--yes",
      ]);
      expect(up).toMatchObject({ code: 0 });
      const { out } = await bench.gantry(["get", "jobs"]);
      expect(out).toMatch(/\{"total":[0-9]+,"used":[0-9]+,"free":[0-9]+\}/);
      for (const one of [python, local]) one.child.kill("SIGTERM");
      await Promise.all([python.ended, local.ended]);
    });
  });
});

import { once } from "node:events";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { WebSocket } from "ws";
import { startEmbeddedExecutor } from "../src/executor/index.ts";
import { joinPeer, openPeer, type TestPeer, welcomePeer } from "../src/fleet/testing.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import {
  connect,
  createKeyPair,
  type Module,
  moduleFunction,
  openRequest,
  pinOf,
  trustingAgent,
} from "../src/link/index.ts";
import { startWorker } from "../src/worker/index.ts";
import {
  agentCall,
  type AgentProcess,
  type BreakableNetwork,
  breakableNetwork,
  leaveJoin,
  type LinkServer,
  outputOf,
  runCall,
  startAgent,
  startServer,
  TENANT,
  testFolder,
  until,
  withOtherPin,
} from "./link-support.ts";

// Bad days of the link: networks that break, servers that restart, clients that are dead, lie or send rubbish.

let folder: string;
let server: LinkServer;
let agents: AgentProcess[];
let ends: (() => unknown)[];
const quiet = { info: () => undefined, warn: () => undefined };

beforeEach(async () => {
  folder = testFolder();
  agents = [];
  ends = [];
  server = await startServer(folder, {
    heartbeat: 400,
    runtime: async () => ({ node: process.execPath, bundle: Buffer.from("// the agent") }),
  });
});
afterEach(async () => {
  for (const agent of agents) {
    agent.child.kill("SIGCONT");
    await agent.kill();
  }
  for (const end of ends.reverse()) await end();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** An agent that stands on the foundation of its own name. */
async function agent(
  name: string,
  options: { url?: string; transport?: string; token?: string } = {},
): Promise<AgentProcess> {
  const place = join(folder, name);
  if (!existsSync(join(place, "state", "identity.json"))) {
    const token = options.token ?? (await server.token({ foundationId: name }));
    leaveJoin(place, { urls: [options.url ?? server.url], token, name });
  }
  const started = await startAgent(place, options.transport === undefined ? {} : { transport: options.transport });
  agents.push(started);
  return started;
}

function connected(...names: string[]): Promise<void> {
  return until(() => names.every((name) => server.fleet.isConnected(name)));
}

async function network(): Promise<BreakableNetwork> {
  const made = await breakableNetwork(server);
  ends.push(made.close);
  return made;
}

describe("a connection that is cut", () => {
  it.each(["websocket", "poll"])("again and again (%s) loses and repeats nothing", async (transport) => {
    const between = await network();
    const { home } = await agent("a", { url: between.url, transport });
    await connected("a");
    const counting = await server.run([runCall("a", "for i in $(seq 1 400); do echo $i; sleep 0.005; done")]);
    const ledger = await server.run(
      Array.from({ length: 30 }, (_, index) => runCall("a", `echo ${index} >> ledger`)),
      { batch: 1 },
    );
    const over = Promise.all([server.ended(counting), server.ended(ledger)]);
    let finished = false;
    void over.finally(() => {
      finished = true;
    });
    for (let cut = 1; cut <= 6 && !finished; cut += 1) {
      const before = (await outputOf(server, counting)).length;
      await until(
        async () => finished || (server.fleet.isConnected("a") && (await outputOf(server, counting)).length > before),
      );
      between.cut();
    }
    expect((await over).map(({ status }) => status)).toEqual(["done", "done"]);
    expect(await outputOf(server, counting)).toBe(Array.from({ length: 400 }, (_, index) => `${index + 1}\n`).join(""));
    expect(readFileSync(join(home, "ledger"), "utf8")).toBe(
      Array.from({ length: 30 }, (_, index) => `${index}\n`).join(""),
    );
  });

  it("without anybody being told is noticed, and made again", async () => {
    const between = await network();
    await agent("a", { url: between.url });
    await connected("a");
    between.freeze();
    await until(() => !server.fleet.isConnected("a"));
    const job = await server.run([runCall("a", "echo back")]);
    between.thaw();
    expect(await server.ended(job)).toMatchObject({ status: "done" });
  });
});

describe("a server that restarts", () => {
  it("finds its agents again, with what they did meanwhile", async () => {
    const { home } = await agent("a");
    await connected("a");
    const job = await server.run(
      [runCall("a", "echo one; until [ -e go ]; do sleep 0.02; done; echo two"), runCall("a", "echo three")],
      { batch: 1 },
    );
    await until(async () => (await outputOf(server, job)) === "one\n");
    const { port } = server;
    await server.close();
    writeFileSync(join(home, "go"), "");
    server = await startServer(folder, { port, heartbeat: 400 });
    expect(await server.ended(job)).toMatchObject({ status: "done" });
    expect(await outputOf(server, job)).toBe("one\ntwo\nthree\n");
  });
});

describe("an agent that is dead or slow", () => {
  it("holds up nobody else, and does its work when it is back", async () => {
    const dead = await agent("dead");
    await agent("fine");
    await connected("dead", "fine");
    dead.child.kill("SIGSTOP");
    // More than fits any buffer between the two.
    const text = "x".repeat(200_000);
    const stuck = await Promise.all(
      Array.from({ length: 40 }, (_, index) => server.run([agentCall("dead", "add", { to: `${index}`, text })])),
    );
    for (let round = 0; round < 10; round += 1) {
      const job = await server.run([runCall("fine", `echo ${round}`)]);
      expect(await server.ended(job)).toMatchObject({ status: "done" });
    }
    await until(() => !server.fleet.isConnected("dead"));
    await expect(server.fleet.ask(TENANT, { agentId: "dead" }, "agent", "facts", {}, 1000)).rejects.toMatchObject({
      code: "executor_not_connected",
    });
    dead.child.kill("SIGCONT");
    for (const job of stuck) expect(await server.ended(job)).toMatchObject({ status: "done" });
  });
});

describe("joining", () => {
  async function refused(token: string, url = server.url): Promise<string> {
    const name = `n${systemRandom.id()}`;
    const started = await agent(name, { token, url });
    expect((await started.ended).code).toBe(1);
    expect(existsSync(join(started.state, "identity.json"))).toBe(false);
    return started.log();
  }

  it("is refused with a token that was used, is too old, wrong, cut short, or made by another server", async () => {
    const token = await server.token({ foundationId: "a" });
    await agent("a", { token });
    await connected("a");
    expect(await refused(token)).toContain("(join_token_used)");
    expect(await refused(await server.token({ expiresIn: -1 }))).toContain("(join_token_expired)");
    expect(await refused(await server.token({ kind: "worker" }))).toContain(
      "the join token is for a worker, not for an agent",
    );
    expect(await refused(`gantry-join-${"x".repeat(24)}.${pinOf(server.certificates.authority)}`)).toContain(
      "(join_token_wrong)",
    );
    expect(await refused(token.slice(0, -5))).toContain("(join_token_malformed)");
    expect(await refused(withOtherPin(await server.token()))).toContain("(link_pin_mismatch)");
    expect(await server.fleet.nodes(TENANT)).toHaveLength(1);
    await connected("a");
  });

  it("waits for a server that is not there yet", async () => {
    const { port } = server;
    const token = await server.token({ foundationId: "a" });
    await server.close();
    const waiting = await agent("a", { token });
    await until(() => waiting.log().includes("cannot reach the server to join"));
    server = await startServer(folder, { port, heartbeat: 400 });
    await connected("a");
    expect(await server.fleet.node(TENANT, "a")).toMatchObject({ state: "connected" });
  });

  it("leaves no secret in the log", async () => {
    const token = await server.token({ foundationId: "a" });
    const started = await agent("a", { token });
    await connected("a");
    expect(started.log()).not.toContain(token);
    expect(started.log()).not.toContain("PRIVATE KEY");
  });
});

describe("over real sockets", () => {
  async function peer(name: string, transport: "websocket" | "poll"): Promise<TestPeer> {
    const { id, keys } = await joinPeer(server.fleet, await server.token({ name }));
    return open(id, keys, transport);
  }

  async function open(
    id: string,
    keys: ReturnType<typeof createKeyPair>,
    transport: "websocket" | "poll",
  ): Promise<TestPeer> {
    const tls = trustingAgent({ authority: server.certificates.authority, environment: {} });
    ends.push(() => tls.destroy());
    const { connection } = await connect({ urls: [server.url], transport, agent: tls, timeout: 5000 });
    return openPeer(connection, id, keys);
  }

  const pin = () => pinOf(server.certificates.authority);

  it.each(["websocket", "poll"] as const)("an agent that claims to be another is refused (%s)", async (transport) => {
    const victim = await peer("victim", transport);
    await welcomePeer(victim, { pin: pin() });
    const thief = await open(victim.id, createKeyPair(), transport);
    void welcomePeer(thief, { pin: pin() });
    expect((await thief.closed).code).toBe("link_proof_wrong");
    victim.send({ type: "heartbeat" });
    await victim.next("heartbeat");
  });

  it.each(["websocket", "poll"] as const)("rubbish closes its own connection alone (%s)", async (transport) => {
    const [bad, good] = [await peer("bad", transport), await peer("good", transport)];
    await welcomePeer(bad, { pin: pin() });
    await welcomePeer(good, { pin: pin() });
    bad.sendText('[{"type":"result","task":7}]');
    expect((await bad.closed).code).toBe("link_message_malformed");
    good.send({ type: "heartbeat" });
    await good.next("heartbeat");
    const back = await open(bad.id, bad.keys, transport);
    await welcomePeer(back, { pin: pin() });
    back.sendText(`["${"x".repeat(1_100_000)}"]`);
    expect((await back.closed).code).toBe("link_message_too_large");
    good.send({ type: "heartbeat" });
    await good.next("heartbeat");
  });

  it("a WebSocket message beyond all limits is cut off while it arrives", async () => {
    const socket = new WebSocket(`${server.url.replace("https", "wss")}/v1/link`, {
      ca: server.certificates.authority,
    });
    await once(socket, "open");
    const closed = once(socket, "close");
    socket.send(Buffer.alloc(64 * 1024 * 1024, "x").toString());
    expect(((await closed) as [number])[0]).toBe(1009);
  });

  async function get(path: string, headers: Record<string, string>): Promise<{ status: number; body: Buffer }> {
    const tls = trustingAgent({ authority: server.certificates.authority, environment: {} });
    try {
      const response = await openRequest({ url: server.url, path, method: "GET", agent: tls, headers, timeout: 5000 });
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return { status: response.statusCode ?? 0, body: Buffer.concat(chunks) };
    } finally {
      tls.destroy();
    }
  }

  it("content and runtime are only for who joined, or may join", async () => {
    const sha256 = await server.fleet.content.put(TENANT, Buffer.from("content"));
    expect((await get(`/v1/link/content/${sha256}`, {})).status).toBe(401);
    expect((await get(`/v1/link/content/${sha256}`, { "gantry-executor": "a.1.b" })).status).toBe(401);
    expect((await get("/v1/link/runtime/agent.mjs", {})).status).toBe(401);
    const token = await server.token();
    const bearer = { authorization: `Bearer ${token}` };
    expect(await get("/v1/link/runtime/agent.mjs", bearer)).toMatchObject({
      status: 200,
      body: Buffer.from("// the agent"),
    });
    expect((await get(`/v1/link/content/${sha256}`, bearer)).status).toBe(401);
    expect((await get("/v1/link/runtime/../../etc/passwd", bearer)).status).not.toBe(200);
    await joinPeer(server.fleet, token, "now-used");
    expect((await get("/v1/link/runtime/agent.mjs", bearer)).status).toBe(401);
    expect((await get("/v1/nodes", {})).status).not.toBe(200);
  });
});

describe("a worker", () => {
  const ran: string[] = [];
  const toy: Module = {
    name: "toy",
    limit: 2,
    functions: {
      note: moduleFunction({
        summary: "Notes what it was called with",
        parameters: z.object({ name: z.string() }),
        safeToRepeat: true,
        observes: true,
        async run({ name }) {
          ran.push(name);
          return name.toUpperCase();
        },
      }),
    },
  };
  const call = { route: { siteId: "anywhere" }, module: "toy", function: "note", safeToRepeat: true };

  it("inside the server does tasks of every site and answers questions, over memory", async () => {
    const options = {
      state: join(folder, "embedded"),
      modules: async () => [toy],
      facts: async () => ({}),
      version: "1",
      clock: systemClock,
      random: systemRandom,
      log: quiet,
      content: server.fleet.content.read,
    };
    for (let start = 1; start <= 2; start += 1) {
      const link = await server.fleet.embed({ tenantId: TENANT, kind: "worker", name: "embedded", siteId: null });
      const worker = await startEmbeddedExecutor({ ...options, link });
      const job = await server.run([{ ...call, parameters: { name: `task ${start}` } }]);
      expect(await server.ended(job)).toMatchObject({ status: "done" });
      expect(await server.fleet.ask(TENANT, { siteId: "x" }, "toy", "note", { name: "question" }, 5000)).toBe(
        "QUESTION",
      );
      await worker.stop();
    }
    expect(ran).toEqual(["task 1", "question", "task 2", "question"]);
    expect(await server.fleet.nodes(TENANT)).toHaveLength(1);
  });

  it("of its own joins by a token, and offers its modules with the limits it was given", async () => {
    const stop = new AbortController();
    const worker = await startWorker({
      state: join(folder, "worker"),
      modules: [toy],
      limits: { toy: 5 },
      join: { urls: [server.url], token: await server.token({ kind: "worker" }) },
      name: "worker1",
      version: "1",
      log: quiet,
      signal: stop.signal,
    });
    ends.push(worker.stop);
    const job = await server.run([{ ...call, parameters: { name: "far" } }]);
    expect(await server.ended(job)).toMatchObject({ status: "done" });
    expect(server.fleet.modules(TENANT)["toy"]).toMatchObject({
      limit: 5,
      functions: { note: { safeToRepeat: true, observes: true } },
    });
    await expect(
      startWorker({ state: join(folder, "worker"), modules: [], version: "1", log: quiet, signal: stop.signal }),
    ).rejects.toMatchObject({ code: "lock_held" });
  });
});

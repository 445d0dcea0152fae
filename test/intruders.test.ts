import { readFileSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAudit } from "../src/access/index.ts";
import { ADMINISTRATOR } from "../src/access/testing.ts";
import { openPeer, type TestPeer, welcomePeer } from "../src/fleet/testing.ts";
import { systemClock } from "../src/kernel/clock.ts";
import {
  connect,
  CONNECTION_HEADER,
  createKeyPair,
  EXECUTOR_HEADER,
  join as joinServer,
  type KeyPair,
  LINK_PATHS,
  openRequest,
  parseJoinToken,
  pinOf,
  requestProofText,
  signJoin,
  signRequest,
  trustingAgent,
} from "../src/link/index.ts";
import {
  agentCall,
  type AgentProcess,
  leaveJoin,
  type LinkServer,
  outputOf,
  runCall,
  startAgent,
  startServer,
  TENANT,
  testFolder,
  until,
} from "./link-support.ts";

// Who claims to be somebody, over TLS: with a token that was used, another's name, another's id, another's work, a key that was revoked.

let folder: string;
let server: LinkServer;
let agents: AgentProcess[];
let ends: (() => void)[];

beforeEach(async () => {
  folder = testFolder();
  agents = [];
  ends = [];
  server = await startServer(folder, { heartbeat: 300 });
});
afterEach(async () => {
  for (const agent of agents) await agent.kill();
  for (const end of ends) end();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, transport = "websocket"): Promise<AgentProcess> {
  const place = join(folder, name);
  leaveJoin(place, { urls: [server.url], token: await server.token({ foundationId: name }), name });
  const started = await startAgent(place, { transport });
  agents.push(started);
  await until(() => server.fleet.isConnected(name));
  return started;
}

function tls() {
  const agent = trustingAgent({ authority: server.certificates.authority, environment: {} });
  ends.push(() => agent.destroy());
  return agent;
}

/** What somebody sends who writes the request by hand. Returns status and code of the answer. */
async function post(path: string, body: object): Promise<[number, string | undefined]> {
  const response = await openRequest({
    url: server.url,
    path,
    method: "POST",
    agent: tls(),
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    timeout: 10_000,
  });
  const answer = JSON.parse(await textOf(response)) as { code?: string };
  return [response.statusCode ?? 0, answer.code];
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function joinBody(token: string, name: string, keys: KeyPair) {
  const { secret } = parseJoinToken(token);
  return { secret, kind: "agent", name, publicKey: keys.publicKey, signature: signJoin(keys.privateKey, secret) };
}

async function joined(name: string, token?: string): Promise<{ id: string; keys: KeyPair }> {
  const keys = createKeyPair();
  const { id } = await joinServer({
    urls: [server.url],
    token: token ?? (await server.token({ foundationId: name })),
    kind: "agent",
    name,
    keys,
    environment: {},
    timeout: 10_000,
  });
  return { id, keys };
}

async function peerOf(id: string, keys: KeyPair): Promise<TestPeer> {
  const { connection } = await connect({ urls: [server.url], transport: "websocket", agent: tls(), timeout: 10_000 });
  return openPeer(connection, id, keys);
}

const pin = (): string => pinOf(server.certificates.authority);

/** Who did what, as the audit has it. */
async function audited(): Promise<string[]> {
  const { database } = server;
  const audit = createAudit({ database, clock: systemClock });
  const { seq } = await audit.head(TENANT);
  const entries = await audit.entriesOf(database.kysely, TENANT, { from: 1, to: seq });
  return entries.map(({ actor, action, subject }) => `${actor.kind} ${action} ${subject.name}`.trim());
}

/** Asks for content as an executor does. */
async function fetchContent(who: { id: string; keys: KeyPair }, sha256: string): Promise<[number, string]> {
  const path = `${LINK_PATHS.content}${sha256}`;
  const time = Date.now();
  const signature = signRequest(who.keys.privateKey, { executor: who.id, time, path });
  const headers = { [EXECUTOR_HEADER]: requestProofText({ executor: who.id, time, signature }) };
  const response = await openRequest({ url: server.url, path, method: "GET", agent: tls(), headers, timeout: 10_000 });
  return [response.statusCode ?? 0, await textOf(response)];
}

describe("a join", () => {
  it("that is replayed, byte for byte or with another key, lets nobody in", async () => {
    const token = await server.token({ name: "db1" });
    const [own, stolen] = [createKeyPair(), createKeyPair()];
    const recorded = joinBody(token, "db1", own);
    expect((await post(LINK_PATHS.join, recorded))[0]).toBe(200);
    const { id: ownId } = (await server.fleet.nodes(TENANT))[0]!;
    const first = await peerOf(ownId, own);
    await welcomePeer(first, { pin: pin() });
    // The same again is the answer that was lost on its way: it says nothing new, and the key that opens anything is not in it.
    expect((await post(LINK_PATHS.join, recorded))[0]).toBe(200);
    expect(await post(LINK_PATHS.join, joinBody(token, "db1", stolen))).toEqual([401, "join_token_used"]);
    expect(await post(LINK_PATHS.join, { ...recorded, publicKey: stolen.publicKey })).toEqual([
      401,
      "join_token_wrong",
    ]);
    expect(await post(LINK_PATHS.join, { ...recorded, name: "db2" })).toEqual([200, undefined]);
    expect((await server.fleet.nodes(TENANT)).map(({ name }) => name)).toEqual(["db1"]);
    // Nor does it disturb who is there.
    expect(server.fleet.isConnected(ownId)).toBe(true);
    const { id } = (await server.fleet.nodes(TENANT))[0]!;
    const thief = await peerOf(id, stolen);
    void welcomePeer(thief, { pin: pin() });
    expect((await thief.closed).code).toBe("link_proof_wrong");
    // Nor once the node is gone.
    await server.fleet.revoke(ADMINISTRATOR, "db1");
    expect(await post(LINK_PATHS.join, recorded)).toEqual([401, "executor_revoked"]);
    expect(await server.fleet.nodes(TENANT)).toEqual([]);
  });

  it("by a token that was revoked, or is for another role, is refused", async () => {
    const { id, token } = await server.fleet.mintJoinToken({ tenantId: TENANT, kind: "agent", expiresIn: 60 });
    await server.fleet.revokeJoinToken(ADMINISTRATOR, id);
    expect(await post(LINK_PATHS.join, joinBody(token, "a", createKeyPair()))).toEqual([401, "join_token_wrong"]);
    const worker = await server.token({ kind: "worker" });
    expect(await post(LINK_PATHS.join, joinBody(worker, "a", createKeyPair()))).toEqual([401, "join_token_wrong"]);
    await expect(server.fleet.revokeJoinToken(ADMINISTRATOR, id)).rejects.toMatchObject({ code: "join_token_unknown" });
  });

  it("under a name that somebody else has is refused, and leaves the token unused", async () => {
    const { id, keys } = await joined("web1");
    const token = await server.token();
    expect(await post(LINK_PATHS.join, joinBody(token, "web1", createKeyPair()))).toEqual([409, "executor_name_taken"]);
    const victim = await peerOf(id, keys);
    await welcomePeer(victim, { pin: pin() });
    expect(await server.fleet.node(TENANT, "web1")).toMatchObject({ id, state: "connected" });
    expect((await post(LINK_PATHS.join, joinBody(token, "web2", createKeyPair())))[0]).toBe(200);
    // A name that the token says is not the joiner's to choose.
    const named = await server.token({ name: "db1" });
    expect((await post(LINK_PATHS.join, joinBody(named, "web1", createKeyPair())))[0]).toBe(200);
    expect((await server.fleet.nodes(TENANT)).map(({ name }) => name)).toEqual(["db1", "web1", "web2"]);
  });
});

describe("an agent", () => {
  it("that claims to be another is not let in by its own key, and the other one stays", async () => {
    const victim = await joined("web1");
    const thief = await joined("web2");
    const there = await peerOf(victim.id, victim.keys);
    await welcomePeer(there, { pin: pin() });
    const claiming = await peerOf(victim.id, thief.keys);
    void welcomePeer(claiming, { pin: pin() });
    expect((await claiming.closed).code).toBe("link_proof_wrong");
    expect(server.fleet.isConnected("web1")).toBe(true);
    const [status] = await fetchContent({ id: victim.id, keys: thief.keys }, "0".repeat(64));
    expect(status).toBe(401);
  });

  it("reports on its own tasks alone: what it says of others' changes nothing", async () => {
    const [victim, liar] = [await joined("web1"), await joined("web2")];
    const there = await peerOf(victim.id, victim.keys);
    await welcomePeer(there, { pin: pin() });
    const other = await peerOf(liar.id, liar.keys);
    await welcomePeer(other, { pin: pin() });
    const job = await server.run([
      { route: { agentId: "web1" }, module: "test", function: "work", parameters: {}, safeToRepeat: false },
    ]);
    const { task, attempt } = await there.next("task");
    const about = { task, attempt };
    other.send({ type: "held", tasks: [{ ...about, phase: "started", module: "test" }] });
    expect(await other.next("forget")).toMatchObject({ tasks: [about] });
    other.send({ type: "started", sequence: 0, tasks: [about] });
    expect(await other.next("forget")).toMatchObject({ tasks: [about] });
    const data = Buffer.from("lies").toString("base64");
    other.send({ type: "output", sequence: 1, ...about, stream: "stdout", index: 0, data });
    other.send({ type: "message", sequence: 2, ...about, text: "lies" });
    other.send({ type: "result", sequence: 3, ...about, outcome: "done", value: "lies" });
    while ((await other.next("ack")).sequence < 3);
    expect((await server.jobs.service.get(TENANT, job.id)).status).toBe("waiting");
    there.send({ type: "started", sequence: 0, tasks: [about] });
    expect(await there.next("granted")).toMatchObject({ tasks: [about] });
    there.send({ type: "result", sequence: 1, ...about, outcome: "done", value: "truth" });
    expect(await server.ended(job)).toMatchObject({ status: "done" });
    expect(await outputOf(server, job)).toBe("");
    expect((await server.jobs.service.tasks(job.id, { after: null, limit: 1 }))[0]?.value).toBe("truth");
  });

  it("fetches the content that its tasks name, and no other, whatever it knows", async () => {
    const [one, other] = [await joined("web1"), await joined("web2")];
    const secret = await server.fleet.content.put(TENANT, Buffer.from("meant for web1"));
    expect((await fetchContent(one, secret))[0]).toBe(404);
    const there = await peerOf(one.id, one.keys);
    await welcomePeer(there, { pin: pin() });
    await server.run([
      { route: { agentId: "web1" }, module: "test", function: "add", parameters: { to: "x", sha256: secret } },
    ]);
    await there.next("task");
    expect(await fetchContent(one, secret)).toEqual([200, "meant for web1"]);
    const [status, text] = await fetchContent(other, secret);
    expect([status, text.includes("content_unknown")]).toEqual([404, true]);
  });
});

describe("the long-poll door", () => {
  it("reads no body without end, from whoever it comes", async () => {
    async function pour(headers: Record<string, string>): Promise<number> {
      let sent = 0;
      const { port } = server;
      const outgoing = httpsRequest({
        host: "127.0.0.1",
        port,
        method: "POST",
        path: LINK_PATHS.poll,
        headers,
        agent: tls(),
      });
      await new Promise<void>((resolve) => {
        outgoing.on("close", resolve);
        outgoing.on("error", () => resolve());
        outgoing.on("response", (response) => response.resume());
        const chunk = Buffer.alloc(64 * 1024, " ");
        function more(): void {
          if (outgoing.destroyed || sent > ENDLESS) return void outgoing.destroy();
          sent += chunk.length;
          outgoing.write(chunk, (error) => (error ? resolve() : setImmediate(more)));
        }
        more();
      });
      return sent;
    }
    expect(await pour({})).toBeLessThan(ENDLESS);
    expect(await pour({ [CONNECTION_HEADER]: "nobody's" })).toBeLessThan(ENDLESS);
    const opened = await openRequest({
      url: server.url,
      path: LINK_PATHS.poll,
      method: "POST",
      agent: tls(),
      body: "",
      timeout: 10_000,
    });
    opened.resume();
    const name = String(opened.headers[CONNECTION_HEADER]);
    expect(await pour({ [CONNECTION_HEADER]: name, "gantry-sequence": "1" })).toBeLessThan(ENDLESS);
  });
});

/** Bytes far beyond what any request of the link has, and what buffers on the way hold. */
const ENDLESS = 64 * 1024 * 1024;

describe.each(["websocket", "poll"])("an agent that is revoked (%s)", (transport) => {
  it("is out at once, what it did is settled, and neither its key nor its name comes back by itself", async () => {
    const agent = await start("web1", transport);
    const content = await server.fleet.content.put(TENANT, Buffer.from("for web1"));
    expect(
      await server.ended(await server.run([agentCall("web1", "add", { to: "file", sha256: content })])),
    ).toMatchObject({ status: "done" });
    const job = await server.run([runCall("web1", "echo begun; sleep 1000")]);
    await until(async () => (await outputOf(server, job)) === "begun\n");
    const identity = JSON.parse(readFileSync(join(agent.state, "identity.json"), "utf8")) as {
      id: string;
      key: string;
    };
    const who = { id: identity.id, keys: { privateKey: identity.key, publicKey: "" } };
    expect((await fetchContent(who, content))[0]).toBe(200);

    await server.fleet.revoke(ADMINISTRATOR, "web1");
    expect(server.fleet.isConnected("web1")).toBe(false);
    expect((await fetchContent(who, content))[0]).toBe(401);
    expect(await server.ended(job)).toMatchObject({ status: "failed", failure: { code: "task_interrupted" } });
    await until(() => agent.log().includes("executor_unknown"));
    await expect(server.fleet.node(TENANT, "web1")).rejects.toMatchObject({ code: "executor_unknown" });
    expect(await audited()).toEqual([
      "server join_token.created",
      "anonymous node.joined web1",
      "administrator node.revoked web1",
    ]);
    const peer = await peerOf(who.id, who.keys);
    void welcomePeer(peer, { pin: pin() });
    expect((await peer.closed).code).toBe("executor_unknown");
  });
});

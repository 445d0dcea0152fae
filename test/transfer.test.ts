import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hasEnded } from "../src/jobs/index.ts";
import { EXECUTOR_HEADER, openRequest, requestProofText, signRequest, trustingAgent } from "../src/link/index.ts";
import {
  agentCall,
  type AgentProcess,
  type BreakableNetwork,
  breakableNetwork,
  leaveJoin,
  type LinkServer,
  startAgent,
  startServer,
  TENANT,
  testFolder,
  until,
} from "./link-support.ts";

// Files to a node and from it: a real server and an agent as a process of its own, over TLS, through a network that breaks.

const AGENT = "foundation-1";
const MIB = 1024 * 1024;

let folder: string;
let server: LinkServer;
let network: BreakableNetwork;
let agents: AgentProcess[];

beforeEach(async () => {
  folder = realpathSync(testFolder());
  agents = [];
  server = await startServer(folder, { heartbeat: 500, contentFolder: join(folder, "content") });
  network = await breakableNetwork(server);
});
afterEach(async () => {
  for (const agent of agents) await agent.kill();
  network.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function agent(): Promise<AgentProcess> {
  const place = join(folder, "node1");
  if (!existsSync(join(place, "state", "identity.json")))
    leaveJoin(place, { urls: [network.url], token: await server.token({ foundationId: AGENT }), name: "node1" });
  const started = await startAgent(place);
  agents.push(started);
  await until(() => server.fleet.isConnected(AGENT));
  return started;
}

function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Bytes of the part that stands beside `path`. */
function partOf(home: string): number {
  const part = readdirSync(home).find((name) => name.endsWith(".gantry-part"));
  return part === undefined ? 0 : statSync(join(home, part)).size;
}

async function added(parameters: object): Promise<Awaited<ReturnType<LinkServer["ended"]>>> {
  return server.ended(await server.run([agentCall(AGENT, "add", parameters)]));
}

describe("a large file", () => {
  it("goes on where it stopped when the connection is cut, and the agent killed, in the middle", async () => {
    const first = await agent();
    const bytes = randomBytes(96 * MIB);
    const sha256 = await server.fleet.content.put(TENANT, bytes);
    const job = await server.run([
      agentCall(AGENT, "add", { to: "f", files: [{ name: "f", sha256, size: bytes.length }] }),
    ]);
    await until(() => partOf(first.home) > 8 * MIB || existsSync(join(first.home, "f")));
    network.cut();
    await until(() => partOf(first.home) > 24 * MIB || existsSync(join(first.home, "f")));
    await first.kill();
    const had = partOf(first.home);
    const again = await agent();
    expect(await server.ended(job)).toMatchObject({ status: "done" });
    expect(hashOf(readFileSync(join(again.home, "f")))).toBe(sha256);
    expect(readdirSync(again.home)).toEqual(["f"]);
    expect(readdirSync(join(again.state, "incoming"))).toEqual([]);
    expect(had).toBeGreaterThan(0);
  }, 60_000);

  it("is refused when its bytes are wrong, and the old file stays", async () => {
    const { home } = await agent();
    writeFileSync(join(home, "f"), "old");
    const bytes = randomBytes(8 * MIB);
    const sha256 = await server.fleet.content.put(TENANT, bytes);
    const [stored] = readdirSync(join(folder, "content"));
    bytes[4 * MIB] = bytes[4 * MIB]! ^ 1;
    writeFileSync(join(folder, "content", stored!), bytes);
    const job = await added({ to: "f", files: [{ name: "f", sha256, size: bytes.length }] });
    expect(job).toMatchObject({ status: "failed", failure: { code: "add_failed" } });
    expect(readFileSync(join(home, "f"), "utf8")).toBe("old");
    expect(readdirSync(home)).toEqual(["f"]);
  });

  it("that is text comes compressed, and whole", async () => {
    const { home } = await agent();
    const text = Buffer.from(Array.from({ length: 400_000 }, (_, line) => `${line} a line of a log\n`).join(""));
    const sha256 = await server.fleet.content.put(TENANT, text);
    expect(await added({ to: "f", files: [{ name: "f", sha256, size: text.length }] })).toMatchObject({
      status: "done",
    });
    expect(hashOf(readFileSync(join(home, "f")))).toBe(sha256);
  });
});

describe("a glob of five", () => {
  it("delivers five, or fails", async () => {
    const { home } = await agent();
    mkdirSync(join(home, "to"));
    const bytes = [1, 2, 3, 4, 5].map((number) => Buffer.from(`file ${number}`));
    const files = await Promise.all(
      bytes.map(async (one, index) => ({
        name: `${index}`,
        sha256: await server.fleet.content.put(TENANT, one),
        size: one.length,
      })),
    );
    expect(await added({ to: "to/", files })).toMatchObject({ status: "done" });
    expect(readdirSync(join(home, "to"))).toEqual(["0", "1", "2", "3", "4"]);
    // The source changed: it is delivered anew.
    const changed = Buffer.from("FILE 3");
    files[2] = { name: "2", sha256: await server.fleet.content.put(TENANT, changed), size: changed.length };
    expect(await added({ to: "to/", files })).toMatchObject({ status: "done" });
    expect(readFileSync(join(home, "to/2"), "utf8")).toBe("FILE 3");
    // One that nobody brought: nothing is called a success.
    files[4] = { name: "4", sha256: "0".repeat(64), size: 1 };
    const failed = await server.run([agentCall(AGENT, "add", { to: "to/", files })]);
    expect(await server.ended(failed)).toMatchObject({ status: "failed" });
  });
});

describe("GET", () => {
  it("brings files through a connection that is cut, and those that were asked for alone", async () => {
    const { home, state } = await agent();
    const bytes = randomBytes(48 * MIB);
    writeFileSync(join(home, "large"), bytes);
    writeFileSync(join(home, "small"), "small");
    const job = await server.run([agentCall(AGENT, "get", { paths: ["large", "small"] })]);
    await until(async () => uploaded() > 4 * MIB || hasEnded((await server.jobs.service.get(TENANT, job.id)).status));
    network.cut();
    expect(await server.ended(job)).toMatchObject({ status: "done" });
    const [task] = await server.jobs.service.tasks(job.id, { after: null, limit: 1 });
    const { files } = task!.value as { files: { sha256: string; size: number }[] };
    expect(files.map(({ size }) => size)).toEqual([bytes.length, 5]);
    expect(files[0]?.sha256).toBe(hashOf(bytes));
    const pieces: Uint8Array[] = [];
    for await (const piece of server.fleet.content.read(hashOf(bytes))) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    // A node that brings what nobody asked it for, with the key it has.
    for (const [of, size] of [
      [task!.id, 2 * 1024 * MIB],
      ["another-task", 1],
    ] as const) {
      const answer = await bring(state, `?task=${of}&size=${size}&from=0`);
      expect([of, answer]).toEqual([of, size === 1 ? 404 : 413]);
    }
  }, 60_000);

  it("says that it is too much, and keeps nothing", async () => {
    const { home } = await agent();
    writeFileSync(join(home, "large"), randomBytes(2 * MIB));
    const job = await server.run([agentCall(AGENT, "get", { paths: ["large"], limit: MIB })]);
    expect(await server.ended(job)).toMatchObject({ status: "failed", failure: { code: "get_failed" } });
    expect(uploaded()).toBe(0);
  });
});

/** Bytes in the server's folder for large content. */
function uploaded(): number {
  const content = join(folder, "content");
  if (!existsSync(content)) return 0;
  return readdirSync(content).reduce((sum, name) => sum + statSync(join(content, name)).size, 0);
}

/** The status a node gets that brings one byte, signed with its own key. */
async function bring(state: string, query: string): Promise<number> {
  const { id, key } = JSON.parse(readFileSync(join(state, "identity.json"), "utf8")) as Record<string, string>;
  const path = `/v1/link/content/${hashOf(Buffer.from("x"))}${query}`;
  const time = Date.now();
  const signature = signRequest(key!, { executor: id!, time, path });
  const trusting = trustingAgent({ authority: server.certificates.authority, environment: {} });
  try {
    const answer = await openRequest({
      url: server.url,
      path,
      method: "PUT",
      agent: trusting,
      headers: {
        "content-type": "application/octet-stream",
        [EXECUTOR_HEADER]: requestProofText({ executor: id!, time, signature }),
      },
      body: "x",
      timeout: 5000,
    });
    answer.resume();
    return answer.statusCode!;
  } finally {
    trusting.destroy();
  }
}

describe("what another tenant brought", () => {
  it("is given to nobody who merely knows its hash", async () => {
    await agent();
    const sha256 = await server.fleet.content.put("another-tenant", Buffer.from("theirs"));
    const job = await added({ to: "f", sha256 });
    expect(job).toMatchObject({ status: "failed" });
  });
});

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pinOf } from "../src/link/index.ts";
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

// Another certificate authority under agents that are processes of their own.

const DAY = 24 * 60 * 60 * 1000;

let folder: string;
let server: LinkServer;
let agents: AgentProcess[];

beforeEach(async () => {
  folder = testFolder();
  agents = [];
  server = await startServer(folder, { heartbeat: 200 });
});
afterEach(async () => {
  for (const agent of agents) await agent.kill();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(name: string, transport = "websocket", token?: string): Promise<AgentProcess> {
  const place = join(folder, name);
  if (!existsSync(join(place, "state", "identity.json")))
    leaveJoin(place, { urls: [server.url], token: token ?? (await server.token({ foundationId: name })), name });
  const started = await startAgent(place, { transport });
  agents.push(started);
  return started;
}

function trusted(agent: AgentProcess): string {
  const { ca } = JSON.parse(readFileSync(join(agent.state, "identity.json"), "utf8")) as { ca: string };
  return pinOf(ca);
}

const connected = (name: string): Promise<void> => until(() => server.fleet.isConnected(name));

/** The same server, started anew: it shows its certificate to everybody again. */
async function restart(): Promise<void> {
  const { port } = server;
  await server.close();
  server = await startServer(folder, { heartbeat: 200, port });
}

describe.each(["websocket", "poll"])("over %s, an agent", (transport) => {
  it("stays joined over a change of the authority, and is there when the former one is gone", async () => {
    const agent = await start("node1", transport);
    await connected("node1");
    const former = pinOf(server.certificates.authority);
    expect(trusted(agent)).toBe(former);
    const job = await server.run([runCall("node1", "echo before; until [ -e go ]; do sleep 0.02; done; echo after")]);
    await until(async () => (await outputOf(server, job)) === "before\n");
    await server.keeper.rotate(30 * DAY);
    const present = pinOf(server.certificates.authority);
    await until(() => trusted(agent) === present);
    await until(async () => (await server.fleet.behind(TENANT)).length === 0);
    // What ran went on, over the same connection.
    await server.ended(await server.run([agentCall("node1", "add", { to: "go", text: "" })]));
    expect(await server.ended(job)).toMatchObject({ status: "done" });
    expect(await outputOf(server, job)).toBe("before\nafter\n");
    await server.keeper.dropFormer();
    await restart();
    expect(server.certificates.former).toBeUndefined();
    await connected("node1");
    const content = await server.fleet.content.put(TENANT, Buffer.from("fetched by the new authority"));
    const add = await server.run([agentCall("node1", "add", { to: "content", sha256: content })]);
    expect(await server.ended(add)).toMatchObject({ status: "done" });
  });

  it("that was away when the change began learns of it when it is back", async () => {
    const agent = await start("node1", transport);
    await connected("node1");
    await agent.kill();
    await until(() => !server.fleet.isConnected("node1"));
    await server.keeper.rotate(30 * DAY);
    await restart();
    const present = pinOf(server.certificates.authority);
    const back = await start("node1", transport);
    await connected("node1");
    await until(() => trusted(back) === present);
    await server.keeper.dropFormer();
    await restart();
    await connected("node1");
    expect(await server.fleet.behind(TENANT)).toEqual([]);
  });
});

describe("the former authority", () => {
  it("is worth nothing once it is dropped: who was away all the time has to join again", async () => {
    const agent = await start("node1");
    await connected("node1");
    await agent.kill();
    await until(async () => (await server.fleet.node(TENANT, "node1")).seenAt !== null);
    await until(() => !server.fleet.isConnected("node1"));
    await server.keeper.rotate(30 * DAY);
    // Whom it trusted is written down a little after it connected.
    await until(async () => (await server.fleet.behind(TENANT)).length > 0);
    expect(await server.fleet.behind(TENANT)).toEqual(["node1"]);
    await server.keeper.dropFormer();
    await restart();
    const back = await start("node1");
    await until(() => back.log().includes("cannot reach the server"));
    expect(server.fleet.isConnected("node1")).toBe(false);
    await back.kill();
    leaveJoin(join(folder, "node1"), {
      urls: [server.url],
      token: await server.token({ foundationId: "node1" }),
      name: "node1",
    });
    await start("node1");
    await connected("node1");
  });

  it("is pinned by tokens that were made before, the new one by those made since: both join", async () => {
    const before = await server.token({ foundationId: "before" });
    await server.keeper.rotate(30 * DAY);
    const since = await server.token({ foundationId: "since" });
    await restart();
    const [one, other] = [await start("before", "auto", before), await start("since", "auto", since)];
    await connected("before");
    await connected("since");
    const present = pinOf(server.certificates.authority);
    await until(async () => (await server.fleet.behind(TENANT)).length === 0);
    expect([trusted(one), trusted(other)]).toEqual([present, present]);
  });
});

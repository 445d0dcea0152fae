import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ADMINISTRATOR } from "../src/access/testing.ts";
import { agentBundle } from "../src/executor/index.ts";
import type { FleetParts } from "../src/fleet/index.ts";
import type { JsonObject } from "../src/kernel/json.ts";
import {
  agentCall,
  endLeftovers,
  leaveJoin,
  type LinkServer,
  startAgent,
  startServer,
  TENANT,
  testFolder,
  until,
} from "./link-support.ts";
import { layAgentFolder, smallNode } from "./support/agent-folder.ts";

// An agent that becomes another release of itself, and goes back when that does not come up.

let folder: string;
let home: string;
let server: LinkServer;
let runtime: Awaited<ReturnType<NonNullable<FleetParts["runtime"]>>>;
let launcher: ChildProcess;
let first: string;
let small: string;
let log: string;

beforeEach(async () => {
  folder = testFolder();
  home = join(folder, "agent");
  log = "";
  small = smallNode(folder);
  runtime = { node: small, bundle: await agentBundle() };
  server = await startServer(folder, { heartbeat: 500, runtime: async () => runtime });
  first = await layAgentFolder(home, small, {
    urls: [server.url],
    token: await server.token({ foundationId: "f1" }),
    name: "one",
  });
  launcher = start();
  await until(() => server.fleet.isConnected("f1"));
});
afterEach(async () => {
  if (launcher.exitCode === null) {
    launcher.kill("SIGTERM");
    await once(launcher, "exit");
  }
  endLeftovers({ state: join(home, "state") }, ["web"]);
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(): ChildProcess {
  const child = spawn(join(home, "gantry-agent"), ["--home", folder], { stdio: ["ignore", "ignore", "pipe"] });
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  return child;
}

/** The same program with something before it. */
async function another(before: string): Promise<void> {
  runtime = { node: small, bundle: Buffer.concat([Buffer.from(`${before}\n`), await agentBundle()]) };
}

/** What it says of itself. What is told is written down a moment later. */
async function facts(wanted: (own: JsonObject) => boolean = () => true): Promise<JsonObject> {
  let own: JsonObject | undefined;
  await until(async () => {
    const [node] = await server.fleet.nodes(TENANT);
    own = node?.facts["agent"] as JsonObject | undefined;
    return own !== undefined && server.fleet.isConnected("f1") && wanted(own);
  });
  return own as JsonObject;
}

async function service(): Promise<{ name: string; state: string; pid: number | null } | undefined> {
  const all = await server.fleet.ask(TENANT, { agentId: "f1" }, "agent", "services", {}, 5000);
  return (all as unknown as { name: string; state: string; pid: number | null }[]).find(({ name }) => name === "web");
}

describe("an agent with a folder of its own", () => {
  it("becomes the server's release; its services run on, and a command ends first", async () => {
    const unchanged = await server.fleet.upgrade(ADMINISTRATOR, "one", 60);
    expect(unchanged).toEqual({ changed: false, release: first });
    const begun = await server.run([agentCall("f1", "service", { name: "web", command: ["sleep", "1000"] })]);
    expect((await server.ended(begun)).status).toBe("done");
    const before = await service();
    expect(before?.state).toBe("running");
    const slow = await server.run([agentCall("f1", "run", { command: `sleep 2; echo done > ${folder}/slow` })]);
    await another("globalThis.another = 1;");
    const { changed, release } = await server.fleet.upgrade(ADMINISTRATOR, "one", 60);
    expect([changed, release === first]).toEqual([true, false]);
    expect((await server.ended(slow)).status).toBe("done");
    expect(existsSync(join(folder, "slow"))).toBe(true);
    const own = await facts((one) => one["release"] === release);
    expect(own).toMatchObject({ upgradable: true, folder: home, failed: null });
    await until(() => !existsSync(join(home, "trial")));
    expect(await service()).toEqual(before);
    expect(readlinkSync(join(home, "current"))).toBe(`versions/${release}`);
    expect(readlinkSync(join(home, "previous"))).toBe(`versions/${first}`);
    // The same agent, known by the same key: one node, and nobody joined again.
    expect(await server.fleet.nodes(TENANT)).toHaveLength(1);
  });

  it("goes back from a release that does not come up, and says so", async () => {
    await another("process.exit(3);");
    const broken = await server.fleet.upgrade(ADMINISTRATOR, "one", 30);
    await until(() => log.includes(`gantry-agent: release ${broken.release} ended with code 3`));
    await until(() => server.fleet.isConnected("f1"));
    expect(readlinkSync(join(home, "current"))).toBe(`versions/${first}`);
    await another("setInterval(() => undefined, 1000); await new Promise(() => undefined);");
    const silent = await server.fleet.upgrade(ADMINISTRATOR, "one", 2);
    const reason = "did not reach the server in time";
    const failed = { release: silent.release, reason };
    expect(await facts((own) => JSON.stringify(own["failed"]).includes(silent.release))).toMatchObject({
      release: first,
      failed,
    });
    expect(log).toContain(`gantry-agent: release ${silent.release} ${reason}`);
    // A good one afterwards is taken, and nothing is left of the others.
    await another("globalThis.good = 1;");
    const good = await server.fleet.upgrade(ADMINISTRATOR, "one", 60);
    await until(() => existsSync(join(home, "state/lock")) && !existsSync(join(home, "trial")));
    expect(readdirSync(join(home, "versions")).sort()).toEqual([first, good.release].sort());
    expect(existsSync(join(home, "failed"))).toBe(false);
  });

  it("is started again by its launcher when it is killed, and ends with it", async () => {
    const lock = readFileSync(join(home, "state/lock"), "utf8");
    const pid = Number(/\d+/.exec(lock)?.[0]);
    process.kill(pid, "SIGKILL");
    await until(() => !server.fleet.isConnected("f1"));
    await until(() => server.fleet.isConnected("f1"));
    expect(log).toContain("the agent ended with code 137; it is started again in 2 seconds");
    launcher.kill("SIGTERM");
    expect(await once(launcher, "exit")).toEqual([0, null]);
    expect(server.fleet.isConnected("f1")).toBe(false);
  });
});

describe("an agent without a folder of its own", () => {
  it("says that it cannot upgrade itself", async () => {
    const place = join(folder, "plain");
    leaveJoin(place, { urls: [server.url], token: await server.token({ foundationId: "f2" }), name: "plain" });
    const agent = await startAgent(place);
    try {
      await until(() => server.fleet.isConnected("f2"));
      const refused = server.fleet.upgrade(ADMINISTRATOR, "plain", 60);
      await expect(refused).rejects.toMatchObject({ code: "node_not_upgradable" });
      const order = { program: "0".repeat(64), node: { sha256: "0".repeat(64), architecture: "x64" }, within: 60 };
      const asked = server.fleet.ask(TENANT, { agentId: "f2" }, "agent", "upgrade", order, 5000);
      await expect(asked).rejects.toThrow(/runs with a program that it shares with others/);
    } finally {
      await agent.kill();
    }
  });
});

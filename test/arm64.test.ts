import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import {
  agentCall,
  type AgentProcess,
  endLeftovers,
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
import { arm64Node } from "./support/arm64.ts";
import { describeReal } from "./support/real.ts";

// The agent as machines of aarch64 run it: the same bundle, with the Node of their kind.

const AGENT = "foundation-1";

describeReal("arm64", "an agent on aarch64", () => {
  let node: readonly string[];
  let tools: string;
  let folder: string;
  let server: LinkServer;
  let agent: AgentProcess;

  beforeAll(async () => {
    tools = testFolder();
    node = await arm64Node(tools);
  });
  afterAll(() => rmSync(tools, { recursive: true, force: true }));
  beforeEach(async () => {
    folder = testFolder();
    server = await startServer(folder);
    leaveJoin(folder, { urls: [server.url], token: await server.token({ foundationId: AGENT }), name: "arm" });
    agent = await startAgent(folder, { program: node });
    await until(() => server.fleet.isConnected(AGENT));
  });
  afterEach(async () => {
    await agent.kill();
    endLeftovers(agent, ["web"]);
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it("joins, says what it is, does verbs, and keeps a service running", async () => {
    const [one] = await server.fleet.nodes(TENANT);
    expect(one?.facts["architecture"]).toBe("arm64");
    const job = await server.run([
      agentCall(AGENT, "add", { to: "page", text: "made on aarch64\n" }),
      runCall(AGENT, "cat page"),
      agentCall(AGENT, "service", { name: "web", command: ["sleep", "1000"] }),
    ]);
    expect((await server.ended(job)).status).toBe("done");
    expect(await outputOf(server, job)).toContain("made on aarch64");
    expect(readFileSync(join(agent.home, "page"), "utf8")).toBe("made on aarch64\n");
    const failing = await server.run([runCall(AGENT, "exit 7")]);
    expect(await server.ended(failing)).toMatchObject({ status: "failed" });
    const services = await server.fleet.ask(TENANT, { agentId: AGENT }, "agent", "services", {}, 20_000);
    expect(services).toMatchObject([{ name: "web", state: "running" }]);
  });
});

import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { groupMembers, processesMarked, processName } from "../src/executor/index.ts";
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

// The agent as a process of its own, over TLS, against a server with a real database.

let folder: string;
let server: LinkServer;
let agents: AgentProcess[];
const AGENT = "foundation-1";

beforeEach(async () => {
  folder = testFolder();
  agents = [];
  server = await startServer(folder, { heartbeat: 500 });
});
afterEach(async () => {
  for (const agent of agents) {
    await agent.kill();
    endLeftovers(agent, ["web"]);
  }
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function agent(
  options: { transport?: string; name?: string; foundationId?: string } = {},
): Promise<AgentProcess> {
  const { name = "node1", foundationId = AGENT, transport } = options;
  const place = join(folder, name);
  if (!existsSync(join(place, "state", "identity.json"))) {
    leaveJoin(place, { urls: [server.url], token: await server.token({ foundationId }), name });
  }
  const started = await startAgent(place, transport === undefined ? {} : { transport });
  agents.push(started);
  return started;
}

function connected(id = AGENT): Promise<void> {
  return until(() => server.fleet.isConnected(id));
}

async function services(): Promise<{ name: string; state: string; pid: number | null }[]> {
  return (await server.fleet.ask(TENANT, { agentId: AGENT }, "agent", "services", {}, 5000)) as never;
}

describe.each(["websocket", "poll"])("an agent over %s", (transport) => {
  it("joins, does the verbs, and streams what they write", async () => {
    const { state, home } = await agent({ transport });
    await connected();
    expect(existsSync(join(state, "join.json"))).toBe(false);
    expect(await server.fleet.node(TENANT, "node1")).toMatchObject({
      kind: "agent",
      state: "connected",
      foundationId: AGENT,
    });
    const content = randomBytes(3_000_000);
    const sha256 = await server.fleet.content.put(TENANT, content);
    const job = await server.run(
      [
        agentCall(AGENT, "workdir", { path: "web", stdout_arg: "folder" }),
        agentCall(AGENT, "add", { to: "web/large", sha256 }),
        agentCall(AGENT, "add", { to: "web/small", text: "small\n" }),
        agentCall(AGENT, "arg", { name: "who", value: "you" }),
        runCall(AGENT, "echo hello {{ who }} in {{ folder }}; cat web/small >&2", { stdout_arg: "said" }),
        runCall(AGENT, "echo again: {{ said }}"),
      ],
      { batch: 1 },
    );
    expect(await server.ended(job)).toMatchObject({ status: "done" });
    expect(readFileSync(join(home, "web/large")).equals(content)).toBe(true);
    const output = await outputOf(server, job);
    expect(output).toBe(`${home}/web\nhello you in ${home}/web\nsmall\nagain: hello you in ${home}/web\n`);
    expect(await server.fleet.ask(TENANT, { agentId: AGENT }, "agent", "facts", {}, 5000)).toMatchObject({
      node: process.version,
    });
  });

  it("shows output while the command still runs, and keeps its exit code", async () => {
    const { home } = await agent({ transport });
    await connected();
    const job = await server.run([
      runCall(AGENT, "echo first; until [ -e go ]; do sleep 0.02; done; echo last; exit 3"),
    ]);
    await until(async () => (await outputOf(server, job)) === "first\n");
    expect((await server.jobs.service.get(TENANT, job.id)).status).toBe("waiting");
    writeFileSync(join(home, "go"), "");
    expect(await server.ended(job)).toMatchObject({ status: "failed", failure: { code: "run_failed" } });
    expect(await outputOf(server, job)).toBe("first\nlast\n");
    const [task] = await server.jobs.service.tasks(job.id, { after: null, limit: 1 });
    expect(task?.error?.details).toMatchObject({ exit_code: 3 });
  });

  it("passes on output faster than any link, whole and in order", async () => {
    await agent({ transport });
    await connected();
    const job = await server.run([runCall(AGENT, "seq 1 300000")]);
    expect(await server.ended(job)).toMatchObject({ status: "done" });
    const wanted = Array.from({ length: 300_000 }, (_, index) => `${index + 1}\n`).join("");
    const output = await outputOf(server, job);
    expect(hash(output)).toBe(hash(wanted));
  });
});

function hash(text: string): string {
  return `${text.length} ${createHash("sha256").update(text).digest("hex")}`;
}

describe("stopping what runs", () => {
  it("a time-out ends the whole process group on the node", async () => {
    const { home } = await agent();
    await connected();
    const job = await server.run([runCall(AGENT, "echo $$ > pid; sleep 1000 & sleep 1000", { timeout: 0.5 })]);
    expect(await server.ended(job)).toMatchObject({ status: "failed", failure: { code: "function_timed_out" } });
    expect(groupMembers(Number(readFileSync(join(home, "pid"), "utf8")))).toEqual([]);
  });

  it("so does the time-out of its task, and a cancel", async () => {
    const { home } = await agent();
    await connected();
    const command = "echo $$ > pid; sleep 1000 & sleep 1000";
    const job = await server.run([runCall(AGENT, command)], { timeout: 500 });
    expect(await server.ended(job)).toMatchObject({ status: "failed", failure: { code: "function_timed_out" } });
    expect(groupMembers(Number(readFileSync(join(home, "pid"), "utf8")))).toEqual([]);
    rmSync(join(home, "pid"));
    const second = await server.run([runCall(AGENT, command)]);
    await until(() => existsSync(join(home, "pid")) && readFileSync(join(home, "pid"), "utf8").endsWith("\n"));
    const group = Number(readFileSync(join(home, "pid"), "utf8"));
    expect(groupMembers(group).length).toBeGreaterThan(0);
    await server.jobs.service.cancel(TENANT, second.id);
    expect(await server.ended(second)).toMatchObject({ status: "cancelled" });
    expect(groupMembers(group)).toEqual([]);
  });

  it("an agent that is told to end reports what ran as interrupted, and leaves its services", async () => {
    const first = await agent();
    await connected();
    await server.ended(await server.run([agentCall(AGENT, "service", { name: "web", command: ["sleep", "1000"] })]));
    const pid = (await services())[0]?.pid ?? 0;
    const job = await server.run([runCall(AGENT, "touch running; sleep 1000")]);
    await until(() => existsSync(join(first.home, "running")));
    await first.kill("SIGTERM");
    expect((await first.ended).code).toBe(0);
    expect(await server.ended(job)).toMatchObject({ status: "failed", failure: { code: "function_interrupted" } });
    expect(processName(pid)).toBeDefined();
  });
});

describe("kill -9 of the agent", () => {
  it("leaves a service running, which is found again and stopped when asked", async () => {
    const first = await agent();
    await connected();
    const service = { name: "web", command: ["sleep", "1000"] };
    await server.ended(await server.run([agentCall(AGENT, "service", service)]));
    const [before] = await services();
    await first.kill();
    await until(() => !server.fleet.isConnected(AGENT));
    expect(processName(before!.pid!)).toBeDefined();
    await agent();
    await connected();
    expect(await services()).toEqual([{ ...before, state: "running" }]);
    const again = await server.run([agentCall(AGENT, "service", service)]);
    await server.ended(again);
    expect((await server.jobs.service.tasks(again.id, { after: null, limit: 1 }))[0]?.value).toMatchObject({
      changed: false,
      pid: before!.pid,
    });
    await server.ended(await server.run([agentCall(AGENT, "service", { name: "web", state: "absent" })]));
    expect(processName(before!.pid!)).toBeUndefined();
    expect(await services()).toEqual([]);
  });

  it("in the middle of a command ends it as interrupted, with nothing of it left running", async () => {
    const first = await agent();
    await connected();
    const job = await server.run([runCall(AGENT, "echo x >> ledger; (setsid sleep 1000 &) ; sleep 1000 & sleep 1000")]);
    await until(() => existsSync(join(first.home, "ledger")));
    const [task] = await server.jobs.service.tasks(job.id, { after: null, limit: 1 });
    await until(() => processesMarked("GANTRY_TASK", task!.id).length >= 3);
    await first.kill();
    await agent();
    expect(await server.ended(job)).toMatchObject({ status: "failed", failure: { code: "function_interrupted" } });
    expect(processesMarked("GANTRY_TASK", task!.id)).toEqual([]);
    expect(readFileSync(join(first.home, "ledger"), "utf8")).toBe("x\n");
  });

  it("at any point runs nothing twice that may not run twice, and every job still ends", async () => {
    // Each interrupts as many as run at the same time: most of the jobs are spared.
    const kills = 8;
    let current = await agent();
    const ledger = join(current.home, "ledger");
    function lines(): string[] {
      return existsSync(ledger) ? readFileSync(ledger, "utf8").split("\n").slice(0, -1) : [];
    }
    const jobs = await Promise.all(
      Array.from({ length: 250 }, (_, job) =>
        server.run(
          Array.from({ length: 2 }, (_unused, call) => runCall(AGENT, `echo ${job}-${call} >> ledger`)),
          { batch: 1 + (job % 2) },
        ),
      ),
    );
    const over = Promise.all(jobs.map((job) => server.ended(job)));
    let finished = false;
    void over.finally(() => {
      finished = true;
    });
    for (let kill = 1; kill <= kills && !finished; kill += 1) {
      // Killed after so many more lines: at another moment each time, in the middle of whatever is under way then.
      const goal = lines().length + 1 + (kill % 7);
      await until(() => finished || lines().length >= goal);
      await current.kill();
      current = await agent();
    }
    const ended = await over;
    const written = lines();
    expect(written.length).toBe(new Set(written).size);
    for (const [index, job] of ended.entries()) {
      const own = written.filter((line) => line.startsWith(`${index}-`));
      // What was done is in the ledger; of what was interrupted nobody can say.
      if (job.status === "done") expect(own).toHaveLength(2);
      else expect(job.failure?.code).toMatch(/^(function|task)_interrupted$/);
    }
    expect(ended.filter(({ status }) => status === "done").length).toBeGreaterThan(0);
  });

  it("does no harm to what is safe to repeat: all of it is done in the end", async () => {
    let current = await agent();
    const jobs = await Promise.all(
      Array.from({ length: 20 }, (_, job) =>
        server.run(
          Array.from({ length: 5 }, (_unused, call) => agentCall(AGENT, "add", { to: `${job}-${call}`, text: "x" })),
          { batch: 1 + (job % 2) * 4 },
        ),
      ),
    );
    const over = Promise.all(jobs.map((job) => server.ended(job)));
    for (let kill = 0; kill < 5; kill += 1) {
      await until(() => existsSync(join(current.home, `${kill * 3}-0`)));
      await current.kill();
      current = await agent();
    }
    expect((await over).map(({ status }) => status)).toEqual(jobs.map(() => "done"));
    for (let job = 0; job < 20; job += 1)
      for (let call = 0; call < 5; call += 1) expect(existsSync(join(current.home, `${job}-${call}`))).toBe(true);
  });

  it("while it joins ends in one node, joined", async () => {
    const place = join(folder, "node1");
    leaveJoin(place, { urls: [server.url], token: await server.token({ foundationId: AGENT }), name: "node1" });
    for (let count = 0; count < 4; count += 1) {
      const started = await startAgent(place);
      agents.push(started);
      const file = ["joining.json", "identity.json"][count % 2] as string;
      await until(() => existsSync(join(place, "state", file)) || existsSync(join(place, "state", "identity.json")));
      await started.kill();
    }
    await agent();
    await connected();
    expect(await server.fleet.nodes(TENANT)).toHaveLength(1);
  });
});

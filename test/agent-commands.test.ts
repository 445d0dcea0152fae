import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { groupMembers, processesMarked, processName } from "../src/executor/index.ts";
import type { TestCall } from "../src/fleet/testing.ts";
import {
  type AgentProcess,
  endLeftovers,
  leaveJoin,
  type LinkServer,
  outputOf,
  runCall,
  startAgent,
  startServer,
  testFolder,
  until,
} from "./link-support.ts";

// Commands one after another, as an orchestration has them: small launchers start them on the agent's behalf, where the node has Perl. What
// the commands get, and what becomes of them, is the same as when the agent itself starts one.

let folder: string;
let server: LinkServer;
let agent: AgentProcess;
const AGENT = "foundation-1";

beforeEach(async () => {
  folder = testFolder();
  server = await startServer(folder, { heartbeat: 500 });
  const place = join(folder, "node1");
  leaveJoin(place, { urls: [server.url], token: await server.token({ foundationId: AGENT }), name: "node1" });
  agent = await startAgent(place);
  await until(() => server.fleet.isConnected(AGENT));
});
afterEach(async () => {
  await agent.kill();
  endLeftovers(agent, []);
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A list of so many commands that do nothing, and these behind them. */
function behindOthers(...commands: readonly TestCall[]): TestCall[] {
  return [...Array.from({ length: 40 }, () => runCall(AGENT, "true")), ...commands];
}

async function fileOf(name: string): Promise<string> {
  const path = join(agent.home, name);
  await until(() => existsSync(path) && readFileSync(path, "utf8").endsWith("\n"));
  return readFileSync(path, "utf8").trim();
}

describe("in a list of commands", () => {
  it.runIf(existsSync("/usr/bin/perl"))("most are started by a launcher", async () => {
    // The first ones are not: a launcher is started beside them.
    do {
      const job = await server.run(behindOthers(runCall(AGENT, "cat /proc/$PPID/cmdline > by")));
      expect(await server.ended(job)).toMatchObject({ status: "done" });
    } while (readFileSync(join(agent.home, "by"), "utf8").split("\0")[0]!.trim() !== "gantry: starts commands");
  });

  it("what is typed arrives", async () => {
    const texts = ["a   b", "  a\tb  ", "a\nb", "'$HOME' `x` \\", "ü → 🦀"];
    const commands = texts.map((text) => runCall(AGENT, `cat <<'EOF'\n${text}\nEOF`));
    const job = await server.run(behindOthers(...commands));
    expect(await server.ended(job)).toMatchObject({ status: "done" });
    expect(await outputOf(server, job)).toBe(texts.map((text) => `${text}\n`).join(""));
  });

  it.each([3, 137])("exit code %i is kept, and nothing behind it runs", async (code) => {
    const job = await server.run(
      behindOthers(runCall(AGENT, `echo said; exit ${code}`), runCall(AGENT, "touch behind")),
    );
    expect(await server.ended(job)).toMatchObject({ status: "failed", failure: { code: "run_failed" } });
    const [task] = await server.jobs.service.tasks(job.id, { after: null, limit: 1 });
    expect(task?.error?.details).toMatchObject({ exit_code: code });
    expect(await outputOf(server, job)).toBe("said\n");
    expect(existsSync(join(agent.home, "behind"))).toBe(false);
  });

  it("output is heard while its command runs", async () => {
    const job = await server.run(
      behindOthers(runCall(AGENT, "echo first; until [ -e go ]; do sleep 0.02; done; echo last")),
    );
    await until(async () => (await outputOf(server, job)) === "first\n");
    writeFileSync(join(agent.home, "go"), "");
    expect(await server.ended(job)).toMatchObject({ status: "done" });
    expect(await outputOf(server, job)).toBe("first\nlast\n");
  });

  it("a time-out leaves nothing running", async () => {
    const job = await server.run(
      behindOthers(runCall(AGENT, "echo $$ > pid; sleep 1000 & sleep 1000", { timeout: 0.5 })),
    );
    expect(await server.ended(job)).toMatchObject({ status: "failed", failure: { code: "function_timed_out" } });
    expect(groupMembers(Number(await fileOf("pid")))).toEqual([]);
  });

  it("kill -9 of the agent ends what ran and what started it", async () => {
    const job = await server.run(
      behindOthers(runCall(AGENT, "echo x >> ledger; echo $PPID > parent; echo $$ > pid; sleep 1000")),
    );
    const [group, parent] = [Number(await fileOf("pid")), Number(await fileOf("parent"))];
    const [task] = await server.jobs.service.tasks(job.id, { after: null, limit: 1 });
    await agent.kill();
    agent = await startAgent(join(folder, "node1"));
    expect(await server.ended(job)).toMatchObject({ status: "failed" });
    expect(groupMembers(group)).toEqual([]);
    expect(processesMarked("GANTRY_TASK", task!.id)).toEqual([]);
    await until(() => processName(parent) === undefined);
    expect(readFileSync(join(agent.home, "ledger"), "utf8")).toBe("x\n");
  });

  it("kill -9 of what starts them fails the command that ran, and the agent goes on", async () => {
    const job = await server.run(behindOthers(runCall(AGENT, "echo $PPID > parent; echo $$ > pid; sleep 1000")));
    const [group, parent] = [Number(await fileOf("pid")), Number(await fileOf("parent"))];
    if (parent === agent.child.pid) return;
    process.kill(parent, "SIGKILL");
    expect(await server.ended(job)).toMatchObject({ status: "failed", failure: { code: "command_lost" } });
    expect(groupMembers(group)).toEqual([]);
    const next = await server.run(behindOthers(runCall(AGENT, "echo next")));
    expect(await server.ended(next)).toMatchObject({ status: "done" });
    expect(await outputOf(server, next)).toBe("next\n");
  });
});

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type GantryClient } from "../../src/client/index.ts";
import { type AgentProcess, leaveJoin, startAgent, until } from "../link-support.ts";
import { processesOf, ROOT } from "./gantry.ts";

/** A server and agents as processes of their own, to be killed and started again. */
export interface FleetProcesses {
  readonly client: GantryClient;
  readonly folder: string;
  /** Resolves when it answers. */
  startServer(): Promise<void>;
  /** SIGKILL. */
  killServer(): Promise<void>;
  /** The first time, or again. `through`: the command that starts it, as `ip netns exec NAME`. */
  startAgent(name: string, through?: readonly string[]): Promise<void>;
  /** SIGKILL. */
  killAgent(name: string): Promise<void>;
  /** Resolves when all of these are connected. */
  connected(...names: readonly string[]): Promise<void>;
  /** Lines of the file `ledger` in an agent's home. */
  ledger(name: string): readonly string[];
  /** Ends everything, and leaves nothing behind. */
  close(): Promise<void>;
}

/** @param settings of the server, as in its environment */
export function fleetProcesses(settings: Readonly<Record<string, string>>): FleetProcesses {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "gantry-fleet-"));
  const dataFolder = join(folder, "data");
  const client = createClient({ dataFolder });
  const agents = new Map<string, AgentProcess>();
  let server: ChildProcess | undefined;

  async function killServer(): Promise<void> {
    const child = server;
    if (child?.pid === undefined) return;
    server = undefined;
    const ended = once(child, "exit");
    // What it started ends with it.
    process.kill(-child.pid, "SIGKILL");
    await ended;
  }

  return {
    client,
    folder,
    async startServer() {
      const program = ["--disable-warning=ExperimentalWarning", join(ROOT, "src/cli/main.js")];
      server = spawn(process.execPath, [...program, "server", "run", "--data", dataFolder], {
        env: { ...process.env, GANTRY_THIS_MACHINE: "false", GANTRY_LOG_LEVEL: "error", ...settings },
        stdio: "ignore",
        detached: true,
      });
      await until(() =>
        client.server.readyz().then(
          () => true,
          () => false,
        ),
      );
    },
    killServer,
    async startAgent(name, through = []) {
      const place = join(folder, name);
      if (!existsSync(join(place, "state", "identity.json"))) {
        const { urls } = JSON.parse(readFileSync(join(dataFolder, "server.json"), "utf8")) as { urls: string[] };
        const { token } = await client.joinTokens.create({ role: "agent", name });
        leaveJoin(place, { urls, token, name });
      }
      agents.set(name, await startAgent(place, { through }));
    },
    async killAgent(name) {
      await agents.get(name)?.kill();
      agents.delete(name);
    },
    connected: (...names) =>
      until(async () => {
        const nodes = await client.nodes.list().all();
        return names.every((name) => nodes.some((one) => one.name === name && one.state === "connected"));
      }),
    ledger(name) {
      const path = join(folder, name, "home", "ledger");
      return existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
    },
    async close() {
      for (const agent of agents.values()) await agent.kill();
      await killServer();
      for (const { pid } of processesOf(folder)) process.kill(pid, "SIGKILL");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A command that writes its own name into the ledger, and that name on the disk before it ends: each time it runs there is one line more. */
export function toLedger(name: string): string {
  return `echo ${name} | dd of=ledger oflag=append conv=notrunc,fsync status=none`;
}

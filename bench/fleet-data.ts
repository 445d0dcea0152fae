import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { DEFAULT_TENANT } from "../src/access/index.ts";
import { createClient, type GantryClient } from "../src/client/index.ts";
import { saveExecutor } from "../src/fleet/store.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { systemRandom } from "../src/kernel/ids.ts";
import { createKeyPair } from "../src/link/index.ts";
import { openDatabase } from "../src/platform/database/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import type { AgentsNews } from "./fleet-agents-data.ts";

// A server as users have it, and thousands of agents that have joined it, many to a process (`fleet-agents-data.ts`).

const execute = promisify(execFile);
const root = join(import.meta.dirname, "..");

/** Agents in one process. */
export const IN_A_PROCESS = 1250;
/** Milliseconds between two looks. */
const LOOK = 20;
/** Where agents keep what they keep: each has a disk of its own in life, and thousands on one would measure that disk. */
const MEMORY_FOLDER = "/dev/shm";

export interface FleetRig {
  readonly dataFolder: string;
  readonly databaseFile: string;
  readonly client: GantryClient;
  /** Of the server. */
  pid(): number;
  gantry(...parameters: readonly string[]): Promise<string>;
  /** Starts so many agents, from that number on. */
  startAgents(first: number, count: number): Promise<void>;
  /** Resolves when so many agents are connected; rejects after so many milliseconds. */
  untilConnected(count: number, patience: number): Promise<void>;
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
  close(): Promise<void>;
}

/** A server with agents that have joined it; none is started yet. */
export async function openFleet(agents: number): Promise<FleetRig> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-fleet-"));
  const states = mkdtempSync(join(MEMORY_FOLDER, "gantry-bench-fleet-"));
  const dataFolder = join(folder, "data");
  const databaseFile = join(dataFolder, "gantry.db");
  const processes: { child: ChildProcess; connected: number }[] = [];

  async function gantry(...parameters: readonly string[]): Promise<string> {
    // In life every agent has an address of its own; here all come from one.
    const environment = { ...process.env, GANTRY_DATA: dataFolder, GANTRY_RATE_PER_ADDRESS: "0" };
    return (await execute(join(root, "gantry"), parameters, { env: environment, maxBuffer: 2 ** 28 })).stdout;
  }

  const startServer = async (): Promise<void> => void (await gantry("server", "start"));
  const stopServer = async (): Promise<void> => void (await gantry("server", "stop"));
  const record = () =>
    JSON.parse(readFileSync(join(dataFolder, "server.json"), "utf8")) as { pid: number; urls: string[] };
  const connected = (): number => processes.reduce((sum, one) => sum + one.connected, 0);

  async function untilConnected(count: number, patience: number): Promise<void> {
    const began = performance.now();
    while (connected() !== count) {
      if (performance.now() - began > patience) throw new Error(`${connected()} of ${count} agents are connected`);
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
  }

  async function close(): Promise<void> {
    for (const { child } of processes) await ended(child);
    await stopServer().catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
    rmSync(states, { recursive: true, force: true });
  }

  try {
    await startServer();
    const { urls } = record();
    const ca = readFileSync(join(dataFolder, "tls/ca.pem"), "utf8");
    await stopServer();
    await joinAgents(databaseFile, states, { count: agents, urls, ca });
    await startServer();
  } catch (error) {
    await close();
    throw error;
  }
  return {
    dataFolder,
    databaseFile,
    client: createClient({ dataFolder }),
    pid: () => record().pid,
    gantry,
    async startAgents(first, count) {
      for (let from = first; from < first + count; from += IN_A_PROCESS) {
        const some = Math.min(IN_A_PROCESS, first + count - from);
        const child = fork(join(import.meta.dirname, "fleet-agents-data.ts"), [states, String(from), String(some)], {
          execArgv: ["--disable-warning=ExperimentalWarning"],
        });
        const one = { child, connected: 0 };
        child.on("message", (news: AgentsNews) => (one.connected = news.connected));
        processes.push(one);
      }
    },
    untilConnected,
    stopServer,
    startServer,
    close,
  };
}

/** Ends a process, unless it has ended by itself. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

/** Makes agents that have joined: what the server remembers of them, and what they keep. */
async function joinAgents(
  databaseFile: string,
  states: string,
  { count, urls, ca }: { readonly count: number; readonly urls: readonly string[]; readonly ca: string },
): Promise<void> {
  const database = await openDatabase(databaseFile, { clock: systemClock, log: silentLogger() });
  try {
    await database.transaction(async (tx) => {
      for (let number = 0; number < count; number += 1) {
        const keys = createKeyPair();
        const id = systemRandom.id();
        const name = agentName(number);
        const place = join(states, String(number));
        mkdirSync(place, { mode: 0o700 });
        const identity = { urls, ca, id, name, key: keys.privateKey, site: null, token: "" };
        writeFileSync(join(place, "identity.json"), JSON.stringify(identity), { mode: 0o600 });
        await saveExecutor(tx, {
          id,
          tenantId: DEFAULT_TENANT.id,
          kind: "agent",
          name,
          publicKey: keys.publicKey,
          foundationId: null,
          siteId: null,
          version: "",
          modules: {},
          facts: {},
          joinedAt: systemClock.now(),
          seenAt: null,
          pin: "",
          drainAt: null,
        });
      }
    });
  } finally {
    await database.close();
  }
}

/** What an agent is called. */
export function agentName(number: number): string {
  return `agent-${String(number).padStart(5, "0")}`;
}

/** Memory a process has now. */
export function residentMegabytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}

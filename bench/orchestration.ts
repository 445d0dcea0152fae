import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createClient, type GantryClient } from "../src/client/index.ts";
import { agentBundle } from "../src/executor/index.ts";
import { measured, type Measurement } from "../scripts/measurement.ts";

// A thousand commands on each of six nodes: `RUN echo`, one after the other on a node, as Director's own numbers count them. Server and agents
// are processes of their own, joined over TLS; an agent is the one file that machines are sent. Beside it as many shells started by xargs,
// two at a time. And what an agent costs that has nothing to do.

const execute = promisify(execFile);
const root = join(import.meta.dirname, "..");
const NODES = 6;
const COMMANDS = 1000;
/** Milliseconds between two looks. */
const LOOK = 20;
/** Milliseconds after which an agent with nothing to do has given back what its start took. */
const IDLE = 15_000;

/** Measures all of it, in a folder of its own, and leaves nothing behind. */
export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-orchestration-"));
  const agents: ChildProcess[] = [];
  try {
    await gantry(folder, "server", "start");
    const client = createClient({ dataFolder: join(folder, "data") });
    const bundle = join(folder, "agent.mjs");
    writeFileSync(bundle, await agentBundle());
    const { urls } = JSON.parse(readFileSync(join(folder, "data/server.json"), "utf8")) as { urls: string[] };
    for (let number = 0; number < NODES; number += 1) {
      const { token } = await client.joinTokens.create({ role: "agent", name: `node${number}` });
      agents.push(startAgent(folder, bundle, number, { urls, token }));
    }
    await untilConnected(client, NODES);
    // Both are measured when everything was started, read and compiled once.
    await echoes(client, 50);
    await shells(50);
    const bare = await shells(COMMANDS * NODES);
    const ours = await echoes(client, COMMANDS);
    const baselineName = "as many shells started by xargs, two at a time";
    const name = `${COMMANDS.toLocaleString("en")} × RUN echo on ${NODES} agents`;
    await new Promise((resolve) => setTimeout(resolve, IDLE));
    const idle = agents.map((agent) => residentMegabytes(agent.pid as number));
    const bareNode = await bareMegabytes();
    return [
      measured(name, "s", ours, bare, baselineName, 2 * bare),
      measured("an idle agent", "MB", Math.max(...idle), bareNode, "a bare Node with an open socket", 80),
    ];
  } finally {
    for (const agent of agents) await end(agent);
    await gantry(folder, "server", "stop").catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same text on every node, as often. Returns seconds until the server says that all of it is done. */
async function echoes(client: GantryClient, count: number): Promise<number> {
  const began = performance.now();
  const jobs = Array.from({ length: count }, (_, index) => ({ verb: "RUN", text: `echo ${index + 1}` }));
  const { id } = await client.runs.create({ text: "orchestrate bench.yaml", entries: [{ jobs }] });
  let done = 0;
  let lines = 0;
  for await (const line of await client.runs.output(id)) {
    if (line.kind === "ended" && line.state === "done") done += 1;
    lines += line.text?.match(/\n/g)?.length ?? 0;
  }
  const seconds = (performance.now() - began) / 1000;
  if (done !== NODES || lines !== count * NODES) throw new Error(`${done} nodes did it, and wrote ${lines} lines`);
  return seconds;
}

async function shells(count: number): Promise<number> {
  const numbers = Array.from({ length: count }, (_, index) => `${index + 1}\n`).join("");
  const began = performance.now();
  const child = spawn("xargs", ["-P2", "-I{}", "/bin/sh", "-c", "echo {}"], { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(numbers);
  await once(child, "exit");
  return (performance.now() - began) / 1000;
}

interface JoinWith {
  readonly urls: readonly string[];
  readonly token: string;
}

function startAgent(folder: string, bundle: string, number: number, { urls, token }: JoinWith): ChildProcess {
  const place = join(folder, `node${number}`);
  return spawn(
    process.execPath,
    [bundle, "agent", "--state", join(place, "state"), "--home", place, ...urls.flatMap((url) => ["--server", url])],
    { env: { PATH: process.env["PATH"], GANTRY_JOIN_TOKEN: token }, stdio: ["ignore", "ignore", "inherit"] },
  );
}

async function untilConnected(client: GantryClient, count: number): Promise<void> {
  for (;;) {
    let connected = 0;
    for await (const node of client.nodes.list())
      if (node.name.startsWith("node") && node.state === "connected") connected += 1;
    if (connected === count) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
}

/** Memory of a Node that waits at a socket. */
async function bareMegabytes(): Promise<number> {
  const program = 'require("node:net").createServer().listen(0, "127.0.0.1", () => console.log("up"))';
  const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    await once(child.stdout, "data");
    return residentMegabytes(child.pid as number);
  } finally {
    await end(child);
  }
}

function residentMegabytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}

async function gantry(folder: string, ...parameters: readonly string[]): Promise<void> {
  const environment = { ...process.env, GANTRY_DATA: join(folder, "data") };
  await execute(join(root, "gantry"), parameters, { env: environment });
}

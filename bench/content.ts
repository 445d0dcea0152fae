import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomFillSync } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  createReadStream,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { agentBundle } from "../src/executor/index.ts";
import { createTestFleet, FLEET_MIGRATIONS, TENANT } from "../src/fleet/testing.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { migrate, openDatabase } from "../src/platform/database/index.ts";
import { createHttpServer, keepOwnCertificates } from "../src/platform/http/index.ts";
import { silentLogger } from "../src/platform/logging/index.ts";
import { measured, type Measurement } from "../scripts/measurement.ts";

// A file of 1 GB, which cannot be compressed, to 6 agents: each a process of its own as on a machine of its own, over TLS, verified, on the
// disk. This process is the server. Beside it six `cat f | cat > copy` at once, which neither encrypt nor verify nor wait for the disk.

const NODES = 6;
const SIZE = 1_000_000_000;
/** Times the baseline's wall time that is allowed. */
const LIMIT = 2;
const ADDRESS = "127.0.0.1";

export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-content-"));
  try {
    const file = join(folder, "f");
    const sha256 = makeFile(file);
    const rig = await openRig(folder);
    try {
      const before = await copies(folder, file);
      const storing = await seconds(() => rig.keep(createReadStream(file, { highWaterMark: 512 * 1024 })));
      const copying = await copies(folder, file, 1);
      const cpu = process.cpuUsage();
      const ofNodes = rig.used();
      const lag = watchLag();
      const delivered = await seconds(() => rig.deliver(sha256));
      const used = process.cpuUsage(cpu);
      const usedByNodes = rig.used() - ofNodes;
      const longest = lag();
      const after = await copies(folder, file);
      const baseline = (before + after) / 2;
      const cat = `${NODES} × cat f | cat > copy`;
      const name = `1 GB to ${NODES} nodes`;
      return [
        { ...measured(`${name}, from the server's store`, "s", delivered, baseline, cat), limit: LIMIT * baseline },
        measured(`${name}: processor time of the server`, "s", (used.user + used.system) / 1e6, baseline, cat),
        measured(`${name}: processor time of the nodes together`, "s", usedByNodes, baseline, cat),
        measured(`${name}: longest wait of others at the server`, "ms", longest, delivered * 1000, "all of it"),
        measured(`${name}: memory of the server`, "MB", process.memoryUsage().rss / 1e6, SIZE / 1e6, "the file"),
        measured("1 GB into the server's store, hashed, on the disk", "s", storing, copying, "cat f | cat > copy"),
      ];
    } finally {
      await rig.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

/** How long the event loop was held at the longest, milliseconds. */
function watchLag(): () => number {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last - 5);
    last = performance.now();
  }, 5);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

function makeFile(path: string): string {
  const hash = createHash("sha256");
  const piece = Buffer.alloc(4_000_000);
  const file = openSync(path, "wx");
  for (let size = 0; size < SIZE; size += piece.length) {
    randomFillSync(piece);
    hash.update(piece);
    writeSync(file, piece);
  }
  closeSync(file);
  return hash.digest("hex");
}

/** Seconds. */
async function copies(folder: string, file: string, count: number = NODES): Promise<number> {
  const names = Array.from({ length: count }, (_, index) => join(folder, `copy${index}`));
  const all = () =>
    Promise.all(names.map((name) => finished(spawn("/bin/sh", ["-c", 'cat "$0" | cat > "$1"', file, name]))));
  const took = await seconds(all);
  // Not by this process's own hand: it would keep the nodes' signs of life waiting.
  await finished(spawn("rm", names));
  await finished(spawn("sync"));
  return took;
}

async function finished(child: ChildProcess): Promise<void> {
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`a program ended with ${code}`);
}

/** Seconds, by the ticks of `/proc/PID/stat`: a hundred a second. */
function processorTime(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user, system] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13);
  return (Number(user) + Number(system)) / 100;
}

interface Rig {
  keep(bytes: AsyncIterable<Uint8Array>): Promise<unknown>;
  /** Resolves when all nodes have the file. */
  deliver(sha256: string): Promise<void>;
  /** Seconds of processor time that the nodes have used. */
  used(): number;
  close(): Promise<void>;
}

async function openRig(folder: string): Promise<Rig> {
  const log = silentLogger();
  const database = await openDatabase(join(folder, "bench.db"), { clock: systemClock, log });
  await migrate(database, FLEET_MIGRATIONS, systemClock);
  const keeper = await keepOwnCertificates(join(folder, "tls"), [ADDRESS], { clock: systemClock, log });
  const rig = await createTestFleet(database, systemClock, {
    certificates: () => keeper.current,
    contentFolder: join(folder, "content"),
  });
  const http = await createHttpServer({
    log,
    version: "bench",
    authenticate: () => ({}),
    ready: () => Promise.resolve(true),
    metrics: () => Promise.resolve(""),
  });
  rig.fleet.mount(http);
  const { url } = await http.listen({ host: ADDRESS, port: 0 }, keeper.current);
  await rig.fleet.start({ urls: [url] });
  writeFileSync(join(folder, "agent.mjs"), await agentBundle());
  const agents: ChildProcess[] = [];
  for (let index = 0; index < NODES; index += 1) {
    const { token } = await rig.fleet.mintJoinToken({
      tenantId: TENANT,
      kind: "agent",
      expiresIn: 600,
      foundationId: `f${index}`,
    });
    const [state, home] = [join(folder, `n${index}`, "state"), join(folder, `n${index}`, "home")];
    mkdirSync(state, { recursive: true, mode: 0o700 });
    mkdirSync(home);
    writeFileSync(join(state, "join.json"), JSON.stringify({ urls: [url], token, name: `n${index}` }), { mode: 0o600 });
    const words = [join(folder, "agent.mjs"), "agent", "--state", state, "--home", home];
    agents.push(spawn(process.execPath, words, { stdio: ["ignore", "ignore", "inherit"] }));
  }
  while (!agents.every((_, index) => rig.fleet.isConnected(`f${index}`)))
    await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    keep: (bytes) => rig.fleet.content.keep(TENANT, bytes),
    async deliver(sha256) {
      const parameters = { to: "f", files: [{ name: "f", sha256, size: SIZE }] };
      const jobs = await Promise.all(
        agents.map((_, index) =>
          rig.run([
            { route: { agentId: `f${index}` }, module: "agent", function: "add", parameters, safeToRepeat: true },
          ]),
        ),
      );
      const ended = await Promise.all(jobs.map((job) => rig.ended(job)));
      const failed = ended.find(({ status }) => status !== "done");
      if (failed !== undefined) throw new Error(`a node has no file: ${JSON.stringify(failed.failure)}`);
      for (const [index] of agents.entries())
        if (statSync(join(folder, `n${index}`, "home", "f")).size !== SIZE) throw new Error("a file is too short");
    },
    used: () => agents.reduce((sum, { pid }) => sum + processorTime(pid!), 0),
    async close() {
      const ends = agents.map((agent) => once(agent, "exit"));
      for (const agent of agents) agent.kill();
      await Promise.all(ends);
      keeper.stop();
      await rig.close();
      await http.close();
      await database.close();
    },
  };
}

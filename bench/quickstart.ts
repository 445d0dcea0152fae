import { execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { measured, type Measurement } from "../scripts/measurement.ts";

// What a newcomer waits for: the quickstart site until all four structures answer, the same again with nothing to do, and what the server
// costs when it idles. The baselines are bare: Node that does nothing, and four web servers started by a shell script.

const execute = promisify(execFile);
const root = join(import.meta.dirname, "..");
const PORT = 8080;
/** Addresses of its own, so that a quickstart that runs on this machine is not taken for this one. */
const [THEIR_NETWORK, NETWORK, BARE_NETWORK] = ["127.80.0", "127.91.0", "127.92.0"];
/** What the quickstart's structures get: the lowest free addresses, and the balancer's own. */
const ADDRESSES = [1, 2, 3, 100].map((host) => `${NETWORK}.${host}`);
const BARE_ADDRESSES = [1, 2, 3, 4].map((host) => `${BARE_NETWORK}.${host}`);
/** Threads that render templates end when there is nothing to render, and what they used is given back. */
const IDLE_MILLISECONDS = 40_000;

/** Measures all of it, in a folder of its own, and leaves nothing behind. */
export async function run(): Promise<readonly Measurement[]> {
  const folder = mkdtempSync(join(tmpdir(), "gantry-bench-"));
  cpSync(join(root, "examples/quickstart"), join(folder, "site"), { recursive: true });
  const document = join(folder, "site/site.yaml");
  writeFileSync(document, readFileSync(document, "utf8").replaceAll(THEIR_NETWORK, NETWORK));
  try {
    return [await start(folder), ...(await site(folder))];
  } finally {
    await gantry(folder, "down", "--purge", "--yes");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function start(folder: string): Promise<Measurement> {
  const bare = await median(20, () => bareNode());
  const value = await median(20, () => gantry(folder, "--version"));
  return measured("gantry --version", "ms", value, bare, "node -e 0", 100);
}

async function site(folder: string): Promise<readonly Measurement[]> {
  const bare = await bareServers(folder);
  const began = performance.now();
  const up = gantry(folder, "up", "--yes", "site");
  const reachable = await Promise.race([
    Promise.all(ADDRESSES.map((address) => untilAnswers(address))).then(() => performance.now() - began),
    // Only a failure counts: it must not leave the race waiting for servers that never come.
    up.then(() => new Promise<never>(() => {})),
  ]);
  await up;
  const finished = performance.now() - began;
  const node = await median(20, () => bareNode());
  const again = await median(5, () => gantry(folder, "up", "--yes", "site"));
  await delay(IDLE_MILLISECONDS);
  const { pid } = JSON.parse(readFileSync(join(folder, ".gantry/server.json"), "utf8")) as { pid: number };
  return [
    measured("all four reachable", "s", reachable / 1000, bare.seconds, "four bare servers, by a shell script", 15),
    measured("gantry up to its end", "s", finished / 1000, bare.seconds, "four bare servers, by a shell script"),
    measured("no changes", "s", again / 1000, node / 1000, "node -e 0", 2),
    measured("idle server", "MB", residentMegabytes(pid), bare.megabytes, "a bare server", 150),
  ];
}

/** What everything above is compared with: four web servers of five lines, started by a shell script. */
async function bareServers(folder: string): Promise<{ readonly seconds: number; readonly megabytes: number }> {
  const program = `require("node:http").createServer((q, a) => a.end("ok")).listen(${PORT}, process.argv[1])`;
  const starts = BARE_ADDRESSES.map((address) => `"$1" -e '${program}' ${address} &`);
  const script = join(folder, "bare.sh");
  writeFileSync(script, `${starts.join("\n")}\nwait\n`);
  const began = performance.now();
  const shell = spawn("bash", [script, process.execPath], { detached: true, stdio: "ignore" });
  try {
    await Promise.all(BARE_ADDRESSES.map((address) => untilAnswers(address)));
    const seconds = (performance.now() - began) / 1000;
    const [child] = readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, "utf8").split(" ");
    return { seconds, megabytes: residentMegabytes(Number(child)) };
  } finally {
    if (shell.pid !== undefined) process.kill(-shell.pid, "SIGKILL");
  }
}

/** Resolves as soon as a web server answers under the address. */
async function untilAnswers(address: string): Promise<void> {
  while (!(await answers(address))) await delay(10);
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get({ host: address, port: PORT, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on("error", () => resolve(false));
  });
}

async function bareNode(): Promise<void> {
  await execute(process.execPath, ["-e", "0"]);
}

async function gantry(folder: string, ...parameters: readonly string[]): Promise<void> {
  await execute(join(root, "gantry"), parameters, { cwd: folder });
}

/** Milliseconds. */
async function median(times: number, action: () => Promise<void>): Promise<number> {
  const values: number[] = [];
  for (let count = 0; count < times; count += 1) {
    const began = performance.now();
    await action();
    values.push(performance.now() - began);
  }
  return values.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? Number.NaN;
}

function residentMegabytes(pid: number): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return (Number(kibibytes) * 1024) / 1e6;
}

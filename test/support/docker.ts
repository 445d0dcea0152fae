import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { pack } from "tar-stream";
import { messageOf } from "../../src/kernel/errors.ts";
import { processesOf } from "./gantry.ts";
import { lockMachine } from "./machine-lock.ts";
import type { RealPart, StartedPart } from "./real-part.ts";

/**
 * A Docker engine of the tests' own: its folders, its socket and its bridge, and no rule in the machine's firewall. The run shares the
 * folders, so that images are made once; each test file starts and ends the engine's processes itself (`containers.ts`).
 */
export const dockerPart: RealPart = {
  name: "docker",
  packages: ["docker.io", "mmdebstrap", "iproute2"],
  present: () => ["dockerd", "mmdebstrap", "ip"].every((name) => programPath(name) !== undefined),
  start,
};

/** A small Debian with glibc, libstdc++ and a shell. */
export const IMAGE = "gantry-test:debian";
/** The same without libstdc++. */
export const IMAGE_WITHOUT_LIBRARY = "gantry-test:no-libstdcxx";
/** Nothing but an empty file. */
export const EMPTY_IMAGE = "gantry-test:empty";

const BRIDGE = "gantry-test0";
/** Addresses of the engine's own bridge. */
const BRIDGE_ADDRESS = "172.29.250.1/24";
/** Those of networks that tests make, and that of `examples/containers`. */
const TEST_ADDRESSES = /^172\.(29\.25[0-9]|30\.80)\./;
const PACKAGES = "dash,coreutils,libc6,libstdc++6";
const ATTEMPTS = 600;
const run = promisify(execFile);

export interface TestEngine {
  /** For DOCKER_HOST. */
  readonly host: string;
  readonly socket: string;
  /** Asks the engine; returns the body of its answer. Throws for a status of 400 and more. */
  ask(method: string, path: string, body?: string | Readable): Promise<string>;
  /** Ends the engine with SIGKILL, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again after `kill`. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

async function start(): Promise<StartedPart> {
  if (process.getuid?.() !== 0) throw new Error("only root can start a Docker engine");
  const folder = mkdtempSync(join(tmpdir(), "gantry-docker-"));
  return {
    address: folder,
    async stop() {
      // An engine that its test could not stop ends with that test's process, and what it started after it.
      for (let left = enginesIn(folder); left.length > 0; left = enginesIn(folder)) {
        for (const pid of left) killProcess(pid);
        await pause();
      }
      for (const path of mountsBelow(folder)) await run("umount", ["--lazy", path]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function createTestEngine(folder: string): TestEngine {
  const socket = join(folder, "docker.sock");
  let daemon: ChildProcess | undefined;
  let unlock: (() => Promise<void>) | undefined;
  let log = "";

  async function startDaemon(): Promise<void> {
    unlock ??= await lockMachine("docker");
    await removeBridges();
    await makeBridge();
    rmSync(socket, { force: true });
    const options = {
      "data-root": join(folder, "data"),
      "exec-root": join(folder, "run"),
      pidfile: join(folder, "docker.pid"),
      host: `unix://${socket}`,
      bridge: BRIDGE,
      iptables: "false",
      "ip-forward": "false",
      "ip-masq": "false",
    };
    const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
    // Ends with the test run, also when that is killed.
    const child = spawn("setpriv", ["--pdeathsig", "TERM", programPath("dockerd") ?? "dockerd", ...words], {
      stdio: ["ignore", "ignore", "pipe"],
      env: { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    });
    daemon = child;
    child.stderr.on("data", (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
    for (let attempt = 1; ; attempt += 1) {
      try {
        await ask("GET", "/_ping");
        return;
      } catch (error) {
        const ended = child.exitCode !== null || child.signalCode !== null;
        if (ended || attempt === ATTEMPTS) throw new Error(`dockerd does not answer: ${log}`, { cause: error });
        await pause();
      }
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const child = daemon;
    daemon = undefined;
    const pidFile = join(folder, "run", "containerd", "containerd.pid");
    const containerd = pidIn(pidFile);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
    // A killed engine takes its containerd along; one that was stopped has stopped it.
    while (containerd !== undefined && isContainerd(containerd)) await pause();
    // An engine that starts again would take a containerd that nobody has waited for yet for a living one.
    rmSync(pidFile, { force: true });
  }

  async function ask(method: string, path: string, body?: string | Readable): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const type = typeof body === "string" ? "application/json" : "application/x-tar";
    const headers = body === undefined ? {} : { "content-type": type };
    const outgoing = request({ socketPath: socket, method, path, headers, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("error", reject);
      answer.on("end", () => {
        const status = answer.statusCode ?? 0;
        if (status < 400) resolve(text);
        else reject(new Error(`${method} ${path}: ${status} ${text}`));
      });
    });
    outgoing.on("error", reject);
    if (body === undefined || typeof body === "string") outgoing.end(body);
    else pipeline(body, outgoing).catch(reject);
    return promise;
  }

  return {
    host: `unix://${socket}`,
    socket,
    ask,
    kill: () => end("SIGKILL"),
    start: startDaemon,
    async stop() {
      try {
        // Their bridges would outlive the engine, and the next engine does not know them.
        await emptyEngine(ask);
      } finally {
        await end("SIGTERM");
        await run("ip", ["link", "delete", BRIDGE]);
        await unlock?.();
        unlock = undefined;
      }
    },
  };
}

/** Removes all containers and networks. */
async function emptyEngine(ask: TestEngine["ask"]): Promise<void> {
  const containers = JSON.parse(await ask("GET", "/containers/json?all=1")) as { Id: string }[];
  for (const { Id } of containers) await ask("DELETE", `/containers/${Id}?force=1&v=1`);
  await ask("POST", "/networks/prune");
}

/** Makes the images in an engine that does not have them: there is no registry to pull from. */
export async function makeImages(engine: TestEngine, folder: string): Promise<void> {
  const known = await engine.ask("GET", "/images/json");
  if (known.includes(EMPTY_IMAGE)) return;
  const archive = join(folder, "debian.tar");
  const suite = /^VERSION_CODENAME=(.+)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "stable";
  // Unpacked only: nothing in it is to be configured, and it takes seconds.
  await run("mmdebstrap", ["--quiet", "--variant=extract", `--include=${PACKAGES}`, suite, archive], {
    maxBuffer: 1 << 24,
  });
  await importImage(engine, IMAGE, createReadStream(archive));
  rmSync(archive);
  const library = `/usr/lib/${machine()}/libstdc++.so.6`;
  await buildImage(engine, IMAGE_WITHOUT_LIBRARY, `FROM ${IMAGE}\nRUN ["/bin/rm", "${library}"]\n`);
  await importImage(engine, EMPTY_IMAGE, archiveOf("nothing", ""));
}

async function importImage(engine: TestEngine, name: string, archive: Readable): Promise<void> {
  const [repository = "", tag = ""] = name.split(":");
  const said = await engine.ask("POST", `/images/create?fromSrc=-&repo=${repository}&tag=${tag}`, archive);
  if (said.includes('"error"')) throw new Error(`cannot import ${name}: ${said}`);
}

async function buildImage(engine: TestEngine, name: string, text: string): Promise<void> {
  const said = await engine.ask("POST", `/build?t=${name}&networkmode=none`, archiveOf("Dockerfile", text));
  if (said.includes('"error"')) throw new Error(`cannot build ${name}: ${said}`);
}

function archiveOf(name: string, text: string): Readable {
  const archive = pack();
  archive.entry({ name }, text);
  archive.finalize();
  return archive as unknown as Readable;
}

/** Removes bridges that the engine of a killed test run left with addresses that tests use. */
async function removeBridges(): Promise<void> {
  const { stdout } = await run("ip", ["-4", "-oneline", "address", "show"]);
  for (const line of stdout.split("\n")) {
    const [, name = "", , address = ""] = line.trim().split(/\s+/);
    if (/^br-[0-9a-f]{12}$/.test(name) && TEST_ADDRESSES.test(address)) await run("ip", ["link", "delete", name]);
  }
}

async function makeBridge(): Promise<void> {
  if (existsSync(`/sys/class/net/${BRIDGE}`)) return;
  await run("ip", ["link", "add", BRIDGE, "type", "bridge"]);
  await run("ip", ["address", "add", BRIDGE_ADDRESS, "dev", BRIDGE]);
  await run("ip", ["link", "set", BRIDGE, "up"]);
}

/** Debian's name for this kind of machine. */
function machine(): string {
  return process.arch === "arm64" ? "aarch64-linux-gnu" : "x86_64-linux-gnu";
}

function programPath(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path) && statSync(path).isFile());
}

function mountsBelow(folder: string): readonly string[] {
  const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
  return mounts
    .map((line) => line.split(" ")[1] ?? "")
    .filter((path) => path.startsWith(`${folder}/`))
    .toReversed();
}

/** Engines with their folders here, and what they started: it names its socket on the command line. */
function enginesIn(folder: string): readonly number[] {
  return processesOf(folder)
    .filter(({ command }) => /dockerd|containerd|docker-proxy/.test(command))
    .map(({ pid }) => pid);
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

function pidIn(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function isContainerd(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("containerd");
  } catch (error) {
    if (messageOf(error).includes("ENOENT") || messageOf(error).includes("ESRCH")) return false;
    throw error;
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
}

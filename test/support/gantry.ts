import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The root of the checkout. */
export const ROOT = resolve(import.meta.dirname, "../..");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly error: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What was printed so far, what is for people behind the result. */
  text(): string;
  /** Resolves when what was printed so far matches; rejects when the command ends without. */
  printed(pattern: RegExp): Promise<void>;
}

/** A data folder of its own, and the `gantry` command on it. */
export interface Bench {
  readonly folder: string;
  readonly dataFolder: string;
  /** A copy of an example, to be edited, with addresses of its own: `127.84`. Returns its path. */
  example(name: string, network: string): string;
  gantry(args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Ended>;
  /** The same, with options for Node, which the programs it starts get as well. */
  gantryWith(node: readonly string[], args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Ended>;
  start(args: readonly string[], environment?: NodeJS.ProcessEnv): Running;
  /** Another program, in the same folder. */
  startProgram(program: string, args: readonly string[]): Running;
  /** Takes everything down, kills what is left, and removes the folder. Returns the processes that were left. */
  clear(): Promise<readonly string[]>;
  /** Kills everything at once and removes the folder. */
  abandon(): void;
}

/** The command as a user starts it: the launcher in the root of the checkout. */
const COMMAND = join(ROOT, "gantry");

export function createBench(): Bench {
  const folder = mkdtempSync(join(tmpdir(), "gantry-test-"));
  const dataFolder = join(folder, "data");
  const running = new Set<ChildProcess>();

  function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Running {
    return run(COMMAND, args, environment);
  }

  function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv): Running {
    const child = spawn(command, [...args], {
      cwd: folder,
      env: { ...process.env, GANTRY_DATA: dataFolder, NO_COLOR: "1", ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    let out = "";
    let error = "";
    const watchers = new Set<() => void>();
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      for (const watcher of watchers) watcher();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      error += chunk.toString();
      for (const watcher of watchers) watcher();
    });
    const ended = new Promise<Ended>((done, failed) => {
      child.once("error", failed);
      child.once("close", (code, signal) => {
        running.delete(child);
        done({ code, signal, out, error });
      });
    });
    return {
      child,
      ended,
      text: () => out + error,
      printed: (pattern) =>
        new Promise((done, failed) => {
          function look(): void {
            if (!pattern.test(out) && !pattern.test(error)) return;
            watchers.delete(look);
            done();
          }
          watchers.add(look);
          look();
          void ended.then((end) =>
            failed(new Error(`ended with ${end.code} before it printed ${pattern}:\n${end.out}\n${end.error}`)),
          );
        }),
    };
  }

  return {
    folder,
    dataFolder,
    example(name, network) {
      const path = join(folder, name);
      cpSync(join(ROOT, "examples", name), path, { recursive: true });
      const file = join(path, "site.yaml");
      // Whoever tries the example on this machine at the same time is left alone.
      writeFileSync(file, readFileSync(file, "utf8").replaceAll("127.80.", `${network}.`));
      return path;
    },
    gantry: (args, environment) => start(args, environment).ended,
    gantryWith: (node, args, environment = {}) =>
      run(
        process.execPath,
        [...node, "--disable-warning=ExperimentalWarning", join(ROOT, "src/cli/main.js"), ...args],
        environment,
      ).ended,
    start,
    startProgram: (program, args) => run(program, args, {}),
    async clear() {
      for (const child of running) child.kill("SIGKILL");
      const down = existsSync(dataFolder) ? await start(["down", "--purge", "--yes"]).ended : undefined;
      const left = processesOf(dataFolder);
      for (const { pid } of left) kill(pid);
      rmSync(folder, { recursive: true, force: true });
      const failed =
        down === undefined || down.code === 0 ? [] : [`down ended with ${down.code}: ${down.out}${down.error}`];
      return [...failed, ...left.map((one) => `${one.pid} ${one.command}`)];
    },
    abandon() {
      for (const child of running) child.kill("SIGKILL");
      // What was about to be started when the others were killed is found by looking again.
      for (let left = processesOf(dataFolder); left.length > 0; left = processesOf(dataFolder))
        for (const { pid } of left) kill(pid);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Processes that name a folder on their command line or in their environment. */
export function processesOf(folder: string): readonly { readonly pid: number; readonly command: string }[] {
  const found: { pid: number; command: string }[] = [];
  for (const name of readdirSync("/proc")) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8");
      if (command !== "" && (command.includes(folder) || environment.includes(folder))) found.push({ pid, command });
    } catch {
      // It ended while it was looked at, or belongs to another user.
    }
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}

export interface Page {
  readonly status: number;
  readonly text: string;
  readonly servedBy: string | undefined;
}

/** What an HTTP server answers; undefined when nothing listens. */
export function fetchPage(host: string, port = 8080): Promise<Page | undefined> {
  return new Promise((done) => {
    const outgoing = request({ host, port, agent: false, timeout: 5000 }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () =>
        done({ status: answer.statusCode ?? 0, text, servedBy: answer.headers["x-served-by"] as string | undefined }),
      );
    });
    outgoing.on("error", () => done(undefined));
    outgoing.on("timeout", () => outgoing.destroy());
    outgoing.end();
  });
}

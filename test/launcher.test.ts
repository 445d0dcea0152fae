import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

// A checkout in miniature: the real launcher with a Node and an npm that only say that they ran.

const repository = join(import.meta.dirname, "..");
const architecture = process.arch;

let root: string;
let tools: string;
const children: ChildProcess[] = [];

function script(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/usr/bin/env bash\n${text}\n`);
  chmodSync(path, 0o755);
}

/** Where a tool of the system is, so that a test can offer a PATH that holds nothing else. */
function tool(name: string): string {
  return execFileSync("bash", ["-c", 'type -P "$1"', "bash", name], { encoding: "utf8" }).trim();
}

const fakeNode = `if [[ $1 == --version ]]; then echo v24.0.0; else while [[ $1 == --* ]]; do shift; done; printf 'ran:%s\\n' "$@"; fi`;

/** An npm that writes when it starts and ends, and waits for the file `go` when told to. */
const fakeNpm = `
echo "start $$ $*" >>npm.log
echo "noise of npm"
[[ -e fail ]] && { echo "npm broke" >&2; exit 1; }
if [[ -e hold ]]; then until [[ -e go ]]; do sleep 0.02; done; fi
mkdir -p node_modules/node-linux-${architecture}/bin
cp node.sh node_modules/node-linux-${architecture}/bin/node
echo "end $$" >>npm.log`;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "gantry-launcher-"));
  cpSync(join(repository, "gantry"), join(root, "gantry"));
  cpSync(join(repository, "scripts/install.sh"), join(root, "scripts/install.sh"));
  writeFileSync(join(root, "package-lock.json"), "first\n");
  script(join(root, "node.sh"), fakeNode);
  tools = join(root, "tools");
  mkdirSync(tools);
  for (const name of [
    "bash",
    "env",
    "readlink",
    "cmp",
    "cp",
    "mv",
    "rm",
    "ln",
    "cat",
    "mktemp",
    "sleep",
    "mkdir",
    "stat",
    "touch",
  ]) {
    symlinkSync(tool(name), join(tools, name));
  }
  script(join(tools, "node"), `echo v20.0.0`);
  script(join(tools, "npm"), fakeNpm);
  chmodSync(root, 0o755);
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  rmSync(root, { recursive: true, force: true });
});

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

interface StartOptions {
  readonly command?: string;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly uid?: number;
}

function start(
  parameters: readonly string[],
  options: StartOptions = {},
): { child: ChildProcess; outcome: Promise<Outcome> } {
  const child = spawn(options.command ?? join(root, "gantry"), parameters, {
    cwd: options.cwd ?? "/",
    env: { PATH: tools, TMPDIR: tmpdir(), ...options.environment },
    stdio: ["ignore", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  });
  children.push(child);
  let out = "";
  let error = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (error += chunk.toString()));
  return { child, outcome: once(child, "close").then(([code]) => ({ code: code as number | null, out, error })) };
}

function run(parameters: readonly string[], options?: StartOptions): Promise<Outcome> {
  return start(parameters, options).outcome;
}

function npmLog(): string[] {
  const path = join(root, "npm.log");
  return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
}

/** Resolves when `ready` holds, looking again whenever something in the folder changes. */
async function until(ready: () => boolean): Promise<void> {
  for await (const _ of watchFolder()) if (ready()) return;
}

async function* watchFolder(): AsyncGenerator<void> {
  const watcher = watch(root);
  try {
    yield;
    while (true) {
      await once(watcher, "change");
      yield;
    }
  } finally {
    watcher.close();
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe("the launcher", () => {
  it("installs once, with a line of progress and without npm's output, then passes its arguments on", async () => {
    const first = await run(["up", "a folder", "*"]);
    expect(first.code).toBe(0);
    expect(first.out).toBe(`ran:${root}/src/cli/main.js\nran:up\nran:a folder\nran:*\n`);
    expect(first.error).toMatch(/^gantry: installing dependencies.*\ngantry: dependencies installed in \d+ s\n$/);
    const second = await run(["up"]);
    expect(second).toEqual({ code: 0, out: `ran:${root}/src/cli/main.js\nran:up\n`, error: "" });
    expect(npmLog().filter((line) => line.startsWith("start"))).toHaveLength(1);
  });

  it("installs again when the lock file changed, and when the Node of this machine is missing", async () => {
    await run([]);
    writeFileSync(join(root, "package-lock.json"), "second\n");
    expect((await run([])).error).toContain("installing");
    rmSync(join(root, `node_modules/node-linux-${architecture}`), { recursive: true });
    expect((await run([])).error).toContain("installing");
    expect((await run([])).error).toBe("");
  });

  it("installs nothing when the lock file only has another time, and need not compare it again", async () => {
    await run([]);
    const [lock, copy] = [join(root, "package-lock.json"), join(root, "node_modules/.installed-lock.json")];
    expect(statSync(copy, { bigint: true }).mtimeNs).toBe(statSync(lock, { bigint: true }).mtimeNs);
    utimesSync(lock, new Date(), new Date("2026-03-01T08:00:00.123Z"));
    expect((await run([])).error).toBe("");
    expect(statSync(copy, { bigint: true }).mtimeNs).toBe(statSync(lock, { bigint: true }).mtimeNs);
    expect(npmLog().filter((line) => line.startsWith("start"))).toHaveLength(1);
  });

  it("installs what the tests and the machine need, whatever the user's npm leaves out, and runs no install script", async () => {
    await run([]);
    expect(npmLog()[0]).toMatch(/^start \d+ ci --include=dev --include=optional --ignore-scripts /);
  });

  it("works from any folder, through symbolic links, and by its bare name", async () => {
    await run([]);
    mkdirSync(join(root, "elsewhere"));
    symlinkSync("../gantry", join(root, "elsewhere/near"));
    symlinkSync(join(root, "elsewhere/near"), join(root, "elsewhere/far"));
    for (const options of [
      { command: join(root, "elsewhere/far") },
      { command: "./near", cwd: join(root, "elsewhere") },
      { command: "./gantry", cwd: root },
      { command: "gantry", cwd: root, environment: { PATH: [root, tools].join(delimiter) } },
    ]) {
      const outcome = await run(["x"], options);
      expect(outcome.error).toBe("");
      expect(outcome.out).toMatch(/^ran:.*\/src\/cli\/main\.js\nran:x\n$/);
    }
    const bare = await run([join(root, "gantry")], { command: "bash" });
    expect(bare.out).toContain("ran:");
    const relative = await run(["gantry", "y"], { command: "bash", cwd: root });
    expect(relative.out).toContain("ran:y");
  });

  it("shows npm's whole output when the installation fails, and tries again the next time", async () => {
    writeFileSync(join(root, "fail"), "");
    const failed = await run([]);
    expect(failed.code).toBe(1);
    expect(failed.error).toContain("noise of npm");
    expect(failed.error).toContain("npm broke");
    expect(existsSync(join(root, ".installing"))).toBe(false);
    rmSync(join(root, "fail"));
    expect((await run(["z"])).out).toContain("ran:z");
  });

  it("installs once when several launchers start together", async () => {
    writeFileSync(join(root, "hold"), "");
    const outcomes = [1, 2, 3, 4].map(() => run([]));
    await until(() => npmLog().length > 0);
    writeFileSync(join(root, "go"), "");
    for (const outcome of await Promise.all(outcomes)) expect(outcome.code).toBe(0);
    expect(npmLog()).toHaveLength(2);
  });

  it("takes over from dead launchers, one at a time", async () => {
    symlinkSync("999999999-1", join(root, ".installing"));
    symlinkSync("999999998-1", join(root, ".installing.999999999-1"));
    for (const outcome of await Promise.all([1, 2, 3, 4, 5, 6].map(() => run([])))) expect(outcome.code).toBe(0);
    expect(npmLog().map((line) => line.split(" ")[0])).toEqual(["start", "end"]);
    expect(existsSync(join(root, ".installing"))).toBe(false);
  });

  it("waits for the npm of a launcher that was killed, then installs again, for nobody saw it end", async () => {
    writeFileSync(join(root, "hold"), "");
    const killed = start([]);
    await until(() => npmLog().length > 0);
    killed.child.kill("SIGKILL");
    const next = start([]);
    next.child.stderr?.once("data", () => writeFileSync(join(root, "go"), ""));
    expect((await next.outcome).error).toContain("another process installs");
    expect(npmLog().map((line) => line.split(" ")[0])).toEqual(["start", "end", "start", "end"]);
  });

  it("stops npm and leaves no lock when it is stopped", async () => {
    writeFileSync(join(root, "hold"), "");
    const stopped = start([]);
    await until(() => npmLog().length > 0);
    const npm = Number(npmLog()[0]?.split(" ")[1]);
    stopped.child.kill("SIGTERM");
    expect((await stopped.outcome).code).toBe(143);
    expect(alive(npm)).toBe(false);
    expect(existsSync(join(root, ".installing"))).toBe(false);
    writeFileSync(join(root, "go"), "");
    expect((await run([])).code).toBe(0);
  });

  it("says what is missing on a machine that cannot install", async () => {
    script(join(tools, "node"), "echo v18.19.1");
    expect(await run([])).toEqual({ code: 1, out: "", error: expect.stringContaining("this machine's is 18.19.1") });
    rmSync(join(tools, "node"));
    expect((await run([])).error).toContain("needs Node 20 or newer with npm");
    for (const [name, value, text] of [
      ["HOSTTYPE", "riscv64", "this machine is riscv64"],
      ["OSTYPE", "darwin23", "this system is darwin23"],
      ["OSTYPE", "linux-musl", "needs glibc"],
    ] as const) {
      const outcome = await run([], { environment: { [name]: value } });
      expect(outcome).toEqual({ code: 1, out: "", error: expect.stringContaining(text) });
    }
  });

  it("says so when the Node it installed does not run", async () => {
    script(join(root, "node.sh"), "echo no such library >&2; exit 127");
    const outcome = await run([]);
    expect(outcome.code).toBe(1);
    expect(outcome.error).toContain("no such library");
    expect(outcome.error).toContain("glibc and libstdc++");
    expect((await run([])).error).toContain("installing");
    await run([]);
    script(join(root, "node.sh"), fakeNode);
    await run([]);
    writeFileSync(join(root, `node_modules/node-linux-${architecture}/bin/node`), "#!/no/such/interpreter\n");
    expect(await run([])).toEqual({ code: 126, out: "", error: expect.stringContaining("glibc") });
  });

  it("needs no cmp", async () => {
    rmSync(join(tools, "cmp"));
    await run([]);
    expect(await run([])).toMatchObject({ code: 0, out: expect.stringContaining("ran:") });
    expect(npmLog()).toHaveLength(2);
  });

  it.skipIf(process.getuid?.() !== 0)("says so when the checkout belongs to somebody else", async () => {
    const outcome = await run([], { uid: 65_534 });
    expect(outcome).toEqual({ code: 1, out: "", error: expect.stringContaining("is not writable") });
  });
});

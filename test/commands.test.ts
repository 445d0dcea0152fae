import { spawnSync } from "node:child_process";
import { getEventListeners } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLaunchers, groupMembers, type Launchers, processesMarked, signal } from "../src/executor/index.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { type CommandOptions, runCommand } from "../src/verbs/command.ts";

const PERL = spawnSync("/usr/bin/perl", ["-e", "1"]).status === 0;

let folder: string;
let launchers: Launchers;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "gantry-command-"));
  launchers = createLaunchers(join(folder, "launchers"));
});
afterEach(() => {
  launchers.close();
  for (const pid of processesMarked("COMMAND_TEST", folder)) signal(pid, "SIGKILL");
  rmSync(folder, { recursive: true });
});

interface Said {
  stdout: Buffer;
  stderr: Buffer;
}

type Run = (
  command: string | readonly string[],
  more?: Partial<CommandOptions>,
) => Promise<{ code: number | null; signal: string | null; out: string; err: string; said: Said }>;

function starter(by: "node" | "launcher"): Run {
  return async (command, more = {}) => {
    const chunks = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
    const [program = "", ...words] = typeof command === "string" ? ["/bin/sh", "-c", command] : command;
    if (by === "launcher" && launchers.free() === 0) await warm();
    const free = launchers.free();
    const running = runCommand({
      program,
      arguments: words,
      folder,
      environment: { PATH: process.env["PATH"], COMMAND_TEST: folder },
      signal: new AbortController().signal,
      clock: systemClock,
      ...(by === "launcher" ? { launchers } : {}),
      output(stream, chunk) {
        chunks[stream].push(chunk);
        return undefined;
      },
      ...more,
    });
    // It was indeed one of them that took it; what is too large for a request is started without.
    if (by === "launcher" && words.every((word) => Buffer.byteLength(word) < 50_000))
      expect(launchers.free()).toBe(free - 1);
    const end = await running;
    const said = { stdout: Buffer.concat(chunks.stdout), stderr: Buffer.concat(chunks.stderr) };
    return { ...end, out: said.stdout.toString(), err: said.stderr.toString(), said };
  };
}

/** Commands that come one after another get launchers. */
async function warm(): Promise<void> {
  while (launchers.free() === 0) {
    await runCommand({
      program: "/bin/true",
      arguments: [],
      folder,
      environment: {},
      signal: new AbortController().signal,
      clock: systemClock,
      launchers,
      output: async () => undefined,
    });
  }
}

async function fileWith(name: string): Promise<string> {
  for (;;) {
    try {
      const text = readFileSync(join(folder, name), "utf8");
      if (text.endsWith("\n")) return text.trim();
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const ways = ["node", ...(PERL ? ["launcher"] : [])] as ("node" | "launcher")[];

describe.each(ways)("a command started by %s", (by) => {
  const run = starter(by);

  it.each([
    ["true", 0, null],
    ["exit 3", 3, null],
    ["exit 127", 127, null],
    ["exit 137", 137, null],
    ["exit 255", 255, null],
    ["kill -9 $$", null, "SIGKILL"],
    ["kill -TERM $$", null, "SIGTERM"],
    ["kill -INT $$", null, "SIGINT"],
    ["kill 0; sleep 10", null, "SIGTERM"],
  ])("ends as it ends: %s", async (command, code, name) => {
    expect(await run(command)).toMatchObject({ code, signal: name, out: "", err: "" });
    expect(await run("echo next")).toMatchObject({ code: 0, out: "next\n" });
  });

  it("gets its words as they are", async () => {
    const odd = ["", " ", "a  b\tc\n", `"'\\$HOME\`ls\``, "ü→\u{1f980}", "-e", "=", "*", "\n"];
    const { said } = await run(["/usr/bin/printf", "%s\\0", ...odd]);
    expect(said.stdout.toString().split("\0")).toEqual([...odd, ""]);
  });

  it.each([40_000, 61_000, 100_000])("gets a word of %i bytes", async (length) => {
    const word = "ü".repeat(length / 2);
    expect((await run(["/usr/bin/printf", "%s", word])).out).toBe(word);
    expect(await run("echo next")).toMatchObject({ out: "next\n" });
  });

  it("gets the environment it is given, and nothing else", async () => {
    const environment = { PATH: "/usr/bin:/bin", EMPTY: "", ODD: "a=b\nc '\" ü", "with-dash.": "1", GONE: undefined };
    const { said } = await run(["/usr/bin/env", "-0"], { environment });
    expect(said.stdout.toString().split("\0").filter(Boolean).sort()).toEqual(
      ["EMPTY=", "ODD=a=b\nc '\" ü", "PATH=/usr/bin:/bin", "with-dash.=1"].sort(),
    );
  });

  it("is looked up in its own PATH", async () => {
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin", "own-program"), "#!/bin/sh\necho found\n", { mode: 0o755 });
    const environment = { PATH: `${join(folder, "bin")}:/usr/bin:/bin` };
    expect(await run(["own-program"], { environment })).toMatchObject({ code: 0, out: "found\n" });
  });

  it("runs in its folder", async () => {
    const odd = join(folder, "a b'\n\"$(x)");
    mkdirSync(odd);
    writeFileSync(join(odd, "here"), "");
    expect(await run("ls", { folder: odd })).toMatchObject({ out: "here\n" });
  });

  it.each([
    ["its folder is missing", {}, "/missing", ["/bin/sh", "-c", "true"]],
    ["it is missing", {}, "/", ["/missing/program"]],
    ["it may not be run", {}, "/", ["/etc/passwd"]],
    ["its words are too long", {}, "/", ["/bin/echo", "x".repeat(200_000)]],
  ])("says when it cannot be started: %s", async (_name, more, where, command) => {
    await expect(run(command, { folder: where, ...more })).rejects.toMatchObject({ code: "command_not_started" });
    expect(await run("echo next")).toMatchObject({ out: "next\n" });
  });

  it("leads a process group, reads nothing, and inherits nothing but its three files", async () => {
    const list = 'ls /proc/$$/fd; echo "$(umask)"; cut -d" " -f5 /proc/$$/stat; echo $$';
    const { out } = await run(`cat; ${list}; grep -E "Sig(Ign|Blk)" /proc/self/status`);
    const lines = out.trim().split("\n");
    // What Node itself was started with is not ours to close.
    const files = spawnSync("/bin/sh", ["-c", list], { encoding: "utf8" }).stdout.split("\n").slice(0, -4);
    const [mask, group, own] = lines.slice(-5);
    expect(lines.slice(0, -5)).toEqual(files);
    expect(mask).toBe(`0${process.umask().toString(8).padStart(3, "0")}`);
    expect(group).toBe(own);
    expect(lines.slice(-2)).toEqual(["SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"]);
  });

  it("may close its output and go on", async () => {
    const { code, out } = await run("echo before; exec >&- 2>&-; sleep 0.05; echo done > after; exit 4");
    expect({ code, out }).toEqual({ code: 4, out: "before\n" });
    expect(readFileSync(join(folder, "after"), "utf8")).toBe("done\n");
    expect(await run("echo next")).toMatchObject({ out: "next\n" });
  });

  it("writes bytes of any kind, also after it lived for a while", async () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    writeFileSync(join(folder, "bytes"), all);
    expect((await run("cat bytes; cat bytes >&2")).said).toEqual({ stdout: all, stderr: all });
    expect((await run("sleep 0.05; cat bytes; sleep 0.05; cat bytes >&2")).said).toEqual({ stdout: all, stderr: all });
  });

  it("writes faster than it is read", async () => {
    let size = 0;
    let waiting = 0;
    const { code } = await run("head -c 10000000 /dev/zero", {
      async output(_stream, chunk) {
        waiting += 1;
        expect(waiting).toBe(1);
        size += chunk.length;
        await new Promise((resolve) => setImmediate(resolve));
        waiting -= 1;
      },
    });
    expect({ code, size }).toEqual({ code: 0, size: 10_000_000 });
  });

  it("is heard while it runs", async () => {
    const heard = Promise.withResolvers<string>();
    const running = run("echo first; while ! [ -e go ]; do sleep 0.01; done; echo second", {
      output: async (_stream, chunk) => heard.resolve(Buffer.from(chunk).toString()),
    });
    expect(await heard.promise).toBe("first\n");
    writeFileSync(join(folder, "go"), "");
    expect(await running).toMatchObject({ code: 0 });
  });

  it("is over when its shell is, whatever it left behind; later commands do not hear that", async () => {
    const left = await run(
      "echo mine; (while ! [ -e go ]; do sleep 0.01; done; echo late; echo over > heard) & exit 5",
    );
    expect(left).toMatchObject({ code: 5, out: "mine\n" });
    writeFileSync(join(folder, "go"), "");
    // What is left writes into a pipe nobody reads any more.
    const later = await Promise.all(Array.from({ length: 3 }, () => run("sleep 0.05; echo own").catch(String)));
    for (const one of later) expect(one).toMatchObject({ out: "own\n" });
  });

  it("hears the last words of what ends soon after it", async () => {
    expect(await run("(sleep 0.05; echo late) & echo early")).toMatchObject({ code: 0, out: "early\nlate\n" });
  });

  it("is ended with its whole group when it is to stop", async () => {
    const stop = new AbortController();
    const running = run("trap '' TERM; echo $$ > pid; sleep 1000 & sleep 1000", { signal: stop.signal });
    const group = Number(await fileWith("pid"));
    stop.abort(new Error("enough"));
    await expect(running).rejects.toThrow("enough");
    expect(groupMembers(group)).toEqual([]);
    expect(await run("echo next")).toMatchObject({ out: "next\n" });
  });

  it("may stop at once", async () => {
    await run("true");
    const stop = new AbortController();
    const running = run("sleep 1000", { signal: stop.signal });
    queueMicrotask(() => stop.abort(new Error("at once")));
    await expect(running).rejects.toThrow("at once");
    expect(processesMarked("COMMAND_TEST", folder)).toEqual([]);
  });

  it("leaves no listener at the signal that many commands share", async () => {
    const { signal: shared } = new AbortController();
    for (let count = 0; count < 20; count += 1) await run("true", { signal: shared });
    expect(getEventListeners(shared, "abort")).toEqual([]);
  });
});

describe("a command", () => {
  it("reads what it is given", async () => {
    const input = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
    const { said } = await starter("node")("cat", { input });
    expect(said.stdout.equals(input)).toBe(true);
    expect(await starter("node")("exit 3", { input })).toMatchObject({ code: 3 });
  });
});

describe.runIf(PERL)("launchers", () => {
  const run = starter("launcher");

  function pids(): number[] {
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .filter((pid) => {
        try {
          return (
            readFileSync(`/proc/${pid}/cmdline`, "latin1").startsWith("gantry: starts commands") &&
            readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]!.split(" ")[1] === String(process.pid)
          );
        } catch {
          return false;
        }
      });
  }

  it("are not there for a single command", async () => {
    await runCommand({
      program: "/bin/true",
      arguments: [],
      folder,
      environment: {},
      signal: new AbortController().signal,
      clock: systemClock,
      launchers,
      output: async () => undefined,
    });
    expect(pids()).toEqual([]);
  });

  it("hold nothing of the agent's environment or of a command's", async () => {
    await run("true", { environment: { SECRET: "of the command" } });
    const [launcher] = pids();
    expect(readFileSync(`/proc/${launcher}/environ`, "latin1").replaceAll("\0", "")).not.toMatch(/SECRET|HOME|USER/);
  });

  it("that are ended by somebody else take their command along, and the next ones go on", async () => {
    const running = run("echo $$ > pid; sleep 1000");
    const group = Number(await fileWith("pid"));
    for (const pid of pids()) process.kill(pid, "SIGKILL");
    await expect(running).rejects.toMatchObject({ code: "command_lost" });
    expect(groupMembers(group)).toEqual([]);
    expect(await run("echo next")).toMatchObject({ out: "next\n" });
    for (const pid of pids()) process.kill(pid, "SIGKILL");
    // Whether it is seen before or after: never a wrong answer.
    await run("echo again").catch((error: unknown) => expect(error).toMatchObject({ code: "command_lost" }));
  });

  it("are given up when they cannot work, and commands are started without them", async () => {
    // Where their pipes would be is something else.
    for (let number = 1; number <= 20; number += 1)
      mkdirSync(join(folder, "launchers", `${number}.out`), { recursive: true });
    for (let count = 0; count < 100; count += 1) {
      await runCommand({
        program: "/bin/true",
        arguments: [],
        folder,
        environment: { COMMAND_TEST: folder },
        signal: new AbortController().signal,
        clock: systemClock,
        launchers,
        output: async () => undefined,
      });
    }
    while (pids().length > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(readdirSync(join(folder, "launchers"))).toHaveLength(17);
  });

  it("run several commands at once", async () => {
    const commands = Array.from({ length: 12 }, (_, index) => `sleep 0.0${index % 5}; echo ${index}; exit ${index}`);
    for (let round = 0; round < 3; round += 1) {
      const ends = await Promise.all(
        commands.map((command) => {
          let out = "";
          return runCommand({
            program: "/bin/sh",
            arguments: ["-c", command],
            folder,
            environment: {},
            signal: new AbortController().signal,
            clock: systemClock,
            launchers,
            async output(_stream, chunk) {
              out += Buffer.from(chunk).toString();
            },
          }).then(({ code }) => ({ code, out }));
        }),
      );
      expect(ends).toEqual(commands.map((_, index) => ({ code: index, out: `${index}\n` })));
    }
    expect(launchers.free()).toBeGreaterThan(0);
  });

  it("end when they are closed, with their pipes", async () => {
    await run("true");
    launchers.close();
    while (pids().length > 0) await new Promise((resolve) => setImmediate(resolve));
    expect(readdirSync(folder)).toEqual([]);
  });
});

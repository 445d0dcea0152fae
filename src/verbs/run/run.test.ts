import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { groupMembers, processesMarked } from "../../executor/index.ts";
import { parseVerb } from "../parse.ts";
import { endTask, TASK_MARKER } from "../surroundings.ts";
import { createTestAgent, type TestAgent } from "../testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

/** Resolves when a file the command writes is there. */
async function fileWith(name: string): Promise<string> {
  for (;;) {
    try {
      const text = readFileSync(join(agent.home, name), "utf8");
      if (text.endsWith("\n")) return text.trim();
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("RUN", () => {
  it("gives the text to the shell exactly as it is, in the agent's home, and passes its output on", async () => {
    const result = await agent.call("run", { command: `echo "a   b"; echo c >&2; pwd; set -- x y; echo \${#}` });
    expect(result).toEqual({
      changed: true,
      exit_code: 0,
      stdout: `a   b\n${agent.home}\n2\n`,
      stderr: "c\n",
      cached: false,
    });
    expect(agent.written).toEqual({ stdout: `a   b\n${agent.home}\n2\n`, stderr: "c\n" });
  });

  it("finds the agent's own Node first", async () => {
    expect(await agent.call("run", { command: "command -v node; echo $K", environment: { K: "V" } })).toMatchObject({
      stdout: `${process.execPath}\nV\n`,
    });
  });

  it.each([
    ["exit 3", { exit_code: 3 }],
    ["kill -9 $$", { signal: "SIGKILL" }],
  ])("tells how %s ended", async (command, details) => {
    await expect(agent.call("run", { command })).rejects.toMatchObject({ code: "run_failed", details });
  });

  it("says when its folder is missing", async () => {
    await expect(agent.call("run", { command: "true", cwd: "missing" })).rejects.toMatchObject({
      code: "command_not_started",
    });
  });

  it("ends the whole process group when time is up", async () => {
    const command = "echo $$ > pid; sleep 1000 & sleep 1000";
    const running = agent.call("run", { command, timeout: 0.3 }, { key: "timed" });
    // Its time may be up before the file is seen.
    const [group] = await Promise.all([
      fileWith("pid").then(Number),
      expect(running).rejects.toMatchObject({ code: "function_timed_out" }),
    ]);
    expect(groupMembers(group)).toEqual([]);
    expect(processesMarked(TASK_MARKER, "timed")).toEqual([]);
  });

  it("ends a process group that ignores the request to end", async () => {
    const stop = new AbortController();
    const running = agent.call(
      "run",
      { command: "trap '' TERM; echo $$ > pid; while :; do sleep 0.05; done" },
      { signal: stop.signal },
    );
    const group = Number(await fileWith("pid"));
    stop.abort(new Error("cancelled"));
    await expect(running).rejects.toThrow("cancelled");
    expect(groupMembers(group)).toEqual([]);
  });

  it("does not wait for what it left in the background", async () => {
    const result = await agent.call("run", { command: "sleep 1000 & echo $!" });
    const pid = Number((result as { stdout: string }).stdout);
    process.kill(pid, "SIGKILL");
    expect(result).toMatchObject({ exit_code: 0 });
  });

  it("starts with --no-block what goes on by itself, whatever becomes of its task", async () => {
    const { parameters } = parseVerb("RUN", "--no-block echo $$ > pid; exec sleep 1000");
    const result = await agent.call("run", parameters, { key: "free" });
    const pid = Number(await fileWith("pid"));
    try {
      expect(result).toEqual({ changed: true, pid, cached: false });
      await endTask("free");
      expect(groupMembers(pid)).toEqual([pid]);
    } finally {
      process.kill(pid, "SIGKILL");
    }
    expect(agent.written).toEqual({ stdout: "", stderr: "" });
    expect(() => parseVerb("RUN", "--no-block --stdout-arg a true")).toThrow(/no output to remember/);
    expect(() => parseVerb("RUN", "--no-block --cache true")).toThrow(/no result for a cache/);
  });

  it("keeps the end of a long output, and passes on all of it", async () => {
    const result = await agent.call("run", { command: "seq 1 100000" });
    const { stdout } = result as { stdout: string };
    expect(stdout.length).toBe(64 * 1024);
    expect(stdout.endsWith("100000\n")).toBe(true);
    expect(agent.written.stdout.length).toBe(588_895);
  });

  it("fills in arguments, and refuses undefined ones", async () => {
    await agent.call("run", { command: "echo '  hello  '; echo oops >&2", stdout_arg: "who", stderr_arg: "bad" });
    expect(await agent.call("run", { command: `echo "{{ who }}-{{ bad | upper }}"` })).toMatchObject({
      stdout: "hello-OOPS\n",
    });
    await agent.call("arg", { name: "who", value: "changed" });
    expect(await agent.call("run", { command: "echo {{ who }}" })).toMatchObject({ stdout: "changed\n" });
    await expect(agent.call("run", { command: "echo {{ nobody }}" })).rejects.toMatchObject({
      code: "argument_undefined",
      message: "there is no argument nobody on this node; ARG or --stdout-arg sets one",
    });
  });

  it("remembers the output of a command that failed, too", async () => {
    await agent.call("run", { command: "echo seen; exit 1", stdout_arg: "what" }).catch(() => undefined);
    expect(await agent.call("run", { command: "echo {{ what }}" })).toMatchObject({ stdout: "seen\n" });
  });
});

describe("the cache of RUN", () => {
  const count = "echo x >> count; echo $(wc -l < count)";

  it("is not used unless asked for", async () => {
    await agent.call("run", { command: count });
    expect(await agent.call("run", { command: count })).toMatchObject({ stdout: "2\n", cached: false });
  });

  it("gives the result of an equal command that succeeded, with its output", async () => {
    await agent.call("run", { command: count, cache: "use" });
    agent.written.stdout = "";
    expect(await agent.call("run", { command: count, cache: "use" })).toMatchObject({ stdout: "1\n", cached: true });
    expect(agent.written.stdout).toBe("1\n");
    expect(await (await agent.again()).call("run", { command: count, cache: "use" })).toMatchObject({ cached: true });
  });

  it("runs what differs in its text as rendered, its folder or its environment", async () => {
    await agent.call("arg", { name: "who", value: "one" });
    const command = "echo {{ who }}";
    expect(await agent.call("run", { command, cache: "use" })).toMatchObject({ stdout: "one\n", cached: false });
    await agent.call("arg", { name: "who", value: "two" });
    expect(await agent.call("run", { command, cache: "use" })).toMatchObject({ stdout: "two\n", cached: false });
    expect(await agent.call("run", { command, cache: "use", cwd: "/" })).toMatchObject({ cached: false });
    expect(await agent.call("run", { command, cache: "use", environment: { A: "b" } })).toMatchObject({
      cached: false,
    });
    expect(await agent.call("run", { command, cache: "use" })).toMatchObject({ cached: true });
  });

  it("runs in any case with renew, and remembers that result", async () => {
    await agent.call("run", { command: count, cache: "use" });
    expect(await agent.call("run", { command: count, cache: "renew" })).toMatchObject({ stdout: "2\n", cached: false });
    expect(await agent.call("run", { command: count, cache: "use" })).toMatchObject({ stdout: "2\n", cached: true });
  });

  it("remembers no failure", async () => {
    const command = `${count}; test $(wc -l < count) -gt 1`;
    await expect(agent.call("run", { command, cache: "use" })).rejects.toMatchObject({ code: "run_failed" });
    expect(await agent.call("run", { command, cache: "use" })).toMatchObject({ cached: false });
  });
});

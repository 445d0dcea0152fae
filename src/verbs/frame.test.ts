import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { groupMembers } from "../executor/index.ts";
import type { Json } from "../kernel/json.ts";
import { parseVerb } from "./parse.ts";
import { createTestAgent, type TestAgent } from "./testing.ts";

let agent: TestAgent;
beforeEach(async () => {
  agent = await createTestAgent();
});
afterEach(() => agent.remove());

/** A verb as it would be typed. */
function verb(text: string, shared?: Record<string, Json>, given?: Record<string, Json>): Promise<Json> {
  const [name = "", ...rest] = text.split(" ");
  const { function: wanted, parameters } = parseVerb(name, rest.join(" "), given);
  return agent.call(wanted, parameters, { item: 0, ...(shared === undefined ? {} : { shared }) });
}

describe("what {{ }} sees", () => {
  it("is the job's before the entry's, the node's, the inventory's, and facts", async () => {
    const variables = { one: "inventory", two: "inventory", three: "inventory", four: "inventory" };
    const shared = { variables, values: { one: "entry", two: "entry" } };
    for (const name of ["one", "two", "three"]) await agent.call("arg", { name, value: "node" });
    const text = "{{ one }} {{ two }} {{ three }} {{ four }}";
    expect(await agent.call("echo", { text, values: { one: "job" } }, { shared })).toMatchObject({
      stdout: "job entry node inventory\n",
    });
    await agent.call("arg", { name: "facts", value: { hostname: "mine" } });
    expect(await agent.call("echo", { text: "{{ facts.hostname }}" })).toMatchObject({ stdout: "mine\n" });
  });

  it("fills in options as well, and checks what came of it", async () => {
    await agent.call("arg", { name: "mode", value: "0750" });
    await verb("WORKDIR --chmod={{mode}} {{mode}}");
    expect(await verb("RUN --cwd {{mode}} --env MODE={{mode}} echo $MODE in $(pwd)")).toMatchObject({
      stdout: `0750 in ${agent.home}/0750\n`,
    });
    await agent.call("arg", { name: "mode", value: "rwx" });
    await expect(verb("WORKDIR --chmod={{mode}} x")).rejects.toMatchObject({
      code: "verb_text_wrong",
      message: expect.stringContaining("is not an octal mode"),
    });
  });

  it("leaves options alone that a script gives: it has filled them in itself", async () => {
    const environment = { PASSWORD: "{{ x }}" };
    const said = await agent.call("run", { command: "echo $PASSWORD", environment, cwd: "." });
    expect(said).toMatchObject({ stdout: "{{ x }}\n" });
  });

  it("does not fill in what ARG was given as it is", async () => {
    await agent.call("arg", { name: "raw", value: "{{ nobody }}" });
    expect(await agent.call("echo", { text: "{{ raw }}" })).toMatchObject({ stdout: "{{ nobody }}\n" });
  });

  it("says what is missing, and how braces are meant as they are", async () => {
    await agent.call("arg", { name: "address", value: {} });
    const failures: [string, RegExp][] = [
      ["{{ adress }}", /^there is no argument adress on this node; did you mean address\?$/],
      ["{{ address.port }}", /^the argument address has nothing at \.port on this node$/],
      [
        "docker ps --format '{{.Names}}'",
        /^\{\{\.Names\}\} cannot be evaluated: syntax error.*To have these braces as they are, write \{\{ '\{\{' \}\}\.Names\}\}$/,
      ],
    ];
    for (const [text, message] of failures) {
      await expect(agent.call("echo", { text })).rejects.toMatchObject({
        code: "argument_undefined",
        message: expect.stringMatching(message),
      });
    }
    expect(await agent.call("echo", { text: "'{{ '{{' }}.Names}}'" })).toMatchObject({ stdout: "'{{.Names}}'\n" });
  });
});

describe("--retry", () => {
  const second = "echo x >> tries; test $(wc -l < tries) -ge 2";

  it("tries again what failed, and tells each failure", async () => {
    expect(await verb(`RUN --retry 3 ${second}`)).toMatchObject({ changed: true, exit_code: 0 });
    expect(agent.messages).toEqual(["attempt 1 of 4 failed: the command ended with exit code 1; again in 0 s"]);
    expect(readFileSync(join(agent.home, "tries"), "utf8")).toBe("x\nx\n");
  });

  it("fails as the last attempt did, and remembers what that said", async () => {
    await expect(
      verb("RUN --retry 1 --retry-wait 0.01 --stdout-arg said echo x >> t; wc -l < t; exit 3"),
    ).rejects.toMatchObject({
      code: "run_failed",
      message: "the command ended with exit code 3, also in attempt 2",
      details: { exit_code: 3, attempts: 2 },
    });
    expect(await verb("ECHO {{ said }}")).toMatchObject({ stdout: "2\n" });
  });

  it("gives each attempt its time, and ends what it started", async () => {
    const running = verb("RUN --retry 1 --timeout 0.2 echo $$ >> pids; sleep 100");
    await expect(running).rejects.toMatchObject({ code: "function_timed_out" });
    const pids = readFileSync(join(agent.home, "pids"), "utf8").trim().split("\n");
    expect(pids).toHaveLength(2);
    for (const pid of pids) expect(groupMembers(Number(pid))).toEqual([]);
  });

  it("ends with the task", async () => {
    const stop = new AbortController();
    const parameters = { command: "exit 1", retry: 10, retry_wait: 1000 };
    const running = agent.call("run", parameters, { signal: stop.signal });
    while (agent.messages.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error("cancelled"));
    await expect(running).rejects.toThrow("cancelled");
  });
});

describe("--user", () => {
  it.skipIf(process.getuid?.() !== 0)("runs as somebody else, with all groups of theirs", async () => {
    chmodSync(agent.home, 0o755);
    expect(await verb("RUN --user daemon id -u; id -g; echo $USER $LOGNAME")).toMatchObject({
      stdout: "1\n1\ndaemon daemon\n",
    });
    expect(await verb("RUN --user 0 id -un")).toMatchObject({ stdout: "root\n" });
    await expect(verb("RUN --user daemon touch file")).rejects.toMatchObject({ code: "run_failed" });
  });

  it.skipIf(process.getuid?.() !== 0)("keeps what is typed, and ends it in time", async () => {
    chmodSync(agent.home, 0o755);
    expect(await verb(`RUN --user daemon echo "a   b" '$HOME'`)).toMatchObject({ stdout: "a   b $HOME\n" });
    await expect(verb("RUN --user daemon --timeout 0.2 sleep 100")).rejects.toMatchObject({
      code: "function_timed_out",
    });
    await expect(verb("RUN --user daemon exit 7")).rejects.toMatchObject({ details: { exit_code: 7 } });
  });

  it("needs an agent that is root, unless it is that user already", async () => {
    const own = vi.spyOn(process, "getuid").mockReturnValue(1);
    try {
      expect(await verb("RUN --user daemon true")).toMatchObject({ exit_code: 0 });
      await expect(verb("RUN --user root true")).rejects.toMatchObject({
        code: "user_refused",
        message: "the agent runs as user 1, not as root, and can do nothing as root",
      });
    } finally {
      own.mockRestore();
    }
  });

  it("knows the nearest of a name that is none", async () => {
    await expect(verb("RUN --user rooot true")).rejects.toMatchObject({
      code: "owner_unknown",
      message: "there is no user rooot on this node; did you mean root?",
    });
  });
});

describe("--sensitive", () => {
  it("keeps and shows only how it ended", async () => {
    expect(await verb("RUN --sensitive echo secret")).toEqual({ changed: true, exit_code: 0, sensitive: true });
    const failure = verb("RUN --sensitive --retry 1 echo secret; exit 3");
    await expect(failure).rejects.toMatchObject({
      code: "sensitive_failed",
      message: "RUN failed (run_failed); it is sensitive, so nothing more is told",
      details: { exit_code: 3 },
    });
    await expect(verb("RUN --sensitive echo {{ secret }}")).rejects.toMatchObject({ code: "sensitive_failed" });
    expect([agent.written.stdout, agent.messages]).toEqual(["", []]);
    expect(await agent.call("run", { command: "echo secret", sensitive: true, cache: "use" })).toMatchObject({
      sensitive: true,
    });
    expect(existsSync(join(agent.state, "results"))).toBe(false);
  });

  it("is not also to be remembered", () => {
    expect(() => parseVerb("RUN", "--sensitive --stdout-arg a echo secret")).toThrow(/keeps no output/);
  });
});

describe("options in vars", () => {
  it("are those Directord has, weaker than the text", async () => {
    const given = { stdout_arg: "a", skip_cache: true, timeout: 5, user: "nobody", cwd: "/nowhere", who: "x" };
    expect(parseVerb("RUN", "--timeout 7 true", given)).toEqual({
      module: "agent",
      function: "run",
      parameters: { command: "true", stdout_arg: "a", cache: "renew", timeout: 7 },
      runOnce: false,
    });
    expect(parseVerb("ECHO", "x", { run_once: true }).runOnce).toBe(true);
  });

  it.each([
    [{ skip_cache: "yes" }, /skip_cache in vars is true or false, not "yes"/],
    [{ stdout_arg: ["a"] }, /stdout_arg in vars is a text or a number/],
    [{ stdout_arg: "1x" }, /--stdout-arg 1x: is not a name/],
    [{ timeout: 0 }, /--timeout 0 is not a number of seconds above 0/],
  ])("refuses %j", (given, message) => {
    expect(() => parseVerb("RUN", "true", given)).toThrow(message);
  });
});

describe("a plan", () => {
  it("changes nothing, and says what would", async () => {
    const shared = { plan: true };
    const before = readdirSync(agent.home);
    const planned = await Promise.all(
      ["RUN touch a", "WORKDIR b", "ARG c 1", "ENV d 2", "ECHO e"].map((text) => verb(text, shared)),
    );
    expect(planned).toEqual([
      { changed: "unknown", diff: "+ touch a" },
      { changed: true, diff: `+ ${agent.home}/b/` },
      { changed: true, diff: "+ c 1" },
      { changed: true, diff: "+ d=2" },
      { changed: false, diff: "" },
    ]);
    expect(readdirSync(agent.home)).toEqual(before);
    expect(await agent.call("cache_list", {})).toMatchObject({ arguments: [], environment: [] });
  });

  it("shows later verbs what earlier ones would have set, for this list alone", async () => {
    const shared = { plan: true };
    await agent.call("arg", { name: "who", value: "before" });
    await verb("ARG who you", shared);
    await verb("ARG --extend-args list ['a']", shared);
    await verb("ARG --extend-args list ['b']", shared);
    expect(await verb("WORKDIR {{ who }}-{{ list[1] }}", shared)).toMatchObject({ diff: `+ ${agent.home}/you-b/` });
    expect(await verb("WORKDIR {{ who }}", { plan: true })).toMatchObject({ diff: `+ ${agent.home}/before/` });
  });

  it("says so where only the run knows, and still knows what nobody sets", async () => {
    const shared = { plan: true };
    await agent.call("arg", { name: "said", value: "of an earlier run" });
    await verb("RUN --stdout-arg said hostname", shared);
    expect(await verb("WORKDIR /srv/{{ said }}", shared)).toEqual({
      changed: "unknown",
      diff: "",
      message: "said is known only when it runs",
    });
    await expect(verb("WORKDIR /srv/{{ other }}", shared)).rejects.toMatchObject({ code: "argument_undefined" });
    await verb("ARG said now", shared);
    expect(await verb("WORKDIR /srv/{{ said }}", shared)).toMatchObject({ diff: "+ /srv/now/" });
  });

  it("knows when an earlier result would stand in", async () => {
    const shared = { plan: true };
    await verb("RUN --cache echo 1");
    expect(await verb("RUN --cache echo 1", shared)).toMatchObject({ changed: false });
    expect(await verb("RUN --skip-cache echo 1", shared)).toMatchObject({ changed: "unknown" });
    expect(await verb("RUN --cache echo 1", { ...shared, cache: "ignore" })).toMatchObject({ changed: "unknown" });
  });
});

describe("the cache", () => {
  it("is for verbs that say so: others are done each time", async () => {
    mkdirSync(join(agent.home, "results"));
    await verb("ECHO --cache 1");
    expect(await verb("ECHO --cache 1")).toEqual({ changed: false, stdout: "1\n" });
    expect(await agent.call("cache_list", {})).toMatchObject({ results: [] });
  });

  it("gives nothing where a list ignores it, and keeps the new result", async () => {
    const count = "RUN --cache echo x >> count; wc -l < count";
    await verb(count);
    expect(await verb(count, { cache: "ignore" })).toMatchObject({ stdout: "2\n", cached: false });
    expect(await verb(count)).toMatchObject({ stdout: "2\n", cached: true, changed: false });
  });

  it("knows commands by the variables of ENV as well, and by whom they run as", async () => {
    await verb("RUN --cache echo $COLOR");
    await verb("ENV COLOR blue");
    expect(await verb("RUN --cache echo $COLOR")).toMatchObject({ stdout: "blue\n", cached: false });
    expect(await verb("RUN --cache --user root echo $COLOR")).toMatchObject({ cached: false });
    expect(await verb("RUN --cache echo $COLOR")).toMatchObject({ cached: true });
  });

  it("keeps nothing of a call that holds secrets", async () => {
    const hiding = () => ({ push: (bytes: Uint8Array) => bytes, end: () => new Uint8Array(0) });
    await agent.call("run", { command: "echo 1", cache: "use" }, { hiding });
    expect(await agent.call("cache_list", {})).toMatchObject({ results: [] });
  });
});

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createBench, processesOf, ROOT, type Bench, type Ended } from "./support/gantry.ts";
import { ownMachine, type OwnMachine } from "./support/own-machines.ts";
import { describeReal } from "./support/real.ts";

/** Orchestrations from end to end: the programs as they are in the checkout, and agents with a file system of their own. */

const CONFORMANCE = resolve(ROOT, process.env["GANTRY_CONFORMANCE"] ?? "../shared/conformance", "orchestrations");
const LISTEN = "127.66.7.1:17467";
const KEY = "a shared key for three machines";
const NAMES = ["client-1", "client-2", "client-3"];

let bench: Bench;
let machines: readonly OwnMachine[];

interface Step {
  readonly job: number;
  readonly runs_on: "all" | "one";
  readonly succeeds: boolean;
  readonly stdout: string | null;
  readonly stdout_contains: string | null;
}

interface Result {
  readonly node: string;
  readonly job: number;
  readonly state: string;
  readonly exitCode: number | null;
  readonly startedAt: number;
  readonly milliseconds: number;
  readonly value: { readonly stdout?: string } | null;
}

async function ok(...args: readonly string[]): Promise<string> {
  const end = await bench.gantry(args);
  expect([args, end.error, end.code]).toEqual([args, end.error, 0]);
  return end.out;
}

function file(name: string, text: string): string {
  const path = join(bench.folder, name);
  writeFileSync(path, text);
  return path;
}

/** A run in the background: its id. */
async function detached(...args: readonly string[]): Promise<string> {
  return (await ok("orchestrate", "--detach", ...args)).trim();
}

interface Exported {
  readonly run: {
    readonly id: string;
    readonly status: string;
    readonly nodes: readonly { readonly name: string; readonly state: string }[];
  };
  readonly results: readonly Result[];
}

/** Everything about a run. */
async function exported(id: string): Promise<Exported> {
  const lines = (await ok("run", "export", id))
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { readonly kind: string });
  return {
    run: lines.find(({ kind }) => kind === "run") as unknown as Exported["run"],
    results: lines.filter(({ kind }) => kind === "result") as unknown as Result[],
  };
}

async function ended(id: string, among: readonly string[] = ["done", "failed", "cancelled"]): Promise<Exported> {
  await expect
    .poll(async () => among.includes((await exported(id)).run.status), { timeout: 60_000, interval: 200 })
    .toBe(true);
  return exported(id);
}

async function connected(names: readonly string[]): Promise<void> {
  await vi.waitFor(
    async () => {
      const nodes = JSON.parse(await ok("get", "nodes", "-o", "json")) as { name: string; state: string }[];
      const there = nodes.filter(({ state }) => state === "connected").map(({ name }) => name);
      expect(there).toEqual(expect.arrayContaining([...names]));
    },
    { timeout: 60_000, interval: 200 },
  );
}

function idOf(printed: Ended): string {
  return /run ([0-9a-f-]{36})/.exec(printed.error)![1]!;
}

describeReal("namespaces", "orchestrations", () => {
  beforeAll(async () => {
    bench = createBench();
    const started = await bench.gantry(["server", "start", "--listen", LISTEN], { GANTRY_SHARED_KEY: KEY });
    expect([started.error, started.code]).toEqual([started.error, 0]);
    machines = NAMES.map((name) => ownMachine(bench.folder, name, `https://${LISTEN}`, KEY));
    for (const machine of machines) machine.start();
    await connected(NAMES);
  });
  afterAll(async () => {
    for (const machine of machines ?? []) await machine.kill();
    bench.abandon();
    expect(processesOf(bench.folder)).toEqual([]);
  });

  it.each(["functional-tests", "functional-tests-async"])("%s does what Directord's did", async (name) => {
    const expected = JSON.parse(readFileSync(join(CONFORMANCE, `${name}.expected.json`), "utf8")) as {
      readonly jobs: number;
      readonly steps: readonly Step[];
    };
    const end = await bench.gantry(["orchestrate", join(CONFORMANCE, `${name}.yaml`)]);
    expect(end.error.split("\n").filter((line) => line.includes("| failed"))).toEqual([]);
    expect([end.error, end.code]).toEqual([end.error, 0]);
    const { run, results } = await exported(idOf(end));
    expect(run.status).toBe("done");
    expect(new Set(results.map(({ job }) => job)).size).toBe(expected.jobs);
    for (const step of expected.steps) {
      const own = results.filter(({ job }) => job === step.job);
      expect([step.job, own.length]).toEqual([step.job, step.runs_on === "all" ? NAMES.length : 1]);
      for (const { node, state, value } of own) {
        expect([step.job, node, state]).toEqual([
          step.job,
          node,
          expect.stringMatching(step.succeeds ? /^(ok|changed)$/ : /^failed$/),
        ]);
        const stdout = value?.stdout ?? "";
        if (step.stdout !== null) expect([step.job, stdout.replace(/\n$/, "")]).toEqual([step.job, step.stdout]);
        if (step.stdout_contains !== null)
          expect([step.job, stdout]).toEqual([step.job, expect.stringContaining(step.stdout_contains)]);
      }
    }
    for (const machine of machines) {
      expect(machine.text("/tmp/test/test-query").trim()).toBe(
        `{${NAMES.map((one) => `'${one}': {'query_test_arg': '${one}.example'}`).join(", ")}}`,
      );
      expect(machine.text("/tmp/test/test-cache.yaml")).toBe(
        readFileSync(join(CONFORMANCE, "files/test-cache.yaml"), "utf8"),
      );
      expect(machine.text("/tmp/test/test-blueprint.yaml.j2")).toContain("test_nested_args: {'test': True}");
    }
    expect(machines.filter(({ tmp }) => existsSync(join(tmp, "test/test-cache.yaml-once-0"))).length).toBeGreaterThan(
      0,
    );
  });

  it("runs Director's own example as written, again in part, and without what nodes remember", async () => {
    const ssh = join(bench.folder, "ssh");
    mkdirSync(ssh);
    writeFileSync(join(ssh, "id"), "secret\n");
    const path = file(
      "example.yaml",
      `---
- jobs:
  - WORKDIR: /tmp/home/centos/.ssh
  - RUN: touch /tmp/home/centos/.ssh/known && chmod 600 /tmp/home/centos/.ssh/* && chmod 700 /tmp/home/centos/.ssh
  - ADD: --chown=0:0 ${ssh}/* /tmp/home/centos/.ssh/
- targets:
  - client-1
  - client-3
  jobs:
  - RUN: echo installed >> /tmp/installed
    name: install
`,
    );
    await ok("orchestrate", path);
    expect(machines.map(({ text }) => text("/tmp/home/centos/.ssh/id"))).toEqual(["secret\n", "secret\n", "secret\n"]);
    await ok("orchestrate", "--restrict", "install", path);
    expect(machines[0]!.text("/tmp/installed")).toBe("installed\n");
    await ok("orchestrate", "--restrict", "install", "--ignore-cache", path);
    expect(machines[2]!.text("/tmp/installed")).toBe("installed\ninstalled\n");
    expect(existsSync(join(machines[1]!.tmp, "installed"))).toBe(false);
  });

  it("says what is wrong with a file and where, and runs nothing of it", async () => {
    const path = file(
      "wrong.yaml",
      "- jobs:\n  - RUNN: echo hello\n  - RUN: --timout 5 true\n- target: []\n  jobs: []\n",
    );
    const end = await bench.gantry(["orchestrate", path]);
    expect(end.code).toBe(2);
    expect(end.error).toContain(`wrong.yaml:4:3: an entry has no 'target'; did you mean 'targets'?`);
    const unknown = file(
      "unknown.yaml",
      "- jobs:\n  - RUN: true\n  - RUN: --timout 5 true\n- targets: [client-4]\n  jobs:\n  - RUN: true\n",
    );
    const checked = await bench.gantry(["orchestrate", "--check", unknown]);
    expect([checked.code, checked.error]).toEqual([
      2,
      expect.stringContaining("unknown.yaml:3:5: RUN: there is no option --timout; did you mean --timeout?"),
    ]);
    const target = file("target.yaml", "- targets: [client-4]\n  jobs:\n  - RUN: true\n");
    expect((await bench.gantry(["orchestrate", target])).error).toContain(
      "there is no node 'client-4'; did you mean 'client-1'?",
    );
  });

  it("rolls in batches, and stops where more fail than may", async () => {
    const path = file(
      "rolling.yaml",
      `- name: rolling
  batch: 1
  max_failures: 0
  jobs:
  - RUN: test $(hostname) != client-2
- jobs:
  - RUN: echo behind
`,
    );
    const end = await bench.gantry(["orchestrate", path]);
    expect(end.code).toBe(1);
    const { run, results } = await exported(idOf(end));
    expect(run.status).toBe("failed");
    expect(results.filter(({ job }) => job === 1).map(({ node, state }) => [node, state])).toEqual([
      ["client-1", "changed"],
      ["client-2", "failed"],
      ["client-3", "skipped"],
    ]);
    expect(results.filter(({ job }) => job === 2).every(({ state }) => state === "skipped")).toBe(true);
    expect(results[1]).toMatchObject({ exitCode: 1 });
  });

  it("does on resuming only what failed or was not done", async () => {
    const path = file(
      "resumed.yaml",
      `- on_failure: stop
  jobs:
  - RUN: --skip-cache echo first >> /tmp/steps
  - RUN: --skip-cache test -e /tmp/gate-$(hostname) || test $(hostname) != client-2
  - RUN: --skip-cache echo last >> /tmp/steps
`,
    );
    const end = await bench.gantry(["orchestrate", path]);
    expect(end.code).toBe(1);
    expect(machines.map(({ text }) => text("/tmp/steps"))).toEqual(["first\nlast\n", "first\n", "first\nlast\n"]);
    writeFileSync(join(machines[1]!.tmp, "gate-client-2"), "");
    await ok("orchestrate", "--resume", idOf(end));
    expect(machines.map(({ text }) => text("/tmp/steps"))).toEqual(["first\nlast\n", "first\nlast\n", "first\nlast\n"]);
    const again = await bench.gantry(["orchestrate", "--resume", idOf(end)]);
    expect([again.code, machines[1]!.text("/tmp/steps")]).toEqual([0, "first\nlast\nlast\n"]);
  });

  it("plans without doing", async () => {
    const path = file("planned.yaml", "- jobs:\n  - WORKDIR: /tmp/planned\n  - RUN: touch /tmp/planned/a\n");
    const end = await bench.gantry(["orchestrate", "--plan", path]);
    expect([end.error, end.code]).toEqual([end.error, 0]);
    expect(end.out).toContain("/tmp/planned");
    expect(machines.map(({ tmp }) => existsSync(join(tmp, "planned")))).toEqual([false, false, false]);
  });

  it("does not let healthy nodes wait for a killed one, which follows when it is back", async () => {
    await machines[1]!.kill();
    const other = file(
      "healthy.yaml",
      "- jobs:\n  - RUN: --skip-cache echo one\n- jobs:\n  - RUN: --skip-cache echo two >> /tmp/healthy\n",
    );
    const next = await detached(other);
    await expect
      .poll(() => [0, 2].map((index) => existsSync(join(machines[index]!.tmp, "healthy"))), { timeout: 30_000 })
      .toEqual([true, true]);
    expect((await exported(next)).run.nodes[1]).toMatchObject({ name: "client-2", state: "running" });
    machines[1]!.start();
    expect((await ended(next)).run.nodes.map(({ state }) => state)).toEqual(["done", "done", "done"]);
    expect(machines[1]!.text("/tmp/healthy")).toBe("two\n");
  });

  it("goes on after the server was killed", async () => {
    const path = file(
      "killed.yaml",
      `- jobs:
  - RUN: --skip-cache while [ ! -e /tmp/go ]; do sleep 0.1; done; echo $(hostname) >> /tmp/went
- jobs:
  - RUN: --skip-cache echo second >> /tmp/went
`,
    );
    const id = await detached(path);
    await expect
      .poll(async () => (await exported(id)).run.nodes.map(({ state }) => state), { timeout: 30_000 })
      .toEqual(["running", "running", "running"]);
    const server = (JSON.parse(readFileSync(join(bench.dataFolder, "server.json"), "utf8")) as { readonly pid: number })
      .pid;
    process.kill(server, "SIGKILL");
    for (const { tmp } of machines) writeFileSync(join(tmp, "go"), "");
    const started = await bench.gantry(["server", "start", "--listen", LISTEN], { GANTRY_SHARED_KEY: KEY });
    expect([started.error, started.code]).toEqual([started.error, 0]);
    const { run } = await ended(id);
    expect(run.status).toBe("done");
    expect(machines.map(({ text }) => text("/tmp/went"))).toEqual(NAMES.map((name) => `${name}\nsecond\n`));
  });

  it("cancels: what is out is stopped, and nothing more begins", async () => {
    const path = file(
      "cancelled.yaml",
      "- jobs:\n  - RUN: --skip-cache sleep 1000\n  - RUN: echo never >> /tmp/never\n- jobs:\n  - RUN: echo never >> /tmp/never\n",
    );
    const id = await detached(path);
    await expect
      .poll(async () => (await exported(id)).results.filter(({ state }) => state === "running").length, {
        timeout: 30_000,
      })
      .toBeGreaterThan(0);
    await ok("run", "cancel", "--yes", id);
    const { run, results } = await ended(id);
    expect(run.status).toBe("cancelled");
    expect(results.filter(({ job }) => job !== 1).every(({ state }) => state === "skipped")).toBe(true);
    expect(machines.some(({ tmp }) => existsSync(join(tmp, "never")))).toBe(false);
  });
});

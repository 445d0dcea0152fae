import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBench, ROOT, type Bench } from "./support/gantry.ts";

/** Commands around `up`, as a user types them. */

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(async () => {
  expect(await bench.clear()).toEqual([]);
});

/** One structure on a folder; its create script runs a command. */
function siteRunning(command: string): string {
  const path = join(bench.folder, "site.yaml");
  writeFileSync(
    path,
    `design: cli
sites: { lab: {} }
blueprints:
  machine:
    builds: foundation
    foundation_types: [local]
    scripts: { create: "foundation.create()\\nfoundation.power_on()", destroy: "foundation.power_off()\\nfoundation.destroy()" }
  thing: { builds: structure, scripts: { create: ${JSON.stringify(`agent.run( command="${command}" )`)} } }
structures:
  thing1: { site: lab, blueprint: thing, foundation: { type: local, blueprint: machine } }
`,
  );
  return path;
}

function ask(url: string, headers: Record<string, string>, ca: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { headers, ca, agent: false }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    outgoing.on("error", reject);
    outgoing.end();
  });
}

describe("a server in the background", () => {
  it("starts, says where it is, answers with a token over TLS, and stops", async () => {
    const started = await bench.gantry(["server", "start"]);
    expect([started.code, started.out]).toEqual([
      0,
      expect.stringMatching(/^Server started: pid \d+, https:\/\/127\.0\.0\.1:\d+\n$/),
    ]);
    const again = await bench.gantry(["server", "start"]);
    expect(again.out).toMatch(/^Server already runs/);
    const status = JSON.parse((await bench.gantry(["server", "status", "-o", "json"])).out) as {
      running: boolean;
      urls: string[];
    };
    expect(status.running).toBe(true);
    const ca = readFileSync(join(bench.dataFolder, "tls/ca.pem"), "utf8");
    const token = readFileSync(join(bench.dataFolder, "admin.token"), "utf8").trim();
    const url = `${status.urls[0]}/v1/sites`;
    expect((await ask(url, {}, ca)).status).toBe(401);
    expect(JSON.parse((await ask(url, { authorization: `Bearer ${token}` }, ca)).text)).toMatchObject({ items: [] });
    expect((await bench.gantry(["server", "stop"])).code).toBe(0);
    expect((await bench.gantry(["get", "sites"])).error).toContain("server_not_running");
  });

  it("with certificates of one's own", async () => {
    const [chain, key] = [join(bench.folder, "chain.pem"), join(bench.folder, "key.pem")];
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=own",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        key,
        "-out",
        chain,
      ],
      { stdio: "ignore" },
    );
    expect((await bench.gantry(["server", "start", "--tls-cert", chain, "--tls-key", key])).code).toBe(0);
    const { urls } = JSON.parse((await bench.gantry(["server", "status", "-o", "json"])).out) as { urls: string[] };
    expect((await ask(`${urls[0]}/healthz`, {}, readFileSync(chain, "utf8"))).status).toBe(200);
  });
});

describe("jobs", () => {
  it("that failed are retried from where they failed", async () => {
    const flag = join(bench.folder, "flag");
    const file = siteRunning(`test -e ${flag}`);
    const failed = await bench.gantry(["up", file]);
    expect(failed.code).toBe(1);
    const id = /job ([0-9a-f-]{36})/.exec(failed.error)?.[1] ?? "";
    writeFileSync(flag, "");
    const before = JSON.parse((await bench.gantry(["events", "-o", "json"])).out) as { cursor: string }[];
    // From a cursor on: nobody knows which of two commands that are started at once is the first.
    const follow = bench.start(["events", "--follow", "--after", before.at(-1)!.cursor]);
    const retried = await bench.gantry(["job", "retry", id]);
    expect([retried.code, retried.error]).toEqual([0, ""]);
    expect((await bench.gantry(["job", "log", id, "--follow"])).out).toMatch(/retried[\s\S]*done/);
    await follow.printed(/structure\.built +structure thing1/);
    follow.child.kill("SIGINT");
    await follow.ended;
    const again = await bench.gantry(["up", file]);
    expect([again.code, again.out]).toEqual([0, expect.stringMatching(/no changes/i)]);
    const events = JSON.parse((await bench.gantry(["get", "events", "-o", "json"])).out) as {
      id: string;
      type: string;
    }[];
    const shown = await bench.gantry(["show", "event", events[0]!.id]);
    expect(shown.out).toContain(`type: ${events[0]!.type}`);
  });
});

describe("up --foreground", () => {
  it("keeps the server in its own process until it is interrupted", async () => {
    const running = bench.start(["up", "--foreground", siteRunning("true")]);
    await running.printed(/runs in the foreground/);
    expect((await bench.gantry(["get", "structures"])).out).toMatch(/^thing1 .*built/m);
    running.child.kill("SIGINT");
    expect((await running.ended).code).toBe(0);
    expect((await bench.gantry(["server", "status"])).code).toBe(1);
  });

  it("prints a result a program can read, and nothing beside it", async () => {
    const end = await bench.gantry(["up", siteRunning("true"), "-o", "json"]);
    expect(JSON.parse(end.out)).toMatchObject({ settled: true, items: [{ name: "thing1", state: "built" }] });
  });
});

describe("completion", () => {
  it.each([
    ["gantry job re", "resume retry"],
    ["gantry get struct", "structures"],
    ["gantry server st", "start stop status"],
  ])("of '%s' in bash", (typed, offered) => {
    const words = typed.split(" ");
    const script = `eval "$(${join(ROOT, "gantry")} completion bash)"; COMP_WORDS=(${typed}); COMP_CWORD=${words.length - 1}; _gantry; echo "\${COMPREPLY[@]}"`;
    expect(spawnSync("bash", ["-c", script], { encoding: "utf8" }).stdout.trim()).toBe(offered);
  });
});

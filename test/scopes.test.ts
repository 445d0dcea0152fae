import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBench, type Bench } from "./support/gantry.ts";

/** Whose rights jobs have, and whose workers do them, with the programs as they are in the checkout. */

let bench: Bench;

beforeAll(async () => {
  bench = createBench();
  await ok("server", "start");
});
// The agents of a worker of one's own are nobody's to take down but its own.
afterAll(() => bench.abandon());

async function ok(...args: readonly string[]): Promise<string> {
  const end = await bench.gantry(args);
  expect([args, end.error, end.code]).toEqual([args, end.error, 0]);
  return end.out;
}

/** One machine that is a folder on this one, and `web1` on it; its script runs `command`. */
function design(name: string, network: string, command: string): string {
  const path = join(bench.folder, name);
  mkdirSync(path);
  writeFileSync(
    join(path, "site.yaml"),
    `design: small
sites: { lab: {} }
address_blocks: { loopback: { site: lab, subnet: ${network}.0.0/24 } }
blueprints:
  machine:
    builds: foundation
    foundation_types: [local]
    scripts: { create: "foundation.create()\\nfoundation.power_on()\\n", destroy: "foundation.power_off()\\nfoundation.destroy()\\n" }
  web:
    builds: structure
    foundation_blueprints: [machine]
    scripts: { create: 'agent.run( command="${command}" )' }
structures:
  web1: { site: lab, blueprint: web, foundation: { type: local, blueprint: machine }, addresses: [{ block: loopback }] }
`,
  );
  return path;
}

/** What the API answers through the socket to who shows a token. */
function ask(method: string, path: string, token: string, body?: object): Promise<{ status: number; body: never }> {
  const text = body === undefined ? "" : JSON.stringify(body);
  return new Promise((done, failed) => {
    const outgoing = request(
      {
        socketPath: join(bench.dataFolder, "gantry.sock"),
        method,
        path,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
        },
      },
      (answer) => {
        let told = "";
        answer.on("data", (chunk: Buffer) => (told += chunk.toString()));
        answer.on("end", () => done({ status: answer.statusCode ?? 0, body: JSON.parse(told) as never }));
      },
    );
    outgoing.on("error", failed);
    outgoing.end(text);
  });
}

interface JobAnswer {
  readonly id: string;
  readonly status: string;
  readonly message: string;
}

async function job(id: string): Promise<JobAnswer> {
  const administrator = readFileSync(join(bench.dataFolder, "admin.token"), "utf8").trim();
  return (await ask("GET", `/v1/jobs/${id}`, administrator)).body;
}

/** A job of a run on its one node, once it is there. */
async function jobOf(run: string, stage: number): Promise<string> {
  const administrator = readFileSync(join(bench.dataFolder, "admin.token"), "utf8").trim();
  let found: string | undefined;
  await expect
    .poll(
      async () => {
        const { body } = await ask("GET", `/v1/runs/${run}`, administrator);
        found = (body as { readonly nodes: readonly { readonly jobs: readonly string[] }[] }).nodes[0]?.jobs[stage];
        return found;
      },
      { timeout: 60_000 },
    )
    .toBeDefined();
  return found!;
}

describe.sequential("a job", () => {
  it("does not take its next step when the token it was started with is revoked, and goes on with the rights of who resumes it", async () => {
    await ok("up", design("first", "127.145", "true"), "--yes");
    await ok("account", "create", "robot");
    await ok("binding", "create", "operator", "--account", "robot", "--site", "lab");
    const token = (await ok("token", "create", "nightly", "--account", "robot")).trim();
    const [gate, out] = [join(bench.folder, "gate"), join(bench.folder, "out")];
    const started = await ask("POST", "/v1/runs", token, {
      text: "two steps",
      entries: [
        { jobs: [{ verb: "RUN", text: `while [ ! -e ${gate} ]; do sleep 0.1; done` }] },
        { jobs: [{ verb: "RUN", text: `touch ${out}` }] },
      ],
    });
    expect([started.status, started.body]).toMatchObject([201, { nodes: [{ name: "web1" }] }]);
    const run = (started.body as { readonly id: string }).id;
    const first = await jobOf(run, 0);
    await expect.poll(async () => (await job(first)).status, { timeout: 60_000 }).toBe("waiting");
    await meetsNothing(first);
    await ok("token", "revoke", "nightly", "--account", "robot");
    writeFileSync(gate, "");
    const id = await jobOf(run, 1);
    await expect.poll(async () => (await job(id)).status, { timeout: 60_000 }).toBe("paused");
    expect((await job(id)).message).toBe("the token with which robot started it was revoked");
    expect(existsSync(out)).toBe(false);
    expect((await ask("GET", `/v1/jobs/${id}`, token)).status).toBe(401);
    expect(await ok("audit", "list", "--action", "job.stopped")).toContain("job.stopped");
    await ok("job", "resume", id);
    await expect.poll(async () => (await job(id)).status, { timeout: 60_000 }).toBe("done");
    expect(existsSync(out)).toBe(true);
  });
});

/** Who has rights at another site alone. */
async function meetsNothing(jobId: string): Promise<void> {
  await ok("create", "site", "elsewhere");
  await ok("account", "create", "stranger");
  await ok("binding", "create", "operator", "--account", "stranger", "--site", "elsewhere");
  const token = (await ok("token", "create", "own", "--account", "stranger")).trim();
  for (const path of ["/v1/jobs", "/v1/nodes", "/v1/events?type=job.*"])
    expect([path, (await ask("GET", path, token)).body]).toEqual([path, { items: [], next: null }]);
  expect(await ask("GET", `/v1/jobs/${jobId}`, token)).toMatchObject({ status: 404, body: { code: "job_not_found" } });
  const entries = [{ jobs: [{ verb: "RUN", text: "true" }] }];
  for (const name of ["web1", "web"])
    expect(await ask("POST", "/v1/runs", token, { text: "true", entries, targets: [name] })).toMatchObject({
      status: 404,
      body: { code: "node_unknown", detail: `there is no node '${name}'` },
    });
  const all = await ask("POST", "/v1/runs", token, { text: "true", entries });
  expect(all.body).toMatchObject({ code: "no_nodes" });
}

describe.sequential("another tenant", () => {
  it("is built by a worker of its own, and by nobody else", async () => {
    await ok("create", "tenant", "acme");
    const site = design("second", "127.148", "true");
    const up = bench.start(["--tenant", "acme", "up", site, "--yes"]);
    await expect
      .poll(async () => JSON.parse(await ok("--tenant", "acme", "get", "jobs", "--output", "json")) as unknown, {
        timeout: 60_000,
      })
      .toMatchObject([{ status: "waiting" }]);
    // The worker inside the server is the default tenant's: nobody has taken it.
    const home = join(bench.dataFolder, "acme-worker");
    const token = (await ok("--tenant", "acme", "join-token", "--role", "worker", "--name", "theirs")).trim();
    const { urls } = JSON.parse(readFileSync(join(bench.dataFolder, "server.json"), "utf8")) as { urls: string[] };
    const worker = bench.start(
      ["worker", "--state", join(home, "state"), "--server", urls[0]!, "--join", token, "--modules", "local"],
      { GANTRY_DATA: home },
    );
    void worker.ended.catch(() => undefined);
    expect(await up.ended).toMatchObject({ code: 0 });
    expect(existsSync(join(home, "foundations", "web1"))).toBe(true);
    const nodes = async (tenant: string): Promise<readonly string[]> =>
      (JSON.parse(await ok("--tenant", tenant, "get", "nodes", "--output", "json")) as { name: string }[])
        .map(({ name }) => name)
        .sort();
    expect(await nodes("acme")).toEqual(["theirs", "web1"]);
    expect(await nodes("default")).toEqual(["embedded-worker", "web1"]);
    const exec = await bench.gantry(["--tenant", "acme", "exec", "hostname; pwd"]);
    expect([exec.code, exec.out]).toEqual([0, expect.stringContaining(home)]);
  });
});

import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canary, random, tracesBelow, tracesIn, type Canary } from "./support/canaries.ts";
import { createBench, type Bench, type Ended } from "./support/gantry.ts";
import { LOCAL_MACHINE } from "./support/sites.ts";

/**
 * Canaries are planted as secrets of a tenant, a site, a group and a structure, used in a file, a command and an environment, and printed by
 * what they are given to. Then everything that the system ever wrote is searched: the data folder with its database, logs, the agents'
 * folders and journals, bundles, backups, and every answer. They stand where they belong, and nowhere else.
 */

const PEM = `-----BEGIN PRIVATE KEY-----\n${Array.from({ length: 6 }, () => random(64)).join("\n")}\n-----END PRIVATE KEY-----\n`;
const CANARIES = {
  token: canary("token", random(24)),
  key: canary("key", PEM),
  quoted: canary("quoted", `it's "${random(12)}" \\ $HOME {{ x }}\nsecond ${random(16)} für %41 &<>`),
  command: canary("command", `echo ${random(20)}`),
  pin: canary("pin", random(8)),
} satisfies Record<string, Canary>;
const ALL = Object.values(CANARIES);

let bench: Bench;
/** Everything a command printed. */
const printed: { readonly what: string; readonly text: string }[] = [];

beforeAll(() => {
  bench = createBench();
});
afterAll(async () => {
  expect(await bench.clear()).toEqual([]);
});

async function gantry(...words: readonly string[]): Promise<Ended> {
  const end = await bench.gantry(words);
  printed.push({ what: `gantry ${words.join(" ")}`, text: `${end.out}\n${end.error}` });
  return end;
}

async function keep(name: keyof typeof CANARIES, ...owner: readonly string[]): Promise<void> {
  const file = join(bench.folder, "value");
  writeFileSync(file, CANARIES[name].value);
  expect(await gantry("secret", "set", name, ...owner, "--kind", "text", "--value-file", file)).toMatchObject({
    code: 0,
  });
  rmSync(file);
}

const SITE = `
design: canaries
tenant: { variables: { token: { $secret: token } } }
groups: { shop: { variables: { database: { password: { $secret: quoted } } } } }
sites: { lab: { variables: { tls: [{ $secret: key }] } } }
address_blocks: { loop: { site: lab, subnet: 127.146.0.0/24 } }
blueprints:
  ${LOCAL_MACHINE}
  server:
    builds: structure
    foundation_blueprints: [machine]
    templates:
      app.conf: |
        token={{ token }}
        password={{ database.password }}
        pin={{ pin }}
        {{ tls[0] }}
    scripts:
      create: |
        agent.add( template="app.conf", to="app.conf", chmod="0600" )
        agent.run( command=config.command )
        agent.run( command=config.print, environment={TOKEN=config.token, QUOTED=config.database["password"]} )
  broken:
    builds: structure
    foundation_blueprints: [machine]
    scripts:
      create: |
        agent.run( command=config.fail, environment={TOKEN=config.token} )
  lost:
    builds: structure
    foundation_blueprints: [machine]
    scripts:
      create: |
        agent.run( command="true", cwd=config.token )
structures:
  web1:
    site: lab
    blueprint: server
    groups: [shop]
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: loop }]
    variables:
      pin: { $secret: pin }
      command: { $secret: command }
      print: |
        cat app.conf
        printf '%s' "$TOKEN" | head -c 7; sleep 0.3; printf '%s' "$TOKEN" | tail -c +8; echo
        printf '%s' "$TOKEN" | head -c 3 >&2; sleep 0.3; printf '%s' "$TOKEN" | tail -c +4 >&2
        printf '%s' "$QUOTED" | base64
        printf 'user:%s' "$QUOTED" | base64 -w 0; echo
        printf '%s' "$TOKEN" | od -An -v -tx1 | tr -d ' \\n'; echo
        base64 app.conf
        set -x; : "$QUOTED"
  web2:
    site: lab
    blueprint: broken
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: loop }]
    variables: { fail: "echo wrong token: $TOKEN >&2; echo wrong: $TOKEN; exit 3" }
  web3:
    site: lab
    blueprint: lost
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: loop }]
`;

interface Listed {
  readonly id: string;
  readonly target: { readonly name: string; readonly kind: string };
  readonly status: string;
  readonly wish: string | null;
}

async function jobs(): Promise<readonly Listed[]> {
  return JSON.parse((await gantry("get", "jobs", "-o", "json")).out) as readonly Listed[];
}

/** One answer of the server, as its administrator gets it. */
function answer(path: string): Promise<string> {
  const { socket } = JSON.parse(readFileSync(join(bench.dataFolder, "server.json"), "utf8")) as { socket: string };
  return new Promise((resolve, reject) => {
    const request = get({ socketPath: socket, path }, (response) => {
      let text = "";
      response.on("data", (chunk: Buffer) => (text += chunk.toString()));
      response.on("end", () => {
        printed.push({ what: `GET ${path}`, text });
        resolve(text);
      });
    });
    request.on("error", reject);
  });
}

function isRendered(path: string): boolean {
  return path.startsWith(join(bench.dataFolder, "foundations")) && path.endsWith("/app.conf");
}

describe.sequential("canaries", () => {
  it("are missed by the job that needs them, with all that a person has to know", async () => {
    writeFileSync(join(bench.folder, "site.yaml"), SITE);
    const end = await gantry("up", "site.yaml", "--yes");
    expect(end.code).toBe(1);
    expect(end.error).toContain("there is no secret 'token': the variable 'token' refers to it");
  });

  it("reach what they are for", async () => {
    await keep("token");
    await keep("key", "--site", "lab");
    await keep("quoted", "--group", "shop");
    await keep("pin", "--structure", "web1");
    await keep("command", "--structure", "web1");
    const failed = (await jobs()).filter(({ status }) => status === "failed");
    for (const { id } of failed) expect(await gantry("job", "retry", id)).toMatchObject({ code: 0 });
    const done = new Set(["done", "failed"]);
    // A retry is a wish until the job's next turn.
    await expect
      .poll(async () => (await jobs()).every(({ status, wish }) => wish === null && done.has(status)), {
        timeout: 60_000,
        interval: 500,
      })
      .toBe(true);
    const { token, quoted, pin } = CANARIES;
    const built = (await jobs()).find(({ target }) => target.kind === "structure" && target.name === "web1");
    const log = await gantry("job", "log", built!.id);
    expect([built?.status, log.out]).toEqual(["done", expect.stringContaining("done")]);
    const home = join(bench.dataFolder, "foundations");
    const rendered = tracesBelow(home, ALL, (path) => !isRendered(path)).map((one) => one.split(": ")[1]);
    expect(rendered.map((one) => one!.split(" as ")[0]).sort()).toEqual(["key", "pin", "quoted", "token"]);
    const path = tracesBelow(home, ALL, (one) => !isRendered(one))[0]!.split(": ")[0]!;
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toBe(
      `token=${token.value}\npassword=${quoted.value}\npin=${pin.value}\n${PEM}\n`.replace(/\n+$/, "\n"),
    );
  });

  it("stand in nothing that is shown", async () => {
    const all = await jobs();
    for (const { id } of all) {
      for (const word of ["log", "show"]) await gantry("job", word, id);
      for (const part of ["", "/log", "/output", "/tasks", "/results"]) await answer(`/v1/jobs/${id}${part}`);
    }
    const output = printed.map(({ text }) => text).join("\n");
    expect(output).toContain("[secret token]");
    expect(output).toContain("wrong token: [secret token]");
    expect(output).toMatch(/cannot be started in .*\[secret token\]/);
    // Printed by a command that was given no secret: the server knows it all the same.
    const exec = await gantry("exec", "--target", "web1", "cat app.conf; sleep 0.1; base64 -w 0 app.conf");
    expect(exec.out).toContain("token=[secret token]");
    // Filled in on the node, by the templates of a run.
    const run = await gantry(
      "exec",
      "--target",
      "web1",
      "echo filled={{ token }}; echo {{ token }} | base64; echo {{ token }} >&2",
    );
    expect([run.code, run.out]).toEqual([0, expect.stringContaining("filled=[secret token]")]);
    for (const word of ["show", "results", "analyze"]) expect((await gantry("run", word, "-o", "json")).code).toBe(0);
    expect((await gantry("run", "output")).out).toContain("filled=[secret token]");
    expect((await gantry("run", "export")).out).toContain("echo filled={{ token }}");
    writeFileSync(join(bench.folder, "site.yaml"), SITE.replace("pin={{ pin }}", "pin: {{ pin }}"));
    expect((await gantry("plan", "site.yaml")).out).toContain("web1");
    await gantry("structure", "vars", "web1", "--explain");
    for (const kind of ["structures", "sites", "groups", "nodes", "designs"]) await gantry("get", kind, "-o", "json");
    await gantry("show", "structure", "web1", "-o", "json");
    await gantry("events", "-o", "json");
    await gantry("secret", "list", "-o", "json");
    await gantry("history", "structure", "web1");
    await gantry("audit", "list");
    expect((await gantry("audit", "export", "--out", "audit.jsonl")).code).toBe(0);
    for (const path of ["/v1/events", "/v1/structures", "/v1/secrets", "/v1/audit", "/metrics", "/v1/jobs"])
      await answer(path);
    for (const format of ["tgz", "json"])
      expect((await gantry("inventory", "export", "--format", format, "--out", `inventory.${format}`)).code).toBe(0);
    expect((await gantry("support-bundle", "--out", "support.tgz")).code).toBe(0);
    expect(printed.flatMap(({ what, text }) => tracesIn(what, Buffer.from(text), ALL))).toEqual([]);
  });

  it("stand in nothing that was ever written, but where they belong", async () => {
    writeFileSync(join(bench.folder, "passphrase"), "correct horse battery staple\n", { mode: 0o600 });
    const sealed = ["--passphrase-file", "passphrase"];
    expect((await gantry("backup", "--out", "made.backup", ...sealed)).code).toBe(0);
    expect(await gantry("--data", "restored", "restore", "made.backup", ...sealed)).toMatchObject({ code: 0 });
    expect(existsSync(join(bench.dataFolder, "gantry.db-wal"))).toBe(true);
    expect(tracesBelow(bench.folder, ALL, isRendered)).toEqual([]);
    // Only who may read a secret gets it, and only there.
    expect((await bench.gantry(["secret", "get", "pin", "--structure", "web1"])).out).toBe(CANARIES.pin.value);
    expect((await gantry("server", "stop")).code).toBe(0);
    expect(tracesBelow(bench.folder, ALL, isRendered)).toEqual([]);
  });
});

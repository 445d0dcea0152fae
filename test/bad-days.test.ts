import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBench, fetchPage, type Bench } from "./support/gantry.ts";

/** Bad input and bad days, as a user meets them: a clear coded error, no stack trace, nothing half-done. */

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(async () => {
  expect(await bench.clear()).toEqual([]);
});

function write(name: string, text: string): string {
  const path = join(bench.folder, name);
  writeFileSync(path, text);
  return path;
}

/** A site of one structure on a folder, with its create script and template. */
function siteWith(script: string, template = "plain"): string {
  return write(
    "site.yaml",
    `design: bad
sites: { lab: { variables: { greeting: Hello } } }
address_blocks: { loopback: { site: lab, subnet: 127.132.0.0/24 } }
blueprints:
  machine:
    builds: foundation
    foundation_types: [local]
    scripts: { create: "foundation.create()\\nfoundation.power_on()", destroy: "foundation.power_off()\\nfoundation.destroy()" }
  thing:
    builds: structure
    templates: { file.txt: ${JSON.stringify(template)} }
    scripts:
      create: |
${script.replaceAll(/^/gm, "        ")}
structures:
  thing1: { site: lab, blueprint: thing, foundation: { type: local, blueprint: machine }, addresses: [{ block: loopback }] }
`,
  );
}

function expectNoStackTrace(text: string): void {
  expect(text).not.toMatch(/^\s+at .*\(?.*:\d+:\d+\)?$/m);
}

describe("documents that are wrong", () => {
  it("are reported whole, with places and nearest names, before anything is made", async () => {
    const file = write(
      "site.yaml",
      `design: bad
sites:
  lab: { varaibles: {} }
  loop1: { parent: loop2 }
  loop2: { parent: loop1 }
structures:
  web1: { site: lba, blueprint: web, foundation: m1 }
  web2: { site: lab, blueprint: web, foundation: 3 }
`,
    );
    const end = await bench.gantry(["up", file]);
    expect(end.code).toBe(2);
    expect(end.error).toContain(
      `${file}:3:10: 'varaibles' is not a key of site 'lab'; did you mean 'variables'? (unknown_key)`,
    );
    expect(end.error).toContain("loop1 → loop2 → loop1");
    expect(end.error).toContain("did you mean 'lab'?");
    expectNoStackTrace(end.error);
    expect(existsSync(bench.dataFolder)).toBe(false);
  });

  it("that would burst the memory are refused at once", async () => {
    const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
    for (const letter of "bcdefghi")
      bomb.push(
        `${letter}: &${letter} [${Array(9)
          .fill(`*${String.fromCharCode(letter.charCodeAt(0) - 1)}`)
          .join(", ")}]`,
      );
    const aliases = await bench.gantry(["up", write("bomb.yaml", `${bomb.join("\n")}\n`)]);
    expect(aliases.code).toBe(2);
    expectNoStackTrace(aliases.error);
    const large = await bench.gantry(["up", write("large.yaml", `design: large\n# ${"x".repeat(50 * 1024 * 1024)}\n`)]);
    expect(large.code).toBe(2);
    expect(large.error).toContain("bundle_too_large");
    const missing = await bench.gantry(["up", join(bench.folder, "nothing.yaml")]);
    expect(missing.code).toBe(2);
    expect(missing.error).toContain("cannot be read");
    expect(existsSync(bench.dataFolder)).toBe(false);
  });

  it("that ask for more addresses than there are change nothing", async () => {
    const file = write(
      "site.yaml",
      `design: full
sites: { lab: {} }
address_blocks: { tiny: { site: lab, subnet: 127.133.0.0/30 } }
blueprints:
  machine: { builds: foundation, foundation_types: [local], scripts: { create: "foundation.create()" } }
  thing: { builds: structure, scripts: { create: "message( msg='x' )" } }
structures:
${["a1", "b1", "c1"].map((name) => `  ${name}: { site: lab, blueprint: thing, foundation: { type: local, blueprint: machine }, addresses: [{ block: tiny }] }`).join("\n")}
`.replaceAll("'x'", '\\"x\\"'),
    );
    const end = await bench.gantry(["up", file]);
    expect([end.code, end.error]).toEqual([2, expect.stringContaining("address_block_full")]);
    expect(existsSync(join(bench.dataFolder, "foundations"))).toBe(false);
  });
});

describe("scripts that go wrong", () => {
  it("fail with their line, their job and the last output, and are taken up again", async () => {
    const file = siteWith('agent.run( command="echo working; echo broken >&2; exit 7" )');
    const end = await bench.gantry(["up", file]);
    expect(end.code).toBe(1);
    expect(end.out).toMatch(/^thing1 +thing +127\.132\.0\.1 +failed/m);
    expect(end.error).toMatch(/thing1: job [0-9a-f-]{36} failed at .*site\.yaml:14.*exit code 7/);
    expect(end.error).toContain("| broken");
    expectNoStackTrace(end.error);
    siteWith('agent.run( command="true" )');
    const mended = await bench.gantry(["up", file]);
    expect(mended.out).toContain("failed before");
    expect([mended.code, mended.error]).toEqual([0, ""]);
  });

  it("ask for an undefined name in a template, or loop in one: the place is named", async () => {
    const undefinedName = await bench.gantry([
      "up",
      siteWith('agent.add( template="file.txt", to="file.txt" )', "{{ greetign }}"),
    ]);
    expect(undefinedName.code).toBe(1);
    expect(undefinedName.error).toMatch(/site\.yaml:14.*greetign.*did you mean greeting/);
    const endless =
      "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}x{% endfor %}{% endfor %}{% endfor %}";
    const looping = await bench.gantry(["up", siteWith('agent.add( template="file.txt", to="file.txt" )', endless)]);
    expect(looping.code).toBe(1);
    expect(looping.error).toMatch(/template_\w+|template/);
    expect((await bench.gantry(["get", "structures"])).code).toBe(0);
  });

  it("pause, and go on when told to", async () => {
    const file = siteWith('pause( msg="look at the cable" )\nagent.run( command="true" )');
    const paused = await bench.gantry(["up", file]);
    expect(paused.out).toMatch(/^thing1 .*paused/m);
    const jobs = JSON.parse((await bench.gantry(["get", "jobs", "-o", "json"])).out) as {
      id: string;
      status: string;
      message: string;
    }[];
    const job = jobs.find((one) => one.status === "paused")!;
    expect(job.message).toContain("look at the cable");
    expect((await bench.gantry(["job", "resume", job.id])).code).toBe(0);
    const log = await bench.gantry(["job", "log", job.id, "--follow"]);
    expect([log.code, log.out]).toEqual([0, expect.stringContaining("done")]);
    expect((await bench.gantry(["job", "resume", job.id])).error).toContain("job_action_not_allowed");
  });

  it("that loop for ever leave the server responsive, and can be cancelled", async () => {
    const file = siteWith("ii = 0\nwhile True do ii = (ii + 1)");
    const running = bench.start(["up", file]);
    await running.printed(/thing1 +building: create, line \d+: .*While|thing1 +building: create, line 2/);
    let job: { id: string } | undefined;
    while (job === undefined) {
      const answer = await bench.gantry(["get", "jobs", "-o", "json"]);
      if (answer.code !== 0) continue;
      job = (JSON.parse(answer.out) as { id: string; target: { kind: string } }[]).find(
        (one) => one.target.kind === "structure",
      );
    }
    expect((await bench.gantry(["job", "cancel", job.id])).code).toBe(0);
    const end = await running.ended;
    expect([end.code, end.error]).toEqual([1, expect.stringContaining("cancelled")]);
  });
});

describe("a server that cannot start", () => {
  it("says that a port is in use", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    const end = await bench.gantry(["server", "start", "--listen", `127.0.0.1:${port}`]);
    await new Promise((resolve) => other.close(resolve));
    expect(end.code).toBe(1);
    expect(end.error).toContain(`127.0.0.1:${port} is in use`);
    expect(end.error).toContain("server_did_not_start");
    expectNoStackTrace(end.error);
    expect((await bench.gantry(["server", "run", "--listen", "nonsense"])).error).toContain("is not ADDRESS:PORT");
  });

  it("says that its data folder belongs to a newer version, and changes nothing", async () => {
    mkdirSync(bench.dataFolder, { mode: 0o700 });
    const path = join(bench.dataFolder, "gantry.db");
    const database = new DatabaseSync(path);
    database.exec(
      "create table migration (name text primary key, applied_at integer not null) strict; insert into migration values ('9901_future', 1)",
    );
    database.close();
    const end = await bench.gantry(["server", "start"]);
    expect([end.code, end.error]).toEqual([1, expect.stringContaining("database_newer")]);
    const after = new DatabaseSync(path);
    expect(after.prepare("select name from sqlite_master where type = 'table'").all()).toEqual([{ name: "migration" }]);
    after.close();
    // Without a database the folder is an ordinary one again, which `down` can take.
    spawnSync("rm", ["-rf", bench.dataFolder]);
  });

  it.runIf(process.getuid?.() !== 0)("says that its data folder cannot be written", async () => {
    mkdirSync(join(bench.folder, "closed"));
    chmodSync(join(bench.folder, "closed"), 0o500);
    const end = await bench.gantry(["server", "start", "--data", join(bench.folder, "closed", "data")]);
    expect([end.code, end.error]).toEqual([1, expect.stringContaining("folder_not_private")]);
  });

  it("says who holds the data folder already", async () => {
    expect((await bench.gantry(["server", "start"])).code).toBe(0);
    const end = await bench.gantry(["server", "run"]);
    expect(end.code).not.toBe(0);
    expect(end.error).toContain("lock_held");
  });
});

describe("two at once, and an interruption", () => {
  it("two `up` do not harm each other: the second waits", async () => {
    const site = bench.example("quickstart", "127.135");
    const ends = await Promise.all([bench.gantry(["up", site]), bench.gantry(["up", site])]);
    for (const end of ends) expect([end.code, end.error.replace(/^Waiting: .*\n/m, "")]).toEqual([0, ""]);
    expect(ends.map((end) => end.out).join()).toMatch(/no changes/i);
    expect((await fetchPage("127.135.0.100"))?.status).toBe(200);
  });

  it("Ctrl-C leaves a state from which `up` goes on", async () => {
    const site = bench.example("quickstart", "127.135");
    const running = bench.start(["up", site]);
    await running.printed(/web1 +building/);
    running.child.kill("SIGINT");
    const interrupted = await running.ended;
    expect([interrupted.code, interrupted.error]).toEqual([130, expect.stringContaining("Interrupted")]);
    const end = await bench.gantry(["up", site]);
    expect([end.code, end.error]).toEqual([0, ""]);
    expect((await fetchPage("127.135.0.100"))?.status).toBe(200);
  });
});

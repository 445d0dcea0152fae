import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBench, fetchPage, type Bench } from "./support/gantry.ts";
import { LOCAL_MACHINE } from "./support/sites.ts";

/** A server is lost, and comes back from its backup: with the command as a user has it. */

let bench: Bench;
let site: string;
const place = (name: string): string => join(bench.folder, name);
const SEALED = ["--passphrase-file", "passphrase"] as const;

beforeAll(() => {
  bench = createBench();
  site = bench.example("quickstart", "127.141");
  writeFileSync(place("passphrase"), "correct horse battery staple\n", { mode: 0o600 });
});
afterAll(async () => {
  expect(await bench.clear()).toEqual([]);
});

async function refused(args: readonly string[]): Promise<string> {
  const end = await bench.gantry(args);
  expect(end.out).toBe("");
  expect([1, 2]).toContain(end.code);
  return /\((\w+)\)$/m.exec(end.error)?.[1] ?? end.error;
}

/** All but the machines, which go on. */
async function loseServer(): Promise<void> {
  expect((await bench.gantry(["server", "stop"])).code).toBe(0);
  renameSync(join(bench.dataFolder, "foundations"), place("foundations"));
  rmSync(bench.dataFolder, { recursive: true });
}

describe.sequential("gantry backup and restore", () => {
  it("backs up what stands, for its owner alone, and tells nobody the passphrase", async () => {
    expect((await bench.gantry(["up", site, "--yes"])).code).toBe(0);
    const end = await bench.gantry(["backup", "--out", "made.backup", ...SEALED]);
    expect([end.code, end.error]).toEqual([0, ""]);
    expect(end.out).toMatch(/^Backup written to made\.backup \([\d.]+ kB\)\.$/m);
    expect(statSync(place("made.backup")).mode & 0o777).toBe(0o600);
    const token = readFileSync(join(bench.dataFolder, "admin.token"), "utf8").trim();
    expect(readFileSync(place("made.backup")).includes(token)).toBe(false);
    expect(readFileSync(join(bench.dataFolder, "server.log"), "utf8")).not.toContain("correct horse");
    expect(await refused(["backup", "--out", "made.backup", ...SEALED])).toBe("output_file_unusable");
  });

  it("checks a backup without restoring it", async () => {
    const end = await bench.gantry(["backup", "--check", "made.backup", ...SEALED]);
    expect([end.code, end.error]).toEqual([0, "made.backup is whole.\n"]);
    expect(end.out).toMatch(/^table +structure +4 rows/m);
    expect(end.out).toMatch(/^file +tls\/ca\.pem/m);
    expect(end.out).toMatch(/^config\.yaml +says/m);
  });

  it("says what is wrong with a backup, and leaves nothing behind", async () => {
    const whole = readFileSync(place("made.backup"));
    writeFileSync(place("cut.backup"), whole.subarray(0, -100));
    const changed = Buffer.from(whole);
    changed[whole.length - 100]! ^= 4;
    writeFileSync(place("changed.backup"), changed);
    writeFileSync(place("other"), "another passphrase", { mode: 0o600 });
    writeFileSync(place("open"), "correct horse battery staple", { mode: 0o644 });
    const before = readdirSync(bench.folder).toSorted();
    for (const [args, code] of [
      [["cut.backup", ...SEALED], "backup_truncated"],
      [["changed.backup", ...SEALED], "backup_damaged"],
      [["made.backup", "--passphrase-file", "other"], "backup_key_wrong"],
      [["made.backup", "--passphrase-file", "open"], "backup_key_unusable"],
      [["made.backup"], "backup_key_unusable"],
      [["passphrase", ...SEALED], "backup_foreign"],
      [["nothing.backup", ...SEALED], "backup_unreadable"],
    ] as const) {
      expect(await refused(["--data", "elsewhere", "restore", ...args])).toBe(code);
      expect(readdirSync(bench.folder).toSorted()).toEqual(before);
    }
    expect(await refused(["restore", "made.backup", ...SEALED])).toBe("restore_target_not_empty");
  });

  it("brings back a server that lost everything but its machines", async () => {
    await loseServer();
    const end = await bench.gantry(["restore", "made.backup", ...SEALED]);
    expect([end.code, end.error]).toEqual([0, ""]);
    expect(end.out).toMatch(/^Restored to .*: \d+ rows and 6 files as of 20/);
    expect(statSync(bench.dataFolder).mode & 0o777).toBe(0o700);
    renameSync(place("foundations"), join(bench.dataFolder, "foundations"));
    expect((await bench.gantry(["server", "start"])).code).toBe(0);
    const structures = await bench.gantry(["get", "structures"]);
    expect(structures.out.match(/ built /g)).toHaveLength(4);
    // Agents find the server where it was, and it knows them.
    for (;;) {
      const { out } = await bench.gantry(["get", "nodes", "-o", "json"]);
      const nodes = JSON.parse(out) as { name: string; state: string }[];
      expect(nodes.map((node) => node.name)).toContain("web1");
      if (nodes.every((node) => node.state === "connected")) break;
    }
    expect((await bench.gantry(["exec", "--target", "web1", "echo here"])).out).toBe("web1 | here\n");
    expect((await bench.gantry(["plan", site])).out).toMatch(/no changes/);
    expect((await fetchPage("127.141.0.100"))?.status).toBe(200);
  });

  it("shows what is no longer as the backup says, and mends it", async () => {
    expect((await bench.gantry(["down", "--yes"])).code).toBe(0);
    expect(await fetchPage("127.141.0.100")).toBeUndefined();
    rmSync(bench.dataFolder, { recursive: true });
    expect((await bench.gantry(["restore", "made.backup", ...SEALED])).code).toBe(0);
    expect((await bench.gantry(["server", "start"])).code).toBe(0);
    const plan = await bench.gantry(["plan", site]);
    expect(plan.out).toMatch(/to repair/);
    const up = await bench.gantry(["up", site, "--yes"]);
    expect([up.code, up.error]).toEqual([0, ""]);
    expect((await fetchPage("127.141.0.100"))?.status).toBe(200);
  });

  it("takes up a task that an agent was at when the server was lost", async () => {
    expect((await bench.gantry(["down", "--yes", "--purge"])).code).toBe(0);
    expect(existsSync(bench.dataFolder)).toBe(false);
    writeFileSync(place("slow.yaml"), slowSite());
    const building = bench.start(["up", "slow.yaml", "--yes"]);
    await building.printed(/agent\.run/);
    const end = await bench.gantry(["backup", "--out", "early.backup", ...SEALED]);
    expect([end.code, end.error]).toEqual([0, ""]);
    building.child.kill("SIGKILL");
    await building.ended;
    await loseServer();
    mkdirSync(bench.dataFolder);
    expect((await bench.gantry(["restore", "early.backup", ...SEALED])).code).toBe(0);
    renameSync(place("foundations"), join(bench.dataFolder, "foundations"));
    expect((await bench.gantry(["server", "start"])).code).toBe(0);
    expect((await bench.gantry(["get", "structures"])).out).toMatch(/^slow .*building/m);
    writeFileSync(place("go"), "");
    const up = await bench.gantry(["up", "slow.yaml", "--yes"]);
    expect([up.code, up.error]).toEqual([0, ""]);
    expect(readFileSync(place("times"), "utf8")).toBe("once\n");
    expect((await bench.gantry(["down", "--purge", "--yes"])).code).toBe(0);
  });
});

/** Its one command goes on until there is a file `go`, and then says how often it ran. */
function slowSite(): string {
  const command = `while [ ! -e ${place("go")} ]; do sleep 0.1; done; echo once >> ${place("times")}`;
  return `
design: slow
sites:
  lab: {}
address_blocks:
  loop: { site: lab, subnet: 127.143.0.0/24 }
blueprints:
  ${LOCAL_MACHINE}
  server:
    builds: structure
    foundation_blueprints: [machine]
    scripts:
      create: |
        agent.run( command=${JSON.stringify(command)} )
structures:
  slow:
    site: lab
    blueprint: server
    foundation: { type: local, blueprint: machine }
    addresses: [{ block: loop }]
`;
}

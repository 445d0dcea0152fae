import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBench, fetchPage, type Bench } from "./support/gantry.ts";

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
  it("backs up while something is built, and while it stands", async () => {
    const building = bench.start(["up", site, "--yes"]);
    await building.printed(/building/);
    const early = await bench.gantry(["backup", "--out", "early.backup", ...SEALED]);
    expect([early.code, early.error]).toEqual([0, ""]);
    expect((await building.ended).code).toBe(0);
    const end = await bench.gantry(["backup", "--out", "late.backup", ...SEALED]);
    expect([end.code, end.error]).toEqual([0, ""]);
    expect(end.out).toMatch(/^Backup written to late\.backup \([\d.]+ kB\)\.$/m);
    expect(statSync(place("late.backup")).mode & 0o777).toBe(0o600);
    const token = readFileSync(join(bench.dataFolder, "admin.token"), "utf8").trim();
    expect(readFileSync(place("late.backup")).includes(token)).toBe(false);
    expect(readFileSync(join(bench.dataFolder, "server.log"), "utf8")).not.toContain("correct horse");
    expect(await refused(["backup", "--out", "late.backup", ...SEALED])).toBe("output_file_unusable");
  });

  it("checks a backup without restoring it", async () => {
    for (const file of ["early.backup", "late.backup"]) {
      const end = await bench.gantry(["backup", "--check", file, ...SEALED]);
      expect([end.code, end.error]).toEqual([0, `${file} is whole.\n`]);
      expect(end.out).toMatch(/^table +structure +4 rows/m);
      expect(end.out).toMatch(/^file +tls\/ca\.pem/m);
      expect(end.out).toMatch(/^config\.yaml +says/m);
    }
  });

  it("says what is wrong with a backup, and leaves nothing behind", async () => {
    const whole = readFileSync(place("late.backup"));
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
      [["late.backup", "--passphrase-file", "other"], "backup_key_wrong"],
      [["late.backup", "--passphrase-file", "open"], "backup_key_unusable"],
      [["late.backup"], "backup_key_unusable"],
      [["passphrase", ...SEALED], "backup_foreign"],
      [["nothing.backup", ...SEALED], "backup_unreadable"],
    ] as const) {
      expect(await refused(["--data", "elsewhere", "restore", ...args])).toBe(code);
      expect(readdirSync(bench.folder).toSorted()).toEqual(before);
    }
    expect(await refused(["restore", "late.backup", ...SEALED])).toBe("restore_target_not_empty");
  });

  it("brings back a server that lost everything but its machines", async () => {
    await loseServer();
    const end = await bench.gantry(["restore", "late.backup", ...SEALED]);
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
    expect((await bench.gantry(["restore", "late.backup", ...SEALED])).code).toBe(0);
    expect((await bench.gantry(["server", "start"])).code).toBe(0);
    const plan = await bench.gantry(["plan", site]);
    expect(plan.out).toMatch(/to repair/);
    const up = await bench.gantry(["up", site, "--yes"]);
    expect([up.code, up.error]).toEqual([0, ""]);
    expect((await fetchPage("127.141.0.100"))?.status).toBe(200);
  });

  it("goes on with what was being built when it was backed up, on machines that are further", async () => {
    await loseServer();
    mkdirSync(bench.dataFolder);
    expect((await bench.gantry(["restore", "early.backup", ...SEALED])).code).toBe(0);
    renameSync(place("foundations"), join(bench.dataFolder, "foundations"));
    const up = await bench.gantry(["up", site, "--yes"]);
    expect([up.code, up.error]).toEqual([0, ""]);
    expect((await fetchPage("127.141.0.100"))?.status).toBe(200);
    expect((await bench.gantry(["down", "--purge", "--yes"])).code).toBe(0);
    expect(existsSync(bench.dataFolder)).toBe(false);
  });
});

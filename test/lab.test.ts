import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBench, type Bench } from "./support/gantry.ts";

/** `examples/lab`: machines that are built beside things that are only recorded, with the command as it is in the checkout. */

let bench: Bench;
let site: string;

beforeAll(() => {
  bench = createBench();
  site = bench.example("lab", "127.134");
  edit(/127\.82\./g, "127.134.");
});
afterAll(async () => {
  expect(await bench.clear()).toEqual([]);
});

function edit(from: string | RegExp, to: string): void {
  const file = join(site, "site.yaml");
  const before = readFileSync(file, "utf8");
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(file, after);
}

function greetings(): readonly string[] {
  return globSync("foundations/*/**/hello.txt", { cwd: bench.dataFolder })
    .map((path) => readFileSync(join(bench.dataFolder, path), "utf8").trim())
    .sort();
}

describe.sequential("gantry up examples/lab", () => {
  it("shows what would come, of every kind, and makes nothing", async () => {
    const end = await bench.gantry(["plan", site]);
    expect(end.error).toBe("");
    expect(end.code).toBe(0);
    expect(end.out).toContain("31 to create, 1 to change");
    expect(end.out).toMatch(
      /\+ structure +switch1 +new, only recorded: role switch, addresses 127\.134\.0\.250 fd00:82::3/,
    );
    expect((await bench.gantry(["get", "structures", "--output", "json"])).out).not.toContain("switch1");
  });

  it("warns of what is hardly meant, at its place", async () => {
    edit("nameservers: [ns1]", "nameservers: []");
    const end = await bench.gantry(["plan", site]);
    edit("nameservers: []", "nameservers: [ns1]");
    expect(end.code).toBe(0);
    expect(end.error).toMatch(
      /^warning: .*site\.yaml:10:3: zone example\.org has no name server \(dns_nameserver_invalid\)$/m,
    );
  });

  it("builds what is to be built, with variables of the tenant and of groups, and ends", async () => {
    const end = await bench.gantry(["up", "--yes", site]);
    expect(end.error).toBe("");
    expect(end.code).toBe(0);
    expect(end.out).toMatch(/^web2 +web +127\.134\.0\.4 +built/m);
    expect(greetings()).toEqual(
      ["web1", "web2"].map((name) => `Hello from ${name}; backup nightly, time from ntp1.example.org ntp2.example.org`),
    );
  });

  it("knows who has which address, and what is only recorded", async () => {
    const list = await bench.gantry(["address", "list", "front4"]);
    expect(list.code).toBe(0);
    expect(list.error).toContain("254 addresses, 3 held, 11 reserved, 100 dynamic, 139 free");
    for (const line of [/127\.134\.0\.3 +web1 +web1\/eth0/, /127\.134\.0\.4 +web2/, /127\.134\.0\.250 +switch1/])
      expect(list.out).toMatch(line);
    const given = await bench.gantry(["address", "allocate", "front6", "--structure", "disk-shelf"]);
    expect([given.error, given.out]).toEqual(["", "fd00:82::5\n"]);
    const back = await bench.gantry(["address", "release", "front6", "--structure", "disk-shelf"]);
    expect(back.code).toBe(0);
  });

  it("finds nothing to do the second time", async () => {
    const end = await bench.gantry(["up", "--yes", site]);
    expect(end.code).toBe(0);
    expect(end.out).toContain("Plan: no changes; 32 unchanged.");
  });

  it("brings those up to date whom a group's variable reaches", async () => {
    edit("greeting: Hello", "greeting: Moin");
    const end = await bench.gantry(["up", "--yes", site]);
    expect(end.code).toBe(0);
    expect(end.out).toContain("Plan: 3 to change; 29 unchanged.");
    expect(greetings()[0]).toMatch(/^Moin from web1/);
  });

  it("goes as a whole: what was recorded and what was built", async () => {
    expect((await bench.gantry(["down", "--yes"])).code).toBe(0);
    expect(greetings()).toEqual([]);
  });
});

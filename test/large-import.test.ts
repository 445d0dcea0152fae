import { createWriteStream, statSync } from "node:fs";
import { open, truncate } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createClient, type GantryClient } from "../src/client/index.ts";
import { createBench, type Bench } from "./support/gantry.ts";

const HOSTS = 400;
/** Characters of one variable: those of all hosts together are 200 MB. */
const LENGTH = 500_000;
/** The machine may be busy with other tests. */
const PATIENCE = 300_000;

let bench: Bench;
let client: GantryClient;
let path: string;

beforeEach(async () => {
  bench = createBench();
  const started = await bench.gantry(["server", "start"]);
  expect(started.code, started.error).toBe(0);
  client = createClient({ dataFolder: bench.dataFolder });
  path = join(bench.folder, "openstack_inventory.json");
  await pipeline(Readable.from(inventory()), createWriteStream(path));
  expect(statSync(path).size).toBeGreaterThan(HOSTS * LENGTH);
});

afterEach(async () => {
  client.close();
  expect(await bench.clear()).toEqual([]);
});

function valueOf(host: number): string {
  return String.fromCharCode(97 + (host % 26)).repeat(LENGTH);
}

function* inventory(): Generator<string> {
  const names = Array.from({ length: HOSTS }, (_, host) => `host${host}`);
  yield `{"web": {"hosts": ${JSON.stringify(names)}}, "_meta": {"hostvars": {`;
  for (const [host, name] of names.entries())
    yield `${host === 0 ? "" : ",\n"}"${name}": {"port": ${host}, "blob": "${valueOf(host)}"}`;
  yield "}}}\n";
}

async function imported(): Promise<{ code: number | null; out: string; error: string }> {
  return bench.gantry(["inventory", "import", path, "--format", "osa", "--name", "large", "--yes"]);
}

/** Asks for something small until the other is done; each question must be answered. */
async function askedMeanwhile(other: Promise<unknown>): Promise<number> {
  let done = false;
  const end = other.finally(() => {
    done = true;
  });
  let answers = 0;
  for (; !done; answers += 1) await client.networks.list({ limit: 1 }).page();
  await end;
  return answers;
}

describe("an import of 200 MB", () => {
  it("is written whole, while others are served", { timeout: PATIENCE }, async () => {
    const importing = imported();
    expect(await askedMeanwhile(importing)).toBeGreaterThan(10);
    const { code, out, error } = await importing;
    expect([code, error]).toEqual([0, ""]);
    expect(out).toContain("Imported as 'large'.");
    for (const host of [0, 250, HOSTS - 1]) {
      const { groups, variables } = await client.structures.get(`host${host}`);
      expect(groups).toEqual(["web"]);
      expect(variables["port"]).toBe(host);
      expect(variables["blob"] === valueOf(host)).toBe(true);
    }
    expect((await client.structures.list({ vars: [`port:${HOSTS - 1}`] }).page()).items).toHaveLength(1);
  });

  it(
    "that is no text, or cut off, is refused with the place, and nothing is written",
    { timeout: PATIENCE },
    async () => {
      const file = await open(path, "r+");
      const at = 100_000_000;
      await file.write(Buffer.from([0xff]), 0, 1, at);
      const noText = await imported();
      expect([noText.code, noText.out]).toEqual([2, ""]);
      expect(noText.error).toMatch(/openstack_inventory\.json.*UTF-8/);
      await file.write(Buffer.from("b"), 0, 1, at);
      await file.close();

      await truncate(path, 199_000_000);
      const cut = await imported();
      expect([cut.code, cut.out]).toEqual([2, ""]);
      expect(cut.error).toMatch(/openstack_inventory\.json:\d+:\d+: .*ends too early/);
      expect((await client.structures.list({ limit: 1 }).page()).items).toEqual([]);
      expect((await client.sites.list({ limit: 1 }).page()).items).toEqual([]);
    },
  );
});

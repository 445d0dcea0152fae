import { execFile } from "node:child_process";
import { chmodSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createAnsiblePlanner } from "../src/exchange/ansible.ts";
import { bundleFiles, dynamicInventory } from "../src/exchange/ansible-render.ts";
import { loadSource } from "../src/exchange/import-files.ts";
import { openImportBench, type ImportBench } from "../src/exchange/testing/imports.ts";
import type { Json, JsonObject } from "../src/kernel/json.ts";
import { postgresUrl } from "./support/databases.ts";
import { ROOT } from "./support/gantry.ts";
import { describeReal } from "./support/real.ts";

const run = promisify(execFile);
const FIXTURES = join(ROOT, "test/fixtures/import");
const OSA = globSync("osa/*.openstack_inventory.json", { cwd: process.env["GANTRY_CONFORMANCE"] ?? "/nowhere" }).map(
  (path) => join(process.env["GANTRY_CONFORMANCE"]!, path),
);

interface Group {
  readonly hosts?: readonly string[];
  readonly children?: readonly string[];
  readonly vars?: JsonObject;
}

/** What Ansible makes of an inventory, in the normal form of the conformance set: members of groups sorted by name. */
async function listed(path: string): Promise<JsonObject> {
  const { stdout } = await run("ansible-inventory", ["-i", path, "--list"], { maxBuffer: 64 * 1024 * 1024 });
  return normal(JSON.parse(stdout) as JsonObject);
}

function normal(list: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(list).map(([name, group]) => {
      if (name === "_meta") return [name, group];
      const { hosts, children, ...rest } = group as unknown as Group;
      const sorted = { ...(hosts && { hosts: hosts.toSorted() }), ...(children && { children: children.toSorted() }) };
      return [name, { ...rest, ...sorted } as unknown as Json];
    }),
  );
}

describeReal("ansible", "import and Ansible", () => {
  let folder: string;
  let bench: ImportBench;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "gantry-import-"));
    bench = await openImportBench();
  });

  afterEach(async () => {
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** A program that prints a text: a dynamic inventory. */
  function script(name: string, text: string): string {
    writeFileSync(join(folder, `${name}.json`), text);
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\ncat '${path}.json'\n`);
    chmodSync(path, 0o755);
    return path;
  }

  async function planned() {
    const snapshot = await bench.snapshot();
    return createAnsiblePlanner(snapshot, { builtIn: false }).plan([...snapshot.structures.keys()]);
  }

  async function exported(): Promise<string> {
    return [...dynamicInventory(await planned())].join("");
  }

  it.each(OSA.map((path) => [basename(path), path]))("gives %s back as it came", async (_name, path) => {
    const { name, format, files } = await loadSource(path);
    expect(format).toBe("osa");
    const source = { name, format, files };
    await bench.apply(source);
    const text = await exported();
    const list = await listed(script("exported", text));
    expect(list).toEqual(await listed(script("original", readFileSync(path, "utf8"))));
    expect(list).toEqual(JSON.parse(readFileSync(path.replace("openstack_inventory", "ansible-list"), "utf8")));

    // What Ansible's list leaves out: empty groups, and children that are not defined.
    const original = JSON.parse(readFileSync(path, "utf8")) as Record<string, Group>;
    const again = JSON.parse(text) as Record<string, Group>;
    expect(Object.keys(again).toSorted()).toEqual(Object.keys(original).toSorted());
    const members = (inventory: Record<string, Group>) =>
      Object.entries(inventory)
        .filter(([group]) => group !== "_meta" && group !== "all")
        .map(([group, { hosts = [], children = [] }]) => ({
          group,
          hosts: hosts.toSorted(),
          children: children.toSorted(),
        }))
        .toSorted((a, b) => (a.group < b.group ? -1 : 1));
    expect(members(again)).toEqual(members(original));
    expect(again["all"]?.vars).toEqual(original["all"]?.vars);

    // The same again is no change; a changed file is exactly its difference.
    expect((await bench.plan(source)).empty).toBe(true);
    expect(await planOf({ ...source, files: [{ path, text: changed(original) }] })).toEqual(
      [
        "change structure 605086-infra01: variables.is_metal",
        "remove structure 605093-storage01",
        "create structure 605099-storage07",
      ].toSorted(),
    );
  });

  async function planOf(source: Parameters<ImportBench["plan"]>[0]): Promise<readonly string[]> {
    const { changes } = await bench.plan(source);
    return changes
      .map(
        ({ action, kind, name, fields }) =>
          `${action} ${kind} ${name}${fields.length === 0 ? "" : `: ${fields.map((one) => one.path).join(" ")}`}`,
      )
      .toSorted();
  }

  /** One host changed, one gone, one new. */
  function changed(original: Record<string, Group>): string {
    const copy = JSON.parse(JSON.stringify(original)) as Record<string, Group> & {
      _meta: { hostvars: Record<string, Record<string, Json>> };
    };
    const { hostvars } = copy["_meta"];
    hostvars["605086-infra01"]!["is_metal"] = false;
    hostvars["605099-storage07"] = { ...hostvars["605093-storage01"], physical_host: "605099-storage07" };
    delete hostvars["605093-storage01"];
    return JSON.stringify(copy).replaceAll('"605093-storage01"', '"605099-storage07"');
  }

  it.each([
    ["an INI file", join(FIXTURES, "ansible/hosts")],
    ["a YAML file", join(FIXTURES, "inventory.yaml")],
    ["a folder with variables of groups and hosts", join(FIXTURES, "ansible")],
  ])("reads %s through Ansible, and gives it back as it came", async (_title, path) => {
    const source = await loadSource(path);
    expect(source.format).toBe("ansible");
    await bench.apply({ ...source, name: "ours" });
    expect((await bench.snapshot()).structures.size).toBeGreaterThan(3);
    expect(await listed(script("exported", await exported()))).toEqual(await listed(path));
    expect((await bench.plan({ ...(await loadSource(path)), name: "ours" })).empty).toBe(true);
  });

  it("reads a script, and a folder that was exported", async () => {
    const text = JSON.stringify({
      web: { hosts: ["web1", "web2"], vars: { port: 80 } },
      _meta: { hostvars: { web1: { x: 1 } } },
    });
    const path = script("inventory", text);
    await bench.apply({ ...(await loadSource(path)), name: "ours" });
    const before = await listed(path);

    const out = join(folder, "out");
    const record = {
      tenant: "default",
      revision: 1,
      exportedAt: "2026-01-01T00:00:00Z",
      group: "all",
      configurations: [],
    };
    for (const file of bundleFiles(await planned(), record)) {
      mkdirSync(dirname(join(out, file.path)), { recursive: true });
      writeFileSync(join(out, file.path), file.content);
    }
    expect((await bench.plan({ ...(await loadSource(out)), name: "ours" })).empty).toBe(true);
    await run("tar", ["-czf", join(folder, "out.tgz"), "-C", folder, "out"]);
    expect((await bench.plan({ ...(await loadSource(join(folder, "out.tgz"))), name: "ours" })).empty).toBe(true);
    expect(await listed(join(out, "hosts"))).toEqual(before);
  });

  it("says what Ansible says when it cannot read something", async () => {
    const path = join(folder, "broken.yml");
    writeFileSync(path, "all:\n  hosts: [a, b\n");
    await expect(loadSource(path, "ansible")).rejects.toMatchObject({ code: "ansible_failed" });
  });
});

describeReal("postgresql", "import on PostgreSQL", () => {
  it("compares what it wrote as it does on SQLite", async () => {
    const bench = await openImportBench(await postgresUrl());
    try {
      const netbox = await loadSource(join(FIXTURES, "netbox"));
      const table = await loadSource(join(FIXTURES, "machines.csv"));
      expect((await bench.apply(netbox)).counts.create).toBeGreaterThan(10);
      expect((await bench.apply(table)).counts.create).toBe(10);
      expect((await bench.plan(netbox)).empty).toBe(true);
      expect((await bench.plan(table)).empty).toBe(true);
    } finally {
      await bench.close();
    }
  });
});

import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GantryError, problemText } from "../kernel/errors.ts";
import { readSource } from "./import-format.ts";
import type { SourceFile } from "./import-model.ts";
import { openImportBench, type ImportBench } from "./testing/imports.ts";

const FOLDER = join(import.meta.dirname, "../../test/fixtures/import/netbox");

function exported(): SourceFile[] {
  return globSync("*.json", { cwd: FOLDER })
    .sort()
    .map((path) => ({ path, text: readFileSync(join(FOLDER, path), "utf8") }));
}

let bench: ImportBench;

beforeEach(async () => {
  bench = await openImportBench();
});

afterEach(() => bench.close());

describe("an export of NetBox", () => {
  it("becomes one tree of sites", async () => {
    await bench.apply({ name: "netbox", files: exported() });
    const { sites } = await bench.snapshot();
    expect([...sites.values()].map(({ name, kind, parent }) => [name, kind, parent])).toEqual([
      ["osl-main", "site", "region-norway"],
      ["osl-main-rack-r-12", "rack", "osl-main"],
      ["region-europe", "region", null],
      ["region-norway", "region", "region-europe"],
    ]);
    expect(sites.get("osl-main")).toMatchObject({
      labels: { "tier-3": "true" },
      fields: { contract: "C-17" },
      assets: [{ system: "netbox", id: "7", url: "https://netbox.example.org/api/dcim/sites/7/" }],
    });
  });

  it("becomes structures, networks, interfaces and addresses", async () => {
    const made = await bench.apply({ name: "netbox", files: exported() });
    expect(made.warnings.map(({ message }) => message)).toEqual([
      "the prefix 10.20.0.0/16 holds others of its site, which are imported; it is left out itself",
    ]);
    const { structures, interfaces, networks, addressBlocks, groups } = await bench.snapshot();
    expect(structures.get("osl-kvm1")).toMatchObject({
      site: "osl-main-rack-r-12",
      role: "hypervisor",
      managementAddress: "10.20.4.11",
      labels: {
        gpu: "true",
        status: "active",
        device_type: "r650",
        manufacturer: "dell",
        platform: "debian-12",
        serial: "ABC123",
      },
      variables: { ntp_servers: ["10.20.4.1"] },
      fields: { owner: "infrastructure" },
      addresses: [{ block: "10-20-4-0-24", address: "10.20.4.11", interface: "osl-kvm1/bond0" }],
    });
    expect(structures.get("osl-kvm1")?.assets.map(({ system, id }) => [system, id])).toEqual([
      ["netbox", "11"],
      ["asset-tag", "A-0011"],
    ]);
    expect(structures.get("device-12")).toMatchObject({ role: "pdu" });
    expect(structures.get("mail01")).toMatchObject({
      parent: "osl-kvm1",
      groups: ["kvm-oslo"],
      variables: { mailname: "example.org" },
      addresses: [{ block: "10-20-4-0-24", address: "10.20.4.21", interface: "mail01/eth0" }],
    });
    expect(groups.has("kvm-oslo")).toBe(true);
    expect(networks.get("servers")).toMatchObject({ vlan: 20, site: "osl-main" });
    expect(addressBlocks.get("10-20-4-0-24")).toMatchObject({
      subnet: "10.20.4.0/24",
      network: "servers",
      site: "osl-main",
    });
    expect(interfaces.get("osl-kvm1/bond0")).toMatchObject({
      type: "bonded",
      members: ["eno1", "eno2"],
      network: "servers",
    });
    expect(interfaces.get("osl-kvm1/eno1")).toMatchObject({ type: "real", mac: "52:54:00:aa:00:01", mtu: 9000 });
  });

  it("is empty the second time, and then shows what NetBox changed", async () => {
    await bench.apply({ name: "netbox", files: exported() });
    expect((await bench.plan({ name: "netbox", files: exported() })).empty).toBe(true);
    const changed = exported().map(({ path, text }) => ({
      path,
      text: text.replace('"slug": "hypervisor"', '"slug": "storage"'),
    }));
    const plan = await bench.plan({ name: "netbox", files: changed });
    expect(plan.changes).toEqual([
      {
        action: "change",
        kind: "structure",
        name: "osl-kvm1",
        reason: "role changed",
        fields: [{ path: "role", from: "hypervisor", to: "storage" }],
      },
    ]);
  });

  it("may be one file with lists by kind, or one list of any objects with their URLs", () => {
    const objects = exported().flatMap(({ text }) => (JSON.parse(text) as { results: object[] }).results);
    const lists = Object.fromEntries(
      exported().map(({ path, text }) => [
        basename(path, ".json"),
        (JSON.parse(text) as { results: object[] }).results,
      ]),
    );
    const names = [objects, lists].map((value) => {
      const files = [{ path: "export.json", text: JSON.stringify(value) }];
      const { rows } = readSource({ name: "n", site: "lab", format: "netbox", files });
      return rows.map(({ kind, name }) => `${kind} ${name}`).sort();
    });
    expect(names[0]).toEqual(names[1]);
    expect(names[0]).toContain("structure mail01");
  });

  it("names what is wrong in it, and where", () => {
    const text = '{"results": [\n {"prefix": "10.0.0.0/99"},\n {"prefix": "10.0.0.0/24", "site": {"slug": "a"}}\n]}';
    try {
      readSource({ name: "n", site: "lab", files: [{ path: "prefixes.json", text }] });
      expect.fail("it was read");
    } catch (error) {
      expect((error as GantryError).problems.map(problemText)).toEqual([
        "prefixes.json:2:13: 99 is not a prefix of IPv4: 1 to 32 (import_shape)",
      ]);
    }
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GantryError } from "../kernel/errors.ts";
import { inventoryFile, linesOf, openImportBench, type ImportBench } from "./testing/imports.ts";

const HOSTVARS = { web1: { ansible_host: "10.0.0.1", tier: "gold" }, web2: { ansible_host: "10.0.0.2" } };
const BASE = {
  all: { vars: { region: "north" } },
  web: { hosts: ["web1", "web2"], children: [], vars: { port: 80 } },
  empty: { hosts: [] },
  services: { children: ["web", "missing"] },
  front: { children: ["web"] },
  _meta: { hostvars: HOSTVARS },
};

let bench: ImportBench;

beforeEach(async () => {
  bench = await openImportBench();
});

afterEach(() => bench.close());

const source = (inventory: object = BASE) => ({ files: [inventoryFile(inventory)] });

describe("an import", () => {
  it("shows a plan and changes nothing", async () => {
    const plan = await bench.plan(source());
    expect(linesOf(plan)).toEqual([
      "  + site       lab       new",
      "  + group      all       new",
      "  + group      web       new",
      "  + group      empty     new",
      "  + group      services  new",
      "  + group      front     new",
      "  + structure  web1      new",
      "  + structure  web2      new",
      "Plan: 8 to create.",
    ]);
    expect((await bench.snapshot()).structures.size).toBe(0);
  });

  it("keeps groups with several parents, empty ones, and children that are not defined", async () => {
    await bench.apply(source());
    const { groups, structures } = await bench.snapshot();
    expect(groups.get("web")).toMatchObject({ parent: "front", variables: { port: 80 }, managedBy: "import:lab" });
    expect(groups.get("services")).toMatchObject({ parent: "all", includes: ["missing", "web"] });
    expect(groups.get("empty")).toMatchObject({ parent: "all" });
    expect(groups.get("all")).toMatchObject({ parent: null, variables: { region: "north" } });
    expect(structures.get("web1")).toMatchObject({
      site: "lab",
      blueprint: null,
      foundation: null,
      groups: ["web"],
      managementAddress: "10.0.0.1",
      variables: { ansible_host: "10.0.0.1", tier: "gold" },
    });
  });

  it("is empty the second time", async () => {
    await bench.apply(source());
    const again = await bench.plan(source());
    expect(again.empty).toBe(true);
    expect(linesOf(again)).toEqual(["Plan: no changes; 7 unchanged."]);
  });

  it("shows exactly what changed in the source, and removes what is gone", async () => {
    await bench.apply(source());
    const { web2: _web2, ...hostvars } = HOSTVARS;
    const changed = source({
      ...BASE,
      web: { ...BASE.web, hosts: ["web1"], vars: { port: 8080 } },
      _meta: { hostvars: { ...hostvars, web1: { ansible_host: "10.0.0.1" } } },
    });
    const plan = await bench.apply(changed);
    expect(linesOf(plan)).toEqual([
      "  ~ group      web   variables.port changed",
      "        variables.port: 80 → 8080",
      "  ~ structure  web1  variables.tier changed",
      '        variables.tier: "gold" → (none)',
      "  - structure  web2  no longer in the source",
      "Plan: 2 to change, 1 to remove; 4 unchanged.",
    ]);
    const { structures, groups } = await bench.snapshot();
    expect([...structures.keys()]).toEqual(["web1"]);
    expect(structures.get("web1")?.variables).toEqual({ ansible_host: "10.0.0.1" });
    expect(groups.get("web")?.variables).toEqual({ port: 8080 });
    expect((await bench.plan(changed)).empty).toBe(true);
  });

  it("leaves what somebody else changed, as a conflict, until the source says the same", async () => {
    await bench.apply(source());
    await bench.edit(
      {
        action: "merge",
        kind: "structure",
        name: "web1",
        version: null,
        patch: { variables: { tier: "silver", own: 1 } },
      },
      { action: "merge", kind: "structure", name: "web2", version: null, patch: { description: "the spare" } },
    );
    const conflict = await bench.apply(source());
    expect(linesOf(conflict)).toEqual([
      "  ? structure  web1  changed by somebody else; it stays as it is",
      '        variables.tier: "silver" stays; the source says "gold"',
      "Plan: no changes; 1 conflict; 6 unchanged.",
    ]);
    expect((await bench.snapshot()).structures.get("web1")?.variables).toMatchObject({ tier: "silver", own: 1 });

    const agreed = {
      ...BASE,
      _meta: { hostvars: { ...HOSTVARS, web1: { ansible_host: "10.0.0.1", tier: "silver" } } },
    };
    expect((await bench.apply(source(agreed))).counts).toEqual({ create: 0, change: 1, remove: 0, conflict: 0 });
    expect((await bench.plan(source(agreed))).empty).toBe(true);
    // From now on it is the source's again; what a person said beside it stays the person's.
    expect((await bench.apply(source())).counts.change).toBe(1);
    expect((await bench.snapshot()).structures.get("web1")?.variables).toMatchObject({ tier: "gold", own: 1 });
  });

  it("does not remove what somebody changed, built upon or needs", async () => {
    await bench.apply(source());
    await bench.edit(
      {
        action: "merge",
        kind: "structure",
        name: "web1",
        version: null,
        patch: { role: "web", managementAddress: "10.9.9.9" },
      },
      { action: "create", kind: "structure", data: { name: "guest", site: "lab", parent: "web2" } },
    );
    const { web: _web, _meta: _hosts, ...rest } = BASE;
    const plan = await bench.apply(source({ ...rest, _meta: { hostvars: {} } }));
    expect(
      linesOf(plan)
        .filter((line) => /^ {2}[?-]/.test(line))
        .map((line) => line.replaceAll(/ {2,}/g, "  ")),
    ).toEqual([
      "  ? structure  web2  no longer in the source, but structure 'guest' needs it; it stays",
      "  ? structure  web1  no longer in the source, but changed by somebody else; it stays",
      "  ? group  web  no longer in the source, but structure 'web1' needs it; it stays",
      "  ? site  lab  no longer in the source, but structure 'web1' needs it; it stays",
    ]);
    expect([...(await bench.snapshot()).structures.keys()]).toEqual(["guest", "web1", "web2"]);
  });

  it("does not remove what somebody added something to", async () => {
    await bench.apply(source());
    await bench.edit(
      { action: "merge", kind: "structure", name: "web1", version: null, patch: { labels: { keep: "yes" } } },
      { action: "merge", kind: "site", name: "lab", version: null, patch: { kind: "hall" } },
    );
    const plan = await bench.apply({ ...source({ ...BASE, web: { hosts: ["web2"] } }), site: "other" });
    expect(
      plan.changes.filter(({ action }) => action === "conflict").map(({ kind, name }) => `${kind} ${name}`),
    ).toEqual(["structure web1", "site lab"]);
    expect((await bench.snapshot()).sites.get("lab")?.kind).toBe("hall");
  });

  it("leaves rows of others alone", async () => {
    await bench.apply(source());
    const other = await bench.apply({ ...source(), name: "other", site: "lab" });
    expect(other.counts).toEqual({ create: 0, change: 0, remove: 0, conflict: 7 });
    expect(other.text).toContain("is managed by import lab; it stays as it is");
  });

  it("is refused when the inventory moved since its plan was shown", async () => {
    const { fingerprint } = await bench.plan(source());
    await bench.edit({ action: "create", kind: "site", data: { name: "lab" } });
    await expect(bench.apply({ ...source(), fingerprint })).rejects.toMatchObject({ code: "import_outdated" });
    expect((await bench.snapshot()).structures.size).toBe(0);
  });

  it("gives addresses of known blocks to who says it has them, and each once", async () => {
    await bench.edit(
      { action: "create", kind: "site", data: { name: "lab" } },
      {
        action: "create",
        kind: "address_block",
        data: { name: "lan", site: "lab", subnet: "10.0.0.0/24", reserved: ["10.0.0.9"] },
      },
    );
    const host = (address: string) => ({ physical_host: "x", container_networks: { a: { address } } });
    const osa = {
      web: { hosts: ["a", "b", "c", "d"] },
      _meta: { hostvars: { a: host("10.0.0.5"), b: host("10.0.0.5"), c: host("10.0.0.9"), d: host("192.0.2.1") } },
    };
    const made = await bench.apply({ ...source(osa), format: "osa" });
    const { structures } = await bench.snapshot();
    expect(["a", "b", "c", "d"].map((name) => structures.get(name)?.addresses)).toEqual([
      [{ block: "lan", address: "10.0.0.5" }],
      [],
      [],
      [],
    ]);
    expect(made.warnings.map(({ message }) => message)).toContain("'b' says it has 10.0.0.5, which 'a' has");
    expect(made.warnings.map(({ message }) => message)).toContain(
      "'c' says it has 10.0.0.9, which address block lan gives to nobody",
    );
    expect((await bench.plan({ ...source(osa), format: "osa" })).empty).toBe(true);
  });

  it("names every problem of a source with its place, and changes nothing", async () => {
    const text =
      '{\n  "web": {"hosts": ["web1", 7], "vars": []},\n  "a": {"children": ["b"]},\n  "b": {"children": ["a"]}\n}\n';
    const refused = await bench
      .apply({ format: "ansible", files: [{ path: "hosts.json", text }] })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(GantryError);
    expect((refused as GantryError).problems).toEqual([
      {
        code: "import_shape",
        message: "7 in group 'web' is no name",
        where: { file: "hosts.json", line: 2, column: 29 },
      },
      {
        code: "import_shape",
        message: "the variables of group web are no map",
        where: { file: "hosts.json", line: 2, column: 41 },
      },
      {
        code: "import_circle",
        message: "groups contain each other: a → b → a",
        where: { file: "hosts.json", line: 3, column: 22 },
      },
    ]);
  });
});

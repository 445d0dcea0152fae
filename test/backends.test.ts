import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createClient, type GantryClient } from "../src/client/index.ts";
import { createBench, type Bench, type Ended } from "./support/gantry.ts";
import { NETBOX_TOKEN, startNetBox } from "./support/netbox.ts";
import { until } from "./support/names.ts";

// Inventory that is kept elsewhere: two whole servers, one of them the other's backend; a folder; an emulator of NetBox.

const REMOTE = `design: remote
sites:
  west: { variables: { ntp: 10.0.0.9 } }
  west-rack: { parent: west }
  other: {}
groups:
  web: { variables: { port: 80 } }
address_blocks:
  west-lan: { site: west, subnet: 10.40.0.0/24 }
structures:
  r1: { site: west-rack, groups: [web], role: web, addresses: [{ block: west-lan, address: 10.40.0.5 }] }
  r2: { site: west }
  elsewhere: { site: other }
`;

let here: Bench;
let there: Bench;
let client: GantryClient;
let url: string;

beforeAll(async () => {
  [here, there] = [createBench(), createBench()];
  const file = join(there.folder, "remote.yaml");
  writeFileSync(file, REMOTE);
  expect(await there.gantry(["up", file, "--yes"])).toMatchObject({ code: 0 });
  const status = JSON.parse((await there.gantry(["server", "status", "-o", "json"])).out) as { urls: string[] };
  url = status.urls[0]!;
  expect(await here.gantry(["server", "start"])).toMatchObject({ code: 0 });
  client = createClient({ dataFolder: here.dataFolder });
});

afterAll(async () => {
  client.close();
  expect(await here.clear()).toEqual([]);
  expect(await there.clear()).toEqual([]);
});

function names(bench = here, ...more: readonly string[]): Promise<string[]> {
  return bench.gantry(["get", "structures", "-o", "name", ...more]).then(({ out }) => out.split("\n").filter(Boolean));
}

function refused(ended: Ended): string {
  expect(ended.code).not.toBe(0);
  return ended.error;
}

/** What the server answers to a list, with its header. */
async function list(path: string): Promise<{ names: string[]; missing: unknown }> {
  const page = await client.get<{ items: { name: string }[]; missing?: unknown }>(path);
  return { names: page.items.map(({ name }) => name), missing: page.missing };
}

async function exported(from: GantryClient): Promise<string> {
  const bytes: Uint8Array[] = [];
  for await (const part of await from.download("/v1/inventory/all.json")) bytes.push(part);
  return Buffer.concat(bytes).toString();
}

describe("another Gantry", () => {
  it("is read below the site whose truth it holds, and no further", async () => {
    // So seldom that only its events can tell.
    const add = ["backend", "add", "west", "--kind", "gantry", "--site", "west", "--url", url, "--every", "86400"];
    const token = join(there.dataFolder, "admin.token");
    const added = await here.gantry([...add, "--token-file", token, "--ca", join(there.dataFolder, "tls/ca.pem")]);
    expect(added).toMatchObject({ code: 0, out: "Backend west added for site west\n", error: "" });
    expect(await names()).toEqual(["r1", "r2"]);
    expect(await list("/v1/sites")).toEqual({ names: ["west", "west-rack"], missing: undefined });
    const r1 = await client.structures.get("r1", { explain: true });
    expect(r1).toMatchObject({ managedBy: "backend:west", addresses: [{ address: "10.40.0.5" }] });
    expect(r1.resolved?.values).toMatchObject({ ntp: "10.0.0.9", port: 80 });
    expect(await client.structures.get(r1.id)).toMatchObject({ name: "r1" });
    expect(await names(here, "--vars", "port=80")).toEqual(["r1"]);
    expect(await names(here, "--group", "web")).toEqual(["r1"]);
  });

  it("is written where it lives, in the versions it counts", async () => {
    expect(await here.gantry(["set", "structure", "r1", "role=proxy", "labels.rack=r7"])).toMatchObject({ code: 0 });
    expect(JSON.parse((await there.gantry(["show", "structure", "r1", "-o", "json"])).out)).toMatchObject({
      role: "proxy",
      labels: { rack: "r7" },
    });
    const row = await client.structures.get("r1");
    expect(row).toMatchObject({ role: "proxy" });
    const outdated = client.structures.patch("r1", { role: "x" }, { ifMatch: row.version - 1 });
    await expect(outdated).rejects.toMatchObject({ code: "version_mismatch" });
    expect(await client.structures.create({ name: "r3", site: "west-rack" })).toMatchObject({
      managedBy: "backend:west",
    });
    expect(await names(there)).toEqual(["elsewhere", "r1", "r2", "r3"]);
    await client.structures.delete("r3", { ifMatch: "*" } as never);
    expect(await names(there)).toEqual(["elsewhere", "r1", "r2"]);
  });

  it("loses nothing that is not shown here when something is replaced", async () => {
    await there.gantry(["set", "structure", "r2", "dependsOn=[elsewhere]"]);
    await until(
      () => client.structures.get("r2"),
      (row) => row.version > 1,
    );
    const { name, site, version } = await client.structures.get("r2");
    await client.structures.replace("r2", { name, site, description: "kept" }, { ifMatch: version });
    expect(JSON.parse((await there.gantry(["show", "structure", "r2", "-o", "json"])).out)).toMatchObject({
      description: "kept",
      dependsOn: ["elsewhere"],
    });
  });

  it("is not mixed with the database in one transaction", async () => {
    const edits = [
      { action: "create", kind: "site", data: { name: "mine" } },
      { action: "merge", kind: "structure", name: "r1", version: null, patch: { role: "x" } },
    ];
    await expect(client.send("POST", "/v1/bulk", { edits })).rejects.toMatchObject({
      code: "backends_mixed",
      message: "the edits belong to backend 'west' and the database; nothing was changed",
    });
    expect((await list("/v1/sites")).names).not.toContain("mine");
  });

  it("keeps its names, and gives way to those of the database", async () => {
    expect(refused(await here.gantry(["create", "group", "web"]))).toContain("in backend 'west' (name_taken)");
    await here.gantry(["create", "site", "local"]);
    await here.gantry(["create", "structure", "r9", "site=local", "variables.port=80"]);
    await there.gantry(["create", "structure", "r9", "site=west"]);
    const status = await until(
      () => client.get<{ conflicts: object[] }>("/v1/backends/west/status"),
      ({ conflicts }) => conflicts.length > 0,
    );
    expect(status.conflicts).toEqual([{ backend: "west", kind: "structure", name: "r9", managedBy: "person" }]);
    expect(await client.structures.get("r9")).toMatchObject({ site: "local", managedBy: "person" });
    expect(await names(here, "--vars", "port=80")).toEqual(["r1", "r9"]);
    const shown = await here.gantry(["backend", "status"]);
    expect(shown).toMatchObject({ code: 0, error: "west: structure 'r9' is left out: person has the name\n" });
  });

  it("gives out its addresses itself", async () => {
    const use = await client.get<{ held: object[] }>("/v1/address-blocks/west-lan/addresses");
    expect(JSON.stringify(use)).toContain('"10.40.0.5"');
    expect(refused(await here.gantry(["address", "allocate", "west-lan", "--structure", "r9"]))).toContain(
      `'west-lan' is of backend 'west': its addresses are given out and taken back at ${url} (backend_read_only)`,
    );
  });

  it("goes along into an export", async () => {
    const text = await exported(client);
    const { _meta: meta } = JSON.parse(text) as { _meta: { hostvars: Record<string, object> } };
    expect(Object.keys(meta.hostvars).sort()).toEqual(["r1", "r2", "r9"]);
    expect(meta.hostvars["r1"]).toMatchObject({ _site: "west-rack", ansible_host: "10.40.0.5" });
    expect(text).toContain('"ntp":"10.0.0.9"');
  });

  it("is missing when it is gone: every answer says so, and nothing is invented", async () => {
    const id = (await client.structures.get("r1")).id;
    await there.gantry(["server", "stop"]);
    const gone = await until(
      () => list("/v1/structures"),
      ({ missing }) => missing !== undefined,
    );
    expect(gone).toEqual({
      names: ["r9"],
      missing: [{ backend: "west", site: "west", since: expect.any(Number), error: expect.stringContaining(url) }],
    });
    expect(await list("/v1/groups/default")).toMatchObject({ names: [], missing: [{ backend: "west" }] });
    const lacking: string[] = [];
    const told = createClient({ dataFolder: here.dataFolder, missing: (backends) => lacking.push(...backends) });
    expect(await exported(told)).not.toContain("r1");
    // One thing too, whatever is said of it: a group it is in may be missing.
    expect(await told.structures.get("r9", { explain: true })).toMatchObject({ site: "local" });
    for (const path of ["structures/r9", "structures?vars=port:80", "sites/local", "structures/r9/members"])
      await told.get(`/v1/${path}`);
    told.close();
    expect(lacking).toEqual(Array.from({ length: 6 }, () => "west"));
    expect(await here.gantry(["show", "structure", "r9", "-o", "json"])).toMatchObject({
      code: 0,
      error: "Not all is shown: backend 'west' cannot be read (gantry backend status west)\n",
    });
    await expect(client.get("/v1/inventory/web.json")).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringContaining("it may be in backend 'west'"),
    });
    for (const name of ["r1", id])
      await expect(client.structures.get(name)).rejects.toMatchObject({
        code: "not_found",
        message: expect.stringContaining("it may be in backend 'west' (site 'west'), which cannot be read"),
      });
    expect(await here.gantry(["get", "structures", "-o", "name"])).toMatchObject({
      code: 0,
      out: "r9\n",
      error: "Not all is shown: backend 'west' cannot be read (gantry backend status west)\n",
    });
    expect(refused(await here.gantry(["create", "structure", "r4", "site=west"]))).toContain("(backend_lost)");
    expect(await here.gantry(["backend", "status"])).toMatchObject({
      code: 1,
      out: expect.stringContaining("missing"),
    });
    expect(await here.gantry(["create", "structure", "r10", "site=local"])).toMatchObject({ code: 0 });
  });

  it("is back when it is back", async () => {
    await there.gantry(["server", "start"]);
    await until(
      () => list("/v1/structures"),
      ({ missing }) => missing === undefined,
    );
    expect(await names()).toEqual(["r1", "r10", "r2", "r9"]);
    const events = await here.gantry(["events", "--type", "backend.*", "-o", "json"]);
    const types = (JSON.parse(events.out) as { type: string }[]).map(({ type }) => type);
    expect(types).toEqual(["backend.added", "backend.lost", "backend.back"]);
  });
});

describe("a backend of a backend", () => {
  it("makes the whole missing when it cannot be read, and nobody else", async () => {
    const folder = join(there.folder, "rack");
    mkdirSync(folder);
    writeFileSync(
      join(folder, "rack.yaml"),
      "design: rack\nsites:\n  west-rack: {}\nstructures:\n  deep: { site: west-rack }\n",
    );
    const add = ["backend", "add", "--kind", "files", "--every", "1"];
    await there.gantry([...add, "rack", "--site", "west-rack", "--folder", folder]);
    await there.gantry([...add, "nowhere", "--site", "nowhere", "--folder", join(folder, "nowhere")]);
    await until(names, (found) => found.includes("deep"));
    writeFileSync(join(folder, "rack.yaml"), "design: [");
    const lacking = await until(
      () => list("/v1/structures"),
      ({ missing }) => missing !== undefined,
    );
    expect(lacking.missing).toMatchObject([
      { backend: "west", error: expect.stringContaining("cannot read its own backend 'rack'") },
    ]);
    expect(lacking.names).toEqual(["r10", "r9"]);
    await expect(list("/v1/structures?site=west")).rejects.toMatchObject({
      message: "there is no site 'west'; it may be in backend 'west' (site 'west'), which cannot be read",
    });
    await there.gantry(["backend", "remove", "rack"]);
    await until(names, (found) => found.includes("r1") && !found.includes("deep"));
  });
});

describe("a folder", () => {
  function write(folder: string, text: string): void {
    writeFileSync(join(folder, "east.yaml"), text);
  }

  it("is watched, only read, and missing when a file is broken", async () => {
    const folder = join(here.folder, "east");
    mkdirSync(folder);
    write(folder, "design: east\nsites:\n  east: {}\nstructures:\n  f1: { site: east }\n");
    // So seldom that only watching can tell.
    const add = ["backend", "add", "files", "--kind", "files", "--site", "east", "--every", "86400"];
    expect(await here.gantry([...add, "--folder", folder])).toMatchObject({ code: 0, error: "" });
    expect(await names(here, "--site", "east")).toEqual(["f1"]);
    write(folder, "design: east\nsites:\n  east: {}\nstructures:\n  f1: { site: east }\n  f2: { site: east }\n");
    await until(
      () => names(here, "--site", "east"),
      (found) => found.join() === "f1,f2",
    );
    for (const edit of [
      ["set", "structure", "f1", "role=x"],
      ["create", "structure", "f3", "site=east"],
      ["delete", "structure", "f1", "--yes"],
    ])
      expect(refused(await here.gantry(edit))).toContain(
        `the truth of site 'east' lives in backend 'files', which is only read: change it in the folder ${folder} (backend_read_only)`,
      );
    write(folder, "design: east\nsites:\n  east: {}\nstructures:\n  f1: { site: east, colour: red }\n");
    const broken = await until(
      () => list("/v1/structures?site=local"),
      ({ missing }) => missing !== undefined,
    );
    expect(broken).toMatchObject({
      names: ["r10", "r9"],
      missing: [{ backend: "files", error: expect.stringContaining("east.yaml:5:") }],
    });
    expect(await names()).not.toContain("f1");
    write(folder, "design: east\nsites:\n  east: {}\nstructures:\n  f4: { site: east }\n");
    await until(
      () => names(here, "--site", "east"),
      (found) => found.join() === "f4",
    );
    expect(await here.gantry(["backend", "remove", "files"])).toMatchObject({ code: 0 });
    expect(await names()).not.toContain("f4");
  });

  it("may be one of OpenStack-Ansible", async () => {
    const folder = join(import.meta.dirname, "../examples/import");
    const add = ["backend", "add", "osa", "--kind", "files", "--site", "cloud", "--format", "osa", "--folder", folder];
    expect(await here.gantry(add)).toMatchObject({ code: 0, error: "" });
    const found = await client.structures.list({ site: "cloud" }).all();
    expect(found.length).toBeGreaterThan(0);
    expect(new Set(found.map(({ managedBy }) => managedBy))).toEqual(new Set(["backend:osa"]));
    await here.gantry(["backend", "remove", "osa"]);
  });
});

describe("names and members of what is kept elsewhere", () => {
  const SOUTH = `design: south
sites:
  south: {}
address_blocks:
  south-lan: { site: south, subnet: 10.60.0.0/24 }
structures:
  s1: { site: south, variables: { hidden: word }, addresses: [{ block: south-lan, address: 10.60.0.5 }] }
`;

  async function records(zone: string): Promise<string[]> {
    const found = await client.get<{ records: { name: string; type: string; value: string }[] }>(
      `/v1/dns/zones/${zone}`,
    );
    return found.records
      .filter(({ type }) => type === "A" || type === "PTR")
      .map(({ name, value }) => `${name} ${value}`);
  }

  async function members(): Promise<string[]> {
    const { items } = await client.get<{ items: { name: string; fqdn: string }[] }>(
      "/v1/structures/r9/members?site=south",
    );
    return items.map(({ fqdn }) => fqdn);
  }

  it("are there when their site has a zone here, and stay when the place is gone, also over a restart", async () => {
    const file = join(here.folder, "south");
    mkdirSync(file);
    writeFileSync(join(file, "south.yaml"), SOUTH);
    await client.send("POST", "/v1/zones", {
      name: "example.org",
      nameservers: ["ns1"],
      records: [{ name: "ns1", type: "A", value: "203.0.113.53" }],
    });
    // Its zone comes later.
    expect(await here.gantry(["create", "site", "south"])).toMatchObject({ code: 0 });
    await here.gantry(["backend", "add", "south", "--kind", "files", "--site", "south", "--folder", file]);
    expect(await names(here, "--site", "south")).toEqual(["s1"]);
    expect(await records("example.org")).toEqual(["ns1.example.org 203.0.113.53"]);
    expect(await here.gantry(["set", "site", "south", "zone=example.org"])).toMatchObject({ code: 0 });
    const all = ["ns1.example.org 203.0.113.53", "s1.example.org 10.60.0.5"];
    await until(
      () => records("example.org"),
      (found) => found.join() === all.join(),
    );
    expect(await records("0.60.10.in-addr.arpa")).toEqual(["5.0.60.10.in-addr.arpa s1.example.org."]);
    expect(await members()).toEqual(["s1.example.org"]);

    writeFileSync(join(file, "south.yaml"), "design: [");
    await until(names, (found) => !found.includes("s1"));
    expect([await records("example.org"), await members()]).toEqual([all, ["s1.example.org"]]);
    await here.gantry(["server", "stop"]);
    await here.gantry(["server", "start"]);
    expect(await names()).not.toContain("s1");
    expect([await records("example.org"), await members()]).toEqual([all, ["s1.example.org"]]);

    writeFileSync(join(file, "south.yaml"), SOUTH.replaceAll("s1:", "s2:"));
    await until(
      () => records("example.org"),
      (found) => found.at(-1) === "s2.example.org 10.60.0.5",
    );
    await here.gantry(["backend", "remove", "south"]);
    await until(
      () => records("example.org"),
      (found) => found.length === 1,
    );
  });
});

describe("NetBox", () => {
  it("is read by the mapping of the examples (an emulator of its API)", async () => {
    const site = { id: 1, name: "Oslo", slug: "oslo" };
    const paths = ["regions", "locations", "racks"].map((name) => `/api/dcim/${name}/`);
    const more = ["virtualization/clusters", "virtualization/virtual-machines", "virtualization/interfaces"];
    const rest = ["ipam/vlans", "ipam/ip-addresses", "dcim/interfaces"];
    const netbox = await startNetBox({
      ...Object.fromEntries([...paths, ...[...more, ...rest].map((name) => `/api/${name}/`)].map((path) => [path, []])),
      "/api/dcim/sites/": [site],
      "/api/ipam/prefixes/": [{ id: 5, prefix: "10.50.0.0/24", site }],
      "/api/dcim/devices/": [1, 2, 3].map((id) => ({ id, name: `kvm${id}`, site, role: { slug: "hypervisor" } })),
    });
    try {
      const token = join(here.folder, "netbox.token");
      writeFileSync(token, NETBOX_TOKEN, { mode: 0o600 });
      const add = ["backend", "add", "dcim", "--kind", "netbox", "--site", "oslo", "--url", netbox.url, "--poll", "1"];
      const mapping = join(import.meta.dirname, "../examples/backends/netbox.yaml");
      const added = await here.gantry([...add, "--token-file", token, "--mapping", mapping]);
      expect(added).toMatchObject({ code: 0, error: "" });
      expect(await names(here, "--site", "oslo", "--role", "hypervisor")).toEqual(["kvm1", "kvm2", "kvm3"]);
      expect(refused(await here.gantry(["set", "structure", "kvm1", "role=x"]))).toContain(`change it in NetBox at`);
      netbox.lists.set("/api/dcim/devices/", []);
      await until(
        () => names(here, "--site", "oslo"),
        (found) => found.length === 0,
      );
    } finally {
      await netbox.close();
      await here.gantry(["backend", "remove", "dcim"]);
    }
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { DEFAULT_TENANT } from "../access/index.ts";
import { manualClock } from "../kernel/clock.ts";
import type { Json } from "../kernel/json.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database, OpenEmptyDatabase, Transaction } from "../platform/database/index.ts";
import type { DependencyBuild } from "./dependencies.ts";
import { UNDESCRIBED } from "./described.ts";
import type { InventoryWrites, Managed, Structure, StructureBuild } from "./model.ts";
import type { SearchedKind, SearchPage, SearchResult } from "./search.ts";
import { createInventoryStore, INVENTORY_SUBJECT, type InventoryStore, type RowRemoval } from "./store.ts";
import { inventoryMigrations } from "./tables.ts";
import {
  addressBlock,
  blueprint,
  complex,
  dependency,
  fieldSchema,
  foundation,
  group,
  inserting,
  link,
  network,
  networkInterface,
  site,
  structure,
  tenant as aTenant,
  updating,
  zone,
} from "./testing.ts";
import { parseVariableQuery } from "./variable-path.ts";

const tenant = DEFAULT_TENANT.id;

const build: StructureBuild = {
  blueprint: "web",
  scripts: { create: "a" },
  templates: {},
  variables: {},
  addresses: ["10.0.0.1"],
  site: "lab",
  foundation: "web1",
  queries: [],
};

const dependencyBuild: DependencyBuild = {
  blueprint: "host",
  scripts: { port_on: "a" },
  templates: {},
  variables: {},
  addresses: [],
  site: "lab",
  structure: "web2",
  dependency: null,
  scriptStructure: "web2",
};

/** What the inventory does on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let store: InventoryStore;
  beforeEach(async () => {
    database = await open(inventoryMigrations);
    store = createInventoryStore({ database, clock: manualClock(1000) });
  });

  function write(writes: InventoryWrites): Promise<void> {
    return database.transaction((tx) => store.write(tx, tenant, writes));
  }
  const inTransaction = <Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> =>
    database.transaction(work);

  function seen({ id, name, version }: Managed & { readonly name: string }): Omit<RowRemoval, "table"> {
    return { id, name, version };
  }

  async function structureNamed(name: string): Promise<Structure | undefined> {
    return (await store.snapshot(tenant)).structures.get(name);
  }

  describe("the inventory", () => {
    it("gives back what was written, of every kind", async () => {
      const rows = {
        sites: [
          site("region", { kind: "region", maxJobs: 3 }),
          site("lab", { parent: "region", variables: { greeting: "Hello", deep: { list: [1, null, true] } } }),
        ],
        groups: [
          group("all", { kind: "ansible", variables: { ntp: ["a"] }, includes: ["web", "nobody"], priority: 7 }),
          group("web", {
            parent: "all",
            description: "who serves",
            configuration: { url: "https://example.org/web.git", revision: "v1", path: "group_vars" },
          }),
        ],
        networks: [network("front", { site: "lab", mtu: 9000, vlan: 12 })],
        links: [
          link("bonded", {
            site: "lab",
            speed: "10000",
            bonding: { mode: "802.3ad", parameters: { miimon: 100 } },
            trunking: { mode: "802.1q", native: "front" },
            networks: ["front"],
          }),
        ],
        interfaces: [
          networkInterface("web1/bond0", {
            type: "bonded",
            mac: "52:54:00:12:34:56",
            members: ["eth0", "eth1"],
            network: "front",
            link: "bonded",
            provisioning: true,
            linkName: "switch1-1-7",
            physicalLocation: "slot 2 port 1",
            parameters: { primary: "eth0" },
          }),
        ],
        zones: [
          zone("example.org", {
            parent: "org",
            views: ["inside"],
            records: [{ name: "", type: "MX", value: "10 mail", ttl: null }],
          }),
        ],
        fieldSchemas: [fieldSchema("structure", { schema: { type: "object", required: ["owner"] } })],
        addressBlocks: [
          addressBlock("block", {
            gateway: "10.0.0.254",
            reserved: ["10.0.0.1-10.0.0.9"],
            dynamic: ["10.0.0.100-10.0.0.199"],
            network: "front",
          }),
        ],
        blueprints: [
          blueprint("web", {
            parents: ["base"],
            interfaces: ["eth0"],
            hardware: { cpus: { count: { minimum: 2 } } },
            maxJobs: 1,
            templates: { "a.html": { text: "ä\n", origin: { file: "a", line: 3, column: 5, exact: false } } },
          }),
        ],
        foundations: [
          foundation("web1", {
            attributes: { image: "x" },
            stale: true,
            complex: "cluster",
            systemUuid: "4c4c4544-0042-3510-8056-b4c04f4d3732",
            locatedAt: 5,
            machineId: "machine",
            identifiers: { docker_id: "abc" },
            placedOn: "web2",
          }),
        ],
        complexes: [
          complex("cluster", {
            type: "docker",
            members: ["web2"],
            builtPercentage: 50,
            attributes: { image: "y" },
            capacity: { foundations: 4, memory: 0.5 },
          }),
        ],
        dependencies: [
          dependency("uplink", {
            foundation: "web1",
            structure: "web2",
            link: "hard",
            createScript: "port_on",
            state: "built",
            build: dependencyBuild,
          }),
          dependency("zz", { foundation: "web1", structure: null, dependency: "uplink", scriptStructure: "web2" }),
        ],
        structures: [
          structure("web1", {
            addresses: [{ block: "block", address: "10.0.0.20" }],
            dependsOn: ["web2"],
            state: "failed",
            rebuild: true,
            build,
            failure: { role: "create", message: "no", jobId: null, at: 5 },
            applied: { description: "" },
            labels: { tier: "front", "example.org/owner": "web" },
            assets: [{ system: "assets", id: "4711", url: "https://assets.example.org/4711" }],
            fields: { rack: { unit: 12 } },
            parent: "web2",
            role: "balancer",
            managementAddress: "10.9.0.1",
            groups: ["web"],
            zone: "example.org",
          }),
          structure("web2", { blueprint: null, foundation: null }),
        ],
      };
      await write(inserting(rows));
      const snapshot = await store.snapshot(tenant);
      for (const kind of Object.keys(rows) as (keyof typeof rows)[]) {
        const written = [...rows[kind]].sort((a, b) => (a.name < b.name ? -1 : 1));
        expect([...snapshot[kind].values()], kind).toEqual(written);
      }
      expect(snapshot.tenant).toEqual({
        id: tenant,
        name: "default",
        description: "",
        variables: {},
        ...UNDESCRIBED,
        managedBy: "person",
        applied: {},
        wanted: "built",
        version: 1,
        createdAt: 0,
        updatedAt: 0,
      });
      // Another reader, that knows nothing yet, sees the same.
      expect(await createInventoryStore({ database, clock: manualClock() }).snapshot(tenant)).toEqual(snapshot);
    });

    it("reads again only what changed, and knows what is gone", async () => {
      await write(inserting({ sites: [site("lab")], structures: [structure("a"), structure("b"), structure("c")] }));
      const first = await store.snapshot(tenant);
      expect(await store.snapshot(tenant)).toBe(first);
      const b = first.structures.get("b")!;
      await write(updating({ structures: [{ ...b, description: "new", version: 2 }] }));
      const c = first.structures.get("c")!;
      expect(await inTransaction((tx) => store.remove(tx, "structure", c.id, c.version))).toBe(true);
      const second = await store.snapshot(tenant);
      expect([...second.structures.values()].map(({ name, description }) => [name, description])).toEqual([
        ["a", ""],
        ["b", "new"],
      ]);
      expect(second.sites).toBe(first.sites);
      expect(second.structures.get("a")).toBe(first.structures.get("a"));
    });

    it("shows a transaction what it wrote, and nobody what it gave up", async () => {
      await write(inserting({ structures: [structure("a")] }));
      await store.snapshot(tenant);
      const undone = inTransaction(async (tx) => {
        await store.write(tx, tenant, inserting({ structures: [structure("ghost")] }));
        expect((await store.snapshot(tenant, tx)).structures.has("ghost")).toBe(true);
        throw new Error("given up");
      });
      await expect(undone).rejects.toThrow("given up");
      await write(inserting({ structures: [structure("b")] }));
      expect([...(await store.snapshot(tenant)).structures.keys()].sort()).toEqual(["a", "b"]);
    });

    it("refuses to write over what somebody else wrote, and writes nothing then", async () => {
      await write(inserting({ sites: [site("lab")], structures: [structure("a"), structure("b")] }));
      const { structures } = await store.snapshot(tenant);
      const [a, b] = [structures.get("a")!, structures.get("b")!];
      await write(updating({ structures: [{ ...b, description: "theirs", version: 2 }] }));
      const both = updating({
        structures: [
          { ...a, description: "ours", version: 2 },
          { ...b, description: "ours", version: 2 },
        ],
      });
      await expect(write(both)).rejects.toMatchObject({ code: "inventory_outdated" });
      await expect(write(inserting({ structures: [structure("a")] }))).rejects.toMatchObject({
        code: "inventory_outdated",
      });
      expect([(await structureNamed("a"))?.description, (await structureNamed("b"))?.description]).toEqual([
        "",
        "theirs",
      ]);
    });

    it("lets no two have one address, unless one of them is going", async () => {
      const one = [{ block: "block", address: "10.0.0.1" }];
      const two = [{ block: "block", address: "10.0.0.2" }];
      await write(inserting({ structures: [structure("a", { addresses: one }), structure("b", { addresses: two })] }));
      await expect(write(inserting({ structures: [structure("c", { addresses: one })] }))).rejects.toMatchObject({
        code: "inventory_outdated",
      });
      const { structures } = await store.snapshot(tenant);
      const [a, b] = [structures.get("a")!, structures.get("b")!];
      // Two that change places do so in one step.
      await write(
        updating({
          structures: [
            { ...a, addresses: two, version: 2 },
            { ...b, addresses: one, version: 2 },
          ],
        }),
      );
      await write(updating({ structures: [{ ...a, addresses: two, wanted: "absent", version: 3 }] }));
      await write(inserting({ structures: [structure("d", { addresses: two })] }));
      expect(await inTransaction((tx) => store.remove(tx, "structure", a.id, 3))).toBe(true);
      await expect(write(inserting({ structures: [structure("e", { addresses: two })] }))).rejects.toMatchObject({
        code: "inventory_outdated",
      });
    });

    it("changes how far a row has come, only of the version that was seen", async () => {
      await write(inserting({ structures: [structure("a")], foundations: [foundation("a")] }));
      const { id } = (await structureNamed("a"))!;
      const started = { state: "building", jobId: "job", stale: false } as const;
      expect(await inTransaction((tx) => store.changeBuild(tx, "structure", id, 7, started))).toBe(false);
      expect(await inTransaction((tx) => store.changeBuild(tx, "structure", id, 1, started))).toBe(true);
      expect(await inTransaction((tx) => store.changeBuild(tx, "structure", id, 1, { state: "failed" }))).toBe(false);
      expect(await inTransaction((tx) => store.readBuild(tx, "structure", id))).toMatchObject({
        state: "building",
        jobId: "job",
        version: 2,
        updatedAt: 1000,
      });
      expect(
        await inTransaction((tx) =>
          store.changeBuild(tx, "structure", id, null, { state: "built", jobId: null, build, stale: true }),
        ),
      ).toBe(true);
      expect(await structureNamed("a")).toMatchObject({
        state: "built",
        jobId: null,
        build,
        stale: true,
        rebuild: false,
        version: 3,
      });
      expect(await inTransaction((tx) => store.changeBuild(tx, "foundation", "nobody", null, started))).toBe(false);
      expect(await inTransaction((tx) => store.readBuild(tx, "foundation", "nobody"))).toBeUndefined();
      expect(await inTransaction((tx) => store.remove(tx, "structure", id, 1))).toBe(false);
    });

    it("changes how far a dependency has come, and removes it", async () => {
      await write(inserting({ dependencies: [dependency("uplink")] }));
      const { id } = (await store.snapshot(tenant)).dependencies.get("uplink")!;
      const done = { state: "built", build: dependencyBuild } as const;
      expect(await inTransaction((tx) => store.changeBuild(tx, "dependency", id, 1, done))).toBe(true);
      expect((await store.snapshot(tenant)).dependencies.get("uplink")).toMatchObject({ ...done, version: 2 });
      expect((await inTransaction((tx) => store.readBuild(tx, "dependency", id)))?.build?.structure).toBe("web2");
      expect(await inTransaction((tx) => store.remove(tx, "dependency", id, 1))).toBe(false);
      expect(await inTransaction((tx) => store.remove(tx, "dependency", id, 2))).toBe(true);
      expect((await store.snapshot(tenant)).dependencies.size).toBe(0);
    });

    it("notes what is known of a foundation, and nothing else", async () => {
      await write(inserting({ foundations: [foundation("a")] }));
      const { id } = (await store.snapshot(tenant)).foundations.get("a")!;
      const located = { locatedAt: 7, machineId: "m", state: "built" };
      expect(await inTransaction((tx) => store.changeBookkeeping(tx, id, located))).toBe(true);
      const noted = { identifiers: { docker_id: "abc" }, placedOn: "host1" };
      expect(await inTransaction((tx) => store.changeBookkeeping(tx, id, noted))).toBe(true);
      expect((await store.snapshot(tenant)).foundations.get("a")).toMatchObject({
        ...noted,
        locatedAt: 7,
        machineId: "m",
        state: "planned",
        version: 3,
      });
      expect(await inTransaction((tx) => store.changeBookkeeping(tx, "nobody", noted))).toBe(false);
    });

    it("removes rows of any kind, each of the version that was seen, or none", async () => {
      await write(
        inserting({
          groups: [group("all"), group("web", { parent: "all" })],
          zones: [zone("example.org")],
          structures: [structure("a", { addresses: [{ block: "block", address: "10.0.0.1" }] })],
        }),
      );
      const { groups, zones, structures } = await store.snapshot(tenant);
      const removals = [
        { table: "inventory_group", ...seen(groups.get("web")!) },
        { table: "zone", ...seen(zones.get("example.org")!) },
        { table: "structure", ...seen(structures.get("a")!) },
      ] as const;
      const late = { ...removals[1], version: 7 };
      await expect(inTransaction((tx) => store.removeRows(tx, tenant, [removals[0], late]))).rejects.toMatchObject({
        code: "inventory_outdated",
      });
      await inTransaction((tx) => store.removeRows(tx, tenant, removals));
      const left = await store.snapshot(tenant);
      expect([[...left.groups.keys()], left.zones.size, left.structures.size]).toEqual([["all"], 0, 0]);
      await write(
        inserting({ structures: [structure("b", { addresses: [{ block: "block", address: "10.0.0.1" }] })] }),
      );
    });

    it("keeps the tenants themselves, each with an inventory of its own", async () => {
      const { tenant: first } = await store.snapshot(tenant);
      const changed = { ...first, variables: { motd: "hello" }, labels: { a: "b" }, version: 2, updatedAt: 5 };
      await inTransaction((tx) => store.writeTenant(tx, changed));
      expect((await store.snapshot(tenant)).tenant).toEqual(changed);
      await expect(inTransaction((tx) => store.writeTenant(tx, changed))).rejects.toMatchObject({
        code: "inventory_outdated",
      });
      const second = aTenant({ name: "second" });
      await inTransaction((tx) => store.createTenant(tx, second));
      await inTransaction((tx) => store.write(tx, second.id, inserting({ sites: [site("theirs")] })));
      expect((await store.snapshot(second.id)).tenant).toEqual(second);
      expect([...(await store.snapshot(second.id)).sites.keys()]).toEqual(["theirs"]);
      expect([...(await store.snapshot(tenant)).sites.keys()]).toEqual([]);
      await expect(inTransaction((tx) => store.createTenant(tx, aTenant({ name: "second" })))).rejects.toMatchObject({
        code: "inventory_outdated",
      });
    });

    it("finds structures by a resolved variable, whoever defines it, and follows every change of a definition", async () => {
      const addTo = (name: string, change: Partial<Structure>): Structure =>
        structure(name, { blueprint: null, foundation: null, ...change });
      await write(
        inserting({
          sites: [
            site("region", { variables: { motd: "hi", dns: { servers: ["a", "b"] } } }),
            site("lab", { parent: "region" }),
          ],
          groups: [group("all"), group("web", { parent: "all", variables: { tier: "front", ">motd": "!" } })],
          blueprints: [blueprint("base", { variables: { os: "debian" } })],
          foundations: [
            foundation("metal", { attributes: { image: "x" }, variables: { bay: 7 }, site: "lab", complex: "cluster" }),
            foundation("spare", { attributes: { image: "y" }, variables: { bay: 8 }, site: "elsewhere" }),
          ],
          complexes: [complex("cluster", { attributes: { image: "z", engine: "docker" } })],
          structures: [
            addTo("a", { groups: ["web"] }),
            addTo("b", { groups: ["web"], variables: { tier: "back" } }),
            addTo("c", { variables: { tier: "front" }, blueprint: "base", foundation: "metal" }),
            addTo("d", { site: "elsewhere", variables: { dns: { servers: ["b"] } } }),
          ],
        }),
      );
      async function find(
        text: string,
        page: Partial<SearchPage> = {},
        kind: SearchedKind = "structure",
      ): Promise<SearchResult> {
        const query = parseVariableQuery(text);
        return store.search(tenant, await store.snapshot(tenant), kind, query, { after: null, limit: 10, ...page });
      }
      const names = async (text: string): Promise<readonly string[]> => (await find(text)).names;
      expect(await names("tier:front")).toEqual(["a", "c"]);
      expect(await names('motd:"hi!"')).toEqual(["a", "b"]);
      expect(await names("dns.servers[1]:b")).toEqual(["a", "b", "c"]);
      expect(await names("dns.servers[0]:b")).toEqual(["d"]);
      expect(await names('dns:{"servers":["b"]}')).toEqual(["d"]);
      expect([await names("os:debian"), await names("image:x"), await names("_site:elsewhere")]).toEqual([
        ["c"],
        ["c"],
        ["d"],
      ]);
      expect(await find("dns.servers[1]:b", { limit: 2 })).toEqual({ names: ["a", "b"], next: "b" });
      expect(await find("dns.servers[1]:b", { limit: 2, after: "b" })).toEqual({ names: ["c"], next: null });
      expect((await find("tier:front", { accept: (name) => name !== "a" })).names).toEqual(["c"]);

      const foundationsOf = async (text: string): Promise<readonly string[]> =>
        (await find(text, {}, "foundation")).names;
      expect([await foundationsOf("bay:7"), await foundationsOf("image:y"), await foundationsOf("motd:hi")]).toEqual([
        ["metal"],
        ["spare"],
        ["metal"],
      ]);
      expect([await names("engine:docker"), await foundationsOf("engine:docker")]).toEqual([["c"], ["metal"]]);
      // What it says itself lies above what its complex says.
      expect([await names("image:z"), await foundationsOf("image:z")]).toEqual([[], []]);
      // What stands on a foundation has its attributes alone.
      expect(await names("bay:7")).toEqual([]);

      const { structures, foundations, groups, tenant: row } = await store.snapshot(tenant);
      await write(updating({ foundations: [{ ...foundations.get("spare")!, variables: { bay: 7 }, version: 2 }] }));
      expect([await foundationsOf("bay:7"), await foundationsOf("bay:8")]).toEqual([["metal", "spare"], []]);
      const c = structures.get("c")!;
      await write(
        updating({
          groups: [{ ...groups.get("web")!, variables: { tier: "middle" }, version: 2 }],
          structures: [{ ...c, variables: {}, version: 2 }],
        }),
      );
      await inTransaction((tx) => store.writeTenant(tx, { ...row, variables: { tier: "front" }, version: 2 }));
      expect(await names("tier:front")).toEqual(["c", "d"]);
      await write(updating({ structures: [{ ...structures.get("d")!, variables: { tier: "middle" }, version: 2 }] }));
      expect(await names("tier:middle")).toEqual(["a", "d"]);
      const a = structures.get("a")!;
      await inTransaction((tx) => store.removeRows(tx, tenant, [{ table: "structure", ...seen(a) }]));
      expect([await names("tier:middle"), await names("tier:front")]).toEqual([["d"], ["c"]]);
      await inTransaction((tx) => store.writeTenant(tx, { ...row, variables: {}, version: 3 }));
      expect(await names("tier:front")).toEqual([]);
      const left = await database.kysely.selectFrom("variable_index").select("owner").distinct().execute();
      expect(left.map(({ owner }) => owner).toSorted()).toEqual([
        "b",
        "base",
        "cluster",
        "d",
        "metal",
        "region",
        "spare",
        "web",
      ]);
    });

    it("tells the bus after each commit that wrote it, once, and not of what was given up", async () => {
      const told: Json[] = [];
      const bus = {
        publish(subject: string, payload: Json) {
          if (subject === INVENTORY_SUBJECT) told.push([subject, payload]);
        },
      } as Bus;
      const telling = createInventoryStore({ database, clock: manualClock(), bus });
      await inTransaction(async (tx) => {
        await telling.write(tx, tenant, inserting({ sites: [site("lab")] }));
        await telling.write(tx, tenant, inserting({ structures: [structure("a")] }));
        expect(told).toEqual([]);
      });
      expect(told).toEqual([["inventory", tenant]]);
      const { id } = (await telling.snapshot(tenant)).structures.get("a")!;
      await inTransaction((tx) => telling.changeBuild(tx, "structure", id, 1, { stale: true }));
      expect(told).toHaveLength(2);
      const undone = inTransaction(async (tx) => {
        await telling.write(tx, tenant, inserting({ sites: [site("ghost")] }));
        throw new Error("given up");
      });
      await expect(undone).rejects.toThrow("given up");
      expect(told).toHaveLength(2);
    });

    it("removes records nobody needs any more, and no others", async () => {
      const gone = { wanted: "absent" } as const;
      await write(
        inserting({
          sites: [site("region", gone), site("lab", { ...gone, parent: "region" }), site("empty", gone), site("kept")],
          addressBlocks: [addressBlock("block", gone), addressBlock("other", { ...gone, site: "kept" })],
          blueprints: [
            blueprint("base", gone),
            blueprint("web", { ...gone, parents: ["base"] }),
            blueprint("old", gone),
            blueprint("unused", gone),
            blueprint("machine", gone),
          ],
          foundations: [foundation("web1", gone)],
          structures: [
            structure("web1", {
              ...gone,
              addresses: [{ block: "block", address: "10.0.0.1" }],
              build: { ...build, blueprint: "old" },
            }),
          ],
        }),
      );
      expect(await inTransaction((tx) => store.removeUnused(tx, tenant))).toBe(3);
      const left = await store.snapshot(tenant);
      expect([[...left.sites.keys()], [...left.addressBlocks.keys()], [...left.blueprints.keys()]]).toEqual([
        ["kept", "lab", "region"],
        ["block"],
        ["base", "machine", "old", "web"],
      ]);
      for (const target of ["structure", "foundation"] as const) {
        const row = (target === "structure" ? left.structures : left.foundations).get("web1")!;
        expect(await inTransaction((tx) => store.remove(tx, target, row.id, 1))).toBe(true);
      }
      expect(await inTransaction((tx) => store.removeUnused(tx, tenant))).toBe(7);
      expect(await inTransaction((tx) => store.removeUnused(tx, tenant))).toBe(0);
      expect([...(await store.snapshot(tenant)).sites.keys()]).toEqual(["kept"]);
    });
  });
}

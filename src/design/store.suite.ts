import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { DEFAULT_TENANT, type Principal } from "../access/index.ts";
import { ADMINISTRATOR } from "../access/testing.ts";
import { createInventoryStore, inventoryMigrations, type InventoryStore } from "../inventory/index.ts";
import { manualClock, type ManualClock } from "../kernel/clock.ts";
import { systemRandom } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { createInProcessBus, type Bus } from "../platform/bus/index.ts";
import type { Database, OpenEmptyDatabase } from "../platform/database/index.ts";
import { createEventStream, eventMigrations, type EventStream } from "../platform/events/index.ts";
import { silentLogger } from "../platform/logging/index.ts";
import type { Observation } from "./model.ts";
import type { Bundle } from "./schema.ts";
import { createDesignService, type DesignService } from "./service.ts";
import { createDesignStore, designMigrations } from "./store.ts";
import { siteFile } from "./testing.ts";

const principal: Principal = { ...ADMINISTRATOR, name: "administrator (test)" };

function bundleOf(text: string): Bundle {
  return { documents: [{ path: "site.yaml", text }], files: {} };
}

/** What the service of designs does on every database. */
export function storeSuite(open: OpenEmptyDatabase): void {
  let database: Database;
  let inventory: InventoryStore;
  let events: EventStream;
  let bus: Bus;
  let clock: ManualClock;
  let designs: DesignService;
  let observed: Observation[];
  let looked: string[][];
  let woken: number;
  beforeEach(async () => {
    database = await open([...eventMigrations, ...inventoryMigrations, ...designMigrations]);
    bus = createInProcessBus(silentLogger());
    onTestFinished(() => bus.close());
    clock = manualClock(5000);
    events = createEventStream({ database, bus, clock, random: systemRandom });
    inventory = createInventoryStore({ database, clock });
    observed = [];
    looked = [];
    woken = 0;
    bus.subscribe("foreman", () => {
      woken += 1;
    });
    designs = createDesignService({
      database,
      inventory,
      store: createDesignStore({ clock, random: systemRandom }),
      observer: {
        observe(_tenantId, targets) {
          looked.push(targets.map(({ name }) => name));
          return Promise.resolve(observed);
        },
      },
      events,
      bus,
      clock,
      random: systemRandom,
      known: () => ({ foundationTypes: ["local"] }),
    });
  });

  async function apply(bundle: Bundle): Promise<string> {
    const { fingerprint } = await designs.plan(principal, bundle);
    return (await designs.apply(principal, bundle, fingerprint)).text;
  }

  describe("designs", () => {
    const site = bundleOf(siteFile());

    it("are planned without a trace, then applied in one step, with the foreman woken", async () => {
      const plan = await designs.plan(principal, site);
      expect([plan.empty, plan.destroys, plan.actions.length]).toEqual([false, false, 11]);
      expect((await inventory.snapshot(DEFAULT_TENANT.id)).sites.size).toBe(0);
      expect(await designs.list(principal, "", 10)).toEqual([]);
      const applied = await designs.apply(principal, site, plan.fingerprint);
      expect(applied.text).toBe(plan.text);
      await expect.poll(() => woken).toBe(1);
      const { structures } = await inventory.snapshot(DEFAULT_TENANT.id);
      expect(
        [...structures.values()].map(({ name, state, managedBy, addresses }) => [
          name,
          state,
          managedBy,
          addresses[0]?.address,
        ]),
      ).toEqual([
        ["balancer", "planned", "design:quickstart", "127.80.0.100"],
        ["web1", "planned", "design:quickstart", "127.80.0.1"],
        ["web2", "planned", "design:quickstart", "127.80.0.2"],
      ]);
      expect(await designs.get(principal, "quickstart")).toMatchObject({
        version: 1,
        wanted: "built",
        appliedBy: "administrator (test)",
        appliedAt: 5000,
      });
      expect(await designs.documents(principal, "quickstart")).toEqual(site);
      const { events: seen } = await events.read({ limit: 100 });
      expect(seen[0]).toMatchObject({
        type: "design.applied",
        data: { name: "quickstart", version: 1, actions: { create: 11 } },
      });
      expect(seen.filter(({ type }) => type === "structure.planned").map(({ data }) => data)).toContainEqual({
        name: "web1",
        action: "create",
        reason: "new",
        design: "quickstart",
      });
      expect(await designs.plan(principal, site)).toMatchObject({ empty: true, underway: 6 });
    });

    it("hold the whole inventory: rows of every kind come and go, and the tenant's own row keeps what is others'", async () => {
      const lab = bundleOf(readFileSync(join(import.meta.dirname, "../../examples/lab/site.yaml"), "utf8"));
      await apply(lab);
      const there = await inventory.snapshot(DEFAULT_TENANT.id);
      expect(there.tenant).toMatchObject({ labels: { contact: "lab-team" }, version: 2, managedBy: "person" });
      expect(there.interfaces.get("web1/eth0.20")).toMatchObject({ vlan: 20, managedBy: "design:lab" });
      expect(there.zones.get("example.org")?.records).toHaveLength(2);
      expect(there.structures.get("web1")?.addresses[1]).toEqual({
        block: "storage",
        address: "127.82.1.1",
        interface: "web1/eth0.20",
      });
      expect(await designs.plan(principal, lab)).toMatchObject({ empty: true, underway: 4, unchanged: 28 });
      const { events: seen } = await events.read({ limit: 100 });
      const told = seen.map(
        ({ type, subject, data }) => `${type} ${subject.kind} ${String((data as JsonObject)["name"])}`,
      );
      for (const one of [
        "inventory.changed tenant default",
        "inventory.created group web",
        "inventory.created interface web1/eth0",
        "inventory.created structure switch1",
        "structure.planned structure web1",
      ])
        expect(told).toContain(one);

      await database.transaction((tx) =>
        inventory.writeTenant(tx, { ...there.tenant, description: "Ours", version: there.tenant.version + 1 }),
      );
      const { fingerprint } = await designs.planDestroy(principal, "lab");
      await designs.destroy(principal, "lab", fingerprint);
      const left = await inventory.snapshot(DEFAULT_TENANT.id);
      // What was only recorded is gone; what is to be taken down first keeps what it needs.
      expect([...left.structures.keys()]).toEqual(["web1", "web2"]);
      expect([...left.groups.keys()]).toEqual(["all", "servers", "web"]);
      expect([...left.networks.keys()]).toEqual(["front", "storage"]);
      expect([...left.interfaces.keys()]).toEqual(["web1/eth0", "web1/eth0.20", "web2/eth0"]);
      expect([...left.addressBlocks.keys()]).toEqual(["front4", "storage"]);
      expect([left.tenant.description, left.tenant.variables, left.tenant.labels]).toEqual(["Ours", {}, {}]);
      await database.transaction(async (tx) => {
        for (const row of left.structures.values()) await inventory.remove(tx, "structure", row.id, row.version);
        for (const row of left.foundations.values()) await inventory.remove(tx, "foundation", row.id, row.version);
        await inventory.removeUnused(tx, DEFAULT_TENANT.id);
      });
      const { revision: _revision, tenant: _tenant, ...rows } = await inventory.snapshot(DEFAULT_TENANT.id);
      expect(Object.values(rows).map((kind) => kind.size)).toEqual(Object.values(rows).map(() => 0));
    });

    it("are applied only as they were shown", async () => {
      const first = await designs.plan(principal, site);
      const other = bundleOf(siteFile({ webs: 3 }));
      await expect(designs.apply(principal, other, first.fingerprint)).rejects.toMatchObject({ code: "plan_outdated" });
      await apply(other);
      await expect(designs.apply(principal, site, first.fingerprint)).rejects.toMatchObject({ code: "plan_outdated" });
      expect((await designs.get(principal, "quickstart")).version).toBe(1);
      expect((await inventory.snapshot(DEFAULT_TENANT.id)).structures.size).toBe(4);
    });

    it("are applied once when two do it at once", async () => {
      const plan = await designs.plan(principal, site);
      const ends = await Promise.allSettled([1, 2, 3].map(() => designs.apply(principal, site, plan.fingerprint)));
      expect(ends.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected", "rejected"]);
      for (const end of ends)
        if (end.status === "rejected") expect(["plan_outdated", "inventory_outdated"]).toContain(end.reason.code);
      expect((await inventory.snapshot(DEFAULT_TENANT.id)).structures.size).toBe(3);
    });

    it("with problems change nothing, and name them all", async () => {
      const broken = bundleOf(
        siteFile().replace("blueprint: web", "blueprint: wbe").replace("type: local", "type: locale"),
      );
      await expect(designs.plan(principal, broken)).rejects.toMatchObject({
        code: "design_invalid",
        problems: [{ code: "unknown_reference" }, { code: "unknown_reference" }, { code: "blueprint_mismatch" }],
      });
      await expect(designs.apply(principal, broken, "x")).rejects.toMatchObject({ code: "design_invalid" });
      expect(await designs.list(principal, "", 10)).toEqual([]);
    });

    it("look at what is built, and repair it", async () => {
      await apply(site);
      expect(looked).toEqual([]);
      const { foundations } = await inventory.snapshot(DEFAULT_TENANT.id);
      const { id } = foundations.get("web1")!;
      await database.transaction((tx) => inventory.changeBuild(tx, "foundation", id, null, { state: "built" }));
      observed = [{ foundationId: id, power: "absent", agent: "missing", services: null }];
      const plan = await designs.plan(principal, site);
      expect(looked).toEqual([["web1"]]);
      expect(plan.actions).toEqual([
        { kind: "repair", target: "foundation", name: "web1", reason: "is gone", fields: [] },
      ]);
      await designs.apply(principal, site, plan.fingerprint);
      expect((await inventory.snapshot(DEFAULT_TENANT.id)).foundations.get("web1")).toMatchObject({ state: "planned" });
      // Between showing and applying a plan something else broke.
      await database.transaction((tx) => inventory.changeBuild(tx, "foundation", id, null, { state: "built" }));
      const outdated = await designs.plan(principal, site);
      observed = [{ foundationId: id, power: "off", agent: "missing", services: null }];
      await expect(designs.apply(principal, site, outdated.fingerprint)).rejects.toMatchObject({
        code: "plan_outdated",
      });
    });

    it("are taken down by name, without their documents; what is built goes later", async () => {
      await apply(site);
      const rows = (await inventory.snapshot(DEFAULT_TENANT.id)).structures;
      await expect(designs.planDestroy(principal, "quickstrat")).rejects.toMatchObject({
        code: "design_not_found",
        message: "there is no design 'quickstrat'; did you mean 'quickstart'?",
      });
      const plan = await designs.planDestroy(principal, "quickstart");
      expect([plan.destroys, plan.actions.every(({ kind }) => kind === "destroy")]).toEqual([true, true]);
      await designs.destroy(principal, "quickstart", plan.fingerprint);
      const after = await inventory.snapshot(DEFAULT_TENANT.id);
      expect([...after.structures.values()].map(({ wanted }) => wanted)).toEqual(["absent", "absent", "absent"]);
      expect(after.sites.size).toBe(1);
      expect(await designs.get(principal, "quickstart")).toMatchObject({ wanted: "absent", version: 2 });
      expect((await events.read({ limit: 100, types: ["design.destroyed"] })).events).toHaveLength(1);
      // It may come back, and its rows stay the same rows.
      await apply(site);
      const again = (await inventory.snapshot(DEFAULT_TENANT.id)).structures;
      expect(again.get("web1")).toMatchObject({ id: rows.get("web1")?.id, wanted: "built", state: "planned" });
      expect(await designs.get(principal, "quickstart")).toMatchObject({ wanted: "built", version: 3 });
    });

    it("hold complexes and dependencies: what was never built goes at once, and a complex with what it offers", async () => {
      const parts = (dependencies: string): Bundle =>
        bundleOf(`design: d
sites: { lab: {} }
blueprints:
  machine: { builds: foundation, scripts: { create: pass } }
  host: { builds: structure, scripts: { create: pass, port_on: pass } }
complexes: { pool: { site: lab, type: local, members: [host], attributes: { size: 1 } } }
foundations:
  offered: { site: lab, complex: pool, blueprint: machine }
  late: { site: lab, type: local, blueprint: machine }
structures: { host: { site: lab, blueprint: host, foundation: { type: local, blueprint: machine } } }
dependencies: { ${dependencies} }
`);
      const port = "port: { foundation: late, structure: host, link: hard, create_script: port_on }";
      await apply(parts(`${port}, after: { foundation: offered, dependency: port }`));
      const there = await inventory.snapshot(DEFAULT_TENANT.id);
      expect(there.complexes.get("pool")).toMatchObject({ members: ["host"], builtPercentage: 90 });
      expect(there.foundations.get("offered")).toMatchObject({ type: "local", complex: "pool", identifiers: {} });
      expect([...there.dependencies.values()].map(({ name, state, link }) => [name, state, link])).toEqual([
        ["after", "planned", "soft"],
        ["port", "planned", "hard"],
      ]);
      const { events: told } = await events.read({ limit: 100, types: ["dependency.planned"] });
      expect(told.map(({ data }) => (data as JsonObject)["name"])).toEqual(["port", "after"]);
      await apply(parts(port));
      expect([...(await inventory.snapshot(DEFAULT_TENANT.id)).dependencies.keys()]).toEqual(["port"]);
      const { fingerprint } = await designs.planDestroy(principal, "d");
      await designs.destroy(principal, "d", fingerprint);
      const after = await inventory.snapshot(DEFAULT_TENANT.id);
      expect([after.dependencies.size, after.complexes.get("pool")?.wanted]).toEqual([0, "absent"]);
      await database.transaction(async (tx) => {
        for (const { id, version } of after.foundations.values()) await inventory.remove(tx, "foundation", id, version);
        for (const { id, version } of after.structures.values()) await inventory.remove(tx, "structure", id, version);
        await inventory.removeUnused(tx, DEFAULT_TENANT.id);
      });
      const left = await inventory.snapshot(DEFAULT_TENANT.id);
      expect([left.complexes.size, left.sites.size, left.blueprints.size]).toEqual([0, 0, 0]);
    });

    it("of nothing built leave nothing behind", async () => {
      const empty = bundleOf(
        "design: d\nsites: { a: {}, b: { parent: a } }\nblueprints: { x: { builds: structure } }\n",
      );
      await apply(empty);
      const plan = await designs.planDestroy(principal, "d");
      await designs.destroy(principal, "d", plan.fingerprint);
      const after = await inventory.snapshot(DEFAULT_TENANT.id);
      expect([after.sites.size, after.blueprints.size]).toEqual([0, 0]);
    });

    it("are listed by name, page by page", async () => {
      for (const name of ["b", "c", "a"]) await apply(bundleOf(`design: ${name}`));
      expect((await designs.list(principal, "", 2)).map(({ name }) => name)).toEqual(["a", "b"]);
      expect((await designs.list(principal, "b", 2)).map(({ name }) => name)).toEqual(["c"]);
    });
  });
}

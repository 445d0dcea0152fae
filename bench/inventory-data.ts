/**
 * An inventory of any size, the same for the same size and seed: a tree of sites, blueprints, trees of groups, and structures that are only
 * recorded, each with 20 variables of its own, labels, and a place in three groups. For benchmarks and for those who try things by hand.
 */
import { DEFAULT_TENANT } from "../src/access/index.ts";
import {
  UNDESCRIBED,
  type Group,
  type InventoryRows,
  type InventoryStore,
  type Site,
  type Structure,
} from "../src/inventory/index.ts";
import type { BlueprintRow, Managed } from "../src/inventory/index.ts";
import { countingRandom } from "../src/kernel/ids.ts";
import type { Json, JsonObject } from "../src/kernel/json.ts";
import type { Database } from "../src/platform/database/index.ts";

export type InventoryData = Pick<InventoryRows, "sites" | "groups" | "blueprints" | "structures"> & {
  readonly tenantVariables: JsonObject;
};

/** Structures for each group. */
const GROUP_SIZE = 100;
const RACK_SIZE = 40;
const ROLES = ["web", "database", "cache", "queue", "proxy", "storage", "compute", "monitor"];
const ENVIRONMENTS = ["production", "staging", "test", "development"];

/** Numbers that follow from a seed: 0 to 1, without 1. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export function inventoryData(structures: number, seed = 1): InventoryData {
  const next = numbersFrom(seed);
  const random = countingRandom();
  const choose = <Item>(items: readonly Item[]): Item => items[Math.floor(next() * items.length)]!;
  const managed = (): Managed => ({
    id: random.id(),
    managedBy: "import:bench",
    applied: {},
    wanted: "built",
    version: 1,
    createdAt: 1_700_000_000_000,
    updatedAt: 1_700_000_000_000,
  });

  function site(name: string, kind: string, parent: string | null, variables: JsonObject): Site {
    return { name, kind, description: "", parent, variables, zone: null, maxJobs: null, ...UNDESCRIBED, ...managed() };
  }
  function group(name: string, parent: string | null, variables: JsonObject, priority = 1): Group {
    return {
      name,
      kind: "service",
      description: "",
      parent,
      includes: [],
      priority,
      variables,
      configuration: null,
      ...UNDESCRIBED,
      ...managed(),
    };
  }
  function blueprint(name: string, parents: readonly string[], variables: JsonObject): BlueprintRow {
    return {
      name,
      builds: "structure",
      description: "",
      parents,
      variables,
      scripts: {},
      templates: {},
      foundationTypes: [],
      foundationBlueprints: [],
      interfaces: [],
      hardware: null,
      maxJobs: null,
      ...UNDESCRIBED,
      ...managed(),
    };
  }

  const sites: Site[] = [site("world", "world", null, { dns: { servers: ["10.0.0.53", "10.0.1.53"] } })];
  const racks: string[] = [];
  for (let rack = 0; rack < Math.max(1, Math.ceil(structures / RACK_SIZE)); rack += 1) {
    const [region, center] = [`region-${Math.floor(rack / 250)}`, `center-${Math.floor(rack / 25)}`];
    if (rack % 250 === 0) sites.push(site(region, "region", "world", { region, ntp: [`ntp.${region}.example.org`] }));
    if (rack % 25 === 0)
      sites.push(site(center, "data centre", region, { center, ">ntp": `ntp.${center}.example.org` }));
    racks.push(`rack-${rack}`);
    sites.push(site(`rack-${rack}`, "rack", center, { rack, switch: `switch-${rack}.example.org` }));
  }

  const blueprints = [
    blueprint("base", [], { os: { family: "debian", release: 13 }, packages: ["openssh-server", "chrony"] }),
    ...ROLES.map((role) => blueprint(role, ["base"], { role, port: 8000 + role.length, ">packages": [role] })),
  ];

  const count = Math.max(4, Math.ceil(structures / GROUP_SIZE));
  const groups: Group[] = [];
  const leaves: string[] = [];
  for (let at = 0; at < count - ENVIRONMENTS.length; at += 1) {
    const parent = at < 10 ? null : `service-${at % 10}`;
    const name = at < 10 ? `service-${at}` : `team-${at}`;
    const said = Object.fromEntries(Array.from({ length: 5 }, (_, key) => [`${name.split("-")[0]}_${key}`, at * key]));
    groups.push(group(name, parent, { owner: name, ...said }));
    if (at >= 10 || count < 20) leaves.push(name);
  }
  for (const name of ENVIRONMENTS)
    groups.push(group(name, null, { environment: name, debug: name !== "production", log: { level: "info" } }, 9));

  function variables(at: number): JsonObject {
    const own: Record<string, Json> = {
      serial: `SN${at.toString(36).toUpperCase().padStart(8, "0")}`,
      unit: at % 48,
      weight: Math.floor(next() * 1000),
      maintenance: at % 97 === 0,
      address: `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`,
      disks: [
        { device: "sda", size: 480 },
        { device: "sdb", size: 960 * (1 + (at % 4)) },
      ],
      limits: { files: 65_536, processes: 4096 + (at % 10) },
      contact: `team${at % 300}@example.org`,
    };
    for (let key = Object.keys(own).length; key < 20; key += 1) own[`setting_${key}`] = `value ${(at * key) % 1000}`;
    return own;
  }

  const rows: Structure[] = [];
  for (let at = 0; at < structures; at += 1) {
    const role = choose(ROLES);
    const name = `node-${String(at).padStart(6, "0")}`;
    rows.push({
      name,
      hostname: name,
      site: racks[at % racks.length]!,
      blueprint: role,
      foundation: null,
      description: "",
      variables: variables(at),
      addresses: [],
      dependsOn: [],
      parent: null,
      role,
      managementAddress: `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`,
      groups: [...new Set([choose(leaves), choose(leaves), choose(ENVIRONMENTS)])],
      zone: null,
      ...UNDESCRIBED,
      labels: { tier: at % 3 === 0 ? "front" : "back", batch: String(at % 50) },
      ...managed(),
      state: "planned",
      stale: false,
      rebuild: false,
      jobId: null,
      build: null,
      failure: null,
    });
  }
  return { sites, groups, blueprints, structures: rows, tenantVariables: { company: "Example", motd: "welcome" } };
}

/** Writes it all into an empty inventory, in one transaction. */
export function writeInventory(database: Database, store: InventoryStore, data: InventoryData): Promise<void> {
  const { tenantVariables, ...rows } = data;
  const none = {
    networks: [],
    links: [],
    interfaces: [],
    zones: [],
    fieldSchemas: [],
    addressBlocks: [],
    foundations: [],
    complexes: [],
    dependencies: [],
  };
  const nothing = { ...none, sites: [], groups: [], blueprints: [], structures: [] };
  return database.transaction(async (tx) => {
    const { tenant } = await store.snapshot(DEFAULT_TENANT.id, tx);
    await store.writeTenant(tx, { ...tenant, variables: tenantVariables, version: tenant.version + 1 });
    await store.write(tx, DEFAULT_TENANT.id, { insert: { ...none, ...rows }, update: nothing });
  });
}

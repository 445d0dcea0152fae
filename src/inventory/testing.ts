import { countingRandom } from "../kernel/ids.ts";
import { UNDESCRIBED } from "./described.ts";
import { NO_INVENTORY_ROWS, NO_NOTES } from "./model.ts";
import type {
  AddressBlock,
  BlueprintRow,
  Complex,
  Dependency,
  FieldSchema,
  Foundation,
  Group,
  Interface,
  InventoryRows,
  InventoryWrites,
  Link,
  Managed,
  Network,
  Site,
  Snapshot,
  Structure,
  Tenant,
  Zone,
} from "./model.ts";

/** Rows for tests of this room and those that use it. */

const random = countingRandom();

function managed(change: Partial<Managed> = {}): Managed {
  return {
    id: random.id(),
    managedBy: "design:test",
    applied: {},
    wanted: "built",
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    ...change,
  };
}

const NOTHING_BUILT = {
  state: "planned",
  stale: false,
  rebuild: false,
  jobId: null,
  build: null,
  failure: null,
} as const;

export function site(name: string, change: Partial<Site> = {}): Site {
  return {
    name,
    kind: "",
    description: "",
    parent: null,
    variables: {},
    zone: null,
    maxJobs: null,
    ...UNDESCRIBED,
    ...managed(),
    ...change,
  };
}

export function addressBlock(name: string, change: Partial<AddressBlock> = {}): AddressBlock {
  return {
    name,
    site: "lab",
    subnet: "10.0.0.0/24",
    gateway: null,
    reserved: [],
    dynamic: [],
    network: null,
    description: "",
    ...UNDESCRIBED,
    ...managed(),
    ...change,
  };
}

export function blueprint(name: string, change: Partial<BlueprintRow> = {}): BlueprintRow {
  return {
    name,
    builds: "structure",
    description: "",
    parents: [],
    variables: {},
    scripts: { create: { text: "pass", origin: { file: "a.t", line: 1, column: 1, exact: true } } },
    templates: {},
    foundationTypes: [],
    foundationBlueprints: [],
    interfaces: [],
    hardware: null,
    maxJobs: null,
    ...UNDESCRIBED,
    ...managed(),
    ...change,
  };
}

export function foundation(name: string, change: Partial<Foundation> = {}): Foundation {
  return {
    name,
    site: "lab",
    type: "local",
    blueprint: "machine",
    attributes: {},
    variables: {},
    complex: null,
    systemUuid: null,
    ...NO_NOTES,
    ...UNDESCRIBED,
    ...managed(),
    ...NOTHING_BUILT,
    ...change,
  };
}

export function structure(name: string, change: Partial<Structure> = {}): Structure {
  return {
    name,
    hostname: name,
    site: "lab",
    blueprint: "web",
    foundation: name,
    description: "",
    variables: {},
    addresses: [],
    dependsOn: [],
    parent: null,
    role: null,
    managementAddress: null,
    groups: [],
    zone: null,
    ...UNDESCRIBED,
    ...managed(),
    ...NOTHING_BUILT,
    ...change,
  };
}

export function complex(name: string, change: Partial<Complex> = {}): Complex {
  return {
    name,
    site: "lab",
    description: "",
    type: "local",
    members: [],
    builtPercentage: 90,
    attributes: {},
    capacity: {},
    ...UNDESCRIBED,
    ...managed(),
    ...change,
  };
}

/** A foundation waits for a structure. */
export function dependency(name: string, change: Partial<Dependency> = {}): Dependency {
  return {
    name,
    foundation: "late",
    structure: "early",
    dependency: null,
    link: "soft",
    scriptStructure: null,
    createScript: null,
    destroyScript: null,
    description: "",
    ...UNDESCRIBED,
    ...managed(),
    ...NOTHING_BUILT,
    ...change,
  };
}

/** The tenant everything of a test belongs to. */
export function tenant(change: Partial<Tenant> = {}): Tenant {
  return { name: "default", description: "", variables: {}, ...UNDESCRIBED, ...managed(), ...change };
}

export function group(name: string, change: Partial<Group> = {}): Group {
  return {
    name,
    kind: "",
    description: "",
    parent: null,
    includes: [],
    priority: 1,
    variables: {},
    configuration: null,
    ...UNDESCRIBED,
    ...managed(),
    ...change,
  };
}

export function network(name: string, change: Partial<Network> = {}): Network {
  return { name, site: null, description: "", mtu: null, vlan: null, ...UNDESCRIBED, ...managed(), ...change };
}

export function link(name: string, change: Partial<Link> = {}): Link {
  return {
    name,
    site: null,
    description: "",
    mtu: null,
    speed: null,
    bonding: null,
    trunking: { mode: "disabled", native: null },
    networks: [],
    ...UNDESCRIBED,
    ...managed(),
    ...change,
  };
}

/** An interface of a structure: `web1/eth0`. */
export function networkInterface(name: string, change: Partial<Interface> = {}): Interface {
  const [structureName = "", device = ""] = name.split("/");
  return {
    name,
    foundation: null,
    structure: structureName,
    device,
    type: "real",
    mac: null,
    mtu: null,
    vlan: null,
    members: [],
    network: null,
    link: null,
    linkName: null,
    provisioning: false,
    physicalLocation: null,
    parameters: {},
    ...UNDESCRIBED,
    ...managed(),
    ...change,
  };
}

export function zone(name: string, change: Partial<Zone> = {}): Zone {
  return {
    name,
    description: "",
    parent: null,
    contact: `hostmaster.${name}`,
    nameservers: ["ns1"],
    ttl: 3600,
    refresh: 7200,
    retry: 900,
    expire: 1_209_600,
    minimum: 300,
    records: [],
    views: [],
    ...UNDESCRIBED,
    ...managed(),
    ...change,
  };
}

/** Custom fields of a kind: its name is the kind. */
export function fieldSchema(name: string, change: Partial<FieldSchema> = {}): FieldSchema {
  return { name, schema: { type: "object" }, ...UNDESCRIBED, ...managed(), ...change };
}

/** An inventory with nothing in it. */
export function emptySnapshot(change: Partial<Snapshot> = {}): Snapshot {
  return {
    tenant: tenant(),
    revision: 0,
    sites: new Map(),
    groups: new Map(),
    networks: new Map(),
    links: new Map(),
    interfaces: new Map(),
    zones: new Map(),
    fieldSchemas: new Map(),
    addressBlocks: new Map(),
    blueprints: new Map(),
    foundations: new Map(),
    structures: new Map(),
    complexes: new Map(),
    dependencies: new Map(),
    ...change,
  };
}

export function inserting(rows: Partial<InventoryRows>): InventoryWrites {
  return { insert: { ...NO_INVENTORY_ROWS, ...rows }, update: NO_INVENTORY_ROWS };
}

export function updating(rows: Partial<InventoryRows>): InventoryWrites {
  return { insert: NO_INVENTORY_ROWS, update: { ...NO_INVENTORY_ROWS, ...rows } };
}

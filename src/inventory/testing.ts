import { countingRandom } from "../kernel/ids.ts";
import type {
  AddressBlock,
  BlueprintRow,
  Foundation,
  InventoryRows,
  InventoryWrites,
  Managed,
  Site,
  Structure,
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
  return { name, kind: "", description: "", parent: null, variables: {}, ...managed(), ...change };
}

export function addressBlock(name: string, change: Partial<AddressBlock> = {}): AddressBlock {
  return { name, site: "lab", subnet: "10.0.0.0/24", gateway: null, reserved: [], ...managed(), ...change };
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
    ...managed(),
    ...NOTHING_BUILT,
    ...change,
  };
}

const NO_ROWS: InventoryRows = { sites: [], addressBlocks: [], blueprints: [], foundations: [], structures: [] };

export function inserting(rows: Partial<InventoryRows>): InventoryWrites {
  return { insert: { ...NO_ROWS, ...rows }, update: NO_ROWS };
}

export function updating(rows: Partial<InventoryRows>): InventoryWrites {
  return { insert: NO_ROWS, update: { ...NO_ROWS, ...rows } };
}

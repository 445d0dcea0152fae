import type { Blueprint } from "../blueprints/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Described } from "./described.ts";
import type { GroupData } from "./groups.ts";
import type { FieldSchemaData, InterfaceData, LinkData, NetworkData, ZoneData } from "./connections.ts";
import type { ComplexData, DependencyBuild, DependencyData } from "./dependencies.ts";

/** What exists, and what should: the shapes of the inventory. References between things are names, which are unique in a tenant. */

/** Who owns things. Its variables are the first layer of everything it owns. */
export interface TenantData extends Described {
  readonly name: string;
  readonly description: string;
  readonly variables: JsonObject;
}

export interface SiteData extends Described {
  readonly name: string;
  /** region, cell, data centre, rack, lab …: free text. */
  readonly kind: string;
  readonly description: string;
  readonly parent: string | null;
  readonly variables: JsonObject;
  /** The zone in which structures of this site and those below it are named. Null: that of the parent. */
  readonly zone: string | null;
  /** Jobs of the foreman at one time in this site and those below it. Null: as many as elsewhere. */
  readonly maxJobs: number | null;
}

export interface AddressBlockData extends Described {
  readonly name: string;
  readonly site: string;
  /** `127.80.0.0/24`: the first address of the block and the length of its prefix. */
  readonly subnet: string;
  readonly gateway: string | null;
  /** Addresses and ranges (`10.0.0.5`, `10.0.0.1-10.0.0.9`) nobody gets. */
  readonly reserved: readonly string[];
  /** Ranges (`10.0.0.100-10.0.0.199`) that a DHCP server gives out: nobody gets an address of these for good. */
  readonly dynamic: readonly string[];
  /** The network these addresses are used on. */
  readonly network: string | null;
  readonly description: string;
}

export interface FoundationData extends Described {
  readonly name: string;
  readonly site: string;
  /** Names the driver: `local`, `docker`. */
  readonly type: string;
  readonly blueprint: string;
  /** For the driver, and a layer of variables of what stands on it. */
  readonly attributes: JsonObject;
  readonly variables: JsonObject;
  /** The complex that offers it: its type is then the complex's. */
  readonly complex: string | null;
  /** What the machine's firmware says it is: a UUID in lower case. By it the machine is known when it is found. */
  readonly systemUuid: string | null;
}

/** What is kept of a foundation beside what somebody writes: jobs, drivers and detection say it. */
export interface FoundationNotes {
  /** When it was said which machine it is; epoch milliseconds. Null: nobody knows. */
  readonly locatedAt: number | null;
  /** The machine that it is, of those that were found. */
  readonly machineId: Id | null;
  /** How it is known elsewhere, as scripts and drivers noted: `docker_id` … Empty again when it is destroyed. */
  readonly identifiers: JsonObject;
  /** The structure of its complex that it was placed on. */
  readonly placedOn: string | null;
}

export const NO_NOTES: FoundationNotes = { locatedAt: null, machineId: null, identifiers: {}, placedOn: null };

/** An address of a structure, as text in its shortest form. */
export interface HeldAddress {
  readonly block: string;
  readonly address: string;
  /** The name of the interface of the structure that has it (`web1/eth0`). Absent: not said. */
  readonly interface?: string;
}

export interface StructureData extends Described {
  readonly name: string;
  readonly hostname: string;
  readonly site: string;
  /** Null: nobody builds it; it is only known. */
  readonly blueprint: string | null;
  /** What it stands on. Null: not known. Nothing is built without both blueprint and foundation. */
  readonly foundation: string | null;
  readonly description: string;
  readonly variables: JsonObject;
  /** The structure that hosts it: a container's host. */
  readonly parent: string | null;
  /** What it is for, in one word: `cinder_api`, `load-balancer`. */
  readonly role: string | null;
  /** How it is reached by those who look after it: Ansible's `ansible_host`. */
  readonly managementAddress: string | null;
  /** The groups it is named in; it is also in those above them. */
  readonly groups: readonly string[];
  /** The zone its name is in. Null: that of its site. */
  readonly zone: string | null;
  /** In order; the first one is the structure's address. */
  readonly addresses: readonly HeldAddress[];
  readonly dependsOn: readonly string[];
}

/** A structure that is built by us: it has a blueprint, and something to stand on. */
export type Made<S extends Pick<StructureData, "blueprint" | "foundation">> = S & {
  readonly blueprint: string;
  readonly foundation: string;
};

/** Whether a structure is built by us. What is not is only recorded: somebody else made it. */
export function isMade<S extends Pick<StructureData, "blueprint" | "foundation">>(structure: S): structure is Made<S> {
  return structure.blueprint !== null && structure.foundation !== null;
}

/** What every row carries: who manages it, and which state of it a writer has seen. */
export interface Managed {
  readonly id: Id;
  /** `design:NAME`, `import:NAME` or `person`; `backend:NAME` of what is not kept here. */
  readonly managedBy: string;
  /** What the design last wrote, field by field. A field that differs from it was changed by somebody else. */
  readonly applied: JsonObject;
  /** `absent`: no longer part of any design; the row goes as soon as nothing stands on it. */
  readonly wanted: "built" | "absent";
  /** Grows with every write; `If-Match` compares it. */
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/**
 * - planned: nothing is there
 * - building: a job builds it or brings it up to date
 * - built: it is there
 * - failed: the last job failed (`failure` says how); nothing happens until a plan with `retry` is applied
 * - destroying: a job takes it down, or will
 */
type BuildState = "planned" | "building" | "built" | "failed" | "destroying";

/**
 * What is built. The foreman starts jobs until `state` is what `wanted` asks for. It clears `stale` and `rebuild` in the transaction
 * that starts the job which answers them: what is set while the job runs is then answered by the next one.
 */
export interface Buildable<Record extends BuildRecord = BuildRecord> {
  readonly state: BuildState;
  /** Built, but to be brought up to date: by the script `update`, else by `create`. */
  readonly stale: boolean;
  /** To be destroyed (as `build` says it was made) and created anew. */
  readonly rebuild: boolean;
  /** The one active job. */
  readonly jobId: Id | null;
  /** What it was last built with. Null: it was not built since it was planned; a destruction that ends well makes it null again. */
  readonly build: Record | null;
  readonly failure: Failure | null;
}

interface Failure {
  /** What failed: a retry does it again. */
  readonly role: "create" | "update" | "destroy";
  readonly message: string;
  readonly jobId: Id | null;
  readonly at: number;
}

/** What a foundation, a structure or a dependency was built with. Texts and values are kept as hashes: they may be long or secret. */
export interface BuildRecord {
  readonly blueprint: string;
  /** Hash by script name: those that build. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Hash by template name. */
  readonly templates: Readonly<Record<string, string>>;
  /** Hash of each resolved variable. */
  readonly variables: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
  /** Of each secret its variables refer to, by name: which one that was, and its version. Never anything of its value. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export interface FoundationBuild extends BuildRecord {
  readonly site: string;
  readonly type: string;
  /** The complex that offers it. Absent: none. */
  readonly complex?: string;
  /** Its own, over those of the complex. */
  readonly attributes: JsonObject;
  readonly hostname: string | null;
}

export interface StructureBuild extends BuildRecord {
  readonly site: string;
  readonly foundation: string;
  /** What its scripts asked the inventory while it was built. */
  readonly queries: readonly QueryRecord[];
  /** The services its scripts left on the machine, and as what. */
  readonly services?: Readonly<Record<string, "started" | "stopped">>;
  /** Names of its own variables that its scripts set; they go with what was built. */
  readonly config?: readonly string[];
}

/** A question to the inventory and the hash of its answer. */
export interface QueryRecord {
  readonly question: StructureQuestion;
  readonly hash: string;
}

/** `inventory.structures( blueprint=, site=, state= )`. A site includes the sites below it. */
export interface StructureQuestion {
  readonly blueprint?: string;
  readonly site?: string;
  readonly state?: BuildState;
}

export type Tenant = TenantData & Managed;
export type Site = SiteData & Managed;
export type Group = GroupData & Managed;
export type Network = NetworkData & Managed;
export type Link = LinkData & Managed;
export type Interface = InterfaceData & Managed;
export type Zone = ZoneData & Managed;
export type FieldSchema = FieldSchemaData & Managed;
export type AddressBlock = AddressBlockData & Managed;
export type BlueprintRow = Blueprint & Described & Managed;
export type Foundation = FoundationData & FoundationNotes & Managed & Buildable<FoundationBuild>;
export type Structure = StructureData & Managed & Buildable<StructureBuild>;
export type Complex = ComplexData & Managed;
export type Dependency = DependencyData & Managed & Buildable<DependencyBuild>;

/** Everything a decision needs, by name. What is, what a design wants, and what will be have the same shape. */
export interface World {
  readonly tenant: Pick<TenantData, "name" | "variables">;
  readonly sites: ReadonlyMap<string, SiteData>;
  readonly groups: ReadonlyMap<string, GroupData>;
  readonly networks: ReadonlyMap<string, NetworkData>;
  readonly links: ReadonlyMap<string, LinkData>;
  readonly interfaces: ReadonlyMap<string, InterfaceData>;
  readonly zones: ReadonlyMap<string, ZoneData>;
  readonly addressBlocks: ReadonlyMap<string, AddressBlockData>;
  readonly blueprints: ReadonlyMap<string, Blueprint>;
  readonly foundations: ReadonlyMap<string, FoundationData & { readonly id?: Id }>;
  readonly structures: ReadonlyMap<
    string,
    StructureData & { readonly id?: Id; readonly state?: BuildState; readonly wanted?: "built" | "absent" }
  >;
  readonly complexes: ReadonlyMap<string, ComplexData>;
  readonly dependencies: ReadonlyMap<string, DependencyData>;
}

/** The inventory of a tenant as it is, with its bookkeeping. */
export interface Snapshot extends World {
  readonly tenant: Tenant;
  /** Grows with every write to the tenant's inventory. */
  readonly revision: number;
  readonly sites: ReadonlyMap<string, Site>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly networks: ReadonlyMap<string, Network>;
  readonly links: ReadonlyMap<string, Link>;
  readonly interfaces: ReadonlyMap<string, Interface>;
  readonly zones: ReadonlyMap<string, Zone>;
  readonly fieldSchemas: ReadonlyMap<string, FieldSchema>;
  readonly addressBlocks: ReadonlyMap<string, AddressBlock>;
  readonly blueprints: ReadonlyMap<string, BlueprintRow>;
  readonly foundations: ReadonlyMap<string, Foundation>;
  readonly structures: ReadonlyMap<string, Structure>;
  readonly complexes: ReadonlyMap<string, Complex>;
  readonly dependencies: ReadonlyMap<string, Dependency>;
}

/** Rows of every kind, whole. */
export interface InventoryRows {
  readonly sites: readonly Site[];
  readonly groups: readonly Group[];
  readonly networks: readonly Network[];
  readonly links: readonly Link[];
  readonly interfaces: readonly Interface[];
  readonly zones: readonly Zone[];
  readonly fieldSchemas: readonly FieldSchema[];
  readonly addressBlocks: readonly AddressBlock[];
  readonly blueprints: readonly BlueprintRow[];
  readonly foundations: readonly Foundation[];
  readonly structures: readonly Structure[];
  readonly complexes: readonly Complex[];
  readonly dependencies: readonly Dependency[];
}

export const NO_INVENTORY_ROWS: InventoryRows = {
  sites: [],
  groups: [],
  networks: [],
  links: [],
  interfaces: [],
  zones: [],
  fieldSchemas: [],
  addressBlocks: [],
  blueprints: [],
  foundations: [],
  structures: [],
  complexes: [],
  dependencies: [],
};

/** Rows to write: new ones, and ones that replace what is stored under their id. */
export interface InventoryWrites {
  readonly insert: InventoryRows;
  readonly update: InventoryRows;
}

import type { Blueprint } from "../blueprints/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";

/** What exists, and what should: the shapes of the inventory. References between things are names, which are unique in a tenant. */

export interface SiteData {
  readonly name: string;
  /** region, cell, data centre, rack, lab …: free text. */
  readonly kind: string;
  readonly description: string;
  readonly parent: string | null;
  readonly variables: JsonObject;
}

export interface AddressBlockData {
  readonly name: string;
  readonly site: string;
  /** `127.80.0.0/24`: the first address of the block and the length of its prefix. */
  readonly subnet: string;
  readonly gateway: string | null;
  /** Addresses and ranges (`10.0.0.5`, `10.0.0.1-10.0.0.9`) nobody gets. */
  readonly reserved: readonly string[];
}

export interface FoundationData {
  readonly name: string;
  readonly site: string;
  /** Names the driver: `local`, `docker`. */
  readonly type: string;
  readonly blueprint: string;
  /** For the driver, and a layer of variables of what stands on it. */
  readonly attributes: JsonObject;
  readonly variables: JsonObject;
}

/** An address of a structure, as text in its shortest form. */
export interface HeldAddress {
  readonly block: string;
  readonly address: string;
}

export interface StructureData {
  readonly name: string;
  readonly hostname: string;
  readonly site: string;
  readonly blueprint: string;
  readonly foundation: string;
  readonly description: string;
  readonly variables: JsonObject;
  /** In order; the first one is the structure's address. */
  readonly addresses: readonly HeldAddress[];
  readonly dependsOn: readonly string[];
}

/** What every row carries: who manages it, and which state of it a writer has seen. */
export interface Managed {
  readonly id: Id;
  /** `design:NAME` or `person`. */
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

/** What a foundation or a structure was built with. Texts and values are kept as hashes: they may be long or secret. */
export interface BuildRecord {
  readonly blueprint: string;
  /** Hash by script name: those that build. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Hash by template name. */
  readonly templates: Readonly<Record<string, string>>;
  /** Hash of each resolved variable. */
  readonly variables: Readonly<Record<string, string>>;
  readonly addresses: readonly string[];
}

export interface FoundationBuild extends BuildRecord {
  readonly site: string;
  readonly type: string;
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

export type Site = SiteData & Managed;
export type AddressBlock = AddressBlockData & Managed;
export type BlueprintRow = Blueprint & Managed;
export type Foundation = FoundationData & Managed & Buildable<FoundationBuild>;
export type Structure = StructureData & Managed & Buildable<StructureBuild>;

/** Everything a decision needs, by name. What is, what a design wants, and what will be have the same shape. */
export interface World {
  readonly tenant: { readonly name: string; readonly variables: JsonObject };
  readonly sites: ReadonlyMap<string, SiteData>;
  readonly addressBlocks: ReadonlyMap<string, AddressBlockData>;
  readonly blueprints: ReadonlyMap<string, Blueprint>;
  readonly foundations: ReadonlyMap<string, FoundationData & { readonly id?: Id }>;
  readonly structures: ReadonlyMap<
    string,
    StructureData & { readonly id?: Id; readonly state?: BuildState; readonly wanted?: "built" | "absent" }
  >;
}

/** The inventory of a tenant as it is, with its bookkeeping. */
export interface Snapshot extends World {
  readonly tenant: { readonly id: Id; readonly name: string; readonly variables: JsonObject };
  readonly sites: ReadonlyMap<string, Site>;
  readonly addressBlocks: ReadonlyMap<string, AddressBlock>;
  readonly blueprints: ReadonlyMap<string, BlueprintRow>;
  readonly foundations: ReadonlyMap<string, Foundation>;
  readonly structures: ReadonlyMap<string, Structure>;
}

/** Rows of every kind, whole. */
export interface InventoryRows {
  readonly sites: readonly Site[];
  readonly addressBlocks: readonly AddressBlock[];
  readonly blueprints: readonly BlueprintRow[];
  readonly foundations: readonly Foundation[];
  readonly structures: readonly Structure[];
}

/** Rows to write: new ones, and ones that replace what is stored under their id. */
export interface InventoryWrites {
  readonly insert: InventoryRows;
  readonly update: InventoryRows;
}

import type { Blueprint } from "../blueprints/index.ts";
import type { Place, Problem } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type {
  AddressBlockData,
  ComplexData,
  DependencyData,
  FieldSchemaData,
  FoundationData,
  GroupData,
  InterfaceData,
  LinkData,
  NetworkData,
  SiteData,
  StructureData,
  Tenant,
  ZoneData,
} from "../inventory/index.ts";

/** An address a structure asks for: any of the block, or this one. */
export interface AddressRequest {
  readonly block: string;
  readonly address: string | null;
  /** The name of the interface that has it (`web1/eth0`). Absent: not said. */
  readonly interface?: string;
}

/** What a design says of the tenant. Other designs, and people, may say more. */
export type DesignTenant = Pick<Tenant, "name" | "description" | "variables" | "labels" | "assets" | "fields">;

/** A structure as a design asks for it: its addresses may still be open. */
export interface DesignStructure extends Omit<StructureData, "addresses"> {
  readonly addresses: readonly AddressRequest[];
}

/** What should be: the documents, checked and made plain. */
export interface Design {
  readonly name: string;
  /** Null: nothing is said of it. */
  readonly tenant: Omit<DesignTenant, "name"> | null;
  /** By the kind they are for. */
  readonly fieldSchemas: ReadonlyMap<string, FieldSchemaData>;
  readonly zones: ReadonlyMap<string, ZoneData>;
  readonly sites: ReadonlyMap<string, SiteData>;
  readonly networks: ReadonlyMap<string, NetworkData>;
  readonly links: ReadonlyMap<string, LinkData>;
  readonly addressBlocks: ReadonlyMap<string, AddressBlockData>;
  readonly groups: ReadonlyMap<string, GroupData>;
  readonly blueprints: ReadonlyMap<string, Blueprint>;
  readonly complexes: ReadonlyMap<string, ComplexData>;
  readonly foundations: ReadonlyMap<string, FoundationData>;
  readonly structures: ReadonlyMap<string, DesignStructure>;
  readonly dependencies: ReadonlyMap<string, DependencyData>;
  /** Written inside of the foundations and structures that have them. */
  readonly interfaces: ReadonlyMap<string, InterfaceData>;
  /** Where each thing is written, by kind and name (`placeKey`). */
  readonly places: ReadonlyMap<string, Place>;
}

export const TARGET_KINDS = [
  "tenant",
  "field_schema",
  "zone",
  "site",
  "network",
  "link",
  "address_block",
  "group",
  "blueprint",
  "complex",
  "foundation",
  "structure",
  "dependency",
  "interface",
] as const;

export type TargetKind = (typeof TARGET_KINDS)[number];

export function placeKey(target: TargetKind, name: string): string {
  return `${target} ${name}`;
}

/** What reading a bundle gives. `design` is there exactly when there are no problems. */
export interface Ingested {
  readonly design: Design | null;
  /** In the order of files and lines. */
  readonly problems: readonly Problem[];
  /** What is probably not meant, but does no harm. */
  readonly warnings: readonly Problem[];
}

/**
 * - create: not there yet
 * - change: written anew, and brought up to date if it is built
 * - replace: destroyed, then created
 * - repair: as the inventory says, but not in reality
 * - retry: failed before
 * - destroy: the design no longer names it
 * - conflict: somebody else owns or changed it; left as it is
 */
export type ActionKind = "create" | "change" | "replace" | "repair" | "retry" | "destroy" | "conflict";

/** One field that differs. A side that has no value is left out. */
export interface FieldChange {
  readonly path: string;
  readonly from?: Json;
  readonly to?: Json;
}

export interface Action {
  readonly kind: ActionKind;
  readonly target: TargetKind;
  readonly name: string;
  readonly reason: string;
  readonly fields: readonly FieldChange[];
}

export interface Plan {
  readonly design: string;
  readonly actions: readonly Action[];
  /** Things of this design that are as they should be. */
  readonly unchanged: number;
  /** Things that are on their way already: an earlier plan was applied, and its jobs have not ended. */
  readonly underway: number;
  /** Tells this plan from any other: `apply` takes only the plan that was shown. */
  readonly fingerprint: string;
}

/** What to look at: something that should be there. */
export interface ObservationTarget {
  readonly foundationId: Id;
  readonly name: string;
  readonly type: string;
  readonly site: string;
  readonly attributes: { readonly [key: string]: Json };
  /** Structures that are built on it. */
  readonly structures: readonly string[];
}

/** What was seen. A part nobody could look at is `unknown`, and gives no reason to repair. */
export interface Observation {
  readonly foundationId: Id;
  readonly power: "on" | "off" | "absent" | "unknown";
  readonly agent: "connected" | "missing" | "unknown";
  /** The services the agent keeps. Null: nobody could be asked. */
  readonly services: readonly { readonly name: string; readonly state: "running" | "stopped" | "failed" }[] | null;
}

/** Looks at what really is. Filled by the server, which asks drivers and agents. */
export interface Observer {
  /** May leave out what it cannot see. Never throws for one target's sake. */
  observe(tenantId: Id, targets: readonly ObservationTarget[]): Promise<readonly Observation[]>;
}

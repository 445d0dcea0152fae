import type { Snapshot } from "../inventory/index.ts";

/** What can go down, or be used. */
export const THING_KINDS = [
  "site",
  "network",
  "address_block",
  "complex",
  "dependency",
  "foundation",
  "structure",
] as const;
export type ThingKind = (typeof THING_KINDS)[number];

export interface ThingRef {
  readonly kind: ThingKind;
  readonly name: string;
}

/** One thing of the inventory, as answers show it. */
export interface Thing extends ThingRef {
  readonly site: string | null;
  /** A foundation's type, a structure's blueprint, a complex's type. */
  readonly type: string | null;
  readonly state: string | null;
}

/**
 * How something depends on another thing, read from its side. `needs`: without that it is down. `uses`: without that it goes on, but not
 * whole. `one of`: it is down only when all of these are.
 */
export interface Tie {
  readonly to: ThingRef;
  readonly relation: Relation;
  readonly strength: "needs" | "uses" | "one of";
}

export type Relation =
  | "stands on"
  | "runs on"
  | "is offered by"
  | "is hosted by"
  | "depends on"
  | "waits for"
  | "needs"
  | "is on network"
  | "has addresses of"
  | "consists of"
  | "is in site";

/** The part of a snapshot that answers need. */
export type QueryWorld = Pick<
  Snapshot,
  "sites" | "networks" | "interfaces" | "addressBlocks" | "foundations" | "structures" | "complexes" | "dependencies"
>;

export function keyOf({ kind, name }: ThingRef): string {
  return `${kind} ${name}`;
}

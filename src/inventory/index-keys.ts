import { groupOrder } from "./group-order.ts";
import type { Foundation, Group, Interface, InventoryRows, Snapshot, Structure } from "./model.ts";
import { lineageOf } from "./variables.ts";
import { siteChain } from "./site-chain.ts";

/** Under which keys things are found in the inventory. Pure. */

export type RowsKind = keyof InventoryRows;

/** What structures are found by. */
export type Dimension =
  | "site"
  | "group"
  | "blueprint"
  | "label"
  | "role"
  | "parent"
  | "foundation"
  | "managedBy"
  | "block"
  | "standing";

export interface IndexRule {
  readonly rows: RowsKind;
  /** A tree that the keys follow: when its shape changes, they do. */
  readonly tree?: "sites" | "groups" | "blueprints";
  /** The keys of a row, each once. */
  keys(row: never, world: Snapshot): readonly string[];
}

const NONE: readonly string[] = [];

function one(value: string | null): readonly string[] {
  return value === null ? NONE : [value];
}

function structures(keys: (row: Structure, world: Snapshot) => readonly string[], tree?: IndexRule["tree"]): IndexRule {
  return { rows: "structures", keys, ...(tree === undefined ? {} : { tree }) };
}

export const STRUCTURE_RULES: Readonly<Record<Dimension, IndexRule>> = {
  // A name of nothing is a key too, so that who names it is found when it comes to be.
  site: structures((row, world) => [...new Set([row.site, ...siteChain(world, row.site)])], "sites"),
  group: structures((row, world) => {
    const order = groupOrder(world.groups);
    const keys = new Set<string>();
    for (const name of row.groups) {
      keys.add(name);
      for (const one of order.effective([name])) keys.add(one);
    }
    return [...keys];
  }, "groups"),
  blueprint: structures(
    (row, world) =>
      row.blueprint === null ? NONE : [...new Set([row.blueprint, ...lineageOf(world, row).map(({ name }) => name)])],
    "blueprints",
  ),
  label: structures((row) => Object.entries(row.labels).flatMap(([name, value]) => [name, `${name}=${value}`])),
  role: structures((row) => one(row.role)),
  parent: structures((row) => one(row.parent)),
  foundation: structures((row) => one(row.foundation)),
  managedBy: structures((row) => [row.managedBy]),
  block: structures((row) =>
    row.addresses.length === 0 ? NONE : [...new Set(row.addresses.map(({ block }) => block))],
  ),
  // What stands on nothing is of no concern to the foreman but when its row is to go.
  standing: structures((row) => (row.foundation !== null || row.wanted === "absent" ? [""] : NONE)),
};

export type FoundationDimension = "site" | "blueprint" | "complex";

/** What foundations are found by. */
export const FOUNDATION_RULES: Readonly<Record<FoundationDimension, IndexRule>> = {
  site: {
    rows: "foundations",
    tree: "sites",
    keys: (row: Foundation, world: Snapshot) => [...new Set([row.site, ...siteChain(world, row.site)])],
  },
  blueprint: {
    rows: "foundations",
    tree: "blueprints",
    keys: (row: Foundation, world: Snapshot) => [
      ...new Set([row.blueprint, ...lineageOf(world, row).map(({ name }) => name)]),
    ],
  },
  complex: { rows: "foundations", keys: (row: Foundation) => one(row.complex) },
};

/** Groups by the one above them; roots under the empty name. */
export const CHILD_GROUPS: IndexRule = { rows: "groups", keys: (row: Group) => [row.parent ?? ""] };

/** Interfaces by `structure NAME` or `foundation NAME`. */
export const OWNED_INTERFACES: IndexRule = {
  rows: "interfaces",
  keys: (row: Interface) => [
    row.structure === null ? `foundation ${row.foundation ?? ""}` : `structure ${row.structure}`,
  ],
};

/** What the keys of others follow from in a row of a tree: the names of other rows in it, each kind behind a mark. */
export function shapeOf(row: object | undefined): readonly string[] {
  if (row === undefined) return NONE;
  const { parent, parents } = row as { readonly parent?: string | null; readonly parents?: readonly string[] };
  return ["/parent", ...one(parent ?? null), ...(parents ?? NONE), "/includes", ...includedIn(row)];
}

/** The groups a group includes. */
export function includedIn(row: object | undefined): readonly string[] {
  return (row as { readonly includes?: readonly string[] } | undefined)?.includes ?? NONE;
}

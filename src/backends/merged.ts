import {
  mergeExternal,
  searchExternal,
  withExternal,
  type ExternalConflict,
  type ExternalRows,
  type InventoryStore,
  type Snapshot,
} from "../inventory/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Keeper } from "./keeper.ts";

/** The inventory as it is read: the database's rows, and those of backends over them. Transactions see the database alone. */
export interface MergedInventory {
  readonly store: InventoryStore;
  /** What backends hold now. */
  external(tenantId: Id): Promise<readonly ExternalRows[]>;
  /** Rows of backends that are left out, because their names are taken. */
  conflicts(tenantId: Id): Promise<readonly ExternalConflict[]>;
}

interface Known {
  readonly stored: Snapshot;
  readonly generation: number;
  readonly snapshot: Snapshot;
  readonly conflicts: readonly ExternalConflict[];
}

export function createMergedInventory(stored: InventoryStore, keeper: Keeper): MergedInventory {
  const known = new Map<Id, Known>();
  /** Which rows of backends a snapshot holds. */
  const laid = new WeakMap<Snapshot, readonly ExternalRows[]>();

  async function external(tenantId: Id): Promise<readonly ExternalRows[]> {
    return (await keeper.settled(tenantId)).flatMap((one) => (one.external === undefined ? [] : [one.external]));
  }

  async function merged(tenantId: Id): Promise<Pick<Known, "snapshot" | "conflicts">> {
    const others = await external(tenantId);
    const snapshot = await stored.snapshot(tenantId);
    // Without backends the database's own snapshot is handed on: what was worked out for it is used on.
    if (others.length === 0) return { snapshot, conflicts: [] };
    const generation = keeper.generation();
    const before = known.get(tenantId);
    if (before?.stored === snapshot && before.generation === generation) return before;
    const made = { stored: snapshot, generation, ...mergeExternal(snapshot, others) };
    known.set(tenantId, made);
    laid.set(made.snapshot, others);
    return made;
  }

  return {
    external,
    conflicts: async (tenantId) => (await merged(tenantId)).conflicts,
    store: {
      ...stored,
      snapshot: async (tenantId, tx) =>
        tx === undefined ? (await merged(tenantId)).snapshot : stored.snapshot(tenantId, tx),
      async search(tenantId, snapshot, kind, query, page, options) {
        const found = await stored.search(tenantId, snapshot, kind, query, page, options);
        const others = laid.get(snapshot);
        if (others === undefined) return found;
        return withExternal(found, searchExternal(snapshot, others, kind, query, page.accept, options), page);
      },
    },
  };
}

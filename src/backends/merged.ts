import {
  mergeExternal,
  searchExternal,
  withExternal,
  zoneOfSite,
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
  /**
   * What members are of: with what backends were last read to hold while they cannot be read. That a place where things are written down is
   * gone is no reason to take the things out of service.
   */
  served(tenantId: Id): Promise<Snapshot>;
  /** What names are of: the same, of the backends whose sites have a zone here. */
  named(tenantId: Id): Promise<Snapshot>;
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

  const lasting = new Map<string, Known>();

  /** One of the two ways of laying what was last read over the database's rows. */
  async function laidOver(tenantId: Id, which: "served" | "named"): Promise<Snapshot> {
    const kept = keeper.of(tenantId);
    const snapshot = await stored.snapshot(tenantId);
    if (kept.length === 0) return snapshot;
    const generation = keeper.generation();
    const before = lasting.get(`${which} ${tenantId}`);
    if (before?.stored === snapshot && before.generation === generation) return before.snapshot;
    const others = kept
      .flatMap(({ last }) => last ?? [])
      .filter(({ site }) => which === "served" || zoneOfSite(snapshot, site) !== null);
    const made = { stored: snapshot, generation, ...mergeExternal(snapshot, others) };
    lasting.set(`${which} ${tenantId}`, made);
    return made.snapshot;
  }

  return {
    external,
    served: (tenantId) => laidOver(tenantId, "served"),
    named: (tenantId) => laidOver(tenantId, "named"),
    conflicts: async (tenantId) => (await merged(tenantId)).conflicts,
    store: {
      ...stored,
      snapshot: async (tenantId, tx) =>
        tx === undefined ? (await merged(tenantId)).snapshot : stored.snapshot(tenantId, tx),
      async search(tenantId, snapshot, kind, query, page) {
        const found = await stored.search(tenantId, snapshot, kind, query, page);
        const others = laid.get(snapshot);
        if (others === undefined) return found;
        return withExternal(found, searchExternal(snapshot, others, kind, query, page.accept), page);
      },
    },
  };
}

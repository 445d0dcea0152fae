import type { Principal } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { nearest } from "../kernel/nearest.ts";
import { formatAddress, freeAddresses, type Address } from "../network/index.ts";
import type { Bus } from "../platform/bus/index.ts";
import { afterCommit, type Database, type Transaction } from "../platform/database/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import {
  allocateFor,
  blockCounts,
  holdings,
  openBlock,
  releasesOf,
  takenOf,
  withoutAddresses,
  type AllocationRequest,
  type BlockCounts,
  type Holding,
  type OpenBlock,
} from "./allocation.ts";
import { holdInventory } from "./allocation-store.ts";
import { NOT_FOUND } from "./errors.ts";
import { structureInputs } from "./inputs.ts";
import { isMade, NO_INVENTORY_ROWS } from "./model.ts";
import type { AddressBlock, HeldAddress, Snapshot, Structure } from "./model.ts";
import type { InventoryStore } from "./store.ts";
import { createResolver, type ResolverOptions } from "./variables.ts";
import { hashOf } from "./hash.ts";

/** A block, who has which address of it, and how many are left. */
export interface BlockUse {
  readonly row: AddressBlock;
  readonly open: OpenBlock;
  readonly held: readonly Holding[];
  readonly counts: BlockCounts;
}

/** What a structure was given or gave back. */
export interface AddressChange {
  readonly structure: Structure;
  readonly addresses: readonly HeldAddress[];
}

export interface AllocationService {
  /** Errors: `not_found`. */
  use(principal: Principal, block: string): Promise<BlockUse>;
  /** The lowest free addresses, at most `count`; none in a full block. Nothing is given out. Errors: `not_found`. */
  nextFree(principal: Principal, block: string, count: number): Promise<readonly Address[]>;
  /**
   * Gives a structure addresses. Two that ask for the last one at once: one gets it, the other `address_block_full`.
   *
   * Errors: `not_found`, `address_block_full`, `address_taken`, `address_outside_block`, `address_not_usable`, `address_is_gateway`,
   * `address_elsewhere`, `structure_leaving`.
   */
  allocate(
    principal: Principal,
    block: string,
    request: AllocationRequest & { readonly structure: string },
  ): Promise<AddressChange>;
  /** Takes addresses back, all or none. Errors: `not_found`, `address_not_held`. */
  release(
    principal: Principal,
    block: string,
    request: { readonly addresses?: readonly string[] | undefined; readonly structure?: string | undefined },
  ): Promise<readonly AddressChange[]>;
}

export interface AllocationServiceParts {
  readonly database: Database;
  readonly inventory: InventoryStore;
  readonly events: EventStream;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly classesOf?: ResolverOptions["classesOf"];
}

export function createAllocationService(parts: AllocationServiceParts): AllocationService {
  const { database, inventory: store, clock } = parts;
  const resolving: ResolverOptions = parts.classesOf === undefined ? {} : { classesOf: parts.classesOf };

  /** Runs `work` while nobody else writes the tenant's inventory, so that what is free stays free until it is given out. */
  function holding<Result>(
    tenantId: Id,
    work: (tx: Transaction, snapshot: Snapshot) => Promise<Result>,
  ): Promise<Result> {
    return database.transaction(async (tx) => {
      await holdInventory(tx, tenantId);
      return work(tx, await store.snapshot(tenantId, tx));
    });
  }

  async function write(
    tx: Transaction,
    principal: Principal,
    snapshot: Snapshot,
    changes: readonly (readonly [Structure, readonly HeldAddress[]])[],
  ): Promise<readonly Structure[]> {
    const now = clock.now();
    const rows = changes.map(([before, addresses]) => {
      const after = { ...before, addresses, version: before.version + 1, updatedAt: now };
      return { ...after, stale: before.stale || becomesStale(snapshot, before, after, resolving) };
    });
    await store.write(tx, principal.tenantId, {
      insert: NO_INVENTORY_ROWS,
      update: { ...NO_INVENTORY_ROWS, structures: rows },
    });
    await parts.events.append(
      tx,
      rows.map((row) => ({
        tenantId: principal.tenantId,
        type: "inventory.changed",
        subject: { kind: "structure", id: row.id },
        data: { name: row.name, kind: "structure", fields: ["addresses"], by: principal.name },
      })),
    );
    afterCommit(tx, "foreman", () => parts.bus.publish("foreman", null));
    return rows;
  }

  function useOf(snapshot: Snapshot, block: string): BlockUse {
    const row = find("address block", snapshot.addressBlocks, block);
    const open = openBlock(row);
    const held = holdings(snapshot, row.name);
    return { row, open, held, counts: blockCounts(open, held) };
  }

  return {
    async use(principal, block) {
      return useOf(await store.snapshot(principal.tenantId), block);
    },
    async nextFree(principal, block, count) {
      const { open, held } = useOf(await store.snapshot(principal.tenantId), block);
      const found: Address[] = [];
      for (const address of freeAddresses(open.block, takenOf(open, held))) if (found.push(address) === count) break;
      return found;
    },
    allocate(principal, block, request) {
      return holding(principal.tenantId, async (tx, snapshot) => {
        const data = find("address block", snapshot.addressBlocks, block);
        const structure = find("structure", snapshot.structures, request.structure);
        const given = allocateFor(snapshot, data, structure, request);
        const addresses = [...structure.addresses, ...given];
        const [row = structure] = await write(tx, principal, snapshot, [[structure, addresses]]);
        return { structure: row, addresses: given };
      });
    },
    release(principal, block, { addresses, structure: named }) {
      return holding(principal.tenantId, async (tx, snapshot) => {
        const data = find("address block", snapshot.addressBlocks, block);
        const structure = named === undefined ? undefined : find("structure", snapshot.structures, named);
        const released = [...releasesOf(snapshot, data, { addresses, structure })];
        if (released.length === 0) return [];
        const rows = await write(
          tx,
          principal,
          snapshot,
          released.map(([one, gone]) => [one, withoutAddresses(one, data.name, gone)] as const),
        );
        return rows.map((row, index) => ({
          structure: row,
          addresses: (released[index]?.[1] ?? []).map((address) => ({
            block: data.name,
            address: formatAddress(address),
          })),
        }));
      });
    },
  };
}

/** Whether a structure that is built would be built otherwise with its new addresses. */
function becomesStale(snapshot: Snapshot, before: Structure, after: Structure, resolving: ResolverOptions): boolean {
  if (before.state === "planned" || !isMade(before)) return false;
  const changed = { ...snapshot, structures: new Map([...snapshot.structures, [after.name, after]]) };
  const inputs = (world: Snapshot): string =>
    hashOf(structureInputs(createResolver(world, resolving), after.name) as never);
  return inputs(snapshot) !== inputs(changed);
}

/** By id or name. Errors: `not_found`. */
function find<Row extends { readonly id: Id }>(kind: string, rows: ReadonlyMap<string, Row>, idOrName: string): Row {
  const named = rows.get(idOrName);
  if (named !== undefined) return named;
  for (const row of rows.values()) if (row.id === idOrName) return row;
  const near = nearest(idOrName, rows.keys());
  throw new GantryError(
    NOT_FOUND,
    `there is no ${kind} '${idOrName.slice(0, 80)}'${near === undefined ? "" : `; did you mean '${near}'?`}`,
  );
}

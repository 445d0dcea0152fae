import type { Principal } from "../access/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import { formatAddress, freeAddresses, type Address } from "../network/index.ts";
import type { Transaction } from "../platform/database/index.ts";
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
import type { Edit } from "./edit-model.ts";
import { makeEdits, type EditServiceParts } from "./edit-service.ts";
import { once, type RequestOnce } from "./idempotency-store.ts";
import type { AddressBlock, HeldAddress, Snapshot, Structure } from "./model.ts";
import { findVisible } from "./service.ts";

/** A block, who has which address of it, and how many are left. */
export interface BlockUse {
  readonly row: AddressBlock;
  readonly open: OpenBlock;
  readonly held: readonly Holding[];
  readonly counts: BlockCounts;
}

/** What a structure was given or gave back. */
export interface AddressChange {
  /** The structure's name. */
  readonly structure: string;
  /** Of the structure, after the change. */
  readonly version: number;
  readonly addresses: readonly HeldAddress[];
}

export interface AllocationService {
  /** Errors: `not_found`. */
  use(principal: Principal, block: string): Promise<BlockUse>;
  /** The lowest free addresses, at most `count`; none in a full block. Nothing is given out. Errors: `not_found`. */
  nextFree(
    principal: Principal,
    block: string,
    count: number,
  ): Promise<{ readonly block: string; readonly addresses: readonly Address[] }>;
  /**
   * Gives a structure addresses. Two that ask for the last one at once: one gets it, the other `address_block_full`. A request that comes
   * again is answered as the first time, and gives nothing.
   *
   * Errors: `not_found`, `address_block_full`, `address_taken`, `address_outside_block`, `address_not_usable`, `address_is_gateway`,
   * `address_elsewhere`, `structure_leaving`, `idempotency_key_reused`.
   */
  allocate(
    principal: Principal,
    block: string,
    request: AllocationRequest & { readonly structure: string },
    asked?: RequestOnce,
  ): Promise<AddressChange>;
  /** Takes addresses back, all or none. Errors: `not_found`, `address_not_held`, `idempotency_key_reused`. */
  release(
    principal: Principal,
    block: string,
    request: { readonly addresses?: readonly string[] | undefined; readonly structure?: string | undefined },
    asked?: RequestOnce,
  ): Promise<readonly AddressChange[]>;
}

export function createAllocationService(parts: EditServiceParts): AllocationService {
  const { database, inventory: store, clock } = parts;

  /** Runs `work` while nobody else writes the tenant's inventory, so that what is free stays free until it is given out. */
  function holding<Result>(
    tenantId: Id,
    asked: RequestOnce | undefined,
    work: (tx: Transaction, snapshot: Snapshot) => Promise<Result>,
  ): Promise<Result> {
    return database.transaction(async (tx) => {
      await holdInventory(tx, tenantId);
      const answer = await once(tx, tenantId, asked, clock.now(), async () => {
        const result = await work(tx, await store.snapshot(tenantId, tx));
        return result as Json;
      });
      return answer as Result;
    });
  }

  /** Gives structures other addresses, as any edit of them is made. */
  async function write(
    tx: Transaction,
    principal: Principal,
    changes: readonly (readonly [Structure, readonly HeldAddress[]])[],
  ): Promise<ReadonlyMap<string, number>> {
    const edits = changes.map(([{ name, version }, addresses]): Edit => ({
      action: "merge",
      kind: "structure",
      name,
      version,
      patch: { addresses: addresses.map((one) => ({ ...one })) },
    }));
    const { results } = await makeEdits(parts, tx, principal, edits);
    return new Map(results.filter(({ kind }) => kind === "structure").map(({ name, version }) => [name, version]));
  }

  function useOf(principal: Principal, snapshot: Snapshot, block: string): BlockUse {
    const row = findVisible(principal, snapshot, "address_block", block) as AddressBlock;
    const open = openBlock(row);
    const held = holdings(snapshot, row.name);
    return { row, open, held, counts: blockCounts(open, held) };
  }

  return {
    async use(principal, block) {
      return useOf(principal, await store.snapshot(principal.tenantId), block);
    },
    async nextFree(principal, block, count) {
      const { row, open, held } = useOf(principal, await store.snapshot(principal.tenantId), block);
      const addresses: Address[] = [];
      for (const address of freeAddresses(open.block, takenOf(open, held)))
        if (addresses.push(address) === count) break;
      return { block: row.name, addresses };
    },
    allocate(principal, block, request, asked) {
      return holding(principal.tenantId, asked, async (tx, snapshot) => {
        const data = findVisible(principal, snapshot, "address_block", block) as AddressBlock;
        const structure = findVisible(principal, snapshot, "structure", request.structure) as Structure;
        const addresses = allocateFor(snapshot, data, structure, request);
        const versions = await write(tx, principal, [[structure, [...structure.addresses, ...addresses]]]);
        return { structure: structure.name, version: versions.get(structure.name) ?? structure.version, addresses };
      });
    },
    release(principal, block, { addresses, structure: named }, asked) {
      return holding(principal.tenantId, asked, async (tx, snapshot) => {
        const data = findVisible(principal, snapshot, "address_block", block) as AddressBlock;
        const structure =
          named === undefined ? undefined : (findVisible(principal, snapshot, "structure", named) as Structure);
        const released = [...releasesOf(snapshot, data, { addresses, structure })];
        if (released.length === 0) return [];
        const versions = await write(
          tx,
          principal,
          released.map(([one, gone]) => [one, withoutAddresses(one, data.name, gone)] as const),
        );
        return released.map(([{ name, version }, gone]) => ({
          structure: name,
          version: versions.get(name) ?? version,
          addresses: gone.map((address) => ({ block: data.name, address: formatAddress(address) })),
        }));
      });
    },
  };
}

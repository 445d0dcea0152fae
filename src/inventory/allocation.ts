import { GantryError } from "../kernel/errors.ts";
import { nearest } from "../kernel/nearest.ts";
import {
  allocate,
  countRanges,
  formatAddress,
  freeCount,
  keptRanges,
  mergeRanges,
  parseAddress,
  parseBlock,
  takenBy,
  type Address,
  type AddressBlock,
  type KeptRange,
  type Taken,
} from "../network/index.ts";
import { ADDRESS_ELSEWHERE, ADDRESS_NOT_HELD, NOT_FOUND, STRUCTURE_LEAVING } from "./errors.ts";
import type { AddressBlockData, HeldAddress, Snapshot, Structure, World } from "./model.ts";
import { siteChain } from "./variables.ts";

/** Who has which address of a block, what is free, and who may have one: pure. */

/** A block as the inventory and documents write it, made ready for arithmetic. */
export interface OpenBlock {
  readonly block: AddressBlock;
  /** Reservations and dynamic ranges: nobody gets these. */
  readonly kept: readonly KeptRange[];
}

/** Throws the errors of `network`: `address_block_invalid`, `address_range_invalid` … */
export function openBlock(
  data: Pick<AddressBlockData, "name" | "subnet" | "gateway" | "reserved" | "dynamic">,
): OpenBlock {
  const block = parseBlock(data.subnet, data.gateway ?? undefined, data.name);
  return { block, kept: keptRanges(block, data.reserved, data.dynamic) };
}

/** An address of a block, and the structure that has it. */
export interface Holding {
  readonly address: Address;
  readonly structure: Structure;
  /** `web1/eth0`. Null: not said. */
  readonly interface: string | null;
}

/** Who has which address of a block, in the order of the addresses. */
export function holdings(snapshot: Pick<Snapshot, "structures">, block: string): readonly Holding[] {
  const found: Holding[] = [];
  for (const structure of snapshot.structures.values()) {
    for (const held of structure.addresses) {
      if (held.block !== block) continue;
      found.push({ address: parseAddress(held.address), structure, interface: held.interface ?? null });
    }
  }
  return found.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

/** Everything of a block that is not free, with who has it or why it is kept. */
export function takenOf({ kept }: OpenBlock, held: readonly Holding[]): readonly Taken[] {
  return [...kept, ...held.map(({ address, structure }) => takenBy(address, holderText(structure)))];
}

function holderText(structure: Structure): string {
  return `structure ${structure.name}${structure.wanted === "absent" ? ", which is going away" : ""}`;
}

/** How many addresses of a block are what. Numbers of IPv6 blocks pass what a JSON number holds exactly. */
export interface BlockCounts {
  /** Usable addresses, the gateway's included. */
  readonly size: bigint;
  /** Addresses of structures. */
  readonly held: bigint;
  readonly reserved: bigint;
  readonly dynamic: bigint;
  readonly free: bigint;
}

export function blockCounts(open: OpenBlock, held: readonly Holding[]): BlockCounts {
  function kept(kind: KeptRange["kind"]): bigint {
    return countRanges(mergeRanges(open.kept.filter((one) => one.kind === kind)));
  }
  return {
    size: open.block.size,
    held: BigInt(new Set(held.map(({ address }) => address)).size),
    reserved: kept("reserved"),
    dynamic: kept("dynamic"),
    free: freeCount(open.block, takenOf(open, held)),
  };
}

/**
 * Whether a structure of a site may have addresses of a block: the block's site is the structure's, lies above it (addresses flow down, as
 * variables do), or below it (a router of the whole place has an address in each rack).
 */
export function sitesTouch(world: Pick<World, "sites">, structureSite: string, blockSite: string): boolean {
  return siteChain(world, structureSite).includes(blockSite) || siteChain(world, blockSite).includes(structureSite);
}

export interface AllocationRequest {
  /** How many addresses, whichever are free. Default 1, and 0 when `address` is given. */
  readonly count?: number | undefined;
  /** This very address. */
  readonly address?: string | undefined;
  /** Of the structure or what it stands on: `eth0` or `web1/eth0`. */
  readonly interface?: string | undefined;
}

/**
 * The addresses a structure gets, behind those it has. Throws `address_block_full`, `address_taken` and the like of `network`,
 * `address_elsewhere`, `structure_leaving`, or `not_found` for an interface the structure does not have.
 */
export function allocateFor(
  snapshot: Snapshot,
  data: AddressBlockData,
  structure: Structure,
  request: AllocationRequest,
): readonly HeldAddress[] {
  if (structure.wanted === "absent")
    throw new GantryError(STRUCTURE_LEAVING, `structure '${structure.name}' is going away`);
  if (!sitesTouch(snapshot, structure.site, data.site)) throw elsewhere(structure, data);
  const open = openBlock(data);
  const taken = takenOf(open, holdings(snapshot, data.name));
  const fixed = request.address === undefined ? [] : [parseAddress(request.address)];
  const count = request.count ?? (fixed.length === 0 ? 1 : 0);
  const port =
    request.interface === undefined ? {} : { interface: interfaceOf(snapshot, structure, request.interface) };
  return allocate(open.block, { fixed, count }, taken).map((address) => ({
    block: data.name,
    address: formatAddress(address),
    ...port,
  }));
}

function elsewhere(structure: Structure, block: AddressBlockData): GantryError {
  return new GantryError(
    ADDRESS_ELSEWHERE,
    `structure '${structure.name}' is in site '${structure.site}', address block '${block.name}' in site '${block.site}': neither lies within the other`,
  );
}

function interfaceOf(snapshot: Snapshot, structure: Structure, asked: string): string {
  const own = [...snapshot.interfaces.values()].filter(
    (one) => one.structure === structure.name || (one.foundation !== null && one.foundation === structure.foundation),
  );
  const found = own.find(({ name, device }) => name === asked || device === asked);
  if (found !== undefined) return found.name;
  const near = nearest(
    asked,
    own.map(({ device }) => device),
  );
  const advice = near === undefined ? "" : `; did you mean '${near}'?`;
  throw new GantryError(NOT_FOUND, `structure '${structure.name}' has no interface '${asked.slice(0, 80)}'${advice}`);
}

export interface ReleaseRequest {
  /** These addresses. Absent: all of the block that the structure has. */
  readonly addresses?: readonly string[] | undefined;
  /** Only of this structure. */
  readonly structure?: Structure | undefined;
}

/** Who gives which addresses of a block back. Throws `address_invalid` or `address_not_held`, and then nobody gives anything back. */
export function releasesOf(
  snapshot: Snapshot,
  data: AddressBlockData,
  request: ReleaseRequest,
): ReadonlyMap<Structure, readonly Address[]> {
  const held = holdings(snapshot, data.name).filter(
    ({ structure }) =>
      structure.wanted === "built" && (request.structure === undefined || structure.name === request.structure.name),
  );
  const asked = request.addresses?.map(parseAddress);
  for (const address of asked ?? []) {
    if (held.some((one) => one.address === address)) continue;
    const who = request.structure === undefined ? "nobody has" : `structure '${request.structure.name}' does not have`;
    throw new GantryError(ADDRESS_NOT_HELD, `${who} ${formatAddress(address)} of address block '${data.name}'`);
  }
  const released = new Map<Structure, Address[]>();
  for (const { structure, address } of held) {
    if (asked !== undefined && !asked.includes(address)) continue;
    released.set(structure, [...(released.get(structure) ?? []), address]);
  }
  return released;
}

/** What is left of a structure's addresses. */
export function withoutAddresses(
  structure: Structure,
  block: string,
  released: readonly Address[],
): readonly HeldAddress[] {
  return structure.addresses.filter((one) => one.block !== block || !released.includes(parseAddress(one.address)));
}

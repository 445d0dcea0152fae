/** Which addresses of a block are free, and handing them out. Pure: the caller stores what it was given, in one transaction. */
import type { Problem } from "../kernel/errors.ts";
import { GantryError, invariant, problem } from "../kernel/errors.ts";
import type { Address } from "./addresses.ts";
import { formatAddress } from "./addresses.ts";
import type { AddressBlock } from "./block.ts";
import { addressAt, blockTitle, contains, gatewayOf, offsetOf } from "./block.ts";
import { ADDRESS_BLOCK_FULL, ADDRESS_TAKEN } from "./errors.ts";

/** An address somebody has, or that is kept back. */
export interface Taken {
  readonly address: Address;
  /** Who has it or why it is kept, for messages: `structure web1`, `reserved: printer`. */
  readonly by: string;
}

export interface Wanted {
  /** How many addresses, whichever are free. Default 0. */
  readonly count?: number;
  /** These very addresses. */
  readonly fixed?: readonly Address[];
}

/** Offsets somebody may have, ascending, one at a time. `used` is ascending too; what lies outside the block is passed over. */
export function* freeOffsets(block: AddressBlock, used: Iterable<bigint>): Generator<bigint> {
  let candidate = block.firstOffset;
  let before: bigint | undefined;
  for (const offset of used) {
    invariant(before === undefined || offset >= before, "used offsets ascend");
    before = offset;
    yield* gap(block, candidate, offset - 1n);
    if (offset >= candidate) candidate = offset + 1n;
    if (candidate > block.lastOffset) return;
  }
  yield* gap(block, candidate, block.lastOffset);
}

function* gap(block: AddressBlock, from: bigint, to: bigint): Generator<bigint> {
  const last = to < block.lastOffset ? to : block.lastOffset;
  for (let offset = from; offset <= last; offset += 1n) {
    if (offset !== block.gatewayOffset) yield offset;
  }
}

/** The lowest offset that is neither used, nor reserved, nor the gateway's; undefined in a full block. Both lists ascend. */
export function nextFree(
  block: AddressBlock,
  used: readonly bigint[],
  reserved: readonly bigint[] = [],
): bigint | undefined {
  return freeOffsets(block, reserved.length === 0 ? used : ascending([...used, ...reserved])).next().value ?? undefined;
}

function ascending(offsets: bigint[]): bigint[] {
  return offsets.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/**
 * Chooses addresses: the fixed ones as they stand, then `count` free ones, lowest first. Throws `address_outside_block`,
 * `address_not_usable`, `address_is_gateway`, `address_taken` (all problems with fixed addresses at once) or
 * `address_block_full`. Nothing is changed.
 */
export function allocate(block: AddressBlock, wanted: Wanted, taken: Iterable<Taken>): Address[] {
  const owners = new Map<Address, string>();
  for (const one of taken) if (contains(block, one.address)) owners.set(one.address, one.by);
  const fixed = takeFixed(block, wanted.fixed ?? [], owners);
  return [...fixed, ...takeFree(block, wanted.count ?? 0, owners)];
}

function takeFixed(block: AddressBlock, addresses: readonly Address[], owners: Map<Address, string>): Address[] {
  const problems: Problem[] = [];
  let first: GantryError | undefined;
  for (const address of addresses) {
    try {
      addressAt(block, offsetOf(block, address));
      const owner = owners.get(address);
      if (owner !== undefined) {
        throw new GantryError(
          ADDRESS_TAKEN,
          `${formatAddress(address)} of address block ${blockTitle(block)} is taken: ${owner}`,
        );
      }
      owners.set(address, "wanted twice");
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      first ??= error;
      problems.push(problem(error.kind, error.message));
    }
  }
  if (first === undefined) return [...addresses];
  if (problems.length === 1) throw first;
  throw new GantryError(first.kind, first.message, { problems });
}

function takeFree(block: AddressBlock, count: number, owners: ReadonlyMap<Address, string>): Address[] {
  invariant(Number.isSafeInteger(count) && count >= 0, "a count of addresses is a whole number");
  if (count === 0) return [];
  const free = freeCount(block, owners.keys());
  if (BigInt(count) > free) {
    const state = free === 0n ? "is full" : `has ${free} free`;
    throw new GantryError(
      ADDRESS_BLOCK_FULL,
      `address block ${blockTitle(block)} ${state}: ${block.size} usable addresses, ${count} more wanted`,
      { details: { block: blockTitle(block), size: block.size.toString(), free: free.toString(), wanted: count } },
    );
  }
  const used = ascending([...owners.keys()].map((address) => address - block.subnet));
  const chosen: Address[] = [];
  for (const offset of freeOffsets(block, used)) {
    chosen.push(block.subnet + offset);
    if (chosen.length === count) break;
  }
  return chosen;
}

/** How many addresses are left for somebody to have. `taken` may name addresses twice or outside the block. */
export function freeCount(block: AddressBlock, taken: Iterable<Address>): bigint {
  const gateway = gatewayOf(block);
  const usable = new Set<Address>();
  for (const address of taken) {
    const offset = address - block.subnet;
    if (offset >= block.firstOffset && offset <= block.lastOffset && address !== gateway) usable.add(address);
  }
  return block.size - (gateway === undefined ? 0n : 1n) - BigInt(usable.size);
}

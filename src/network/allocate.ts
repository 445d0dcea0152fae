/** Which addresses of a block are free, and handing them out. Pure: the caller stores what it was given, in one transaction. */
import type { Problem } from "../kernel/errors.ts";
import { GantryError, invariant, problem } from "../kernel/errors.ts";
import type { Address } from "./addresses.ts";
import { formatAddress } from "./addresses.ts";
import type { AddressBlock, Bounds } from "./block.ts";
import { addressAt, blockTitle, gatewayOf, offsetOf } from "./block.ts";
import { ADDRESS_BLOCK_FULL, ADDRESS_TAKEN } from "./errors.ts";
import { countRanges, gapsBetween, mergeRanges } from "./ranges.ts";

/** Addresses somebody has, or that are kept back: one, or all from the first to the last. */
export interface Taken {
  readonly first: Address;
  readonly last: Address;
  /** Who has it or why it is kept, for messages: `structure web1`, `reserved (10.0.0.5 printer)`. */
  readonly by: string;
}

/** One address that is taken. */
export function takenBy(address: Address, by: string): Taken {
  return { first: address, last: address, by };
}

export interface Wanted {
  /** How many addresses, whichever are free. Default 0. */
  readonly count?: number;
  /** These very addresses. */
  readonly fixed?: readonly Address[];
}

/** The free addresses of a block as ranges, ascending: neither taken nor the gateway's. What is taken may lie outside the block, or twice. */
export function* freeRanges(block: AddressBlock, taken: Iterable<Bounds>): Generator<Bounds> {
  const gateway = gatewayOf(block);
  const kept = gateway === undefined ? taken : [...taken, { first: gateway, last: gateway }];
  const usable = { first: block.subnet + block.firstOffset, last: block.subnet + block.lastOffset };
  yield* gapsBetween(usable, mergeRanges(kept));
}

/** Free addresses, lowest first, one at a time: a block may be larger than any memory, so take only as many as needed. */
export function* freeAddresses(block: AddressBlock, taken: Iterable<Bounds>): Generator<Address> {
  for (const { first, last } of freeRanges(block, taken))
    for (let address = first; address <= last; address += 1n) yield address;
}

/** The lowest free address; undefined in a full block. */
export function nextFree(block: AddressBlock, taken: Iterable<Bounds>): Address | undefined {
  for (const { first } of freeRanges(block, taken)) return first;
  return undefined;
}

/** How many addresses are left for somebody to have. */
export function freeCount(block: AddressBlock, taken: Iterable<Bounds>): bigint {
  return countRanges(freeRanges(block, taken));
}

/**
 * Chooses addresses: the fixed ones as they stand, then `count` free ones, lowest first. Throws `address_outside_block`,
 * `address_not_usable`, `address_is_gateway`, `address_taken` (all problems with fixed addresses at once) or
 * `address_block_full`. Nothing is changed.
 */
export function allocate(block: AddressBlock, wanted: Wanted, taken: Iterable<Taken>): Address[] {
  const owners = [...taken];
  const fixed = takeFixed(block, wanted.fixed ?? [], owners);
  const all = [...owners, ...fixed.map((address) => ({ first: address, last: address }))];
  return [...fixed, ...takeFree(block, wanted.count ?? 0, all)];
}

function takeFixed(block: AddressBlock, addresses: readonly Address[], taken: readonly Taken[]): Address[] {
  const problems: Problem[] = [];
  let failed: GantryError | undefined;
  const wanted = new Set<Address>();
  for (const address of addresses) {
    try {
      addressAt(block, offsetOf(block, address));
      const owner = taken.find(({ first, last }) => address >= first && address <= last)?.by;
      const by = owner ?? (wanted.has(address) ? "wanted twice" : undefined);
      if (by !== undefined) throw addressTaken(block, address, by);
      wanted.add(address);
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      failed ??= error;
      problems.push(problem(error.kind, error.message));
    }
  }
  if (failed === undefined) return [...addresses];
  if (problems.length === 1) throw failed;
  throw new GantryError(failed.kind, failed.message, { problems });
}

/** The error for an address that somebody has. */
export function addressTaken(block: AddressBlock, address: Address, by: string): GantryError {
  return new GantryError(
    ADDRESS_TAKEN,
    `${formatAddress(address)} of address block ${blockTitle(block)} is taken: ${by}`,
  );
}

function takeFree(block: AddressBlock, count: number, taken: readonly Bounds[]): Address[] {
  invariant(Number.isSafeInteger(count) && count >= 0, "a count of addresses is a whole number");
  if (count === 0) return [];
  const chosen: Address[] = [];
  for (const address of freeAddresses(block, taken)) {
    chosen.push(address);
    if (chosen.length === count) return chosen;
  }
  const free = chosen.length;
  const state = free === 0 ? "is full" : `has ${free} free`;
  throw new GantryError(
    ADDRESS_BLOCK_FULL,
    `address block ${blockTitle(block)} ${state}: ${block.size} usable addresses, ${count} more wanted`,
    { details: { block: blockTitle(block), size: block.size.toString(), free: free.toString(), wanted: count } },
  );
}

/** What of a block nobody gets for good: reservations, and the ranges a DHCP server gives out. */
import { GantryError } from "../kernel/errors.ts";
import type { Address } from "./addresses.ts";
import { formatAddress } from "./addresses.ts";
import type { AddressBlock } from "./block.ts";
import { blockTitle, contains, gatewayOf } from "./block.ts";
import { ADDRESS_OUTSIDE_BLOCK, ADDRESS_RANGE_INVALID } from "./errors.ts";
import { parseRange, type AddressRange } from "./ranges.ts";

export interface KeptRange extends AddressRange {
  readonly kind: "reserved" | "dynamic";
  /** Why nobody gets these addresses, for messages: `reserved (10.0.0.5 old printer)`. */
  readonly by: string;
}

/**
 * Reads the reservations and dynamic ranges of a block. Reservations may overlap each other; a dynamic range overlaps nothing and does not
 * hold the gateway. Throws `address_invalid`, `address_range_invalid` or `address_outside_block`.
 */
export function keptRanges(
  block: AddressBlock,
  reserved: readonly string[],
  dynamic: readonly string[],
): readonly KeptRange[] {
  const kept = [
    ...reserved.map((text) => readKept(block, "reserved", text)),
    ...dynamic.map((text) => readKept(block, "dynamic", text)),
  ];
  const gateway = gatewayOf(block);
  for (const one of kept.filter(({ kind }) => kind === "dynamic")) {
    if (gateway !== undefined && isWithin(gateway, one)) {
      throw new GantryError(
        ADDRESS_RANGE_INVALID,
        `the dynamic range ${rangeText(one)} of address block ${blockTitle(block)} holds the gateway ${formatAddress(gateway)}`,
      );
    }
    const other = kept.find((second) => second !== one && second.first <= one.last && one.first <= second.last);
    if (other !== undefined) {
      throw new GantryError(
        ADDRESS_RANGE_INVALID,
        `the dynamic range ${rangeText(one)} of address block ${blockTitle(block)} overlaps the ${other.kind} ${rangeText(other)}`,
      );
    }
  }
  return kept;
}

function readKept(block: AddressBlock, kind: KeptRange["kind"], text: string): KeptRange {
  const range = parseRange(text);
  for (const end of [range.first, range.last]) {
    if (contains(block, end)) continue;
    throw new GantryError(
      ADDRESS_OUTSIDE_BLOCK,
      `${formatAddress(end)} is to be ${kind}, but does not lie in address block ${blockTitle(block)}`,
    );
  }
  const why = range.reason === "" ? rangeText(range) : `${rangeText(range)} ${range.reason}`;
  return { ...range, kind, by: `${kind} (${why})` };
}

/** `10.0.0.5` or `10.0.0.1-10.0.0.9`, without the reason. */
export function rangeText({ first, last }: { readonly first: Address; readonly last: Address }): string {
  return first === last ? formatAddress(first) : `${formatAddress(first)}-${formatAddress(last)}`;
}

/** The canonical text of a range: addresses in their shortest form, the reason behind one space. */
export function keptText(range: AddressRange): string {
  return range.reason === "" ? rangeText(range) : `${rangeText(range)} ${range.reason}`;
}

export function isWithin(address: Address, range: { readonly first: Address; readonly last: Address }): boolean {
  return address >= range.first && address <= range.last;
}

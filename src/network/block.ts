/** Address blocks: a subnet, its prefix, and perhaps a gateway. Offsets count from the first address of the block, which is 0. */
import { GantryError } from "../kernel/errors.ts";
import type { Address } from "./addresses.ts";
import {
  checkAddress,
  checkPrefix,
  formatAddress,
  IPV4_FIRST,
  IPV4_LAST,
  isIpv4,
  netmask,
  parseAddress,
  widthOf,
} from "./addresses.ts";
import { ADDRESS_BLOCK_INVALID, ADDRESS_IS_GATEWAY, ADDRESS_NOT_USABLE, ADDRESS_OUTSIDE_BLOCK } from "./errors.ts";

export interface AddressBlock {
  /** What people call it, for messages. */
  readonly name: string | undefined;
  /** First address, the host bits cleared. */
  readonly subnet: Address;
  readonly prefix: number;
  readonly ipv6: boolean;
  readonly last: Address;
  readonly netmask: Address;
  /** Number of usable addresses, the gateway's included. */
  readonly size: bigint;
  /** The usable offsets, both included: all but the first and the last, except in blocks of one or two addresses. */
  readonly firstOffset: bigint;
  readonly lastOffset: bigint;
  readonly gatewayOffset: bigint | undefined;
}

export interface Bounds {
  readonly first: bigint;
  readonly last: bigint;
}

/** Offsets of the first and last address of the block that holds `address`. Throws `address_invalid`, `prefix_invalid`. */
export function offsetBounds(address: Address, prefix: number, includeUnusable: boolean): Bounds {
  checkAddress(address);
  const ipv6 = !isIpv4(address);
  checkPrefix(prefix, ipv6, 1);
  const count = 1n << BigInt(widthOf(ipv6) - prefix);
  return includeUnusable || count <= 2n ? { first: 0n, last: count - 1n } : { first: 1n, last: count - 2n };
}

/** First and last address of the block that holds `address`. */
export function addressBounds(address: Address, prefix: number, includeUnusable: boolean): Bounds {
  const offsets = offsetBounds(address, prefix, includeUnusable);
  const subnet = subnetOf(address, prefix);
  return { first: subnet + offsets.first, last: subnet + offsets.last };
}

/** Number of addresses in the block that holds `address`. */
export function blockSize(address: Address, prefix: number, includeUnusable: boolean): bigint {
  const { first, last } = offsetBounds(address, prefix, includeUnusable);
  return last - first + 1n;
}

/** Every number from the first to the last, one at a time: a block may be larger than any memory. */
export function* eachOf(bounds: Bounds): Generator<bigint> {
  for (let one = bounds.first; one <= bounds.last; one += 1n) yield one;
}

function subnetOf(address: Address, prefix: number): Address {
  return address & netmask(prefix, !isIpv4(address));
}

/**
 * Makes a block. Host bits of `subnet` are cleared. The gateway is a usable offset; a block of one address has none.
 * Throws `address_invalid`, `prefix_invalid` or `address_block_invalid`.
 */
export function makeBlock(subnet: Address, prefix: number, gatewayOffset?: bigint, name?: string): AddressBlock {
  const usable = offsetBounds(subnet, prefix, false);
  const whole = addressBounds(subnet, prefix, true);
  const ipv6 = !isIpv4(subnet);
  const text = `${formatAddress(whole.first)}/${prefix}`;
  if (ipv6 && whole.first <= IPV4_LAST && whole.last >= IPV4_FIRST) {
    throw new GantryError(ADDRESS_BLOCK_INVALID, `${text} would hold every IPv4 address`, {
      hint: "Use a longer prefix, or write the block as IPv4.",
    });
  }
  if (gatewayOffset !== undefined) checkGateway(text, usable, gatewayOffset);
  return {
    name,
    subnet: whole.first,
    prefix,
    ipv6,
    last: whole.last,
    netmask: netmask(prefix, ipv6),
    size: usable.last - usable.first + 1n,
    firstOffset: usable.first,
    lastOffset: usable.last,
    gatewayOffset,
  };
}

function checkGateway(block: string, usable: Bounds, gateway: bigint): void {
  if (usable.first === usable.last) {
    throw new GantryError(ADDRESS_BLOCK_INVALID, `${block} has one address, so it cannot have a gateway`);
  }
  if (gateway < usable.first || gateway > usable.last) {
    throw new GantryError(
      ADDRESS_BLOCK_INVALID,
      `the gateway of ${block} has offset ${gateway}, usable are ${usable.first} to ${usable.last}`,
    );
  }
}

/** Makes a block from texts: `SUBNET/PREFIX`, and the gateway's address. Throws as `makeBlock` does. */
export function parseBlock(cidr: string, gateway?: string, name?: string): AddressBlock {
  const [subnetText, prefixText, ...rest] = String(cidr).split("/");
  if (subnetText === undefined || prefixText === undefined || rest.length > 0 || !/^[0-9]{1,3}$/.test(prefixText)) {
    throw new GantryError(
      ADDRESS_BLOCK_INVALID,
      `${JSON.stringify(String(cidr).slice(0, 60))} is not an address block: SUBNET/PREFIX`,
    );
  }
  const block = makeBlock(parseAddress(subnetText), Number(prefixText), undefined, name);
  if (gateway === undefined) return block;
  const address = parseAddress(gateway);
  if (!contains(block, address)) {
    throw new GantryError(ADDRESS_BLOCK_INVALID, `the gateway ${gateway} does not lie in ${cidr}`);
  }
  return makeBlock(block.subnet, block.prefix, address - block.subnet, name);
}

/** `10.0.0.0/24`. */
export function blockText(block: AddressBlock): string {
  return `${formatAddress(block.subnet)}/${block.prefix}`;
}

/** `lab (10.0.0.0/24)`, for messages. */
export function blockTitle(block: AddressBlock): string {
  return block.name === undefined ? blockText(block) : `${block.name} (${blockText(block)})`;
}

export function gatewayOf(block: AddressBlock): Address | undefined {
  return block.gatewayOffset === undefined ? undefined : block.subnet + block.gatewayOffset;
}

/** Whether the block holds the address, usable or not. */
export function contains(block: AddressBlock, address: Address): boolean {
  checkAddress(address);
  return address >= block.subnet && address <= block.last;
}

/** The offset of an address in the block. Throws `address_outside_block`. */
export function offsetOf(block: AddressBlock, address: Address): bigint {
  if (contains(block, address)) return address - block.subnet;
  throw new GantryError(
    ADDRESS_OUTSIDE_BLOCK,
    `${formatAddress(address)} does not lie in address block ${blockTitle(block)}`,
  );
}

/**
 * The address at an offset, for somebody to have it. Throws `address_outside_block`, `address_not_usable` (network and
 * broadcast) or `address_is_gateway`.
 */
export function addressAt(block: AddressBlock, offset: bigint): Address {
  const address = block.subnet + offset;
  if (offset < 0n || address > block.last) {
    throw new GantryError(ADDRESS_OUTSIDE_BLOCK, `address block ${blockTitle(block)} has no offset ${offset}`);
  }
  if (offset < block.firstOffset || offset > block.lastOffset) {
    const role = offset === 0n ? "network" : "broadcast";
    throw new GantryError(
      ADDRESS_NOT_USABLE,
      `${formatAddress(address)} is the ${role} address of address block ${blockTitle(block)}`,
    );
  }
  if (offset === block.gatewayOffset) {
    throw new GantryError(
      ADDRESS_IS_GATEWAY,
      `${formatAddress(address)} is the gateway of address block ${blockTitle(block)}`,
    );
  }
  return address;
}

/** Whether two blocks share an address. */
export function overlaps(one: AddressBlock, other: AddressBlock): boolean {
  return one.subnet <= other.last && other.subnet <= one.last;
}

/** Each block that overlaps a wider (or equal) one, with that one. Two blocks are nested or apart, so one pass in order finds them. */
export function overlappingPairs(blocks: readonly AddressBlock[]): { inner: AddressBlock; outer: AddressBlock }[] {
  const ordered = [...blocks].sort((a, b) =>
    a.subnet === b.subnet ? a.prefix - b.prefix : a.subnet < b.subnet ? -1 : 1,
  );
  const pairs: { inner: AddressBlock; outer: AddressBlock }[] = [];
  const open: AddressBlock[] = [];
  for (const block of ordered) {
    let outer = open.at(-1);
    while (outer !== undefined && outer.last < block.subnet) {
      open.pop();
      outer = open.at(-1);
    }
    if (outer !== undefined) pairs.push({ inner: block, outer });
    open.push(block);
  }
  return pairs;
}

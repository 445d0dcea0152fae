/** Addresses, address blocks and their allocation: what other rooms may import. */
export type { Address } from "./addresses.ts";
export {
  formatAddress,
  fromHex,
  hostMask,
  isIpv4,
  netmask,
  netmaskToPrefix,
  parseAddress,
  toHex,
} from "./addresses.ts";
export type { AddressBlock, Bounds } from "./block.ts";
export {
  addressAt,
  addressBounds,
  blockSize,
  blockText,
  blockTitle,
  contains,
  eachOf,
  gatewayOf,
  makeBlock,
  offsetBounds,
  offsetOf,
  overlappingPairs,
  overlaps,
  parseBlock,
} from "./block.ts";
export type { Taken, Wanted } from "./allocate.ts";
export { addressTaken, allocate, freeAddresses, freeCount, freeRanges, nextFree, takenBy } from "./allocate.ts";
export type { KeptRange } from "./kept.ts";
export { isWithin, keptRanges, keptText, rangeText } from "./kept.ts";
export type { AddressRange } from "./ranges.ts";
export { countRanges, mergeRanges, parseRange } from "./ranges.ts";
export {
  ADDRESS_BLOCK_FULL,
  ADDRESS_BLOCK_INVALID,
  ADDRESS_INVALID,
  ADDRESS_IS_GATEWAY,
  ADDRESS_NOT_USABLE,
  ADDRESS_OUTSIDE_BLOCK,
  ADDRESS_RANGE_INVALID,
  ADDRESS_TAKEN,
  PREFIX_INVALID,
} from "./errors.ts";

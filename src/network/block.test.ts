import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { formatAddress, IPV4_FIRST, parseAddress } from "./addresses.ts";
import type { AddressBlock } from "./block.ts";
import {
  addressAt,
  blockTitle,
  contains,
  makeBlock,
  offsetOf,
  overlappingPairs,
  overlaps,
  parseBlock,
} from "./block.ts";

/** Few different bits, so that blocks often meet. */
const nearby: fc.Arbitrary<AddressBlock> = fc
  .tuple(fc.boolean(), fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 8 }))
  .map(([ipv6, low, short]) =>
    ipv6
      ? makeBlock(parseAddress("2001:db8::") + BigInt(low), 128 - short)
      : makeBlock(parseAddress("10.0.0.0") + BigInt(low), 32 - short),
  );

describe("address blocks", () => {
  test("overlap is symmetric, and true just where an address is shared", () => {
    fc.assert(
      fc.property(nearby, nearby, (one, other) => {
        expect(overlaps(one, other)).toBe(overlaps(other, one));
        expect(overlaps(one, other)).toBe(contains(one, other.subnet) || contains(other, one.subnet));
        expect(overlaps(one, one)).toBe(true);
      }),
    );
  });

  test("the overlapping pairs are found in one pass: there is one wherever two blocks overlap", () => {
    fc.assert(
      fc.property(fc.array(nearby, { maxLength: 12 }), (blocks) => {
        const pairs = overlappingPairs(blocks);
        for (const { inner, outer } of pairs) expect(overlaps(inner, outer)).toBe(true);
        const inners = new Set(pairs.map((pair) => pair.inner));
        const missed = blocks.flatMap((one, index) =>
          blocks.slice(index + 1).filter((other) => overlaps(one, other) && !inners.has(one) && !inners.has(other)),
        );
        expect(missed).toEqual([]);
      }),
    );
  });

  test("offset and address go round", () => {
    fc.assert(
      fc.property(nearby, fc.bigInt({ min: 0n, max: 300n }), (block, offset) => {
        fc.pre(offset >= block.firstOffset && offset <= block.lastOffset);
        expect(offsetOf(block, addressAt(block, offset))).toBe(offset);
      }),
    );
  });

  test("host bits are cleared, the gateway is an address", () => {
    const block = parseBlock("10.0.5.7/24", "10.0.5.1", "lab");
    expect(formatAddress(block.subnet)).toBe("10.0.5.0");
    expect(block.gatewayOffset).toBe(1n);
    expect(blockTitle(block)).toBe("lab (10.0.5.0/24)");
  });

  test.each([
    ["10.0.0.0", undefined, "address_block_invalid"],
    ["10.0.0.0/", undefined, "address_block_invalid"],
    ["10.0.0.0/24/1", undefined, "address_block_invalid"],
    ["10.0.0.0/-1", undefined, "address_block_invalid"],
    ["10.0.0/24", undefined, "address_invalid"],
    ["10.0.0.0/33", undefined, "prefix_invalid"],
    ["10.0.0.0/0", undefined, "prefix_invalid"],
    ["2001:db8::/129", undefined, "prefix_invalid"],
    ["::/64", undefined, "address_block_invalid"],
    ["10.0.0.0/24", "10.0.1.1", "address_block_invalid"],
    ["10.0.0.0/24", "10.0.0.0", "address_block_invalid"],
    ["10.0.0.0/24", "10.0.0.255", "address_block_invalid"],
    ["10.0.0.0/24", "2001:db8::1", "address_block_invalid"],
    ["10.0.0.0/32", "10.0.0.0", "address_block_invalid"],
  ])("%s with gateway %s is refused: %s", (cidr, gateway, code) => {
    expect(() => parseBlock(cidr, gateway)).toThrowError(expect.objectContaining({ code }));
  });

  test("an IPv6 block of one prefix beside the IPv4 range is fine", () => {
    expect(parseBlock("::1:0:0:0/80").subnet).toBeGreaterThan(IPV4_FIRST);
  });
});

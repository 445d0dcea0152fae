import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GantryError } from "../kernel/errors.ts";
import { formatAddress, parseAddress } from "./addresses.ts";
import type { Taken } from "./allocate.ts";
import { allocate, freeAddresses, freeCount, nextFree, takenBy } from "./allocate.ts";
import type { AddressBlock } from "./block.ts";
import { contains, gatewayOf, makeBlock, parseBlock } from "./block.ts";

const small: fc.Arbitrary<AddressBlock> = fc
  .tuple(fc.boolean(), fc.integer({ min: 0, max: 6 }), fc.option(fc.nat(), { nil: undefined }))
  .map(([ipv6, short, gateway]) => {
    const subnet = parseAddress(ipv6 ? "2001:db8::" : "10.0.0.0");
    const prefix = (ipv6 ? 128 : 32) - short;
    const plain = makeBlock(subnet, prefix);
    if (gateway === undefined || plain.size === 1n) return plain;
    return makeBlock(subnet, prefix, plain.firstOffset + (BigInt(gateway) % plain.size));
  });

function codeOf(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof GantryError) return error.code;
    throw error;
  }
}

function texts(addresses: readonly bigint[]): string[] {
  return addresses.map((address) => formatAddress(address));
}

describe("allocation", () => {
  test("hands out every free address once, never network, broadcast or gateway, and then is full", () => {
    fc.assert(
      fc.property(small, fc.array(fc.nat({ max: 80 })), fc.integer({ min: 1, max: 9 }), (block, usedOffsets, step) => {
        const taken: Taken[] = usedOffsets.map((offset) => takenBy(block.subnet + BigInt(offset), "before"));
        const before = new Set(taken.map((one) => one.first));
        const total = Number(freeCount(block, taken));
        const given: bigint[] = [];
        while (given.length < total) {
          const count = Math.min(step, total - given.length);
          const fresh = allocate(block, { count }, taken);
          given.push(...fresh);
          taken.push(...fresh.map((address) => takenBy(address, "test")));
        }
        expect(new Set(given).size).toBe(given.length);
        for (const address of given) {
          expect(contains(block, address)).toBe(true);
          expect(before.has(address)).toBe(false);
          expect(address).not.toBe(gatewayOf(block));
          const unusable = block.firstOffset === 0n ? [] : [block.subnet, block.last];
          expect(unusable).not.toContain(address);
        }
        expect(codeOf(() => allocate(block, { count: 1 }, taken))).toBe("address_block_full");
      }),
    );
  });

  test("what is free is what neither range, nor gateway, nor network and broadcast take: counted, listed and next", () => {
    const range = fc.tuple(fc.bigInt({ min: -3n, max: 70n }), fc.bigInt({ min: 0n, max: 20n }));
    fc.assert(
      fc.property(small, fc.array(range, { maxLength: 6 }), (block, ranges) => {
        const taken = ranges.map(([from, more]) => ({
          first: block.subnet + from,
          last: block.subnet + from + more,
          by: "somebody",
        }));
        const expected: bigint[] = [];
        for (let offset = block.firstOffset; offset <= block.lastOffset; offset += 1n) {
          const address = block.subnet + offset;
          const isTaken = taken.some(({ first, last }) => address >= first && address <= last);
          if (!isTaken && address !== gatewayOf(block)) expected.push(address);
        }
        expect([...freeAddresses(block, taken)]).toEqual(expected);
        expect(freeCount(block, taken)).toBe(BigInt(expected.length));
        expect(nextFree(block, taken)).toBe(expected[0]);
      }),
    );
  });

  test("a block larger than any memory costs as much as what is taken from it", () => {
    const block = parseBlock("2001:db8::/32", "2001:db8::1");
    expect(texts(allocate(block, { count: 2 }, [takenBy(parseAddress("2001:db8::3"), "a")]))).toEqual([
      "2001:db8::2",
      "2001:db8::4",
    ]);
    const wide = { first: parseAddress("2001:db8::"), last: parseAddress("2001:db8:7fff:ffff::fffe") };
    expect(formatAddress(nextFree(block, [wide]) ?? 0n)).toBe("2001:db8:7fff:ffff::ffff");
    expect(freeCount(block, [wide])).toBe((1n << 96n) - 1n - (wide.last - wide.first + 1n));
  });

  test("fixed addresses come first and are not given twice", () => {
    const block = parseBlock("10.0.0.0/29", "10.0.0.1");
    expect(texts(allocate(block, { fixed: [parseAddress("10.0.0.2")], count: 2 }, []))).toEqual([
      "10.0.0.2",
      "10.0.0.3",
      "10.0.0.4",
    ]);
  });

  test.each([
    ["10.0.1.2", "address_outside_block"],
    ["2001:db8::1", "address_outside_block"],
    ["10.0.0.0", "address_not_usable"],
    ["10.0.0.7", "address_not_usable"],
    ["10.0.0.1", "address_is_gateway"],
    ["10.0.0.5", "address_taken"],
  ])("fixed %s: %s", (text, code) => {
    const block = parseBlock("10.0.0.0/29", "10.0.0.1", "lab");
    const taken = [takenBy(parseAddress("10.0.0.5"), "structure web1")];
    expect(codeOf(() => allocate(block, { fixed: [parseAddress(text)] }, taken))).toBe(code);
  });

  test("all problems of fixed addresses are told at once, with the owner and duplicates", () => {
    const block = parseBlock("10.0.0.0/29", undefined, "lab");
    const fixed = ["10.0.0.5", "10.0.0.6", "10.0.0.6", "10.0.0.7"].map(parseAddress);
    const taken = [takenBy(parseAddress("10.0.0.5"), "structure web1")];
    let caught: unknown;
    try {
      allocate(block, { fixed }, taken);
    } catch (error) {
      caught = error;
    }
    expect((caught as GantryError).problems.map((one) => one.message)).toEqual([
      "10.0.0.5 of address block lab (10.0.0.0/29) is taken: structure web1",
      "10.0.0.6 of address block lab (10.0.0.0/29) is taken: wanted twice",
      "10.0.0.7 is the broadcast address of address block lab (10.0.0.0/29)",
    ]);
  });

  test("a full block names itself and its size", () => {
    const block = parseBlock("10.0.0.0/30", "10.0.0.1", "lab");
    const taken = [takenBy(parseAddress("10.0.0.2"), "web1")];
    expect(() => allocate(block, { count: 1 }, taken)).toThrowError(
      "address block lab (10.0.0.0/30) is full: 2 usable addresses, 1 more wanted",
    );
    expect(() => allocate(block, { count: 5 }, [])).toThrowError(
      "address block lab (10.0.0.0/30) has 1 free: 2 usable addresses, 5 more wanted",
    );
  });
});

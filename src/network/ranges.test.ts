import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ADDRESS_LAST, formatAddress } from "./addresses.ts";
import { parseBlock } from "./block.ts";
import { keptRanges, keptText, rangeText } from "./kept.ts";
import { countRanges, gapsBetween, mergeRanges, parseRange } from "./ranges.ts";

describe("a range", () => {
  test.each([
    ["10.0.0.5", "10.0.0.5", ""],
    ["10.0.0.5 old printer", "10.0.0.5", "old printer"],
    ["10.0.0.1-10.0.0.9", "10.0.0.1-10.0.0.9", ""],
    [" 10.0.0.1 - 10.0.0.9   two switches: a-b ", "10.0.0.1-10.0.0.9", "two switches: a-b"],
    ["10.0.0.9-10.0.0.9 one", "10.0.0.9", "one"],
    ["FD00:0::5-fd00::00ff", "fd00::5-fd00::ff", ""],
    ["fd00::5 cafe", "fd00::5", "cafe"],
  ])("%s", (text, range, reason) => {
    const read = parseRange(text);
    expect(rangeText(read)).toBe(range);
    expect(read.reason).toBe(reason);
  });

  test.each([
    ["printer", '"printer" is not a range: FIRST, or FIRST-LAST, and perhaps a reason behind a space'],
    ["10.0.0.9-10.0.0.1", '"10.0.0.9-10.0.0.1" ends before it begins'],
    ["10.0.0.1-10.0.0.300", '"10.0.0.300" is not an address'],
    ["10.0.0.0/30", '"10.0.0.0/30" is not a range: FIRST, or FIRST-LAST, and perhaps a reason behind a space'],
    [`10.0.0.1 ${"x".repeat(201)}`, "has a reason of more than 200 characters"],
  ])("%s is none", (text, message) => {
    expect(() => parseRange(text)).toThrowError(message);
  });

  test("reads back as it is written", () => {
    const address = fc.bigInt({ min: 0n, max: ADDRESS_LAST });
    const reason = fc.stringMatching(/^([a-z]([a-z0-9 -]{0,20}[a-z0-9])?)?$/);
    fc.assert(
      fc.property(address, address, reason, (a, b, why) => {
        const range = { first: a < b ? a : b, last: a < b ? b : a, reason: why };
        expect(parseRange(keptText(range))).toEqual(range);
      }),
    );
  });
});

test("merged ranges and the gaps between them are the whole, each number once", () => {
  const range = fc.tuple(fc.bigInt({ min: -5n, max: 40n }), fc.bigInt({ min: 0n, max: 9n }));
  fc.assert(
    fc.property(fc.array(range, { maxLength: 8 }), fc.bigInt({ min: 0n, max: 30n }), (pairs, size) => {
      const whole = { first: 0n, last: size };
      const ranges = pairs.map(([first, more]) => ({ first, last: first + more }));
      const merged = mergeRanges(ranges);
      const gaps = [...gapsBetween(whole, merged)];
      for (let one = whole.first; one <= whole.last; one += 1n) {
        const holds = ({ first, last }: { first: bigint; last: bigint }): boolean => one >= first && one <= last;
        expect(merged.filter(holds).length).toBe(ranges.some(holds) ? 1 : 0);
        expect(gaps.filter(holds).length).toBe(ranges.some(holds) ? 0 : 1);
      }
      const inside = merged
        .map(({ first, last }) => ({ first: first < 0n ? 0n : first, last: last > size ? size : last }))
        .filter(({ first, last }) => first <= last);
      expect(countRanges(gaps) + countRanges(inside)).toBe(size + 1n);
    }),
  );
});

describe("what is kept of a block", () => {
  const block = parseBlock("10.0.0.0/24", "10.0.0.1", "lab");

  test("says which, why, and by what kind", () => {
    const kept = keptRanges(block, ["10.0.0.5 printer", "10.0.0.1-10.0.0.9"], ["10.0.0.100-10.0.0.199"]);
    expect(kept.map(({ by }) => by)).toEqual([
      "reserved (10.0.0.5 printer)",
      "reserved (10.0.0.1-10.0.0.9)",
      "dynamic (10.0.0.100-10.0.0.199)",
    ]);
  });

  test("half of a /64 is one range", () => {
    const wide = parseBlock("fd00::/64", undefined, "wide");
    const [half] = keptRanges(wide, [], ["fd00::8000:0:0:0-fd00::ffff:ffff:ffff:ffff phones"]);
    expect(half === undefined ? "" : formatAddress(half.last)).toBe("fd00::ffff:ffff:ffff:ffff");
  });

  test.each([
    [["10.0.1.5"], [], "10.0.1.5 is to be reserved, but does not lie in address block lab (10.0.0.0/24)"],
    [[], ["10.0.0.200-10.0.1.5"], "10.0.1.5 is to be dynamic, but does not lie in address block lab (10.0.0.0/24)"],
    [
      [],
      ["10.0.0.1-10.0.0.9"],
      "the dynamic range 10.0.0.1-10.0.0.9 of address block lab (10.0.0.0/24) holds the gateway 10.0.0.1",
    ],
    [
      ["10.0.0.150 printer"],
      ["10.0.0.100-10.0.0.199"],
      "the dynamic range 10.0.0.100-10.0.0.199 of address block lab (10.0.0.0/24) overlaps the reserved 10.0.0.150",
    ],
    [
      [],
      ["10.0.0.100-10.0.0.199", "10.0.0.199-10.0.0.220"],
      "the dynamic range 10.0.0.100-10.0.0.199 of address block lab (10.0.0.0/24) overlaps the dynamic 10.0.0.199-10.0.0.220",
    ],
  ])("reserved %j, dynamic %j is refused", (reserved, dynamic, message) => {
    expect(() => keptRanges(block, reserved, dynamic)).toThrowError(message);
  });
});

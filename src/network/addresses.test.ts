import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ADDRESS_LAST,
  formatAddress,
  fromHex,
  IPV4_FIRST,
  IPV4_LAST,
  netmask,
  netmaskToPrefix,
  parseAddress,
  toHex,
} from "./addresses.ts";

const ipv4 = fc.bigInt({ min: IPV4_FIRST, max: IPV4_LAST });
const sparse = fc
  .array(fc.constantFrom(0n, 0n, 1n, 0xffffn, 0xdb8n), { minLength: 8, maxLength: 8 })
  .map((groups) => groups.reduce<bigint>((address, group) => (address << 16n) + group, 0n));
const address = fc.oneof(ipv4, sparse, fc.bigInt({ min: 0n, max: ADDRESS_LAST }));

describe("addresses", () => {
  test("text and number go round, in both notations", () => {
    fc.assert(
      fc.property(address, fc.boolean(), (one, asIpv6) => {
        expect(parseAddress(formatAddress(one, asIpv6))).toBe(one);
      }),
    );
  });

  test("the stored text goes round and sorts as the numbers do", () => {
    fc.assert(
      fc.property(address, address, (one, other) => {
        expect(fromHex(toHex(one))).toBe(one);
        expect(toHex(one) < toHex(other)).toBe(one < other);
        expect(toHex(one)).toHaveLength(32);
      }),
    );
  });

  test("a netmask gives back its prefix", () => {
    for (let prefix = 0; prefix <= 32; prefix += 1) expect(netmaskToPrefix(netmask(prefix, false))).toBe(prefix);
    for (let prefix = 0; prefix <= 128; prefix += 1) expect(netmaskToPrefix(netmask(prefix, true))).toBe(prefix);
  });

  test.each([
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::FFFF:a00:1", "10.0.0.1"],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
    ["1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
    ["0:0:0:0:0:0:0:1", "::1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ])("%s is %s", (text, expected) => {
    expect(formatAddress(parseAddress(text))).toBe(expected);
  });

  test.each([
    "",
    " 10.0.0.1",
    "10.0.0.1 ",
    "010.0.0.1",
    "10.0.0.1.2",
    "1e1.0.0.1",
    ":::",
    "1:2:3:4:5:6:7:8::",
    "1:2:3:4:5:6:7:8:9",
    "::12345",
    "fe80::1%eth0",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::1.2.3",
    "10.0.0.1/24",
    "٣.0.0.1",
    "1".repeat(1_000_000),
  ])("%.40s is no address", (text) => {
    expect(() => parseAddress(text)).toThrowError(expect.objectContaining({ code: "address_invalid" }));
  });

  test.each(["", "0", "G".repeat(32), "A".repeat(32), "0".repeat(33)])("%s is no stored address", (text) => {
    expect(() => fromHex(text)).toThrowError(expect.objectContaining({ code: "address_invalid" }));
  });
});

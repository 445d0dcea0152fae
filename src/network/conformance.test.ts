import { existsSync, readFileSync } from "node:fs";
import { resolve as resolvePath } from "node:path";
import { describe, expect, test } from "vitest";
import { GantryError } from "../kernel/errors.ts";
import type { AddressBlock } from "./index.ts";
import {
  addressAt,
  addressBounds,
  blockSize,
  contains,
  eachOf,
  formatAddress,
  freeAddresses,
  gatewayOf,
  hostMask,
  isIpv4,
  makeBlock,
  netmask,
  netmaskToPrefix,
  offsetBounds,
  offsetOf,
  parseAddress,
} from "./index.ts";

interface Vector {
  readonly fn: string;
  readonly args: unknown[];
  readonly returns?: unknown;
  readonly raises?: string;
  readonly accident?: boolean;
}

const root = resolvePath(import.meta.dirname, "../..");
const file = resolvePath(root, process.env["GANTRY_CONFORMANCE"] ?? "../shared/conformance", "tscript/ip.json");
const present = existsSync(file);
if (!present) process.stderr.write(`skipped: no address vectors at ${file}\n`);

/** What we do instead, by choice, where the recorded result is an accident. */
const improved = new Map<string, { returns?: unknown; raises?: string }>([
  // One leading colon is no notation at all; RFC 4291 writes two.
  ['format [{"$int":"281470681743361"},true]', { returns: "::ffff:0.0.0.1" }],
  ['format [{"$int":"281472812449793"},true]', { returns: "::ffff:127.0.0.1" }],
  // 10.0.0.3 is no netmask, so it has no prefix; a guess would make a block of half the internet.
  ['netmask_to_prefix [{"$int":"281470849515523"}]', { raises: "invalid" }],
]);

/** `{"$int": "…"}` stands for whole numbers beyond 2^53. */
function decode(value: unknown): unknown {
  if (typeof value === "object" && value !== null && "$int" in value) return BigInt(String(value.$int));
  return value;
}

function encode(value: unknown): unknown {
  if (typeof value === "bigint") return { $int: value.toString() };
  if (Array.isArray(value)) return value.map(encode);
  return value ?? null;
}

function block(subnet: string, prefix: number, gateway: number | null): AddressBlock {
  return makeBlock(parseAddress(subnet), prefix, gateway === null ? undefined : BigInt(gateway));
}

function pair(bounds: { first: bigint; last: bigint }): bigint[] {
  return [bounds.first, bounds.last];
}

// The vectors also call with arguments of a wrong type; `never` lets them through to the checks at run time.
const functions: Record<string, (...args: never[]) => unknown> = {
  // Absent stays absent in our types, so null is answered here.
  parse: (text: string | null) => (text === null ? null : parseAddress(text)),
  format: (address: bigint | null, asIpv6: boolean) => (address === null ? null : formatAddress(address, asIpv6)),
  is_v4: isIpv4,
  host_mask: hostMask,
  netmask,
  netmask_to_prefix: netmaskToPrefix,
  size: blockSize,
  bounds: (address: bigint, prefix: number, unusable: boolean, asOffsets: boolean) =>
    pair(asOffsets ? offsetBounds(address, prefix, unusable) : addressBounds(address, prefix, unusable)),
  range: (address: bigint, prefix: number, unusable: boolean, asOffsets: boolean) => [
    ...eachOf(asOffsets ? offsetBounds(address, prefix, unusable) : addressBounds(address, prefix, unusable)),
  ],
  block(subnet: string, prefix: number, gateway: number | null) {
    const made = block(subnet, prefix, gateway);
    const gatewayAddress = gatewayOf(made);
    return {
      subnet: formatAddress(made.subnet),
      last: formatAddress(made.last),
      netmask: formatAddress(made.netmask),
      gateway: gatewayAddress === undefined ? null : formatAddress(gatewayAddress),
      size: encode(made.size),
      first_offset: encode(made.firstOffset),
      last_offset: encode(made.lastOffset),
    };
  },
  address_at: (subnet: string, prefix: number, gateway: number | null, offset: number) =>
    formatAddress(addressAt(block(subnet, prefix, gateway), BigInt(offset))),
  contains: (subnet: string, prefix: number, address: string) =>
    contains(block(subnet, prefix, null), parseAddress(address)),
  offset_of: (subnet: string, prefix: number, address: string) =>
    offsetOf(block(subnet, prefix, null), parseAddress(address)),
  free_offsets: (subnet: string, prefix: number, gateway: number | null, used: number[]) =>
    freeOffsets(block(subnet, prefix, gateway), used.map(BigInt)).map(Number),
};

/** Offsets nobody has, as the vectors count them. */
function freeOffsets(one: AddressBlock, used: readonly bigint[]): bigint[] {
  const taken = used.map((offset) => ({ first: one.subnet + offset, last: one.subnet + offset }));
  return [...freeAddresses(one, taken)].map((address) => address - one.subnet);
}

/** Our codes, and what the vectors call them. */
const kinds: Record<string, string> = {
  address_invalid: "invalid",
  prefix_invalid: "invalid",
  address_block_invalid: "invalid",
  address_outside_block: "out_of_range",
  address_not_usable: "out_of_range",
  address_is_gateway: "gateway",
};

function outcome(vector: Vector): { returns?: unknown; raises?: string } {
  const called = functions[vector.fn];
  if (called === undefined) throw new Error(`no function ${vector.fn}`);
  try {
    return { returns: encode(called(...(vector.args.map(decode) as never[]))) };
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    return { raises: kinds[error.code] ?? error.code };
  }
}

describe.skipIf(!present)("address vectors", () => {
  const vectors = (present ? JSON.parse(readFileSync(file, "utf8")) : []) as Vector[];

  test("every function of the vectors is known, and every accident has its answer", () => {
    expect(vectors.filter((vector) => functions[vector.fn] === undefined)).toEqual([]);
    const accidents = vectors.filter((vector) => vector.accident).map((one) => `${one.fn} ${JSON.stringify(one.args)}`);
    expect(accidents.toSorted()).toEqual([...improved.keys()].toSorted());
  });

  test.each(vectors.map((vector) => [`${vector.fn} ${JSON.stringify(vector.args)}`, vector] as const))(
    "%s",
    (title, vector) => {
      const { returns, raises } = improved.get(title) ?? vector;
      expect(outcome(vector)).toEqual(raises === undefined ? { returns } : { raises });
    },
  );
});

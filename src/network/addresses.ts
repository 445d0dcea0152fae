/**
 * Address arithmetic on whole numbers. An address is 128 bits wide, and IPv4 a.b.c.d is 0xffff00000000 plus its 32 bits
 * (RFC 4291, IPv4-mapped), so that both families share one type and one order.
 */
import { GantryError } from "../kernel/errors.ts";
import { ADDRESS_INVALID, PREFIX_INVALID } from "./errors.ts";

/** 0 to 2^128 - 1. */
export type Address = bigint;

export const IPV4_FIRST: Address = 0xffff00000000n;
export const IPV4_LAST: Address = 0xffffffffffffn;
export const ADDRESS_LAST: Address = (1n << 128n) - 1n;

/** The longest notation there is: six groups and a dotted IPv4 address. */
const LONGEST_TEXT = 45;

export function isIpv4(address: Address): boolean {
  return address >= IPV4_FIRST && address <= IPV4_LAST;
}

/** Bits of an address of the family: 32 or 128. */
export function widthOf(ipv6: boolean): number {
  return ipv6 ? 128 : 32;
}

/** Throws `address_invalid` for anything but a number of 128 bits. */
export function checkAddress(address: Address): void {
  if (typeof address !== "bigint" || address < 0n || address > ADDRESS_LAST) {
    throw new GantryError(ADDRESS_INVALID, `${String(address)} is not an address`);
  }
}

/** Throws `prefix_invalid` unless `prefix` is a whole number from `least` to the width of the family. */
export function checkPrefix(prefix: number, ipv6: boolean, least = 0): void {
  if (Number.isInteger(prefix) && prefix >= least && prefix <= widthOf(ipv6)) return;
  const family = ipv6 ? "IPv6" : "IPv4";
  throw new GantryError(PREFIX_INVALID, `${String(prefix)} is not a prefix of ${family}: ${least} to ${widthOf(ipv6)}`);
}

/** Reads any notation of IPv4 and IPv6, also IPv6 with an embedded IPv4 address. Throws `address_invalid`. */
export function parseAddress(text: string): Address {
  const address = typeof text === "string" && text.length <= LONGEST_TEXT ? tryParse(text) : undefined;
  if (address !== undefined) return address;
  throw new GantryError(ADDRESS_INVALID, `${JSON.stringify(String(text).slice(0, 60))} is not an address`);
}

function tryParse(text: string): Address | undefined {
  if (text.includes(":")) return parseIpv6(text);
  const bits = parseIpv4(text);
  return bits === undefined ? undefined : IPV4_FIRST + bits;
}

/** The 32 bits of a.b.c.d. Leading zeros are refused: programs disagree whether 010 is ten or eight. */
function parseIpv4(text: string): bigint | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let bits = 0n;
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bits = (bits << 8n) + BigInt(part);
  }
  return bits;
}

function parseIpv6(text: string): Address | undefined {
  const [front = "", back, ...rest] = text.split("::");
  if (rest.length > 0) return undefined;
  const head = parseGroups(front, back === undefined);
  const tail = back === undefined ? [] : parseGroups(back, true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for one group or more; without it nothing may be missing.
  if (back === undefined ? missing !== 0 : missing < 1) return undefined;
  return (joinGroups(head) << BigInt(16 * (8 - head.length))) + joinGroups(tail);
}

function joinGroups(groups: readonly number[]): bigint {
  return groups.reduce((address, group) => (address << 16n) + BigInt(group), 0n);
}

/** Groups of 16 bits. Only the last part of the whole address may be dotted. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const parts = text.split(":");
  const groups: number[] = [];
  for (const [index, part] of parts.entries()) {
    if (last && index === parts.length - 1 && part.includes(".")) {
      const bits = parseIpv4(part);
      if (bits === undefined) return undefined;
      groups.push(Number(bits >> 16n), Number(bits & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/**
 * The text of an address: dotted for IPv4, else lower case IPv6 with the first longest run of two or more zero groups
 * shortened (RFC 5952). With `asIpv6` an IPv4 address is written as `::ffff:a.b.c.d`.
 */
export function formatAddress(address: Address, asIpv6 = false): string {
  checkAddress(address);
  if (!isIpv4(address)) return formatIpv6(address);
  const dotted = [24n, 16n, 8n, 0n].map((shift) => (address >> shift) & 0xffn).join(".");
  return asIpv6 ? `::ffff:${dotted}` : dotted;
}

function formatIpv6(address: Address): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((address >> BigInt(112 - 16 * index)) & 0xffffn));
  let start = 0;
  let length = 1;
  for (let from = 0; from < 8; from += 1) {
    let to = from;
    while (to < 8 && groups[to] === 0) to += 1;
    if (to - from > length) {
      start = from;
      length = to - from;
    }
  }
  const texts = groups.map((group) => group.toString(16));
  if (length < 2) return texts.join(":");
  return `${texts.slice(0, start).join(":")}::${texts.slice(start + length).join(":")}`;
}

/** All host bits of a prefix set, as an address of its family. Throws `prefix_invalid`. */
export function hostMask(prefix: number, ipv6: boolean): Address {
  checkPrefix(prefix, ipv6);
  const bits = (1n << BigInt(widthOf(ipv6) - prefix)) - 1n;
  return ipv6 ? bits : IPV4_FIRST + bits;
}

/** All network bits of a prefix set, as an address of its family. Throws `prefix_invalid`. */
export function netmask(prefix: number, ipv6: boolean): Address {
  return (ipv6 ? ADDRESS_LAST : IPV4_FIRST + IPV4_LAST) - hostMask(prefix, ipv6);
}

/** The prefix of a netmask. Throws `prefix_invalid` for an address whose ones do not all stand in front. */
export function netmaskToPrefix(mask: Address): number {
  checkAddress(mask);
  const ipv6 = !isIpv4(mask);
  const hostBits = (ipv6 ? ADDRESS_LAST : IPV4_LAST) - mask;
  const length = hostBits === 0n ? 0 : hostBits.toString(2).length;
  const prefix = widthOf(ipv6) - length;
  if (hostBits + 1n === 1n << BigInt(length)) return prefix;
  throw new GantryError(PREFIX_INVALID, `${formatAddress(mask)} is not a netmask`);
}

/** For storage: 32 lower-case hexadecimal digits, so that texts sort as the addresses do. */
export function toHex(address: Address): string {
  checkAddress(address);
  return address.toString(16).padStart(32, "0");
}

/** The reverse of `toHex`. Throws `address_invalid`. */
export function fromHex(text: string): Address {
  if (!/^[0-9a-f]{32}$/.test(text)) {
    throw new GantryError(ADDRESS_INVALID, `${JSON.stringify(text.slice(0, 60))} is not a stored address`);
  }
  return BigInt(`0x${text}`);
}

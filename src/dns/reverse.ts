import { formatAddress, parseAddress, parseBlock, type Address, type AddressBlock } from "../network/index.ts";

/**
 * Names of addresses in `in-addr.arpa` and `ip6.arpa`. IPv4 zones begin at whole octets, longer prefixes than 24 have a zone within that
 * of their /24 (RFC 2317); IPv6 zones begin at whole nibbles.
 */

const IPV4_ROOT = "in-addr.arpa";
const IPV6_ROOT = "ip6.arpa";

/** The longest IPv6 prefix a zone has: below it there would be one address a zone. */
const LONGEST_IPV6 = 124;

/** The addresses of one octet that a zone of RFC 2317 holds. */
export interface OctetRange {
  /** The zone of the /24 they lie in. */
  readonly octets: string;
  readonly first: number;
  readonly last: number;
}

/** `5.2.0.192.in-addr.arpa`: the name under which an address is looked up. `text`: dotted, or any form of IPv6. */
export function reverseName(text: string): string {
  if (!text.includes(":")) return `${text.split(".").reverse().join(".")}.${IPV4_ROOT}`;
  const nibbles = parseAddress(text).toString(16).padStart(32, "0");
  let name = "";
  for (let index = nibbles.length - 1; index >= 0; index -= 1) name += `${nibbles[index]}.`;
  return name + IPV6_ROOT;
}

export function isReverseZone(name: string): boolean {
  return name === IPV4_ROOT || name === IPV6_ROOT || name.endsWith(`.${IPV4_ROOT}`) || name.endsWith(`.${IPV6_ROOT}`);
}

/** How an address block is cut into zones. */
export interface ReverseCut {
  /** Whether the block has one zone; else it has one for each part of it that is used. */
  readonly single: boolean;
  /** The zone of an address in the block, by the name of the address. */
  zoneOf(reverseName: string): string;
}

export function reverseCut(block: AddressBlock): ReverseCut {
  if (block.ipv6) {
    const prefix = Math.min(Math.ceil(block.prefix / 4) * 4, LONGEST_IPV6);
    const labels = 32 - prefix / 4;
    return { single: prefix <= block.prefix, zoneOf: (name) => withoutLabels(name, labels) };
  }
  if (block.prefix > 24) {
    const zone = classlessZone(block);
    return { single: true, zoneOf: () => zone };
  }
  const prefix = block.prefix <= 8 ? 8 : Math.ceil(block.prefix / 8) * 8;
  const labels = 4 - prefix / 8;
  return { single: prefix === block.prefix, zoneOf: (name) => withoutLabels(name, labels) };
}

/** `0-25.2.0.192.in-addr.arpa`: RFC 2317 leaves the form open; a slash would be in the way in file names and URLs. */
function classlessZone(block: AddressBlock): string {
  const name = reverseName(formatAddress(block.subnet));
  const octet = name.slice(0, name.indexOf("."));
  return `${octet}-${block.prefix}.${withoutLabels(name, 1)}`;
}

/** The addresses of a zone in the form of RFC 2317: `0-25`, `0/25` (first and prefix) or `0-127` (first and last). */
export function octetRange(zone: string): OctetRange | undefined {
  const match = /^(\d{1,3})([-/])(\d{1,3})\.((?:\d{1,3}\.){3}in-addr\.arpa)$/.exec(zone);
  if (match === null) return undefined;
  const [, firstText = "", , secondText = "", octets = ""] = match;
  const [first, second] = [Number(firstText), Number(secondText)];
  const last = second >= 25 && second <= 32 ? first + 2 ** (32 - second) - 1 : second;
  return first <= last && last <= 255 ? { octets, first, last } : undefined;
}

/** Zones of these nobody outside answers for, so that ours do. Source: RFC 1918, RFC 6598, RFC 3927, RFC 1122. */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8"].map(
  (text) => parseBlock(text),
);

export function isPrivate(address: Address): boolean {
  return PRIVATE.some((block) => address >= block.subnet && address <= block.last);
}

function withoutLabels(name: string, count: number): string {
  let start = 0;
  for (let left = count; left > 0; left -= 1) start = name.indexOf(".", start) + 1;
  return name.slice(start);
}

/** `2.0.192.in-addr.arpa` of `0-25.2.0.192.in-addr.arpa`. */
export function above(name: string): string {
  return withoutLabels(name, 1);
}

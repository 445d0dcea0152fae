import type { AddressBlockData, HeldAddress, SiteData } from "../inventory/index.ts";
import type { Json } from "../kernel/json.ts";
import {
  addressAt,
  formatAddress,
  netmask,
  parseAddress,
  parseBlock,
  parseRange,
  toHex,
  type Address,
  type AddressBlock,
  type AddressRange,
} from "../network/index.ts";
import type { ImportRow, SaidAddress } from "./import-model.ts";

/**
 * Addresses that a source says, put into the address blocks there are. Sources say addresses of networks nobody keeps blocks for, and the
 * same address twice: such an address stays in the variables it came from, and nobody holds it. Pure.
 */

export interface PlaceParts {
  readonly rows: readonly ImportRow[];
  readonly blocks: ReadonlyMap<string, AddressBlockData>;
  readonly sites: ReadonlyMap<string, Pick<SiteData, "parent">>;
  /** Structures that are there, but for those the import is about. */
  readonly others: Iterable<{ readonly name: string; readonly addresses: readonly HeldAddress[] }>;
  readonly warn: (message: string) => void;
}

interface Known {
  readonly name: string;
  readonly block: AddressBlock;
  readonly site: string;
  readonly kept: readonly AddressRange[];
}

/** The rows, with `addresses` of their structures. */
export function placeAddresses(parts: PlaceParts): readonly ImportRow[] {
  const { rows, warn } = parts;
  const sites = new Map<string, string | null>([...parts.sites].map(([name, { parent }]) => [name, parent]));
  const blocks = new Map(parts.blocks);
  for (const { kind, name, data } of rows) {
    if (kind === "address_block")
      blocks.set(name, { gateway: null, reserved: [], dynamic: [], ...blocks.get(name), ...data } as never);
    if (kind === "site" && (Object.hasOwn(data, "parent") || !sites.has(name)))
      sites.set(name, (data["parent"] ?? null) as string | null);
  }
  if (blocks.size === 0) return rows;
  const { find, prefixes } = indexOf(blocks);
  if (prefixes.length === 0) return rows;
  const holders = new Map<string, string>();
  for (const { name, addresses } of parts.others)
    for (const { block, address } of addresses) holders.set(keyOf(block, parseAddress(address)), name);

  function place(row: ImportRow, { address: text, interface: device }: SaidAddress): HeldAddress | undefined {
    const address = tryParse(text);
    if (address === undefined) return undefined;
    const chain = chainOf(sites, String(row.data["site"]));
    const known = find(address).find(({ site }) => chain.has(site));
    if (known === undefined) return undefined;
    const shown = formatAddress(address);
    if (!isUsable(known, address)) {
      warn(`'${row.name}' says it has ${shown}, which address block ${known.name} gives to nobody`);
      return undefined;
    }
    const key = keyOf(known.name, address);
    const holder = holders.get(key);
    if (holder !== undefined && holder !== row.name) {
      warn(`'${row.name}' says it has ${shown}, which '${holder}' has`);
      return undefined;
    }
    holders.set(key, row.name);
    return { block: known.name, address: shown, ...(device === undefined ? {} : { interface: device }) };
  }

  return rows.map((row) => {
    const { addresses } = row;
    if (addresses === undefined || addresses.length === 0) return row;
    const held = new Map(
      addresses.flatMap((said) => {
        const placed = place(row, said);
        return placed === undefined ? [] : [[`${placed.block} ${placed.address}`, placed] as const];
      }),
    );
    return held.size === 0 ? row : { ...row, data: { ...row.data, addresses: [...held.values()] as unknown as Json } };
  });
}

/** The innermost blocks first. */
function indexOf(blocks: ReadonlyMap<string, AddressBlockData>): {
  readonly prefixes: readonly number[];
  find(address: Address): readonly Known[];
} {
  const index = new Map<string, Known[]>();
  const prefixes = new Map<string, { readonly prefix: number; readonly ipv6: boolean }>();
  for (const [name, data] of blocks) {
    const block = parseBlock(data.subnet, data.gateway ?? undefined);
    const known = { name, block, site: data.site, kept: [...data.reserved, ...data.dynamic].map(parseRange) };
    prefixes.set(`${block.ipv6} ${block.prefix}`, block);
    const key = `${block.ipv6} ${block.prefix} ${block.subnet}`;
    index.set(key, [...(index.get(key) ?? []), known]);
  }
  const ordered = [...prefixes.values()].sort((a, b) => b.prefix - a.prefix);
  return {
    prefixes: ordered.map(({ prefix }) => prefix),
    find: (address) =>
      ordered.flatMap(({ prefix, ipv6 }) => index.get(`${ipv6} ${prefix} ${address & netmask(prefix, ipv6)}`) ?? []),
  };
}

function isUsable({ block, kept }: Known, address: Address): boolean {
  try {
    addressAt(block, address - block.subnet);
  } catch {
    return false;
  }
  return kept.every(({ first, last }) => address < first || address > last);
}

function tryParse(text: string): Address | undefined {
  try {
    return parseAddress(text);
  } catch {
    return undefined;
  }
}

function keyOf(block: string, address: Address): string {
  return `${block} ${toHex(address)}`;
}

function chainOf(sites: ReadonlyMap<string, string | null>, site: string): ReadonlySet<string> {
  const chain = new Set<string>();
  for (let name: string | null = site; name !== null && !chain.has(name); name = sites.get(name) ?? null)
    chain.add(name);
  return chain;
}

import { GantryError, problem, type Place, type Problem } from "../kernel/errors.ts";
import {
  ADDRESS_BLOCK_FULL,
  ADDRESS_BLOCK_INVALID,
  ADDRESS_OUTSIDE_BLOCK,
  ADDRESS_TAKEN,
  addressAt,
  blockText,
  blockTitle,
  contains,
  formatAddress,
  freeCount,
  offsetOf,
  overlappingPairs,
  parseAddress,
  parseBlock,
  type Address,
  type AddressBlock,
  type Taken,
} from "../network/index.ts";
import type { AddressBlockData } from "../inventory/index.ts";
import type { Parts } from "./build.ts";
import { BLOCKS_OVERLAP } from "./errors.ts";
import { placeKey } from "./model.ts";
import type { Sections } from "./sections.ts";

/** So many addresses of a block may be kept back one by one. */
const RESERVED_LIMIT = 65_536;

/** The addresses nobody gets, from `10.0.0.5` and `10.0.0.1-10.0.0.9`. Throws the errors of `network`. */
function reservedAddresses(block: AddressBlock, reserved: readonly string[]): readonly Taken[] {
  const taken: Taken[] = [];
  for (const text of reserved) {
    const [firstText = "", lastText = firstText, ...rest] = text.split("-").map((part) => part.trim());
    const first = parseAddress(firstText);
    const last = parseAddress(lastText);
    if (rest.length > 0 || last < first)
      throw new GantryError(ADDRESS_BLOCK_INVALID, `'${text}' is not a range: FIRST-LAST`);
    for (const end of [first, last]) {
      if (contains(block, end)) continue;
      throw new GantryError(
        ADDRESS_OUTSIDE_BLOCK,
        `${formatAddress(end)} is to be reserved, but does not lie in address block ${blockTitle(block)}`,
      );
    }
    if (last - first >= BigInt(RESERVED_LIMIT - taken.length)) {
      throw new GantryError(
        ADDRESS_BLOCK_INVALID,
        `more than ${RESERVED_LIMIT} addresses of ${blockTitle(block)} are reserved; make two blocks of it`,
      );
    }
    for (let address = first; address <= last; address += 1n) taken.push({ address, by: `reserved (${text})` });
  }
  return taken;
}

/** A block as documents and the inventory write it, made ready for arithmetic. Throws the errors of `network`. */
export function openBlock(data: AddressBlockData): { block: AddressBlock; reserved: readonly Taken[] } {
  const block = parseBlock(data.subnet, data.gateway ?? undefined, data.name);
  return { block, reserved: reservedAddresses(block, data.reserved) };
}

/** Blocks that cannot be, overlap within a site, or are asked for more than they have; addresses that cannot be had. */
export function checkAddresses(sections: Sections, parts: Parts, problems: Problem[]): void {
  const blocks = new Map<string, { block: AddressBlock; reserved: readonly Taken[] }>();
  for (const [name, data] of parts.addressBlocks) {
    const place = parts.places.get(placeKey("address_block", name));
    const opened = attempt(() => openBlock(data), place, problems);
    if (opened !== undefined) blocks.set(name, opened);
  }
  checkOverlaps(parts, blocks, problems);

  const owners = new Map<string, Map<Address, string>>();
  const open = new Map<string, { count: number; place: Place }>();
  for (const [name, { block, reserved }] of blocks) {
    owners.set(name, new Map(reserved.map(({ address, by }) => [address, by])));
    open.set(block.name ?? name, { count: 0, place: { file: "" } });
  }
  for (const written of sections.entries.structures.values()) {
    for (const [index, request] of written.value.addresses.entries()) {
      const opened = blocks.get(request.block);
      const taken = owners.get(request.block);
      if (opened === undefined || taken === undefined) continue;
      const path = [...written.path, "addresses", index];
      if (request.address === null || request.address === undefined) {
        const before = open.get(request.block)?.count ?? 0;
        open.set(request.block, { count: before + 1, place: written.document.placeOf(path) });
        continue;
      }
      const text = request.address;
      attempt(
        () => takeFixed(opened.block, text, `structure ${written.name}`, taken),
        written.document.placeOf([...path, "address"]),
        problems,
      );
    }
  }
  for (const [name, { count, place }] of open) {
    const opened = blocks.get(name);
    if (opened === undefined || count === 0) continue;
    const free = freeCount(opened.block, owners.get(name)?.keys() ?? []);
    if (BigInt(count) <= free) continue;
    const message = `address block ${blockTitle(opened.block)} has ${free} free ${free === 1n ? "address" : "addresses"}, ${count} are wanted`;
    problems.push(problem(ADDRESS_BLOCK_FULL, message, place));
  }
}

function takeFixed(block: AddressBlock, text: string, by: string, taken: Map<Address, string>): void {
  const address = parseAddress(text);
  addressAt(block, offsetOf(block, address));
  const owner = taken.get(address);
  if (owner !== undefined)
    throw new GantryError(
      ADDRESS_TAKEN,
      `${formatAddress(address)} of address block ${blockTitle(block)} is taken: ${owner}`,
    );
  taken.set(address, by);
}

function checkOverlaps(parts: Parts, blocks: ReadonlyMap<string, { block: AddressBlock }>, problems: Problem[]): void {
  const bySite = new Map<string, AddressBlock[]>();
  for (const [name, { block }] of blocks) {
    const site = parts.addressBlocks.get(name)?.site ?? "";
    const list = bySite.get(site);
    if (list === undefined) bySite.set(site, [block]);
    else list.push(block);
  }
  for (const [site, list] of bySite) {
    for (const { inner, outer } of overlappingPairs(list)) {
      const message = `address blocks '${inner.name}' (${blockText(inner)}) and '${outer.name}' (${blockText(outer)}) of site '${site}' overlap`;
      problems.push(problem(BLOCKS_OVERLAP, message, parts.places.get(placeKey("address_block", inner.name ?? ""))));
    }
  }
}

/** Runs something that throws coded errors, and makes problems of them. */
function attempt<T>(action: () => T, place: Place | undefined, problems: Problem[]): T | undefined {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    problems.push(problem(error.kind, error.message, place));
    return undefined;
  }
}

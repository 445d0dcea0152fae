import { GantryError, problem, type Place, type Problem } from "../kernel/errors.ts";
import {
  ADDRESS_BLOCK_FULL,
  addressAt,
  addressTaken,
  blockText,
  blockTitle,
  freeCount,
  isWithin,
  offsetOf,
  overlappingPairs,
  parseAddress,
  parseBlock,
  takenBy,
  type Address,
  type AddressBlock as Block,
} from "../network/index.ts";
import { ADDRESS_ELSEWHERE, openBlock, sitesTouch, type AddressBlock, type OpenBlock } from "../inventory/index.ts";
import type { Parts } from "./build.ts";
import { BLOCKS_OVERLAP } from "./errors.ts";
import { placeKey, type Design } from "./model.ts";
import type { Sections } from "./sections.ts";

/** Blocks that cannot be, overlap within a site, or are asked for more than they have; addresses that cannot be had. */
export function checkAddresses(sections: Sections, parts: Parts, problems: Problem[]): void {
  const blocks = new Map<string, OpenBlock>();
  for (const [name, data] of parts.addressBlocks) {
    const place = parts.places.get(placeKey("address_block", name));
    const opened = attempt(() => openBlock(data), place, problems);
    if (opened !== undefined) blocks.set(name, opened);
  }
  checkOverlaps(parts, blocks, problems);

  const owners = new Map<string, Map<Address, string>>();
  const open = new Map<string, { count: number; place: Place }>();
  for (const [name, { block }] of blocks) {
    owners.set(name, new Map());
    open.set(block.name ?? name, { count: 0, place: { file: "" } });
  }
  for (const written of sections.entries.structures.values()) {
    for (const [index, request] of written.value.addresses.entries()) {
      const opened = blocks.get(request.block);
      const taken = owners.get(request.block);
      if (opened === undefined || taken === undefined) continue;
      const path = [...written.path, "addresses", index];
      const blockSite = parts.addressBlocks.get(request.block)?.site ?? "";
      if (isApart(parts, written.value.site, blockSite)) {
        const message = `structure '${written.name}' is in site '${written.value.site}', address block '${request.block}' in site '${blockSite}': neither lies within the other`;
        problems.push(problem(ADDRESS_ELSEWHERE, message, written.document.placeOf([...path, "block"])));
      }
      if (request.address === null || request.address === undefined) {
        const before = open.get(request.block)?.count ?? 0;
        open.set(request.block, { count: before + 1, place: written.document.placeOf(path) });
        continue;
      }
      const text = request.address;
      attempt(
        () => takeFixed(opened, text, `structure ${written.name}`, taken),
        written.document.placeOf([...path, "address"]),
        problems,
      );
    }
  }
  for (const [name, { count, place }] of open) {
    const opened = blocks.get(name);
    if (opened === undefined || count === 0) continue;
    const free = freeCount(opened.block, [
      ...opened.kept,
      ...[...(owners.get(name)?.keys() ?? [])].map((address) => takenBy(address, "")),
    ]);
    if (BigInt(count) <= free) continue;
    const message = `address block ${blockTitle(opened.block)} has ${free} free ${free === 1n ? "address" : "addresses"}, ${count} are wanted`;
    problems.push(problem(ADDRESS_BLOCK_FULL, message, place));
  }
}

/** Whether both sites are there, and neither lies within the other. */
function isApart(parts: Parts, one: string, other: string): boolean {
  return one !== other && parts.sites.has(one) && parts.sites.has(other) && !sitesTouch(parts, one, other);
}

function takeFixed({ block, kept }: OpenBlock, text: string, by: string, taken: Map<Address, string>): void {
  const address = parseAddress(text);
  addressAt(block, offsetOf(block, address));
  const owner = taken.get(address) ?? kept.find((range) => isWithin(address, range))?.by;
  if (owner !== undefined) throw addressTaken(block, address, owner);
  taken.set(address, by);
}

function checkOverlaps(parts: Parts, blocks: ReadonlyMap<string, { block: Block }>, problems: Problem[]): void {
  const opened = [...blocks].map(([name, { block }]) => ({ block, site: parts.addressBlocks.get(name)?.site ?? "" }));
  problems.push(...overlapsOf(opened, parts.places));
}

/** Blocks of the design that share addresses with one of somebody else in the same site. Throws `blocks_overlap`, with every case. */
export function checkForeignOverlaps(
  { addressBlocks, places }: Pick<Design, "addressBlocks" | "places">,
  rows: ReadonlyMap<string, AddressBlock>,
  owner: string,
): void {
  const sites = new Set([...addressBlocks.values()].map(({ site }) => site));
  const others = [...rows.values()].filter(
    (row) => sites.has(row.site) && row.wanted === "built" && row.managedBy !== owner && !addressBlocks.has(row.name),
  );
  if (others.length === 0) return;
  const opened = [...addressBlocks.values(), ...others].map(({ name, subnet, site }) => ({
    block: parseBlock(subnet, undefined, name),
    site,
  }));
  const problems = overlapsOf(opened, places).filter(({ where }) => where !== undefined);
  const [first] = problems;
  if (first !== undefined) throw new GantryError(BLOCKS_OVERLAP, first.message, { problems });
}

function overlapsOf(
  blocks: Iterable<{ readonly block: Block; readonly site: string }>,
  places: ReadonlyMap<string, Place>,
): readonly Problem[] {
  const bySite = new Map<string, Block[]>();
  for (const { block, site } of blocks) {
    const list = bySite.get(site);
    if (list === undefined) bySite.set(site, [block]);
    else list.push(block);
  }
  return [...bySite].flatMap(([site, list]) =>
    overlappingPairs(list).map(({ inner, outer }) => {
      const message = `address blocks '${inner.name}' (${blockText(inner)}) and '${outer.name}' (${blockText(outer)}) of site '${site}' overlap`;
      const [own, other] = [inner, outer].map(({ name }) => places.get(placeKey("address_block", name ?? "")));
      return problem(BLOCKS_OVERLAP, message, own ?? other);
    }),
  );
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

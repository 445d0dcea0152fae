import { GantryError } from "../kernel/errors.ts";
import {
  ADDRESS_OUTSIDE_BLOCK,
  ADDRESS_TAKEN,
  addressAt,
  addressTaken,
  blockText,
  contains,
  formatAddress,
  isWithin,
  offsetOf,
  overlappingPairs,
  parseAddress,
  parseBlock,
  type Address,
  type AddressBlock as Block,
} from "../network/index.ts";
import { openBlock, sitesTouch, type OpenBlock } from "./allocation.ts";
import type { Draft } from "./edit-draft.ts";
import type { AnyRow, ProblemList } from "./edit-model.ts";
import { stayingTouched } from "./edit-touched.ts";
import { ADDRESS_BLOCKS_OVERLAP, ADDRESS_ELSEWHERE, MEMBER_INVALID } from "./errors.ts";
import type { AddressBlock, HeldAddress, Structure, World } from "./model.ts";

/** An address block made ready for arithmetic, with its texts in the form in which they are kept. */
interface DraftBlock extends OpenBlock {
  readonly data: AddressBlock;
}

/**
 * Blocks that cannot be or overlap within their site; addresses outside of their block, kept back, or somebody else's. Texts take their
 * shortest form on the way.
 */
export function checkAddresses(draft: Draft, problems: ProblemList): void {
  const opened = new Map<string, DraftBlock | undefined>();
  for (const { after, index } of stayingTouched<AddressBlock>(draft, "address_block")) {
    const one = attempt(() => openWritten(after), { index, kind: "address_block", name: after.name }, problems);
    opened.set(after.name, one);
    if (one !== undefined && one.data !== after) draft.put("address_block", one.data, index);
  }
  checkOverlaps(draft, opened, problems);

  function open(name: string): DraftBlock | undefined {
    if (!opened.has(name)) {
      const data = draft.get("address_block", name) as AddressBlock | undefined;
      opened.set(name, data === undefined ? undefined : { ...openBlock(data), data });
    }
    return opened.get(name);
  }

  const sites = sitesOf(draft);
  const claims = new Map<string, { readonly name: string; readonly index: number }>();
  for (const { after, before, index } of stayingTouched<Structure>(draft, "structure")) {
    const at = { index, kind: "structure", name: after.name } as const;
    const had = new Set((before as Structure | undefined)?.addresses.map(keyOf));
    const addresses = after.addresses.map((held) => {
      const block = open(held.block);
      if (block === undefined) return held;
      return (
        attempt(() => usable({ sites }, after, block, held, had), at, problems, `structure '${after.name}': `) ?? held
      );
    });
    if (addresses.some((held, place) => held !== after.addresses[place]))
      draft.put("structure", { ...after, addresses } as AnyRow, index);
    for (const held of addresses) {
      const key = keyOf(held);
      const other = claims.get(key);
      if (other !== undefined) taken(after.name, held, other.name, index, problems);
      claims.set(key, { name: after.name, index });
    }
  }
  checkOthers(draft, claims, opened, problems);
}

/** Those that were not touched: they hold what others claim, or their block was drawn away from under them. */
function checkOthers(
  draft: Draft,
  claims: ReadonlyMap<string, { readonly name: string; readonly index: number }>,
  opened: ReadonlyMap<string, DraftBlock | undefined>,
  problems: ProblemList,
): void {
  const blocks = draft.touched("address_block");
  if (claims.size === 0 && blocks.size === 0) return;
  const touched = draft.touched("structure");
  for (const { name, wanted, addresses } of draft.snapshot.structures.values()) {
    if (addresses.length === 0 || wanted === "absent" || touched.has(name)) continue;
    for (const held of addresses) {
      const claim = claims.get(keyOf(held));
      if (claim !== undefined) taken(claim.name, held, name, claim.index, problems);
      const changed = blocks.get(held.block);
      const block = opened.get(held.block);
      if (changed === undefined || block === undefined) continue;
      const at = { index: changed.index, kind: "address_block", name: held.block } as const;
      const address = parseAddress(held.address);
      const why = contains(block.block, address) ? keptBack(block, address) : "outside of it";
      if (
        why === undefined ||
        (why !== "outside of it" && wasKept(changed.before as AddressBlock | undefined, address))
      )
        continue;
      const error = why === "outside of it" ? ADDRESS_OUTSIDE_BLOCK : ADDRESS_TAKEN;
      problems.add(error, at, `address block '${held.block}': ${held.address} of structure '${name}' would be ${why}`);
    }
    if (problems.full) return;
  }
}

function wasKept(before: AddressBlock | undefined, address: Address): boolean {
  return before !== undefined && keptBack(openBlock(before), address) !== undefined;
}

function taken(name: string, held: HeldAddress, other: string, index: number, problems: ProblemList): void {
  const who = other === name ? "it is named twice" : `structure '${other}' has it`;
  const message = `structure '${name}': ${held.address} of address block '${held.block}' is taken: ${who}`;
  problems.add(ADDRESS_TAKEN, { index, kind: "structure", name }, message);
}

function keyOf({ block, address }: HeldAddress): string {
  return `${block} ${address}`;
}

/** The address in its shortest form. What a structure has already it keeps, though it be kept back by now. Throws the errors of `network`. */
function usable(
  world: Pick<World, "sites">,
  structure: Structure,
  block: DraftBlock,
  held: HeldAddress,
  had: ReadonlySet<string>,
): HeldAddress {
  const address = parseAddress(held.address);
  const text = formatAddress(address);
  const same = text === held.address ? held : { ...held, address: text };
  addressAt(block.block, offsetOf(block.block, address));
  if (had.has(keyOf(same))) return same;
  const why = keptBack(block, address);
  if (why !== undefined) throw addressTaken(block.block, address, why);
  if (sitesTouch(world, structure.site, block.data.site)) return same;
  const { name, site } = block.data;
  throw new GantryError(
    ADDRESS_ELSEWHERE,
    `it is in site '${structure.site}', address block '${name}' in site '${site}': neither lies within the other`,
  );
}

function keptBack({ kept }: OpenBlock, address: Address): string | undefined {
  return kept.find((range) => isWithin(address, range))?.by;
}

/** Sites as they will be. */
function sitesOf(draft: Draft): World["sites"] {
  if (draft.touched("site").size === 0) return draft.snapshot.sites;
  return new Map([...draft.rows("site")].map((row) => [row.name, row])) as unknown as World["sites"];
}

/** A block as somebody writes it: its subnet is not an address within. Throws the errors of `network`, `member_invalid`. */
function openWritten(data: AddressBlock): DraftBlock {
  const opened = openBlock(data);
  const subnet = blockText(opened.block);
  if (opened.block.subnet !== parseAddress(data.subnet.split("/")[0] ?? ""))
    throw new GantryError(
      MEMBER_INVALID,
      `subnet: ${data.subnet} is an address within ${subnet}; write the block as ${subnet}`,
    );
  const gateway = data.gateway === null ? null : formatAddress(parseAddress(data.gateway));
  const same = subnet === data.subnet && gateway === data.gateway;
  return { ...opened, data: same ? data : { ...data, subnet, gateway } };
}

function checkOverlaps(draft: Draft, opened: ReadonlyMap<string, DraftBlock | undefined>, problems: ProblemList): void {
  const sites = new Set([...opened.values()].flatMap((one) => (one === undefined ? [] : [one.data.site])));
  if (sites.size === 0) return;
  const bySite = new Map<string, Block[]>();
  for (const data of draft.rows("address_block") as Iterable<AddressBlock>) {
    if (!sites.has(data.site) || data.wanted === "absent") continue;
    const known = opened.get(data.name);
    if (known === undefined && opened.has(data.name)) continue;
    const list = bySite.get(data.site) ?? [];
    list.push(known?.block ?? parseBlock(data.subnet, undefined, data.name));
    bySite.set(data.site, list);
  }
  for (const [site, blocks] of bySite) {
    for (const { inner, outer } of overlappingPairs(blocks)) {
      const [mine, other] = opened.has(inner.name ?? "") ? [inner, outer] : [outer, inner];
      const touched = draft.touched("address_block").get(mine.name ?? "");
      if (touched === undefined) continue;
      const at = { index: touched.index, kind: "address_block", name: mine.name ?? "" } as const;
      const message = `address block '${mine.name}' (${blockText(mine)}) overlaps '${other.name}' (${blockText(other)}) in site '${site}'`;
      problems.add(ADDRESS_BLOCKS_OVERLAP, at, message);
    }
  }
}

function attempt<Result>(
  work: () => Result,
  at: Parameters<ProblemList["add"]>[1],
  problems: ProblemList,
  before = `address block '${at.name}': `,
): Result | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof GantryError)) throw error;
    problems.add(error.kind, at, `${before}${error.message}`);
    return undefined;
  }
}

import { GantryError, problem, type Place, type Problem } from "../kernel/errors.ts";
import {
  ADDRESS_BLOCK_FULL,
  ADDRESS_TAKEN,
  allocate,
  blockTitle,
  contains,
  formatAddress,
  freeCount,
  gatewayOf,
  isWithin,
  parseAddress,
  takenBy,
  type Address,
  type AddressBlock,
  type KeptRange,
  type Taken,
} from "../network/index.ts";
import { openBlock, type AddressBlockData, type HeldAddress, type Structure } from "../inventory/index.ts";
import { placeKey, type DesignStructure } from "./model.ts";

/** A block while its addresses are given out. */
interface Ledger {
  readonly block: AddressBlock;
  /** Reservations and dynamic ranges. */
  readonly kept: readonly KeptRange[];
  /** Addresses that are somebody's, by owner. */
  readonly taken: Map<Address, string>;
  /** Addresses of what is going away. */
  readonly leaving: Set<Address>;
  /** Requests for any address, in the order of the design. */
  readonly open: { readonly structure: string; readonly index: number }[];
}

export interface AllocationInput {
  /** The structures of the design. */
  readonly wanted: ReadonlyMap<string, DesignStructure>;
  readonly blocks: ReadonlyMap<string, AddressBlockData>;
  /** Every structure of the inventory. */
  readonly rows: ReadonlyMap<string, Structure>;
  /** Whether a row that the design does not name is to go away. */
  readonly goes: (row: Structure) => boolean;
  readonly places: ReadonlyMap<string, Place>;
}

/**
 * Gives every structure its addresses: the ones it asks for by name, the ones it has already, and the lowest free ones of the block for
 * the rest, in the order of the design. Addresses of what is going away are given out again only when nothing else is free.
 *
 * The same input gives the same addresses. Throws `address_block_full` or `address_taken`, with every case.
 */
export function allocateAddresses(input: AllocationInput): ReadonlyMap<string, readonly HeldAddress[]> {
  const { wanted, rows, places } = input;
  const problems: Problem[] = [];
  const ledgers = new Map([...input.blocks].map(([name, data]) => [name, openLedger(data)]));
  for (const [name, row] of rows) {
    if (wanted.has(name)) continue;
    for (const { block, address } of row.addresses) {
      const ledger = ledgers.get(block);
      if (input.goes(row)) ledger?.leaving.add(parseAddress(address));
      else ledger?.taken.set(parseAddress(address), `structure ${name}`);
    }
  }
  const result = new Map<string, (HeldAddress | undefined)[]>();
  for (const [name, structure] of wanted) {
    const has = rows.get(name)?.addresses ?? [];
    result.set(name, takeFixed(name, structure, has, ledgers, places, problems));
  }
  for (const [name, structure] of wanted)
    keepHeld(name, structure, rows.get(name)?.addresses ?? [], result.get(name) ?? [], ledgers);
  for (const [blockName, ledger] of ledgers) {
    const chosen = choose(ledger);
    if (chosen === undefined) {
      const place = places.get(placeKey("structure", ledger.open.at(-1)?.structure ?? ""));
      const message = `address block ${blockTitle(ledger.block)} is full: ${ledger.open.length} more addresses are wanted`;
      problems.push(problem(ADDRESS_BLOCK_FULL, message, place));
      continue;
    }
    for (const [position, { structure, index }] of ledger.open.entries()) {
      const address = chosen[position];
      const list = result.get(structure);
      const port = wanted.get(structure)?.addresses[index]?.interface;
      if (address !== undefined && list !== undefined)
        list[index] = onInterface({ block: blockName, address: formatAddress(address) }, port);
    }
  }
  const [first] = problems;
  if (first !== undefined) {
    const kind = first.code === ADDRESS_TAKEN.code ? ADDRESS_TAKEN : ADDRESS_BLOCK_FULL;
    throw new GantryError(kind, first.message, { problems, ...(first.where && { where: first.where }) });
  }
  return new Map([...result].map(([name, list]) => [name, list.filter((one) => one !== undefined)]));
}

function openLedger(data: AddressBlockData): Ledger {
  const { block, kept } = openBlock(data);
  return {
    block,
    kept,
    taken: new Map(),
    leaving: new Set(),
    open: [],
  };
}

function takeFixed(
  name: string,
  structure: DesignStructure,
  has: readonly HeldAddress[],
  ledgers: ReadonlyMap<string, Ledger>,
  places: ReadonlyMap<string, Place>,
  problems: Problem[],
): (HeldAddress | undefined)[] {
  return structure.addresses.map(({ block, address, interface: port }) => {
    if (address === null) return undefined;
    const ledger = ledgers.get(block);
    const owner = ledger?.taken.get(parseAddress(address));
    if (owner !== undefined) {
      problems.push(
        problem(
          ADDRESS_TAKEN,
          `${address} of address block '${block}' is taken: ${owner}`,
          places.get(placeKey("structure", name)),
        ),
      );
    }
    ledger?.taken.set(parseAddress(address), `structure ${name}`);
    // Whose interface it is on is left to others, unless the design says it.
    const held = has.find((one) => one.block === block && one.address === address)?.interface;
    return onInterface({ block, address }, port ?? held);
  });
}

function onInterface({ block, address }: HeldAddress, port: string | undefined): HeldAddress {
  return port === undefined ? { block, address } : { block, address, interface: port };
}

/** Open requests are answered with what the structure has of the block; what then is still open is written down. */
function keepHeld(
  name: string,
  structure: DesignStructure,
  has: readonly HeldAddress[],
  list: (HeldAddress | undefined)[],
  ledgers: ReadonlyMap<string, Ledger>,
): void {
  const left = has.filter(({ block, address: text }) => {
    const ledger = ledgers.get(block);
    const address = parseAddress(text);
    if (ledger === undefined || !contains(ledger.block, address)) return false;
    return !ledger.taken.has(address) && !isKept(ledger, address) && gatewayOf(ledger.block) !== address;
  });
  for (const [index, { block, address, interface: port }] of structure.addresses.entries()) {
    if (address !== null) continue;
    const at = left.findIndex((one) => one.block === block);
    const [held] = at < 0 ? [] : left.splice(at, 1);
    list[index] = held === undefined ? undefined : onInterface(held, port ?? held.interface);
    if (held === undefined) ledgers.get(block)?.open.push({ structure: name, index });
    else ledgers.get(block)?.taken.set(parseAddress(held.address), `structure ${name}`);
  }
}

function isKept({ kept }: Ledger, address: Address): boolean {
  return kept.some((range) => isWithin(address, range));
}

/** Free addresses, lowest first; those of what is going away behind them. Undefined when there are not enough. */
function choose(ledger: Ledger): readonly Address[] | undefined {
  const { block, open } = ledger;
  if (open.length === 0) return [];
  const kept = [...ledger.kept, ...taken(ledger.taken.keys())];
  const all = [...kept, ...taken(ledger.leaving)];
  const free = freeCount(block, all);
  const first = free < BigInt(open.length) ? Number(free) : open.length;
  const chosen = allocate(block, { count: first }, all);
  const missing = open.length - first;
  if (missing === 0) return chosen;
  const others = [...kept, ...taken(chosen)];
  if (freeCount(block, others) < BigInt(missing)) return undefined;
  return [...chosen, ...allocate(block, { count: missing }, others)];
}

function taken(addresses: Iterable<Address>): readonly Taken[] {
  return [...addresses].map((address) => takenBy(address, "somebody"));
}

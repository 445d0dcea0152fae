import type { Id } from "../kernel/ids.ts";
import type { Snapshot } from "./model.ts";

export interface UnusedRecord {
  readonly table: "site" | "address_block" | "blueprint";
  readonly id: Id;
  readonly name: string;
  readonly version: number;
}

/**
 * Sites, address blocks and blueprints that are to go and that nothing refers to: neither what stays, nor what is still there and will be
 * destroyed as it was built.
 */
export function unusedRecords(snapshot: Snapshot): readonly UnusedRecord[] {
  const built = [...snapshot.foundations.values(), ...snapshot.structures.values()];
  const used = {
    site: new Set(built.flatMap(({ site, build }) => [site, build?.site ?? site])),
    address_block: new Set(
      [...snapshot.structures.values()].flatMap(({ addresses }) => addresses.map(({ block }) => block)),
    ),
    blueprint: new Set(
      built.flatMap(({ blueprint, build }) => [blueprint, build?.blueprint ?? blueprint]).filter((one) => one !== null),
    ),
  };
  // What stays, or is still used, keeps what it refers to itself.
  keepAll(used.blueprint, snapshot.blueprints, ({ parents }) => parents);
  const blocks = [...snapshot.addressBlocks.values()];
  for (const block of blocks)
    if (block.wanted === "built" || used.address_block.has(block.name)) used.site.add(block.site);
  keepAll(used.site, snapshot.sites, ({ parent }) => (parent === null ? [] : [parent]));
  return [
    ...unused("address_block", blocks, used.address_block),
    ...unused("blueprint", snapshot.blueprints.values(), used.blueprint),
    ...unused("site", snapshot.sites.values(), used.site),
  ];
}

interface Leaving {
  readonly id: Id;
  readonly name: string;
  readonly version: number;
  readonly wanted: "built" | "absent";
}

function keepAll<Row extends Leaving>(
  used: Set<string>,
  rows: ReadonlyMap<string, Row>,
  next: (row: Row) => readonly string[],
): void {
  const open = [...used, ...[...rows.values()].filter(({ wanted }) => wanted === "built").map(({ name }) => name)];
  const seen = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    used.add(name);
    const row = rows.get(name);
    if (row !== undefined) open.push(...next(row));
  }
}

function unused(
  table: UnusedRecord["table"],
  rows: Iterable<Leaving>,
  used: ReadonlySet<string>,
): readonly UnusedRecord[] {
  return [...rows]
    .filter(({ wanted, name }) => wanted === "absent" && !used.has(name))
    .map(({ id, name, version }) => ({ table, id, name, version }));
}

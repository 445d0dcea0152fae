import type { HeldAddress, Managed, Snapshot, Structure, StructureData, World } from "../inventory/index.ts";
import type { Compared } from "./decision.ts";
import type { DesignStructure, FieldChange } from "./model.ts";

/** Merges every thing that is the design's to write with what others keep in its row. */
export function mergeAll<Data, Row extends Managed>(
  compared: readonly Compared<Data, Row>[],
  asData: (row: Row) => Data,
  merge: (wanted: Data, actual: Data, conflicts: readonly FieldChange[]) => Data,
): ReadonlyMap<string, Data> {
  const merged = new Map<string, Data>();
  for (const { name, wanted, row, standing, comparison } of compared) {
    if (wanted === undefined || standing === "foreign") continue;
    merged.set(
      name,
      row === undefined || standing !== "kept" ? wanted : merge(wanted, asData(row), comparison.conflicts),
    );
  }
  return merged;
}

/** What the design makes of its rows, over what is there: a row that is to go stays as long as somebody else's row needs it. */
export function overlay<Data, Row extends Data>(
  rows: ReadonlyMap<string, Row>,
  merged: ReadonlyMap<string, Data>,
): ReadonlyMap<string, Data> {
  return new Map<string, Data>([...rows, ...merged]);
}

/** Structures are members of something only for as long as they are to stay. */
export function staying(
  owner: string,
  rows: ReadonlyMap<string, Structure>,
  merged: ReadonlyMap<string, StructureData>,
): ReadonlyMap<string, StructureData> {
  const others = [...rows].filter(([, row]) => row.managedBy !== owner && row.wanted === "built");
  return new Map<string, StructureData>([...others, ...merged]);
}

export function withAddresses(structure: DesignStructure, addresses: readonly HeldAddress[]): StructureData {
  return { ...structure, addresses };
}

/** The inventory as its jobs will leave it, if nothing is applied: everything that is to be is built. */
export function asPlanned(snapshot: Snapshot): World {
  return {
    ...snapshot,
    structures: new Map([...snapshot.structures].map(([name, row]) => [name, { ...row, state: "built" as const }])),
  };
}

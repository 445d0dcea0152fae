import {
  isMade,
  type HeldAddress,
  type Managed,
  type Snapshot,
  type Structure,
  type StructureData,
  type World,
} from "../inventory/index.ts";
import { mergedWith, type Compared } from "./decision.ts";
import type { Kind } from "./members.ts";
import type { DesignStructure } from "./model.ts";

/** Merges every thing that is the design's to write with what others keep in its row. */
export function mergeAll<Data, Row extends Data & Managed>(
  compared: readonly Compared<Data, Row>[],
  kind: Kind<Data>,
): ReadonlyMap<string, Data> {
  const merged = new Map<string, Data>();
  for (const one of compared) {
    const data = mergedWith(one, kind);
    if (data !== undefined) merged.set(one.name, data);
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

/** The inventory as its jobs will leave it, if nothing is applied: everything that is made is built. */
export function asPlanned(snapshot: Snapshot): World {
  return {
    ...snapshot,
    structures: new Map(
      [...snapshot.structures].map(([name, row]) => [name, isMade(row) ? { ...row, state: "built" as const } : row]),
    ),
  };
}

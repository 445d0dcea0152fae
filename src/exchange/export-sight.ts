import type { RightPlaces } from "../access/index.ts";
import { placeOf, type Snapshot } from "../inventory/index.ts";

/**
 * A snapshot as far as it may be read by whose rights reach only some places: its sites, groups and structures. What an export is of is
 * chosen from this; what the hosts then are is worked out from all. Pure.
 */
export function readableOf(snapshot: Snapshot, { sites, groups }: RightPlaces): Snapshot {
  const own = { sites: new Set(sites), groups: new Set(groups) };
  function readable<Row extends object>(
    kind: "site" | "group" | "structure",
    rows: ReadonlyMap<string, Row>,
  ): ReadonlyMap<string, Row> {
    return new Map(
      [...rows].filter(([, row]) => {
        const place = placeOf(snapshot, kind, row);
        return place.sites.some((id) => own.sites.has(id)) || place.groups.some((id) => own.groups.has(id));
      }),
    );
  }
  return {
    ...snapshot,
    sites: readable("site", snapshot.sites),
    groups: readable("group", snapshot.groups),
    structures: readable("structure", snapshot.structures),
  };
}

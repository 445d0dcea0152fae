import {
  foundationOf,
  isMade,
  occupants,
  standingStructures,
  type Buildable as Build,
  type BuildRecord,
  type Managed,
  type Snapshot,
} from "../inventory/index.ts";
import type { Buildable, ForemanView } from "./decide.ts";

/** The inventory as the foreman looks at it. Names become ids. */
export function foremanView(snapshot: Snapshot): ForemanView {
  const standing = standingStructures(snapshot);
  // What we do not build is of no concern but when its row is to go.
  const structures = standing.filter((one) => isMade(one) || one.wanted === "absent");
  const idOfStructure = new Map(structures.map((one) => [one.name, one.id]));
  const occupant = occupants(standing);
  const onFoundation = new Map<string, string[]>();
  for (const structure of structures) {
    // What is to move stands where it was built until it is taken off there.
    for (const name of new Set([structure.foundation, structure.build?.foundation ?? structure.foundation])) {
      if (name === null) continue;
      const list = onFoundation.get(name);
      if (list === undefined) onFoundation.set(name, [structure.id]);
      else list.push(structure.id);
    }
  }
  return {
    foundations: [...snapshot.foundations.values()].map((one) => ({
      ...buildable(one, occupant.get(one.name)?.addresses ?? []),
      structures: onFoundation.get(one.name) ?? [],
    })),
    structures: structures.map((one) => ({
      ...buildable(one, one.addresses),
      foundationId: foundationOf(snapshot, one)?.id ?? "",
      dependsOn: one.dependsOn.flatMap((name) => idOfStructure.get(name) ?? []),
    })),
  };
}

function buildable(
  one: Managed & Build<BuildRecord> & { readonly name: string },
  addresses: readonly { readonly address: string }[],
): Buildable {
  const takes = addresses.map(({ address }) => address);
  // What a job is at, or gave up, may have the addresses it was to get.
  const unsure = one.build === null || one.state === "building" || one.state === "failed";
  return {
    id: one.id,
    name: one.name,
    state: one.state,
    wanted: one.wanted,
    stale: one.stale,
    rebuild: one.rebuild,
    jobId: one.jobId,
    failed: one.failure !== null,
    holds: [...new Set([...(one.build?.addresses ?? []), ...(unsure ? takes : [])])],
    takes,
  };
}

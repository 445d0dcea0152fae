import { foundationTypeFacts, hardwareOf, hardwareProblems, type MachineFacts } from "../blueprints/index.ts";
import { occupants, siteChain, type Foundation, type Snapshot } from "../inventory/index.ts";
import type { Candidate } from "./match.ts";

/** Foundations that a machine at a site may be, as an inventory says. Pure. */

export function candidatesAt(snapshot: Snapshot, site: string, facts: MachineFacts): readonly Candidate[] {
  const standing = occupants(snapshot.structures.values());
  const found = [...snapshot.foundations.values()].filter((one) => isFound(one) && isBelow(snapshot, one.site, site));
  const interfaces = Map.groupBy(snapshot.interfaces.values(), (one) => one.foundation ?? "");
  return found.map((one) => ({
    name: one.name,
    systemUuid: one.systemUuid,
    machine: one.machineId,
    located: one.locatedAt !== null,
    interfaces: (interfaces.get(one.name) ?? []).map(({ device, mac, linkName }) => ({ device, mac, linkName })),
    addresses: standing.get(one.name)?.addresses.map(({ address }) => address) ?? [],
    problems: hardwareProblems(hardwareOf(snapshot.blueprints, one.blueprint), facts),
  }));
}

/** Whether it is a machine that stands somewhere, and is to stay. */
export function isFound({ type, wanted }: Pick<Foundation, "type" | "wanted">): boolean {
  return wanted === "built" && foundationTypeFacts(type).origin === "found";
}

function isBelow(snapshot: Snapshot, site: string, above: string): boolean {
  return siteChain(snapshot, site).includes(above);
}

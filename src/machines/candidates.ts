import { foundationTypeFacts, hardwareOf, hardwareProblems, type MachineFacts } from "../blueprints/index.ts";
import { occupants, siteChain, type Foundation, type Snapshot } from "../inventory/index.ts";
import type { Candidate } from "./match.ts";

/** Foundations that a machine at a site may be, as an inventory says. Pure. */

export function candidatesAt(snapshot: Snapshot, site: string, facts: MachineFacts): readonly Candidate[] {
  const standing = occupants(snapshot.structures.values());
  // Sites and blueprints are few, and foundations many.
  const within = once((name: string) => siteChain(snapshot, name).includes(site));
  const lacking = once((name: string) => hardwareProblems(hardwareOf(snapshot.blueprints, name), facts));
  const found = [...snapshot.foundations.values()].filter((one) => isFound(one) && within(one.site));
  const interfaces = Map.groupBy(snapshot.interfaces.values(), (one) => one.foundation ?? "");
  return found.map((one) => ({
    name: one.name,
    systemUuid: one.systemUuid,
    machine: one.machineId,
    located: one.locatedAt !== null,
    interfaces: (interfaces.get(one.name) ?? []).map(({ device, mac, linkName }) => ({ device, mac, linkName })),
    addresses: standing.get(one.name)?.addresses.map(({ address }) => address) ?? [],
    problems: lacking(one.blueprint),
  }));
}

function once<Value>(make: (name: string) => Value): (name: string) => Value {
  const made = new Map<string, Value>();
  return (name) => {
    if (!made.has(name)) made.set(name, make(name));
    return made.get(name) as Value;
  };
}

/** Whether it is a machine that stands somewhere, and is to stay. */
function isFound({ type, wanted }: Pick<Foundation, "type" | "wanted">): boolean {
  return wanted === "built" && foundationTypeFacts(type).origin === "found";
}

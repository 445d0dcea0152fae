import {
  attributesOf,
  indexesOf,
  type Foundation,
  type Interface,
  type Snapshot,
  type Structure,
} from "../inventory/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";

/** Structures on a foundation, in the order of their names. */
export function structuresOn(snapshot: Snapshot, foundation: string): readonly Structure[] {
  return indexesOf(snapshot)
    .structures("foundation", foundation)
    .flatMap((name) => snapshot.structures.get(name) ?? [])
    .filter((one) => one.foundation === foundation);
}

/** Interfaces of a structure or a foundation: the provisioning one first, then by device. */
export function interfacesOf(
  snapshot: Snapshot,
  owner: "structure" | "foundation",
  name: string,
): readonly Interface[] {
  return indexesOf(snapshot)
    .interfacesOf(owner, name)
    .flatMap((one) => snapshot.interfaces.get(one) ?? [])
    .toSorted((a, b) => Number(b.provisioning) - Number(a.provisioning) || (a.device < b.device ? -1 : 1));
}

/**
 * What a driver's function is told of a foundation (`docs/drivers.md`); references to secrets among the attributes are not opened yet.
 * `asBuilt`: with the addresses and the hostname it was made with, else with those of what is to stand on it. Pure.
 */
export function foundationParameters(snapshot: Snapshot, one: Foundation, asBuilt: boolean): JsonObject {
  const build = asBuilt ? one.build : null;
  const structures = build === null ? structuresOn(snapshot, one.name) : [];
  const addresses =
    build?.addresses ?? structures.flatMap((structure) => structure.addresses.map((held) => held.address));
  const host = one.placedOn === null ? undefined : snapshot.structures.get(one.placedOn);
  return {
    id: one.id,
    name: one.name,
    attributes: attributesOf(snapshot, one),
    addresses: addresses as readonly Json[],
    hostname: (build === null ? structures[0]?.hostname : build.hostname) ?? one.name,
    built: one.build !== null,
    interfaces: interfacesOf(snapshot, "foundation", one.name)
      .filter(({ type }) => type === "real")
      .map(({ device, mac, provisioning }) => ({ device, mac, provisioning })),
    host: host === undefined ? null : { name: host.name, address: host.addresses[0]?.address ?? null },
  };
}

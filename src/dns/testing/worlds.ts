import { addressBlock, emptySnapshot, site, structure, zone } from "../../inventory/testing.ts";
import type { AddressBlock, Site, Snapshot, Structure, Zone } from "../../inventory/index.ts";
import { zoneFile } from "../text.ts";
import type { Rendering } from "../model.ts";
import { renderZones } from "../zones.ts";

/** Worlds for tests of this room and the real name servers. */

export interface WorldParts {
  readonly zones: Readonly<Record<string, Partial<Zone>>>;
  readonly sites?: Readonly<Record<string, Partial<Site>>>;
  readonly blocks?: Readonly<Record<string, Partial<AddressBlock>>>;
  readonly structures?: Readonly<Record<string, Partial<Structure>>>;
}

/** A zone that answers for itself: its name server `ns1` has an address by a record. */
export const SERVED: Partial<Zone> = {
  contact: "hostmaster.example.org",
  nameservers: ["ns1"],
  records: [{ name: "ns1", type: "A", value: "203.0.113.53", ttl: null }],
};

/** A snapshot of one site `lab` in the zone `example.org`, unless more is said. */
export function namedWorld(parts: WorldParts): Snapshot {
  const sites = parts.sites ?? { lab: { zone: "example.org" } };
  const byName = <Row extends { readonly name: string }>(rows: readonly Row[]): ReadonlyMap<string, Row> =>
    new Map(rows.map((row) => [row.name, row]));
  return emptySnapshot({
    sites: byName(Object.entries(sites).map(([name, change]) => site(name, change))),
    zones: byName(Object.entries(parts.zones).map(([name, change]) => zone(name, { ...SERVED, ...change }))),
    addressBlocks: byName(Object.entries(parts.blocks ?? {}).map(([name, change]) => addressBlock(name, change))),
    structures: byName(Object.entries(parts.structures ?? {}).map(([name, change]) => structure(name, change))),
  });
}

/** Addresses as a structure holds them: `lab 10.0.0.5`. */
export function held(...texts: readonly string[]): Structure["addresses"] {
  return texts.map((text) => {
    const [block = "", address = "", device] = text.split(" ");
    return { block, address, ...(device === undefined ? {} : { interface: device }) };
  });
}

/** The lines of a zone but for its SOA record, each `name type value`. */
export function linesOf(rendering: Rendering, name: string, view: string | null = null): readonly string[] {
  const found = rendering.zones.find((one) => one.name === name && one.view === view);
  return found?.sets.flatMap((set) => set.values.map((value) => `${set.name} ${set.type} ${value}`)) ?? [];
}

export function problemsOf(rendering: Rendering): readonly string[] {
  return rendering.problems.map((one) => `${one.code}: ${one.message}`);
}

export { renderZones, zoneFile };

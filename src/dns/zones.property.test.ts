import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { problemsOf, renderZones, zoneFile } from "./testing/worlds.ts";
import { above, octetRange, reverseName } from "./reverse.ts";
import { anyWorld, validWorld } from "./testing/any-world.ts";
import type { RenderedZone } from "./model.ts";

/** What a resolver finds: through aliases, in the zone that is closest. */
function lookUp(zones: readonly RenderedZone[], name: string, type: string): readonly string[] {
  const found = zones
    .filter((zone) => name === zone.name || name.endsWith(`.${zone.name}`))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (found === undefined) return lookUpAtProvider(zones, name, type);
  const sets = found.sets.filter((set) => set.name === name);
  const alias = sets.find((set) => set.type === "CNAME");
  if (alias !== undefined && type !== "CNAME") return lookUp(zones, alias.values[0]!.slice(0, -1), type);
  return sets.find((set) => set.type === type)?.values ?? [];
}

/** The zone of a public /24 of which only a part is ours is a provider's: it leads to the zones that are ours (RFC 2317). */
function lookUpAtProvider(zones: readonly RenderedZone[], name: string, type: string): readonly string[] {
  const octet = Number(name.split(".")[0]);
  for (const zone of zones) {
    const range = octetRange(zone.name);
    if (range !== undefined && range.octets === above(name) && range.first <= octet && octet <= range.last)
      return lookUp(zones, `${octet}.${zone.name}`, type);
  }
  return [];
}

describe("any world of valid names", () => {
  it("has no problems", () => {
    fc.assert(
      fc.property(validWorld, (world) => {
        expect(problemsOf(renderZones(world))).toEqual([]);
      }),
    );
  });

  it("has a name for each address, and an address for each name", () => {
    fc.assert(
      fc.property(validWorld, (world) => {
        const { zones } = renderZones(world);
        for (const zone of zones.filter((one) => !one.reverse)) {
          for (const set of zone.sets.filter(({ type, name }) => type.startsWith("A") && !name.startsWith("ns1."))) {
            for (const address of set.values)
              expect(lookUp(zones, reverseName(address), "PTR"), address).toContain(`${set.name}.`);
          }
        }
        for (const zone of zones)
          for (const set of zone.sets.filter(({ type }) => type === "PTR"))
            for (const name of set.values) {
              const host = name.slice(0, -1);
              const addresses = [...lookUp(zones, host, "A"), ...lookUp(zones, host, "AAAA")];
              const reversed = addresses.map((address) => reverseName(address));
              expect(reversed.some((one) => lookUp(zones, one, "PTR").includes(name))).toBe(true);
            }
      }),
    );
  });
});

describe("any world at all", () => {
  it("renders to the same text again, whatever the order of its rows", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        const text = renderZones(world).zones.map((zone) => zoneFile(zone, 1));
        const turned = {
          ...world,
          structures: new Map([...world.structures].reverse()),
          addressBlocks: new Map([...world.addressBlocks].reverse()),
          zones: new Map([...world.zones].reverse()),
        };
        expect(renderZones(turned).zones.map((zone) => zoneFile(zone, 1))).toEqual(text);
      }),
    );
  });

  it("never has a CNAME beside other records, nor a zone without a name server", () => {
    fc.assert(
      fc.property(anyWorld, (world) => {
        for (const zone of renderZones(world).zones) {
          expect(zone.sets.some((set) => set.name === zone.name && set.type === "NS")).toBe(true);
          for (const set of zone.sets.filter(({ type }) => type === "CNAME")) {
            expect(set.values).toHaveLength(1);
            expect(zone.sets.filter(({ name }) => name === set.name)).toHaveLength(1);
          }
        }
      }),
    );
  });
});

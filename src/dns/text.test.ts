import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differenceOf } from "./difference.ts";
import type { RecordSet, RenderedZone } from "./model.ts";
import { held, namedWorld, renderZones } from "./testing/worlds.ts";
import { contentHash } from "./content.ts";
import { createZoneFiles, isNewer, nextSerial, zoneFile } from "./text.ts";

const world = namedWorld({
  zones: { "example.org": { contact: "host.master@example.org" } },
  structures: { web2: { addresses: held("lan 10.0.0.2") }, web10: { addresses: held("lan 10.0.0.10") } },
});

describe("a zone file", () => {
  const [zone] = renderZones(world).zones;

  it("has every record whole, in canonical order", () => {
    expect(zoneFile(zone!, 2_026_030_101)).toBe(
      [
        "$TTL 3600",
        "example.org.\t3600\tIN\tSOA\tns1.example.org. host\\.master.example.org. 2026030101 7200 900 1209600 300",
        "example.org.\t3600\tIN\tNS\tns1.example.org.",
        "ns1.example.org.\t3600\tIN\tA\t203.0.113.53",
        "web10.example.org.\t3600\tIN\tA\t10.0.0.10",
        "web2.example.org.\t3600\tIN\tA\t10.0.0.2",
        "",
      ].join("\n"),
    );
  });

  it("has a hash that says whether anything but the serial changed", () => {
    const again = renderZones(world).zones[0]!;
    expect(contentHash(again)).toBe(contentHash(zone!));
    expect(contentHash({ ...again, sets: again.sets.slice(1) })).not.toBe(contentHash(zone!));
    expect(contentHash({ ...again, authority: { ...again.authority, retry: 1 } })).not.toBe(contentHash(zone!));
  });
});

describe("a serial", () => {
  const day = Date.parse("2026-03-01T23:59:59Z");

  it.each([
    [null, 2_026_030_100],
    [2_026_030_100, 2_026_030_101],
    [2_026_022_807, 2_026_030_100],
    // More changes than a day has numbers for: counted on.
    [2_026_030_199, 2_026_030_200],
    [2_030_010_100, 2_030_010_101],
    [4_294_967_295, 2_026_030_100],
    [5, 2_026_030_100],
  ])("after %s is %i", (previous, expected) => {
    expect(nextSerial(previous, day)).toBe(expected);
    if (previous !== null) expect(isNewer(expected, previous)).toBe(true);
  });

  it("goes round", () => {
    expect(isNewer(1, 4_294_967_295)).toBe(true);
    expect(isNewer(4_294_967_295, 1)).toBe(false);
    expect(isNewer(7, 7)).toBe(false);
  });
});

describe("a difference", () => {
  const set = (name: string, ...values: readonly string[]) => ({ name, type: "A" as const, ttl: 60, values });

  it("has only what changed", () => {
    const before = [set("a", "1"), set("b", "1"), set("c", "1")];
    const after = [set("a", "1"), set("b", "1", "2"), set("d", "1")];
    expect(differenceOf(before, after)).toEqual({
      put: [
        { set: set("b", "1", "2"), before: set("b", "1") },
        { set: set("d", "1"), before: null },
      ],
      drop: [set("c", "1")],
    });
    expect(differenceOf(after, after)).toEqual({ put: [], drop: [] });
  });
});

it("a zone file that is written again is the one that would be written anew", () => {
  const set = fc.record({
    at: fc.nat(700),
    values: fc.array(fc.string({ maxLength: 3 }), { minLength: 1, maxLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(fc.array(set, { maxLength: 3 }), { maxLength: 6 }), (all) => {
      const files = createZoneFiles();
      const now = Array.from({ length: 600 }, (_, at) => recordSet(at, ["10.0.0.1"]));
      for (const some of [[], ...all]) {
        for (const { at, values } of some) now.splice(at, values.length - 1, recordSet(at, values));
        const zone = { ...ZONE_HEAD, sets: now.slice() };
        expect(files.file(zone, 1) === zoneFile(zone, 1)).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

const ZONE_HEAD: RenderedZone = {
  name: "a.org",
  view: null,
  reverse: false,
  parent: null,
  authority: { primary: "ns1.a.org", contact: "c.a.org", ttl: 1, refresh: 2, retry: 3, expire: 4, minimum: 5 },
  sets: [],
};

function recordSet(at: number, values: readonly string[]): RecordSet {
  return { name: `host${at}.a.org`, type: "A", ttl: 60, values };
}

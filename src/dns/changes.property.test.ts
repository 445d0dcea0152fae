import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addressBlock, site, structure, zone } from "../inventory/testing.ts";
import type { Snapshot, Structure, ZoneRecord } from "../inventory/index.ts";
import { contentHash } from "./content.ts";
import { differenceOf } from "./difference.ts";
import type { RenderedZone, Rendering } from "./model.ts";
import { createZoneRenderer, type ZoneRenderer } from "./renderer.ts";
import { namedWorld, renderZones, SERVED } from "./testing/worlds.ts";

/** Few names, so that they meet: hostnames that several want, that records have, that others lead to, that are called like an interface. */
const hostname = fc.constantFrom("a", "b", "ns1", "ns2", "a-eth0", "x.sub", "ns.sub", "sub", "bad_name", "example.org");
const structureName = fc.constantFrom("s1", "s2", "s3", "s4", "s5");
const address = fc.constantFrom(
  "lan 10.1.0.5",
  "lan 10.1.0.6",
  "lan 10.1.1.5 x/eth0",
  "part 192.0.2.70",
  "part 192.0.2.71 x/eth0.1",
  "nowhere 10.9.0.1",
  "six 2001:db8::5",
  "in 10.2.0.5",
  "in 10.2.0.6 x/eth0",
  "out 10.3.0.5",
  "out 10.1.0.5",
);

const held = fc.uniqueArray(address, { maxLength: 3 }).map((texts) =>
  texts.map((text) => {
    const [block = "", one = "", device] = text.split(" ");
    return { block, address: one, ...(device === undefined ? {} : { interface: device }) };
  }),
);

const row = fc.record({
  hostname,
  site: fc.constantFrom("lab", "rack", "far"),
  zone: fc.constantFrom(null, null, null, "sub.example.org", "views.org", "missing.org", "0.1.10.in-addr.arpa"),
  wanted: fc.constantFrom("built", "built", "absent"),
  role: fc.constantFrom("web", "mail"),
  addresses: held,
}) satisfies fc.Arbitrary<Partial<Structure>>;

const record: fc.Arbitrary<ZoneRecord> = fc.record({
  name: fc.constantFrom("", "a", "b", "*", "www", "sub", "ns.sub", "ns2"),
  type: fc.constantFrom("A", "AAAA", "CNAME", "MX", "NS", "TXT"),
  value: fc.constantFrom("10.1.0.5", "10.1.0.77", "2001:db8::5", "10 a", "10 b", "a", "b", "ns.sub", "text"),
  ttl: fc.constantFrom(null, 60),
});

const change = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("structures" as const), name: structureName, data: fc.option(row) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("zones" as const),
      name: fc.constantFrom("example.org", "views.org"),
      data: fc.record({ records: fc.array(record, { maxLength: 4 }), nameservers: fc.subarray(["ns1", "ns2", "b"]) }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("sites" as const),
      name: fc.constantFrom("rack", "far"),
      data: fc.record({ parent: fc.constantFrom(null, "lab"), description: fc.constantFrom("x", "y") }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("addressBlocks" as const),
      name: fc.constantFrom("in", "out"),
      data: fc.record({ labels: fc.constantFrom({}, { view: "inside" }, { view: "inside,outside" }) }),
    }),
  },
);

const SUBNETS = {
  lan: "10.1.0.0/16",
  part: "192.0.2.64/26",
  six: "2001:db8::/62",
  in: "10.2.0.0/24",
  out: "10.3.0.0/22",
  nowhere: "10.9.0.0/24",
} as const;

function firstWorld(records: readonly ZoneRecord[]): Snapshot {
  return namedWorld({
    zones: {
      "example.org": {
        nameservers: ["ns1", "b"],
        records: [...(SERVED.records ?? []), ...records],
        labels: { "interface-names": "true" },
      },
      "sub.example.org": { parent: "example.org", nameservers: ["ns", "a.example.org"] },
      "views.org": { views: ["inside", "outside"], records: [...(SERVED.records ?? []), ...records] },
    },
    sites: { lab: { zone: "example.org" }, rack: { parent: "lab", zone: "views.org" }, far: {} },
    blocks: Object.fromEntries(
      Object.entries(SUBNETS).map(([name, subnet]) => [name, { subnet, site: name === "nowhere" ? "far" : "lab" }]),
    ),
    structures: {},
  });
}

type AnyChange = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

function changed(world: Snapshot, { kind, name, data }: AnyChange): Snapshot {
  const rows = new Map<string, object>(world[kind]);
  const before = rows.get(name);
  if (data === null) rows.delete(name);
  else if (kind === "structures") rows.set(name, structure(name, data));
  else {
    const make = { zones: zone, sites: site, addressBlocks: addressBlock }[kind] as typeof site;
    rows.set(name, make(name, { ...before, ...data } as never));
  }
  return { ...world, revision: world.revision + 1, [kind]: rows };
}

function rendered(renderer: ZoneRenderer, world: Snapshot): Rendering {
  const steps = renderer.render(world);
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

const copied = (one: RenderedZone): RenderedZone => ({ ...one, sets: [...one.sets] });

describe("zones that are made of those before", () => {
  it("are those that would be made anew, whatever changed; so are problems and hashes", () => {
    const counts = { changed: 0, whole: 0 };
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 4 }),
        fc.array(fc.array(change, { minLength: 1, maxLength: 3 }), { maxLength: 10 }),
        (records, all) => {
          const renderer = createZoneRenderer();
          let world = firstWorld(records);
          let before = rendered(renderer, world);
          for (const some of all) {
            for (const one of some) world = changed(world, one);
            const whole = renderZones(world);
            const now = rendered(renderer, world);
            expect(JSON.stringify(now.zones)).toBe(JSON.stringify(whole.zones));
            expect(JSON.stringify(now.problems)).toBe(JSON.stringify(whole.problems));
            expect(now.zones.map(contentHash).join()).toBe(whole.zones.map(contentHash).join());
            for (const one of now.zones) {
              const old = before.zones.find(({ name, view }) => name === one.name && view === one.view);
              // What a name server is sent is the same, too, and a zone that is the same is the same object.
              if (old === undefined) continue;
              expect(differenceOf(old.sets, one.sets)).toEqual(
                differenceOf(
                  [...old.sets],
                  copied(one).sets.map((set) => ({ ...set })),
                ),
              );
              if (contentHash(old) === contentHash(one)) expect(one).toBe(old);
            }
            before = now;
          }
          counts.changed += renderer.counts().changed;
          counts.whole += renderer.counts().whole;
        },
      ),
      { numRuns: 100 },
    );
    // Were everything made anew each time, the rest would say nothing.
    expect(counts.changed).toBeGreaterThan(50);
  });
});

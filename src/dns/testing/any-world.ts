import fc from "fast-check";
import type { Structure, ZoneRecord } from "../../inventory/index.ts";
import type { Snapshot } from "../../inventory/index.ts";
import { formatAddress, parseBlock } from "../../network/index.ts";
import { namedWorld, type WorldParts } from "./worlds.ts";

/** Worlds that nobody thought of. */

const SUBNETS = [
  "10.0.0.0/8",
  "10.1.2.0/24",
  "172.16.0.0/12",
  "192.0.2.64/26",
  "10.9.9.8/29",
  "2001:db8::/48",
  "fd00::/63",
];
const NS1: ZoneRecord = { name: "ns1", type: "A", value: "203.0.113.53", ttl: null };

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?$/);
const ttl = fc.option(fc.nat({ max: 100_000 }), { nil: null });

interface Placed {
  readonly hostname: string;
  readonly site: string;
  readonly blocks: readonly { readonly block: number; readonly offset: number }[];
}

const placed: fc.Arbitrary<readonly Placed[]> = fc.uniqueArray(
  fc.record({
    hostname: label.filter((text) => text !== "ns1"),
    site: fc.constantFrom("lab", "rack"),
    blocks: fc.uniqueArray(
      fc.record({ block: fc.nat({ max: SUBNETS.length - 1 }), offset: fc.integer({ min: 1, max: 6 }) }),
      { maxLength: 3, selector: (one) => one.block },
    ),
  }),
  { maxLength: 12, selector: (one) => one.hostname },
);

const text: fc.Arbitrary<ZoneRecord> = fc.record({
  name: label.map((one) => `_${one}`),
  type: fc.constant("TXT"),
  value: fc.string({ unit: "grapheme", maxLength: 300 }),
  ttl,
});

/** Valid names, valid records: what there is must all be served. */
export const validWorld: fc.Arbitrary<Snapshot> = fc
  .record({ hosts: placed, texts: fc.array(text, { maxLength: 4 }), child: fc.boolean() })
  .map(({ hosts, texts, child }) =>
    worldOf(hosts, {
      "example.org": { records: [NS1, ...texts] },
      ...(child ? { "rack.example.org": { parent: "example.org", nameservers: ["ns1", "ns1.example.org"] } } : {}),
    }),
  )
  // A host called like the child zone is one of the things that are no valid names.
  .filter((world) => !world.zones.has("rack.example.org") || !world.structures.has("rack"));

const wildName = fc.oneof(
  label,
  fc.constantFrom("", "@", "*", "ns1", "sub", "a.sub", "a_b", "-", "out.example.com.", "WWW"),
);

const wild: fc.Arbitrary<ZoneRecord> = fc.record({
  name: wildName,
  type: fc.constantFrom("A", "AAAA", "CNAME", "MX", "NS", "SRV", "TXT"),
  value: fc.oneof(
    fc.constantFrom(
      "10.0.0.1",
      "2001:db8::1",
      "10 mail",
      "10 ns1",
      "0 5 5060 ns1",
      "ns1",
      "ns.sub",
      "example.com.",
      ".",
      "",
    ),
    fc.string({ maxLength: 20 }),
  ),
  ttl,
});

/** Anything a person may have written. */
export const anyWorld: fc.Arbitrary<Snapshot> = fc
  .record({ hosts: placed, records: fc.array(wild, { maxLength: 12 }), names: fc.array(fc.string({ maxLength: 12 })) })
  .map(({ hosts, records, names }) =>
    worldOf([...hosts, ...names.map((hostname) => ({ hostname, site: "lab", blocks: [{ block: 0, offset: 1 }] }))], {
      "example.org": { records: [NS1, ...records] },
      "sub.example.org": { parent: "example.org", records: [...records], nameservers: ["ns1"] },
      "rack.example.org": { nameservers: ["ns1.example.org"], records: [] },
    }),
  );

function worldOf(hosts: readonly Placed[], zones: WorldParts["zones"]): Snapshot {
  const hasRack = Object.hasOwn(zones, "rack.example.org");
  return namedWorld({
    zones,
    sites: { lab: { zone: "example.org" }, rack: { parent: "lab", zone: hasRack ? "rack.example.org" : null } },
    blocks: Object.fromEntries(SUBNETS.map((subnet, index) => [`block${index}`, { subnet }])),
    structures: Object.fromEntries(
      hosts.map((host, index): [string, Partial<Structure>] => [
        `${index}${host.hostname}`,
        { hostname: host.hostname, site: host.site, addresses: addressesOf(host, index) },
      ]),
    ),
  });
}

/** Nobody shares an address: each host has a part of a block of its own. */
function addressesOf({ blocks }: Placed, host: number): Structure["addresses"] {
  return blocks.map(({ block: index, offset }) => {
    const block = parseBlock(SUBNETS[index]!);
    const room = BigInt(block.prefix > 28 && !block.ipv6 ? 1 : 4);
    const at = (BigInt(host) * room * 1_000_003n + BigInt(offset)) % (block.last - block.subnet + 1n);
    return { block: `block${index}`, address: formatAddress(block.subnet + at) };
  });
}

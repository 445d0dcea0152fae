import { describe, expect, it } from "vitest";
import { held, linesOf, namedWorld, problemsOf, renderZones } from "./testing/worlds.ts";

describe("a forward zone", () => {
  it("has every address of every structure, under the zone of the structure or of the nearest site", () => {
    const rendering = renderZones(
      namedWorld({
        zones: { "example.org": {}, "lab.example.net": {} },
        sites: { world: { zone: "example.org" }, lab: { parent: "world" }, rack: { parent: "lab" } },
        blocks: { lan: { subnet: "10.0.0.0/24" }, six: { subnet: "2001:db8::/64" } },
        structures: {
          web1: { site: "rack", addresses: held("lan 10.0.0.5", "six 2001:db8::5", "lan 10.0.0.6") },
          db1: { zone: "lab.example.net", addresses: held("lan 10.0.0.7") },
          gone: { wanted: "absent", addresses: held("lan 10.0.0.8") },
          silent: {},
        },
      }),
    );
    expect(problemsOf(rendering)).toEqual([]);
    expect(linesOf(rendering, "example.org")).toEqual([
      "example.org NS ns1.example.org.",
      "ns1.example.org A 203.0.113.53",
      "web1.example.org A 10.0.0.5",
      "web1.example.org A 10.0.0.6",
      "web1.example.org AAAA 2001:db8::5",
    ]);
    expect(linesOf(rendering, "lab.example.net")).toContain("db1.lab.example.net A 10.0.0.7");
    expect(linesOf(rendering, "0.0.10.in-addr.arpa")).toEqual([
      "0.0.10.in-addr.arpa NS ns1.example.org.",
      "5.0.0.10.in-addr.arpa PTR web1.example.org.",
      "6.0.0.10.in-addr.arpa PTR web1.example.org.",
      "7.0.0.10.in-addr.arpa PTR db1.lab.example.net.",
    ]);
    expect(linesOf(rendering, "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa")).toContain(
      "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR web1.example.org.",
    );
  });

  it("has the records that were written down, relative names made whole", () => {
    const records = [
      { name: "mail", type: "A", value: "10.0.0.25", ttl: 60 },
      { name: "", type: "MX", value: "10 mail", ttl: null },
      { name: "www", type: "CNAME", value: "mail", ttl: null },
      { name: "_sip._tcp", type: "SRV", value: "0 5 5060 mail", ttl: null },
      { name: "@", type: "TXT", value: `v=spf1 "x" \\ ü ${"a".repeat(260)}`, ttl: null },
      { name: "cdn", type: "CNAME", value: "edge.example.com.", ttl: null },
      { name: "*", type: "A", value: "10.0.0.26", ttl: null },
    ] as const;
    const ns = { name: "ns1", type: "A", value: "10.0.0.53", ttl: null } as const;
    const rendering = renderZones(namedWorld({ zones: { "example.org": { records: [ns, ...records] } } }));
    expect(problemsOf(rendering)).toEqual([]);
    expect(linesOf(rendering, "example.org")).toEqual([
      "example.org NS ns1.example.org.",
      "example.org MX 10 mail.example.org.",
      `example.org TXT "v=spf1 \\"x\\" \\\\ \\195\\188 ${"a".repeat(239)}" "${"a".repeat(21)}"`,
      "*.example.org A 10.0.0.26",
      "_sip._tcp.example.org SRV 0 5 5060 mail.example.org.",
      "cdn.example.org CNAME edge.example.com.",
      "mail.example.org A 10.0.0.25",
      "ns1.example.org A 10.0.0.53",
      "www.example.org CNAME mail.example.org.",
    ]);
    expect(rendering.zones[0]?.sets.find((set) => set.name === "mail.example.org")?.ttl).toBe(60);
  });

  it("names interfaces when its label says so", () => {
    const rendering = renderZones(
      namedWorld({
        zones: { "example.org": { labels: { "interface-names": "true" } } },
        structures: { web1: { addresses: held("lan 10.0.0.5 web1/eth0.100") } },
      }),
    );
    expect(linesOf(rendering, "example.org")).toContain("web1-eth0-100.example.org A 10.0.0.5");
  });

  it("leaves out what DNS does not allow, and says so", () => {
    const rendering = renderZones(
      namedWorld({
        zones: {
          "example.org": {
            records: [
              { name: "ns1", type: "A", value: "203.0.113.53", ttl: null },
              { name: "web1", type: "CNAME", value: "other", ttl: null },
              { name: "", type: "CNAME", value: "other", ttl: null },
              { name: "two", type: "CNAME", value: "one", ttl: null },
              { name: "two", type: "CNAME", value: "other", ttl: null },
              { name: "", type: "MX", value: "10 nobody", ttl: null },
              { name: "", type: "MX", value: "mail", ttl: null },
              { name: "a_b", type: "A", value: "10.0.0.1", ttl: null },
              { name: "a", type: "A", value: "2001:db8::1", ttl: null },
              { name: "out.example.com.", type: "A", value: "10.0.0.1", ttl: null },
              { name: "sub", type: "NS", value: "ns.sub", ttl: null },
              { name: "*", type: "NS", value: "ns1", ttl: null },
            ],
          },
        },
        sites: { lab: { zone: "example.org" }, far: {} },
        blocks: { far: { site: "far", subnet: "10.9.0.0/24" } },
        structures: {
          web1: { addresses: held("lan 10.0.0.5") },
          web2: { hostname: "web1", addresses: held("lan 10.0.0.6") },
          bad: { hostname: "bad_name", addresses: held("lan 10.0.0.7") },
          far: { site: "far", addresses: held("lan 10.0.0.8") },
          lost: { zone: "nowhere.org", addresses: held("far 10.9.0.8") },
          deep: { hostname: "x.sub", addresses: held("far 10.9.0.8") },
        },
      }),
    );
    expect(linesOf(rendering, "example.org")).toEqual([
      "example.org NS ns1.example.org.",
      "ns1.example.org A 203.0.113.53",
      "web1.example.org A 10.0.0.5",
    ]);
    expect(problemsOf(rendering)).toMatchInlineSnapshot(`
      [
        "dns_name_without_zone: structure far has no name in DNS: neither it nor a site above it names a zone",
        "dns_name_without_zone: the addresses of address block far have no names: its site far has no zone",
        "dns_name_invalid: hostname 'bad_name' of structure bad is not one that DNS allows",
        "dns_name_taken: structure web2 is left out: web1.example.org is structure web1",
        "dns_name_invalid: the A record 'a_b' of zone example.org has no name that DNS allows",
        "dns_name_invalid: the A record 'out.example.com.' of zone example.org has no name that DNS allows",
        "dns_record_invalid: the A record of a.example.org is left out: '2001:db8::1' is not an IPv4 address",
        "dns_cname_conflict: the CNAME of example.org is left out: it stands beside records of type SOA, NS, MX",
        "dns_cname_conflict: the CNAME of two.example.org is left out: it stands beside another CNAME",
        "dns_cname_conflict: the CNAME of web1.example.org is left out: it stands beside records of type A",
        "dns_record_invalid: the MX record of example.org is left out: 'mail' is not PREFERENCE NAME, as in 10 mail",
        "dns_record_dangling: the MX record of example.org is left out: nobody.example.org has no address",
        "dns_name_invalid: the NS record '*' of zone example.org has no name that DNS allows",
        "dns_record_dangling: the NS record of sub.example.org is left out: ns.sub.example.org has no address",
        "dns_name_delegated: x.sub.example.org is left out: zone sub.example.org answers for it",
        "dns_name_without_zone: structure lost has no name in DNS: there is no zone 'nowhere.org'",
      ]
    `);
  });

  it("is not served without a name server that has an address", () => {
    const rendering = renderZones(
      namedWorld({ zones: { "a.org": { nameservers: [], records: [] }, "b.org": { records: [] } }, sites: {} }),
    );
    expect(rendering.zones).toEqual([]);
    expect(problemsOf(rendering)).toEqual([
      "dns_nameserver_invalid: zone a.org has no name server",
      "dns_nameserver_invalid: name server ns1.b.org of zone b.org is left out: it has no address in it",
      "dns_nameserver_invalid: zone b.org has no name server",
    ]);
  });
});

describe("delegation", () => {
  it("puts name servers and their addresses into the parent", () => {
    const rendering = renderZones(
      namedWorld({
        zones: {
          "example.org": {},
          "sub.example.org": { parent: "example.org", nameservers: ["ns1", "ns1.example.org"] },
        },
        structures: { web1: { zone: "sub.example.org", addresses: held("lan 10.0.0.5") } },
      }),
    );
    expect(problemsOf(rendering)).toEqual([]);
    expect(linesOf(rendering, "example.org")).toEqual([
      "example.org NS ns1.example.org.",
      "ns1.example.org A 203.0.113.53",
      "sub.example.org NS ns1.example.org.",
      "sub.example.org NS ns1.sub.example.org.",
      "ns1.sub.example.org A 203.0.113.53",
    ]);
  });

  it("refuses a parent that is not above", () => {
    const rendering = renderZones(namedWorld({ zones: { "a.org": { parent: "b.org" }, "b.org": {} }, sites: {} }));
    expect(problemsOf(rendering)).toEqual(["dns_delegation_invalid: zone a.org cannot be delegated by 'b.org'"]);
    expect(linesOf(rendering, "a.org")).toHaveLength(2);
  });
});

describe("views", () => {
  it("show the addresses of blocks that are theirs or everybody's", () => {
    const rendering = renderZones(
      namedWorld({
        zones: { "example.org": { views: ["inside", "outside"] } },
        blocks: {
          lan: { subnet: "10.0.0.0/24", labels: { view: "inside" } },
          wan: { subnet: "192.0.2.0/24", labels: { view: "outside" } },
          all: { subnet: "198.51.100.0/24" },
        },
        structures: { web1: { addresses: held("lan 10.0.0.5", "wan 192.0.2.5", "all 198.51.100.5") } },
      }),
    );
    const webOf = (view: string) => linesOf(rendering, "example.org", view).filter((line) => line.startsWith("web1"));
    expect(webOf("inside")).toEqual(["web1.example.org A 10.0.0.5", "web1.example.org A 198.51.100.5"]);
    expect(webOf("outside")).toEqual(["web1.example.org A 192.0.2.5", "web1.example.org A 198.51.100.5"]);
    expect(linesOf(rendering, "0.0.10.in-addr.arpa", "inside")).toHaveLength(2);
    expect(linesOf(rendering, "0.0.10.in-addr.arpa", "outside")).toHaveLength(1);
    expect(linesOf(rendering, "example.org")).toEqual([]);
  });
});

describe("reverse zones", () => {
  function reverse(subnet: string, ...addresses: readonly string[]) {
    return renderZones(
      namedWorld({
        zones: { "example.org": {} },
        blocks: { block: { subnet } },
        structures: { host: { addresses: held(...addresses.map((address) => `block ${address}`)) } },
      }),
    );
  }

  it.each([
    ["10.0.0.0/8", "10.1.2.3", ["10.in-addr.arpa"]],
    ["10.0.0.0/6", "10.1.2.3", ["10.in-addr.arpa"]],
    ["172.16.0.0/12", "172.17.2.3", ["17.172.in-addr.arpa"]],
    ["192.0.0.0/16", "192.0.2.3", ["0.192.in-addr.arpa"]],
    ["192.0.0.0/22", "192.0.2.3", ["2.0.192.in-addr.arpa"]],
    ["192.0.2.0/24", "192.0.2.3", ["2.0.192.in-addr.arpa"]],
    ["192.0.2.64/26", "192.0.2.65", ["64-26.2.0.192.in-addr.arpa"]],
    ["10.0.0.64/26", "10.0.0.65", ["0.0.10.in-addr.arpa", "64-26.0.0.10.in-addr.arpa"]],
    ["2001:db8::/32", "2001:db8::1", ["8.b.d.0.1.0.0.2.ip6.arpa"]],
    ["2001:db8::/30", "2001:db8::1", ["8.b.d.0.1.0.0.2.ip6.arpa"]],
    ["2001:db8::/127", "2001:db8::1", ["0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa"]],
  ])("%s is served by zones of its own", (subnet, address, expected) => {
    const rendering = reverse(subnet, address);
    expect(problemsOf(rendering)).toEqual([]);
    const zones = rendering.zones.filter((one) => one.reverse);
    expect(zones.map((one) => one.name).sort()).toEqual(expected);
    const pointers = zones.flatMap((one) => one.sets.filter((set) => set.type === "PTR"));
    expect(pointers.flatMap((set) => set.values)).toEqual(["host.example.org."]);
  });

  it("of longer prefixes than 24 are delegated by the zone of their /24, where each address leads to them (RFC 2317)", () => {
    const rendering = reverse("10.0.0.4/30", "10.0.0.5");
    expect(linesOf(rendering, "0.0.10.in-addr.arpa")).toEqual([
      "0.0.10.in-addr.arpa NS ns1.example.org.",
      "4.0.0.10.in-addr.arpa CNAME 4.4-30.0.0.10.in-addr.arpa.",
      "5.0.0.10.in-addr.arpa CNAME 5.4-30.0.0.10.in-addr.arpa.",
      "6.0.0.10.in-addr.arpa CNAME 6.4-30.0.0.10.in-addr.arpa.",
      "7.0.0.10.in-addr.arpa CNAME 7.4-30.0.0.10.in-addr.arpa.",
      "4-30.0.0.10.in-addr.arpa NS ns1.example.org.",
    ]);
    expect(linesOf(rendering, "4-30.0.0.10.in-addr.arpa")).toContain(
      "5.4-30.0.0.10.in-addr.arpa PTR host.example.org.",
    );
  });

  it("that somebody declared hold the addresses below them, in the form that the provider asks for", () => {
    const world = (name: string) =>
      renderZones(
        namedWorld({
          zones: { "example.org": {}, [name]: { nameservers: ["ns1.example.org"], records: [] } },
          blocks: { block: { subnet: "192.0.2.0/25" } },
          structures: { host: { addresses: held("block 192.0.2.5") } },
        }),
      );
    expect(linesOf(world("2.0.192.in-addr.arpa"), "2.0.192.in-addr.arpa")).toContain(
      "5.2.0.192.in-addr.arpa PTR host.example.org.",
    );
    expect(linesOf(world("0/25.2.0.192.in-addr.arpa"), "0/25.2.0.192.in-addr.arpa")).toContain(
      "5.0/25.2.0.192.in-addr.arpa PTR host.example.org.",
    );
    expect(world("0-127.2.0.192.in-addr.arpa").zones.map((one) => one.name)).toEqual([
      "0-127.2.0.192.in-addr.arpa",
      "example.org",
    ]);
  });

  it("delegate to each other", () => {
    const rendering = renderZones(
      namedWorld({
        zones: { "example.org": {} },
        blocks: { wide: { subnet: "10.0.0.0/8" }, narrow: { subnet: "10.1.2.0/24" } },
      }),
    );
    expect(linesOf(rendering, "10.in-addr.arpa")).toContain("2.1.10.in-addr.arpa NS ns1.example.org.");
  });
});

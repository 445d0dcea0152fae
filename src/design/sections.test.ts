import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { designOf, problemsOf, emptySnapshot } from "./testing.ts";
import { makePlan } from "./plan.ts";
import { zoneWarnings } from "./zones.ts";

/** What documents say of the tenant, groups, networks, zones, interfaces, and of anything beside what it is. */

const lab = readFileSync(join(import.meta.dirname, "../../examples/lab/site.yaml"), "utf8");

describe("a design of the whole inventory", () => {
  const design = designOf(lab);

  it("is plain data, with what is left out in its place", () => {
    expect(design.tenant).toMatchObject({ labels: { contact: "lab-team" }, description: "", fields: {} });
    expect(design.groups.get("monitored")).toEqual({
      name: "monitored",
      kind: "service",
      description: "",
      parent: null,
      includes: ["servers", "hardware"],
      priority: 10,
      variables: {},
      configuration: null,
      labels: {},
      assets: [],
      fields: {},
    });
    expect(design.zones.get("lab.example.org")).toMatchObject({
      parent: "example.org",
      contact: "hostmaster.lab.example.org",
      ttl: 300,
      records: [
        { name: "www", type: "CNAME", value: "web1", ttl: null },
        { name: "_http._tcp", type: "SRV", value: "0 5 8080 web1", ttl: null },
      ],
    });
    expect(design.interfaces.get("web1/eth0.20")).toMatchObject({
      structure: "web1",
      foundation: null,
      device: "eth0.20",
      type: "vlan",
      vlan: 20,
      members: ["eth0"],
      mac: null,
      network: "storage",
    });
    expect(design.structures.get("disk-shelf")).toMatchObject({
      blueprint: null,
      foundation: null,
      hostname: "disk-shelf",
      parent: "storage1",
      groups: ["hardware"],
    });
  });

  it("may leave sections empty", () => {
    expect(designOf("design: d\ntenant:\ngroups:\nzones:\n  example.org:\nnetworks: { n: }\n").zones.size).toBe(1);
  });

  it("may name devices of a foundation, written in it or by itself, and have addresses on them", () => {
    const { interfaces, structures } = designOf(`design: d
sites: { s: }
address_blocks: { b: { site: s, subnet: 10.0.0.0/24 } }
blueprints:
  m: { builds: foundation, scripts: { create: pass } }
  w: { builds: structure, scripts: { create: pass } }
foundations:
  box: { site: s, type: local, blueprint: m, interfaces: { eth0: { mac: 52-54-00-AA-BB-01, provisioning: true } } }
structures:
  a: { site: s, blueprint: w, foundation: box, addresses: [{ block: b, interface: eth0 }] }
  b:
    site: s
    blueprint: w
    foundation: { type: local, blueprint: m, interfaces: { eth0: { physical_location: slot 2 port 1 } } }
    interfaces: { eth1: {} }
    addresses: [{ block: b, interface: eth1 }, { block: b, interface: eth0 }]
`);
    expect(interfaces.get("box/eth0")).toMatchObject({
      foundation: "box",
      mac: "52:54:00:aa:bb:01",
      provisioning: true,
    });
    expect(interfaces.get("b/eth0")).toMatchObject({
      foundation: "b",
      structure: null,
      physicalLocation: "slot 2 port 1",
    });
    expect(structures.get("a")?.addresses[0]?.interface).toBe("box/eth0");
    expect(structures.get("b")?.addresses.map((one) => one.interface)).toEqual(["b/eth1", "b/eth0"]);
  });

  it("may record what has a name that is no hostname; what is built has one", () => {
    const head = "design: d\nsites: { s: }\n";
    expect(designOf(`${head}structures: { Core_Switch.1: { site: s } }`).structures.size).toBe(1);
    expect(problemsOf(`${head}structures: { "a b": { site: s } }`)).toContain("must have no blanks");
  });
});

describe("documents with mistakes say where and what", () => {
  it("of names that refer to nothing", () => {
    expect(
      problemsOf(`design: d
zones: { a.org: { parent: b.org } }
sites: { s: { zone: a.orgg } }
networks: { n: { site: t } }
links: { l: { networks: [m], trunking: { mode: 802.1q, native: nn } } }
address_blocks: { b: { site: s, subnet: 10.0.0.0/24, network: o } }
groups: { g: { parent: h, includes: [gg] } }
structures:
  x:
    site: s
    parent: y
    groups: [g, gh]
    zone: a.net
    interfaces: { eth0: { network: p, link: ll, members: [eth1] }, eth2: { type: bonded, members: [eth0, eth9] } }
    addresses: [{ block: b, interface: eth1 }]
`),
    ).toMatchInlineSnapshot(`
      "site.yaml:2:10: zone 'a.org' cannot lie in zone 'b.org': its name must end with '.b.org' (zone_invalid)
      site.yaml:2:27: there is no zone 'b.org'; did you mean 'a.org'? (unknown_reference)
      site.yaml:3:21: there is no zone 'a.orgg'; did you mean 'a.org'? (unknown_reference)
      site.yaml:4:24: there is no site 't'; did you mean 's'? (unknown_reference)
      site.yaml:5:26: there is no network 'm'; did you mean 'n'? (unknown_reference)
      site.yaml:5:64: there is no network 'nn'; did you mean 'n'? (unknown_reference)
      site.yaml:6:63: there is no network 'o'; did you mean 'n'? (unknown_reference)
      site.yaml:7:24: there is no group 'h'; did you mean 'g'? (unknown_reference)
      site.yaml:7:38: there is no group 'gg'; did you mean 'g'? (unknown_reference)
      site.yaml:11:13: there is no structure 'y'; did you mean 'x'? (unknown_reference)
      site.yaml:12:17: there is no group 'gh'; did you mean 'g'? (unknown_reference)
      site.yaml:13:11: there is no zone 'a.net' (unknown_reference)
      site.yaml:14:19: interface 'x/eth0': a real interface has no members (interface_invalid)
      site.yaml:14:19: interface 'x/eth0' runs over 'eth1', which is not there; did you mean 'eth2'? (unknown_reference)
      site.yaml:14:36: there is no network 'p'; did you mean 'n'? (unknown_reference)
      site.yaml:14:45: there is no link 'll'; did you mean 'l'? (unknown_reference)
      site.yaml:14:68: interface 'x/eth2' runs over 'eth9', which is not there; did you mean 'eth0'? (unknown_reference)
      site.yaml:15:40: structure 'x' has no interface 'eth1'; did you mean 'eth0'? (unknown_reference)"
    `);
  });

  it("of circles", () => {
    expect(
      problemsOf(`design: d
zones: { x.a: { parent: a }, a: { parent: x.a } }
sites: { s: }
groups:
  a: { parent: b }
  b: { parent: c }
  c: {}
  d: { includes: [c], parent: a }
structures: { x: { site: s, parent: y }, y: { site: s, parent: x } }
`),
    ).toMatchInlineSnapshot(`
      "site.yaml:2:10: zones lie within each other in a circle: x.a → a → x.a (cycle)
      site.yaml:2:30: zone 'a' cannot lie in zone 'x.a': its name must end with '.x.a' (zone_invalid)
      site.yaml:5:3: groups lie within each other in a circle: a → b → c → d → a (cycle)
      site.yaml:9:15: structures host each other in a circle: x → y → x (cycle)"
    `);
  });

  it("of values that cannot be", () => {
    expect(
      problemsOf(`design: d
tenant: { labels: { a: 1 }, variable: {} }
zones:
  Example.org: {}
  b.org: { ttl: -1, nameservers: ns, records: [{ type: A }, { type: X, value: y }, { type: MX, value: mail }] }
  c.org: { records: [{ name: www, type: A, value: fd00::1 }, { type: SRV, value: 1 2 3 }] }
sites: { s: { labels: { "a b": x }, assets: [{ system: netbox, url: "ftp://x" }], fields: [] } }
networks: { n: { vlan: 4095, mtu: 9 }, m: { vlan: ten } }
links: { l: { speed: fast, trunking: { mode: none } } }
groups: { g: { priority: high, configuration: { url: x } }, "a b": {} }
structures:
  x:
    site: s
    role: ""
    interfaces:
      eth0: { mac: 52:54, type: fast }
      "eth 1": { speed: 1 }
  y:
    site: s
    interfaces: { v: { type: vlan }, w: { vlan: 3 }, r: { members: [v] }, bond: { type: bonded } }
  z:
    site: s
    blueprint: w
`),
    ).toMatchInlineSnapshot(`
      "site.yaml:2:24: 'labels.a' of the tenant must be a text, but is the number 1 (wrong_type)
      site.yaml:2:29: 'variable' is not a key of the tenant; did you mean 'variables'? (unknown_key)
      site.yaml:4:3: the name 'Example.org' of a zone must be a domain: labels of lower-case letters, digits, - and _, joined by dots (invalid_name)
      site.yaml:5:17: 'ttl' of zone 'b.org' must be at least 0 (wrong_type)
      site.yaml:5:34: 'nameservers' of zone 'b.org' must be a list, but is the text 'ns' (wrong_type)
      site.yaml:5:48: 'records[0]' of zone 'b.org' needs the key 'value' (missing_key)
      site.yaml:5:69: 'records[1].type' of zone 'b.org' must be 'A' or 'AAAA' or 'CNAME' or 'MX' or 'NS' or 'SRV' or 'TXT', but is the text 'X' (wrong_type)
      site.yaml:6:3: the A record of www.c.org cannot be read: 'fd00::1' is not an IPv4 address (zone_invalid)
      site.yaml:6:3: the SRV record of c.org cannot be read: '1 2 3' is not PRIORITY WEIGHT PORT NAME, as in 0 5 5060 sip (zone_invalid)
      site.yaml:7:25: 'labels.a b' of site 's' must be a label: 1 to 63 characters, no blanks, no = and no , (wrong_type)
      site.yaml:7:46: 'assets[0]' of site 's' needs the key 'id' (missing_key)
      site.yaml:7:69: 'assets[0].url' of site 's' must begin with http:// or https:// (wrong_type)
      site.yaml:7:91: 'fields' of site 's' must be a map, but is a list (wrong_type)
      site.yaml:8:24: 'vlan' of network 'n' must be at most 4094 (wrong_type)
      site.yaml:8:35: 'mtu' of network 'n' must be at least 68 (wrong_type)
      site.yaml:8:51: 'vlan' of network 'm' must be a number, but is the text 'ten' (wrong_type)
      site.yaml:9:22: 'speed' of link 'l' must be auto, or megabits in a second: 10000 (wrong_type)
      site.yaml:9:46: 'trunking.mode' of link 'l' must be 'disabled' or '802.1q', but is the text 'none' (wrong_type)
      site.yaml:10:26: 'priority' of group 'g' must be a number, but is the text 'high' (wrong_type)
      site.yaml:10:32: 'configuration' of group 'g' needs the key 'revision' (missing_key)
      site.yaml:10:61: the name 'a b' of a group must have no blanks and no / (invalid_name)
      site.yaml:14:11: 'role' of structure 'x' must be something that is not empty, but is an empty text (wrong_type)
      site.yaml:16:20: 'interfaces.eth0.mac' of structure 'x' must be a MAC address: 52:54:00:12:34:56 (wrong_type)
      site.yaml:16:33: 'interfaces.eth0.type' of structure 'x' must be 'real' or 'bonded' or 'vlan' or 'bridge', but is the text 'fast' (wrong_type)
      site.yaml:17:18: 'speed' is not a key of 'interfaces.eth 1' of structure 'x'; known are type, mac, mtu, vlan, members, network, link, link_name, provisioning, physical_location, parameters, labels, assets, fields (unknown_key)
      site.yaml:20:19: interface 'y/v': a vlan has the member 'vlan': its tag, 1 to 4094 (interface_invalid)
      site.yaml:20:19: interface 'y/v': a vlan runs over exactly one interface: name it in 'members' (interface_invalid)
      site.yaml:20:38: interface 'y/w': only an interface of type vlan has a tag; this one is real (interface_invalid)
      site.yaml:20:54: interface 'y/r': a real interface has no members (interface_invalid)
      site.yaml:20:75: interface 'y/bond': a bonded interface has members (interface_invalid)
      site.yaml:21:3: structure 'z' needs the key 'foundation' (missing_key)
      site.yaml:23:16: there is no blueprint 'w' (unknown_reference)"
    `);
  });

  it("of addresses and ranges", () => {
    expect(
      problemsOf(`design: d
sites: { s: , t: , u: { parent: s } }
address_blocks:
  a: { site: s, subnet: 10.0.0.0/24, reserved: [10.0.0.9-10.0.0.1], dynamic: [] }
  b: { site: s, subnet: 10.0.1.0/24, gateway: 10.0.1.1, dynamic: [10.0.1.1-10.0.1.9] }
  c: { site: s, subnet: 10.0.2.0/24, reserved: [10.0.2.5 printer], dynamic: [10.0.2.100-10.0.2.199] }
  d: { site: s, subnet: fd00::/64, dynamic: ["fd00::/80"] }
  e: { site: t, subnet: fd00::/126, reserved: ["fd00::2 spare"] }
structures:
  v: { site: u, addresses: [{ block: c, address: 10.0.2.5 }, { block: c, address: 10.0.2.150 }] }
  w: { site: t, addresses: [{ block: c }, { block: e }, { block: e }] }
`),
    ).toMatchInlineSnapshot(`
      "site.yaml:4:3: "10.0.0.9-10.0.0.1" ends before it begins (address_range_invalid)
      site.yaml:5:3: the dynamic range 10.0.1.1-10.0.1.9 of address block b (10.0.1.0/24) holds the gateway 10.0.1.1 (address_range_invalid)
      site.yaml:7:3: "fd00::/80" is not a range: FIRST, or FIRST-LAST, and perhaps a reason behind a space (address_range_invalid)
      site.yaml:10:50: 10.0.2.5 of address block c (10.0.2.0/24) is taken: reserved (10.0.2.5 printer) (address_taken)
      site.yaml:10:83: 10.0.2.150 of address block c (10.0.2.0/24) is taken: dynamic (10.0.2.100-10.0.2.199) (address_taken)
      site.yaml:11:38: structure 'w' is in site 't', address block 'c' in site 's': neither lies within the other (address_elsewhere)
      site.yaml:11:57: address block e (fd00::/126) has 1 free address, 2 are wanted (address_block_full)"
    `);
  });

  it("of the same thing said twice", () => {
    expect(
      problemsOf(`design: d
tenant: {}
sites: { s: }
blueprints:
  m: { builds: foundation, scripts: { create: pass } }
  w: { builds: structure, scripts: { create: pass } }
structures:
  x:
    site: s
    blueprint: w
    foundation: { type: local, blueprint: m, interfaces: { eth0: {} } }
    interfaces: { eth0: {}, eth1: { mac: 52:54:00:00:00:01 } }
  y: { site: s, interfaces: { eth0: { mac: 52:54:00:00:00:01 } } }
---
tenant: {}
`),
    ).toMatchInlineSnapshot(`
      "site.yaml:11:60: interface 'x/eth0' is defined twice, first at site.yaml:12:19; a structure and its foundation share their name, so their devices need different ones (duplicate_name)
      site.yaml:13:31: interfaces 'x/eth1' and 'y/eth0' both have the MAC address 52:54:00:00:00:01 (duplicate_name)
      site.yaml:15:1: the tenant is described twice, first at site.yaml:2:1 (duplicate_name)"
    `);
  });

  it("of variables of the tenant and of groups, and of layers that do not go together", () => {
    expect(
      problemsOf(`design: d
tenant: { variables: { "a b": 1 } }
groups: { g: { variables: { "_x": 1 } } }
`),
    ).toMatchInlineSnapshot(`
      "site.yaml:2:24: variable "a b" is not [OPERATOR]NAME[:CLASS]; "a_b" would be a name (variable_name_invalid)
      site.yaml:3:29: variable "_x": names that start with _ are reserved (variable_name_invalid)"
    `);
    expect(
      problemsOf(`design: d
tenant: { variables: { list: { a: 1 } } }
sites: { s: }
groups: { g: { variables: { ">list": b } } }
structures: { x: { site: s, groups: [g] } }
`),
    ).toMatchInlineSnapshot(
      `"site.yaml:5:15: group g: variable list: a text cannot be put behind a map (variable_type_conflict)"`,
    );
  });
});

describe("zones", () => {
  it("warn of what DNS will leave out", () => {
    const design = designOf(lab.replace("value: web1 }\n", "value: web9 }\n").replace("nameservers: [ns1]", ""));
    const { world } = makePlan(design, emptySnapshot(), []);
    expect(zoneWarnings(design, world).map(({ message }) => message)).toMatchInlineSnapshot(`
      [
        "zone example.org has no name server",
      ]
    `);
    const sound = designOf(lab);
    expect(zoneWarnings(sound, makePlan(sound, emptySnapshot(), []).world)).toEqual([]);
  });
});

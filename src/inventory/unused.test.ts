import { describe, expect, it } from "vitest";
import {
  addressBlock,
  emptySnapshot,
  group,
  link,
  network,
  networkInterface,
  site,
  structure,
  zone,
} from "./testing.ts";
import { unusedRecords } from "./unused.ts";

const gone = { wanted: "absent" } as const;

function named<Row extends { readonly name: string }>(...rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.name, row]));
}

describe("what is to go and nothing needs", () => {
  const snapshot = emptySnapshot({
    zones: named(zone("example.org", gone), zone("lab.example.org", { ...gone, parent: "example.org" })),
    sites: named(site("lab", { zone: "lab.example.org" })),
    networks: named(network("front", gone), network("trunk", gone), network("back", gone)),
    links: named(link("uplink", { networks: ["trunk"] })),
    addressBlocks: named(addressBlock("block", { ...gone, network: "front" })),
    groups: named(
      group("all", gone),
      group("web", { ...gone, parent: "all" }),
      group("old", { ...gone, parent: "all" }),
      group("person", { includes: ["old"] }),
    ),
    structures: named(
      structure("web1", { ...gone, groups: ["web"], addresses: [{ block: "block", address: "10.0.0.2" }] }),
      structure("web2"),
    ),
    interfaces: named(networkInterface("web1/eth0", gone), networkInterface("web2/eth0", gone)),
  });

  it("goes; what is needed by what stays, or is still there, does not", () => {
    expect(unusedRecords(snapshot).map(({ table, name }) => `${table} ${name}`)).toEqual([
      "interface web2/eth0",
      "network back",
      "inventory_group old",
    ]);
  });

  it("goes as soon as what needed it is gone", () => {
    const later = { ...snapshot, structures: named(structure("web2")) };
    expect(unusedRecords(later).map(({ table, name }) => `${table} ${name}`)).toEqual([
      "interface web1/eth0",
      "interface web2/eth0",
      "address_block block",
      "network front",
      "network back",
      "inventory_group all",
      "inventory_group web",
      "inventory_group old",
    ]);
  });
});

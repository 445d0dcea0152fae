import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { InventoryRows, Snapshot } from "../inventory/index.ts";
import {
  addressBlock as block,
  complex,
  dependency,
  emptySnapshot,
  foundation,
  network,
  site,
  structure,
} from "../inventory/testing.ts";
import { affectedBy } from "./affected.ts";
import { countStructures } from "./count.ts";
import { differencesOf } from "./differences.ts";
import { dotOf } from "./dot.ts";
import { graphOf } from "./graph.ts";
import { keyOf, type ThingKind } from "./model.ts";
import { usedBy } from "./uses.ts";

function snapshotOf(rows: Partial<InventoryRows>): Snapshot {
  const named = Object.entries(rows).map(([kind, list]) => [kind, new Map(list.map((row) => [row.name, row]))]);
  return emptySnapshot(Object.fromEntries(named) as Partial<Snapshot>);
}

/** Two racks; two hypervisors in a complex that offers VMs, on which a database and two web servers stand; a balancer that needs these. */
const LAB = snapshotOf({
  sites: [site("lab"), site("rack1", { parent: "lab" }), site("rack2", { parent: "lab" })],
  networks: [network("front", { site: "lab" }), network("back", { site: "lab" })],
  addressBlocks: [
    block("front-block", { site: "lab", network: "front", subnet: "10.0.0.0/24" }),
    block("back-block", { site: "lab", network: "back", subnet: "10.1.0.0/24" }),
  ],
  foundations: [
    foundation("machine1", { site: "rack1", type: "ipmi" }),
    foundation("machine2", { site: "rack2", type: "ipmi" }),
    foundation("vm1", { site: "lab", type: "qemu", complex: "cluster", placedOn: "hyper1" }),
    foundation("vm2", { site: "lab", type: "qemu", complex: "cluster", placedOn: "hyper2" }),
    foundation("vm3", { site: "lab", type: "qemu", complex: "cluster", placedOn: "hyper1" }),
    foundation("box", { site: "lab", type: "docker" }),
  ],
  complexes: [complex("cluster", { site: "lab", type: "qemu", members: ["hyper1", "hyper2"], builtPercentage: 50 })],
  dependencies: [
    dependency("storage", { foundation: "vm2", structure: "hyper1", link: "soft" }),
    dependency("switch", { foundation: "vm3", structure: "balancer", link: "hard" }),
  ],
  structures: [
    structure("hyper1", { site: "rack1", foundation: "machine1", blueprint: "hypervisor" }),
    structure("hyper2", { site: "rack2", foundation: "machine2", blueprint: "hypervisor" }),
    structure("web1", {
      site: "lab",
      foundation: "vm1",
      blueprint: "web",
      addresses: [{ block: "front-block", address: "10.0.0.1" }],
    }),
    structure("web2", {
      site: "lab",
      foundation: "vm2",
      blueprint: "web",
      addresses: [
        { block: "front-block", address: "10.0.0.2" },
        { block: "back-block", address: "10.1.0.2" },
      ],
    }),
    structure("database", { site: "lab", foundation: "vm3", blueprint: "database" }),
    structure("balancer", { site: "lab", foundation: "box", blueprint: "balancer", dependsOn: ["web1", "web2"] }),
  ],
});

/** `web1 down: stands on foundation vm1`. */
function affected(...roots: readonly (readonly [ThingKind, string])[]): readonly string[] {
  const found = affectedBy(
    graphOf(LAB),
    roots.map(([kind, name]) => ({ kind, name })),
  );
  return found.map(
    ({ thing, effect, because }) => `${thing.name} ${effect}: ${because.relation} ${keyOf(because.thing)}`,
  );
}

describe("what is affected", () => {
  test("a machine takes its structure along, the VMs placed there, and what stands on these; the rest goes on without them", () => {
    expect(affected(["foundation", "machine1"])).toEqual([
      "hyper1 down: stands on foundation machine1",
      "storage down: needs structure hyper1",
      "vm1 down: runs on structure hyper1",
      "vm3 down: runs on structure hyper1",
      "database down: stands on foundation vm3",
      "web1 down: stands on foundation vm1",
      "cluster impaired: consists of structure hyper1",
      "vm2 impaired: is offered by complex cluster",
      "balancer impaired: depends on structure web1",
      "web2 impaired: stands on foundation vm2",
      "switch impaired: needs structure balancer",
    ]);
  });

  test("a complex is down when fewer members are left than it needs; what runs on a member that is left goes on", () => {
    const both = affected(["structure", "hyper1"], ["structure", "hyper2"]);
    expect(both).toContain("cluster down: consists of structure hyper1");
    expect(both).toContain("web2 down: stands on foundation vm2");
    expect(affected(["structure", "hyper2"])).toContain("cluster impaired: consists of structure hyper2");
  });

  test("a hard dependency takes its foundation along, a soft one does not", () => {
    expect(affected(["structure", "balancer"])).toEqual([
      "switch down: needs structure balancer",
      "vm3 down: waits for dependency switch",
      "database down: stands on foundation vm3",
    ]);
    expect(affected(["dependency", "storage"])).toEqual([
      "vm2 impaired: waits for dependency storage",
      "web2 impaired: stands on foundation vm2",
      "balancer impaired: depends on structure web2",
      "switch impaired: needs structure balancer",
      "vm3 impaired: waits for dependency switch",
      "database impaired: stands on foundation vm3",
    ]);
  });

  test("without one of its networks a structure goes on, without all of them it is down", () => {
    const front = affected(["network", "front"]);
    expect(front).toContain("web1 down: has addresses of address_block front-block");
    expect(front).toContain("web2 impaired: has addresses of address_block front-block");
    expect(affected(["network", "front"], ["network", "back"])).toContain(
      "web2 down: has addresses of address_block front-block",
    );
  });

  test("a site takes all along that is in it and below it", () => {
    const down = affectedBy(graphOf(LAB), [{ kind: "site", name: "lab" }]);
    expect(down.every(({ effect }) => effect === "down")).toBe(true);
    const all = LAB.sites.size + LAB.networks.size + LAB.addressBlocks.size + LAB.foundations.size;
    expect(down).toHaveLength(all + LAB.structures.size + LAB.complexes.size + LAB.dependencies.size - 1);
  });

  test("more that goes down never leaves less affected, and the order of the question means nothing", () => {
    const graph = graphOf(LAB);
    const things = [...graph.things.values()].map(({ kind, name }) => ({ kind, name }));
    const order = { down: 2, impaired: 1 };
    fc.assert(
      fc.property(fc.subarray(things), fc.subarray(things), (some, more) => {
        const few = affectedBy(graph, some);
        const many = new Map(affectedBy(graph, [...some, ...more]).map((one) => [keyOf(one.thing), order[one.effect]]));
        for (const root of [...some, ...more]) many.set(keyOf(root), 2);
        for (const { thing, effect } of few) expect(many.get(keyOf(thing)) ?? 0).toBeGreaterThanOrEqual(order[effect]);
        expect(affectedBy(graph, some.toReversed())).toEqual(few);
      }),
    );
  });
});

test("what a service uses: through foundations, complexes and dependencies down to the machines", () => {
  const { items, totals } = usedBy(graphOf(LAB), [{ kind: "structure", name: "web1" }]);
  expect(items.map(({ thing, by }) => `${thing.name}: ${by.thing.name} ${by.relation}`)).toEqual([
    "vm1: web1 stands on",
    "front-block: web1 has addresses of",
    "hyper1: vm1 runs on",
    "cluster: vm1 is offered by",
    "front: front-block is on network",
    "machine1: hyper1 stands on",
    "hyper2: cluster consists of",
    "machine2: hyper2 stands on",
  ]);
  expect(totals).toEqual({ machine: 2, vm: 1, container: 0, other: 0 });
});

test("how many there are of a blueprint, and where: also those of blueprints that build upon it", () => {
  const world = snapshotOf({
    sites: [site("lab"), site("rack1", { parent: "lab" })],
    blueprints: [],
    structures: [
      structure("a", { site: "lab", blueprint: "web" }),
      structure("b", { site: "rack1", blueprint: "web", foundation: null }),
      structure("c", { site: "rack1", blueprint: "database" }),
    ],
  });
  const rows = [...world.structures.values()];
  expect(countStructures(world, rows, { by: ["site"] })).toEqual({
    total: 3,
    items: [
      { values: { site: "rack1" }, count: 2 },
      { values: { site: "lab" }, count: 1 },
    ],
  });
  expect(countStructures(world, rows, { site: "lab", state: "recorded", by: [] })).toEqual({
    total: 1,
    items: [{ values: {}, count: 1 }],
  });
});

test("what is not as designed, those that need a person first", () => {
  const person = { managedBy: "person" } as const;
  const applied = { blueprint: "web", depends_on: [], description: "then", foundation: null, site: "lab" };
  const failure = { role: "create", message: "no disk", jobId: null, at: 0 } as const;
  const world = snapshotOf({
    sites: [site("lab", person)],
    foundations: [
      foundation("found", { ...person, type: "ipmi" }),
      foundation("made", { ...person, type: "docker", state: "built" }),
    ],
    structures: [
      structure("broken", { ...person, foundation: "made", blueprint: "web", state: "failed", failure }),
      structure("edited", { foundation: null, description: "now", applied }),
      structure("fine", { ...person, foundation: "made", blueprint: "web", state: "built" }),
      structure("gone", { ...person, foundation: "made", blueprint: "web", state: "built", wanted: "absent" }),
      structure("old", { ...person, foundation: "made", blueprint: "web", state: "built", stale: true }),
    ],
  });
  expect(differencesOf(world).map(({ name, difference, message }) => `${name} ${difference}: ${message}`)).toEqual([
    "broken failed: Its job create failed: no disk",
    "old outdated: Was built with other inputs than it has now.",
    "gone unwanted: Is no longer part of any design, and still there.",
    "edited edited: Changed by others than design test: description.",
    "found unlocated: Nobody has said yet which machine it is.",
  ]);
});

test("a name cannot break out of a graph", () => {
  const thing = { kind: "structure", name: 'a"] -> x; //\\' } as const;
  const text = dotOf([{ thing, mark: "asked" }], [{ from: thing, to: thing, label: "loops" }]);
  expect(text).toContain('"structure a\\"] -> x; //\\\\" -> "structure a\\"] -> x; //\\\\" [label="loops"];');
});

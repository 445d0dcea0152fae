import { describe, expect, it } from "vitest";
import { countingRandom } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { planEdits } from "./edit.ts";
import type { Edit, EditPlan } from "./edit-model.ts";
import type { OwnedKind } from "./kinds.ts";
import type { Snapshot, StructureBuild, Structure } from "./model.ts";
import {
  addressBlock,
  blueprint,
  emptySnapshot,
  foundation,
  group,
  networkInterface,
  site,
  structure,
} from "./testing.ts";

function plan(snapshot: Snapshot, edits: readonly Edit[], cascade = false): EditPlan {
  return planEdits(snapshot, edits, { now: 9, random: countingRandom(), managedBy: "person", cascade });
}

function named<Row extends { readonly name: string }>(...rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.name, row]));
}

const build = {
  blueprint: "web",
  site: "lab",
  queries: [],
  scripts: {},
  templates: {},
  variables: {},
  addresses: [],
} as unknown as StructureBuild;

function built(name: string, change: Partial<Structure> = {}): Structure {
  return structure(name, { state: "built", build: { ...build, foundation: name }, ...change });
}

const world: Snapshot = {
  ...emptySnapshot(),
  sites: named(site("region"), site("lab", { parent: "region" }), site("far")),
  groups: named(group("all"), group("web", { parent: "all" }), group("extra", { includes: ["web"] })),
  blueprints: named(blueprint("web"), blueprint("machine", { builds: "foundation" })),
  addressBlocks: named(addressBlock("b", { subnet: "10.0.0.0/24" })),
  foundations: named(foundation("web1", { state: "built" }), foundation("web2", { state: "built" })),
  structures: named(
    built("web1", { groups: ["web"], addresses: [{ block: "b", address: "10.0.0.5" }] }),
    built("web2", { dependsOn: ["web1"] }),
    structure("known", { blueprint: null, foundation: null, site: "far", parent: "web1" }),
  ),
};

const merge = (kind: OwnedKind | "tenant", name: string, patch: JsonObject): Edit => ({
  action: "merge",
  kind,
  name,
  version: null,
  patch,
});
const create = (kind: OwnedKind, data: JsonObject): Edit => ({ action: "create", kind, data });
const remove = (kind: OwnedKind, name: string): Edit => ({ action: "delete", kind, name, version: null });
const messages = ({ problems }: EditPlan): readonly string[] => problems.map(({ message }) => message);
const stale = ({ writes }: EditPlan): readonly string[] =>
  [...writes.update.structures, ...writes.update.foundations].filter((row) => row.stale).map(({ name }) => name);

it("interfaces stay until what they are of is taken down, and go at once with what was never built", () => {
  const machines: Snapshot = {
    ...world,
    foundations: named(foundation("rack1", { state: "built" }), foundation("rack2")),
    structures: named<Structure>(),
    interfaces: named(
      networkInterface("rack1/eth0", { foundation: "rack1", structure: null }),
      networkInterface("rack2/eth0", { foundation: "rack2", structure: null }),
    ),
  };
  const together = plan(machines, [remove("foundation", "rack1"), remove("foundation", "rack2")], true);
  expect(together.problems).toEqual([]);
  expect(together.writes.update.interfaces.map(({ name, wanted }) => [name, wanted])).toEqual([
    ["rack1/eth0", "absent"],
  ]);
  expect(together.removals.map(({ name }) => name).toSorted()).toEqual(["rack2", "rack2/eth0"]);
  const alone = plan(machines, [remove("interface", "rack1/eth0")]);
  expect(alone.removals.map(({ name }) => name)).toEqual(["rack1/eth0"]);
});

describe("what is built", () => {
  it.each([
    ["its tenant's variables", merge("tenant", "default", { variables: { x: 1 } }), ["web1", "web2", "web1", "web2"]],
    ["its site's", merge("site", "region", { variables: { x: 1 } }), ["web1", "web2", "web1", "web2"]],
    ["its group's", merge("group", "all", { variables: { x: 1 } }), ["web1"]],
    ["those of a group that includes its own", merge("group", "extra", { variables: { x: 1 } }), ["web1"]],
    ["its own", merge("structure", "web2", { variables: { x: 1 } }), ["web2"]],
    ["its foundation's attributes", merge("foundation", "web2", { attributes: { x: 1 } }), ["web2", "web2"]],
    ["its blueprint's script", merge("blueprint", "web", { scripts: { create: "pass # other" } }), ["web1", "web2"]],
    ["a description", merge("structure", "web2", { description: "x" }), []],
    ["another site's", merge("site", "far", { variables: { x: 1 } }), []],
  ] as readonly (readonly [string, Edit, readonly string[]])[])(
    "is out of date by a change of %s",
    (_what, edit, expected) => {
      const done = plan(world, [edit]);
      expect(messages(done)).toEqual([]);
      expect(stale(done)).toEqual(expected);
    },
  );

  it("is out of date when its script would be answered otherwise", () => {
    const asking = built("web2", {
      build: { ...build, foundation: "web2", queries: [{ question: { site: "far" }, hash: "x" }] },
    });
    const snapshot = { ...world, structures: new Map([...world.structures, ["web2", asking]]) };
    expect(stale(plan(snapshot, [create("structure", { name: "more", site: "far" })]))).toEqual(["web2"]);
  });

  it("is written once, however many edits touch it", () => {
    const { writes, results } = plan(world, [
      merge("structure", "web1", { role: "a" }),
      merge("structure", "web1", { role: "b", variables: { x: 1 } }),
    ]);
    expect(writes.update.structures).toMatchObject([{ name: "web1", role: "b", version: 2, stale: true }]);
    expect(results.map(({ version }) => version)).toEqual([2, 2]);
  });

  it("is not moved to another foundation under its feet", () => {
    expect(messages(plan(world, [merge("structure", "web1", { foundation: "web2" })]))[0]).toContain(
      "its foundation cannot be changed",
    );
  });
});

describe("a deletion", () => {
  it("takes down what is there first, and keeps for as long what that needs", () => {
    const done = plan(world, [remove("site", "lab")], true);
    expect(messages(done)).toEqual([]);
    expect(done.results.map(({ kind, name, action }) => [kind, name, action])).toEqual(
      expect.arrayContaining([
        ["site", "lab", "leaving"],
        ["structure", "web1", "leaving"],
        ["foundation", "web1", "leaving"],
        ["structure", "known", "removed"],
      ]),
    );
    expect(done.writes.update.structures.map(({ name, wanted }) => [name, wanted])).toEqual([
      ["web1", "absent"],
      ["web2", "absent"],
    ]);
  });

  it("asks, with what would go and what would change", () => {
    expect(messages(plan(world, [remove("structure", "web1")]))).toEqual([
      "structure 'web1': 1 structure would go with it; 1 structure would no longer refer to it",
    ]);
    // What is named itself is not asked for.
    const both = plan(world, [remove("structure", "known"), remove("structure", "web2"), remove("structure", "web1")]);
    expect(messages(both)).toEqual([]);
  });

  it("goes as it is stored, whatever other edits of the request do to it", () => {
    const made = plan(world, [create("site", { name: "new", parent: "nowhere" }), remove("site", "new")]);
    expect([messages(made), made.writes.insert.sites, made.writes.update.sites, made.removals]).toEqual([
      [],
      [],
      [],
      [],
    ]);
    const moved = plan(world, [merge("site", "far", { parent: "nowhere" }), remove("site", "far")], true);
    expect(moved.writes.update.sites).toMatchObject([{ name: "far", parent: null, wanted: "absent" }]);
  });

  it("lets included groups dangle", () => {
    const snapshot = { ...world, structures: named() as Snapshot["structures"] };
    expect(messages(plan(snapshot, [remove("group", "web")]))).toEqual([]);
  });
});

describe("what others know", () => {
  const knowledge = {
    scriptProblems: (text: string, file: string) =>
      text === "pass" ? [] : [{ code: "x", message: `'${text}' is no script`, where: { file, line: 3 } }],
    attributeProblems: (type: string) => (type === "odd" ? [{ message: "attributes are odd" }] : []),
  };
  const told = (...edits: readonly Edit[]): readonly string[] =>
    messages(
      planEdits(world, edits, { now: 9, random: countingRandom(), managedBy: "person", cascade: false, knowledge }),
    );

  it("is said of scripts that were changed, and of attributes", () => {
    expect(told(merge("blueprint", "web", { scripts: { create: "pas", update: "pass" } }))).toEqual([
      "blueprint 'web': script 'create', line 3: 'pas' is no script",
    ]);
    expect(told(merge("blueprint", "web", { description: "x" }))).toEqual([]);
    const odd = { name: "f", site: "lab", type: "odd", blueprint: "machine" };
    expect(told(create("foundation", odd))).toEqual(["foundation 'f': attributes are odd"]);
  });
});

describe("what cannot be", () => {
  it.each([
    [
      "an interface of two",
      create("interface", { structure: "web1", foundation: "web1", device: "eth0" }),
      "exactly one of 'structure' and 'foundation' owns it",
    ],
    ["an interface of nobody", create("interface", { device: "eth0", name: "x/eth0" }), "exactly one of"],
    [
      "an interface of another name",
      create("interface", { structure: "web1", device: "eth0", name: "web1/eth1" }),
      "its name must be 'web1/eth0'",
    ],
    [
      "a vlan without a tag",
      create("interface", { structure: "web1", device: "v", type: "vlan", members: ["eth0"] }),
      "a vlan has the member 'vlan'",
    ],
    ["a tag of 4095", create("network", { name: "n", vlan: 4095 }), "vlan: "],
    [
      "an address twice",
      create("structure", {
        name: "x",
        site: "lab",
        addresses: [
          { block: "b", address: "10.0.0.9" },
          { block: "b", address: "10.0.0.9" },
        ],
      }),
      "it is named twice",
    ],
    [
      "an address somebody has",
      create("structure", { name: "x", site: "lab", addresses: [{ block: "b", address: "10.0.0.5" }] }),
      "structure 'web1' has it",
    ],
    [
      "an address of elsewhere",
      create("structure", { name: "x", site: "far", addresses: [{ block: "b", address: "10.0.0.9" }] }),
      "neither lies within the other",
    ],
    [
      "a block drawn away from under addresses",
      merge("address_block", "b", { subnet: "10.0.1.0/24" }),
      "10.0.0.5 of structure 'web1' would be outside of it",
    ],
    [
      "a block that begins within itself",
      create("address_block", { name: "c", site: "lab", subnet: "10.9.0.1/24" }),
      "write the block as 10.9.0.0/24",
    ],
    [
      "two on one foundation",
      create("structure", { name: "x", site: "lab", blueprint: "web", foundation: "web1" }),
      "structure 'web1' does",
    ],
    [
      "a hostname the network does not take",
      create("structure", { name: "X_y", site: "lab", blueprint: "web", foundation: "web2" }),
      "its hostname 'X_y'",
    ],
    [
      "a site in itself",
      merge("site", "region", { parent: "lab" }),
      "site 'region' lies in itself: region → lab → region",
    ],
    [
      "structures that wait for each other",
      merge("structure", "web1", { dependsOn: ["web2"] }),
      "would wait for itself",
    ],
    ["a reserved variable", merge("site", "lab", { variables: { _id: 1 } }), "reserved"],
    ["an id of one's own", merge("site", "lab", { id: "x" }), "'id' is kept by Gantry"],
    ["another name", merge("site", "lab", { name: "x" }), "cannot be given another name"],
    ["a tenant by an edit", { action: "delete", kind: "tenant", name: "default", version: null }, "under /v1/tenants"],
    [
      "an asset with a script for an address",
      merge("site", "lab", { assets: [{ system: "a", id: "1", url: "javascript:alert(1)" }] }),
      "must begin with http",
    ],
  ] as readonly (readonly [string, Edit, string])[])("%s is refused", (_what, edit, text) => {
    const done = plan(world, [edit]);
    expect(messages(done).join("\n")).toContain(text);
    expect([done.results, done.removals]).toEqual([[], []]);
  });

  it("is told of as far as a hundred problems", () => {
    const edits = Array.from({ length: 500 }, (_, at) => create("structure", { name: `s${at}`, site: "nowhere" }));
    expect(plan(world, edits).problems).toHaveLength(100);
  });

  it("does not overflow the stack: values and chains of any depth", () => {
    let deep: JsonObject = {};
    for (let at = 0; at < 10_000; at += 1) deep = { a: deep };
    expect(plan(world, [merge("site", "lab", { variables: deep })]).problems[0]?.code).toBe("value_too_large");
    expect(plan(world, [create("site", { name: "x", variables: deep })]).problems[0]?.code).toBe("value_too_large");
    const chain = Array.from({ length: 20_000 }, (_, at) =>
      create("group", { name: `g${at}`, parent: at === 0 ? null : `g${at - 1}` }),
    );
    expect(messages(plan(world, chain))).toEqual([]);
    const circle = plan(world, [...chain, merge("group", "g0", { parent: "g19999" })]);
    expect(circle.problems[0]?.message.length).toBeLessThan(400);
  });
});

it("keeps texts in their one form", () => {
  const { writes } = plan(world, [
    create("address_block", { name: "six", site: "lab", subnet: "FD00:0:0::/64", gateway: "fd00:0::1" }),
    create("structure", { name: "x", site: "lab", addresses: [{ block: "six", address: "fd00:0:0:0:0:0:0:9" }] }),
    create("interface", { structure: "x", device: "eth0", mac: "52-54-00-AB-CD-EF" }),
  ]);
  expect(writes.insert.addressBlocks).toMatchObject([{ subnet: "fd00::/64", gateway: "fd00::1" }]);
  expect(writes.insert.structures[0]?.addresses).toEqual([{ block: "six", address: "fd00::9" }]);
  expect(writes.insert.interfaces[0]).toMatchObject({ name: "x/eth0", mac: "52:54:00:ab:cd:ef" });
});

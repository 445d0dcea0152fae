import { expect, it } from "vitest";
import type { FoundationBuild, Snapshot, StructureBuild } from "../inventory/index.ts";
import { blueprint, complex, dependency, emptySnapshot, foundation, site, structure } from "../inventory/testing.ts";
import { decide } from "./decide.ts";
import { foremanView } from "./view.ts";

const inputs = { blueprint: "web", scripts: {}, templates: {}, variables: {}, site: "lab" };

function snapshotOf(rows: { foundations: Snapshot["foundations"]; structures: Snapshot["structures"] }): Snapshot {
  return { ...emptySnapshot(), ...rows };
}

it("sees a structure that moves where it was built, and the addresses it was built with", () => {
  const build: StructureBuild = { ...inputs, foundation: "old", addresses: ["127.0.0.1"], queries: [] };
  const below: FoundationBuild = {
    ...inputs,
    type: "local",
    attributes: {},
    hostname: "web",
    addresses: ["127.0.0.1"],
  };
  const web = structure("web", {
    id: "web",
    foundation: "new",
    addresses: [{ block: "b", address: "127.0.0.2" }],
    state: "built",
    rebuild: true,
    build,
  });
  const view = foremanView(
    snapshotOf({
      foundations: new Map([
        ["old", foundation("old", { id: "old", state: "built", wanted: "absent", build: below })],
        ["new", foundation("new", { id: "new" })],
      ]),
      structures: new Map([["web", web]]),
    }),
  );
  expect(view.foundations.map(({ id, structures, holds, takes }) => ({ id, structures, holds, takes }))).toEqual([
    { id: "old", structures: ["web"], holds: ["127.0.0.1"], takes: [] },
    { id: "new", structures: ["web"], holds: ["127.0.0.2"], takes: ["127.0.0.2"] },
  ]);
  expect(view.structures[0]).toMatchObject({ foundationId: "new", holds: ["127.0.0.1"], takes: ["127.0.0.2"] });
  // It is taken off the old machine before that goes.
  expect(decide(view).steps).toEqual([
    { kind: "start", role: "create", target: "foundation", id: "new" },
    { kind: "start", role: "destroy", target: "structure", id: "web" },
  ]);
});

it("does not wait for what nobody builds", () => {
  const view = foremanView(
    snapshotOf({
      foundations: new Map([["web", foundation("web", { state: "built" })]]),
      structures: new Map([
        ["storage", structure("storage", { blueprint: null, foundation: null })],
        ["web", structure("web", { id: "web", foundation: "web", dependsOn: ["storage"] })],
      ]),
    }),
  );
  expect(decide(view).steps).toEqual([{ kind: "start", role: "create", target: "structure", id: "web" }]);
});

function byName<Row extends { readonly name: string }>(...rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((one) => [one.name, one]));
}

it("counts a job for the limits of its sites, of the blueprints it builds upon, and of its driver", () => {
  const snapshot = {
    ...emptySnapshot(),
    sites: byName(site("region", { maxJobs: 9 }), site("lab", { parent: "region" }), site("far", { maxJobs: 1 })),
    blueprints: byName(
      blueprint("base", { maxJobs: 3 }),
      blueprint("web", { parents: ["base"] }),
      blueprint("machine", { builds: "foundation" }),
    ),
    foundations: byName(foundation("web1", { site: "far", type: "docker" })),
    structures: byName(structure("web1")),
  };
  const view = foremanView(snapshot, { docker: 2, ipmi: 1 });
  expect([...view.limits]).toEqual([
    ["site region", 9],
    ["site far", 1],
    ["blueprint base", 3],
    ["driver docker", 2],
    ["driver ipmi", 1],
  ]);
  expect(view.foundations[0]!.limits).toEqual(["site far", "driver docker"]);
  expect(view.structures[0]!.limits).toEqual(["site region", "blueprint base", "driver docker"]);
  expect(foremanView({ ...snapshot, sites: new Map(), blueprints: new Map() }).structures[0]!.limits).toEqual([]);
});

it("knows what has to be found, what a complex offers and how large it is, and what nobody builds", () => {
  const view = foremanView({
    ...emptySnapshot(),
    foundations: byName(
      foundation("rack1", { type: "ipmi" }),
      foundation("rack2", { type: "ipmi", locatedAt: 5 }),
      foundation("vm", { complex: "pool", attributes: { memory: 4, disk: "large" }, placedOn: "h1" }),
    ),
    structures: byName(structure("h1", { id: "h1" }), structure("h2", { id: "h2", blueprint: null, foundation: null })),
    complexes: byName(
      complex("pool", {
        id: "pool",
        members: ["h1", "h2"],
        builtPercentage: 60,
        capacity: { memory: 8, cpus: 2 },
        attributes: { cpus: 1, memory: 2 },
      }),
    ),
  });
  expect(view.foundations.map(({ name, located }) => [name, located])).toEqual([
    ["rack1", false],
    ["rack2", true],
    ["vm", true],
  ]);
  expect(view.foundations[2]).toMatchObject({ complexId: "pool", placedOn: "h1", size: { memory: 4, cpus: 1 } });
  expect(view.complexes).toEqual([
    {
      id: "pool",
      name: "pool",
      members: [
        { id: "h1", name: "h1" },
        { id: "h2", name: "h2" },
      ],
      needed: 2,
      capacity: { memory: 8, cpus: 2 },
    },
  ]);
});

it("sees a dependency as it was built while something of it is there, and as it is to be before", () => {
  const build = {
    blueprint: "web",
    scripts: {},
    templates: {},
    variables: {},
    addresses: [],
    site: "lab",
    structure: "old",
    dependency: null,
    scriptStructure: "old",
  };
  const one = dependency("port", { foundation: "box", structure: "new", createScript: "on", link: "hard" });
  const rows = {
    ...emptySnapshot(),
    foundations: byName(foundation("box", { id: "box" })),
    structures: byName(
      structure("old", { id: "old" }),
      structure("new", { id: "new" }),
      structure("known", { blueprint: null, foundation: null }),
    ),
  };
  const seen = (...all: readonly ReturnType<typeof dependency>[]) =>
    foremanView({ ...rows, dependencies: byName(...all) }).dependencies.map(({ needs, runsOn }) => [needs, runsOn]);
  expect(seen(one)).toEqual([["new", "new"]]);
  expect(seen({ ...one, state: "built", build })).toEqual([["old", "old"]]);
  // It is there already.
  expect(seen({ ...one, structure: "known", createScript: null })).toEqual([[null, null]]);
  const chain = dependency("next", {
    id: "next",
    foundation: "box",
    structure: null,
    dependency: "port",
    createScript: "on",
  });
  expect(seen({ ...one, id: "port", createScript: null }, chain)).toEqual([
    ["new", null],
    ["port", "new"],
  ]);
});

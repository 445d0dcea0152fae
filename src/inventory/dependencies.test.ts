import { describe, expect, it } from "vitest";
import { countingRandom } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { attributesOf, membersNeeded, neededStructure, scriptStructureOf } from "./dependencies.ts";
import { planEdits } from "./edit.ts";
import type { Edit, EditPlan } from "./edit-model.ts";
import { FILTER_INVALID } from "./errors.ts";
import { filtered } from "./filter.ts";
import { dependencyInputs, foundationInputs } from "./inputs.ts";
import type { Kind } from "./kinds.ts";
import type { Snapshot } from "./model.ts";
import { placeOf, sitesOf } from "./place.ts";
import { blueprint, complex, dependency, emptySnapshot, foundation, site, structure } from "./testing.ts";
import { createResolver } from "./variables.ts";
import { waitingCycles } from "./waiting.ts";

function named<Row extends { readonly name: string }>(...rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [row.name, row]));
}

const text = (value: string) => ({ text: value, origin: { file: "a.t", line: 1, column: 1, exact: true } });

/** Two hosts offer `vm1`, on which `web1` of another site stands; `late` waits for a port of `host1`, `vm1` for `late`'s. */
const world = emptySnapshot({
  sites: named(
    site("dc", { variables: { domain: "example.org" } }),
    site("hosts", { parent: "dc", variables: { tier: "hosts" } }),
    site("guests", { parent: "dc", variables: { tier: "guests" } }),
  ),
  blueprints: named(
    blueprint("machine", { builds: "foundation" }),
    blueprint("web", { variables: { "packages:Container": ["web"], packages: ["kernel", "web"] } }),
    blueprint("host", { scripts: { create: text("pass"), port_on: text("pass"), port_off: text("pass") } }),
  ),
  complexes: named(
    complex("cluster", {
      site: "hosts",
      type: "docker",
      members: ["host1", "host2"],
      attributes: { image: "debian", memory: 512 },
    }),
  ),
  foundations: named(
    foundation("host1", { site: "hosts" }),
    foundation("host2", { site: "hosts" }),
    foundation("late", { site: "guests", locatedAt: 5 }),
    foundation("vm1", { site: "hosts", type: "docker", complex: "cluster", attributes: { memory: 1024 } }),
  ),
  structures: named(
    structure("host1", { site: "hosts", blueprint: "host" }),
    structure("host2", { site: "hosts", blueprint: "host" }),
    structure("web1", { site: "guests", foundation: "vm1" }),
  ),
  dependencies: named(
    dependency("uplink", { foundation: "late", structure: "host1", createScript: "port_on" }),
    dependency("second", { foundation: "vm1", structure: null, dependency: "uplink" }),
  ),
});

const random = countingRandom();

function plan(edits: readonly Edit[], snapshot = world, cascade = false): EditPlan {
  return planEdits(snapshot, edits, { now: 1000, random, managedBy: "person", cascade });
}

function problems(edits: readonly Edit[], snapshot = world): readonly string[] {
  return plan(edits, snapshot).problems.map(({ message }) => message);
}

function merge(kind: Kind, name: string, patch: JsonObject): Edit {
  return { action: "merge", kind, name, version: null, patch };
}

function create(kind: Kind, data: JsonObject): Edit {
  return { action: "create", kind, data };
}

/** Everything built with what it would be built with now. */
function built(snapshot: Snapshot): Snapshot {
  const resolver = createResolver(snapshot);
  const done = { state: "built", managedBy: "person" } as const;
  return {
    ...snapshot,
    foundations: named(
      ...[...snapshot.foundations.values()].map((row) => ({
        ...row,
        ...done,
        build: foundationInputs(resolver, row.name, undefined),
      })),
    ),
    dependencies: named(
      ...[...snapshot.dependencies.values()].map((row) => ({
        ...row,
        ...done,
        build: dependencyInputs(snapshot, row.name),
      })),
    ),
  };
}

describe("complexes", () => {
  it("say the type of their foundations, whichever of the two is written first", () => {
    const edits = [
      create("foundation", { name: "vm2", site: "hosts", blueprint: "machine", complex: "other" }),
      create("complex", { name: "other", site: "hosts", type: "qemu", members: ["host1"] }),
    ];
    const made = plan(edits);
    expect(made.problems).toEqual([]);
    expect(made.row("foundation", "vm2")).toMatchObject({ type: "qemu", locatedAt: null, identifiers: {} });
    expect(made.row("complex", "other")).toMatchObject({ builtPercentage: 90, capacity: {} });
    // Sent back whole without the type, a foundation keeps it.
    const again: Edit = {
      action: "replace",
      kind: "foundation",
      name: "vm1",
      version: null,
      data: { site: "hosts", blueprint: "machine", complex: "cluster" },
    };
    expect(plan([again], built(world)).row("foundation", "vm1")).toMatchObject({ type: "docker" });
  });

  it("offer one type only", () => {
    expect(problems([create("foundation", { name: "x", site: "hosts", blueprint: "machine" })])).toEqual([
      "foundation 'x': type is missing: it has no complex that says it",
    ]);
    expect(problems([merge("foundation", "vm1", { type: "local" })])).toEqual([
      "foundation 'vm1' is of type 'local', but its complex 'cluster' offers 'docker'",
    ]);
    expect(problems([merge("complex", "cluster", { type: "lxc" })])).toEqual([
      "foundation 'vm1' is of type 'docker', but its complex 'cluster' offers 'lxc'",
    ]);
    const together = [merge("complex", "cluster", { type: "lxc" }), merge("foundation", "vm1", { type: "lxc" })];
    expect(problems(together)).toEqual([]);
    expect(problems([merge("foundation", "vm1", { complex: null })], built(world))).toEqual([
      "foundation 'vm1' is built, so its complex cannot be changed: delete it, and create it anew when it is gone",
    ]);
  });

  it("give defaults for the attributes of what they offer, and count their members", () => {
    const vm1 = world.foundations.get("vm1")!;
    expect(attributesOf(world, vm1)).toEqual({ image: "debian", memory: 1024 });
    expect(attributesOf(world, world.foundations.get("late")!)).toEqual({});
    expect(membersNeeded({ members: ["a", "b", "c"], builtPercentage: 50 })).toBe(2);
    expect(membersNeeded({ members: ["a", "b", "c"], builtPercentage: 100 })).toBe(3);
    expect(membersNeeded({ members: [], builtPercentage: 90 })).toBe(0);
  });

  it("make stale what is built with other attributes now, and nothing else", () => {
    const changed = plan([merge("complex", "cluster", { attributes: { image: "alpine" } })], built(world));
    expect(changed.row("foundation", "vm1")).toMatchObject({ stale: true });
    expect(changed.row("foundation", "host1")).toMatchObject({ stale: false });
    const own = plan([merge("complex", "cluster", { attributes: { memory: 1 } })], built(world));
    expect(own.row("foundation", "vm1")).toMatchObject({ stale: false });
    const counted = [
      merge("blueprint", "machine", { hardware: { cpus: { cores: 4 } }, interfaces: ["eth0"], maxJobs: 2 }),
      merge("complex", "cluster", { capacity: { foundations: 2 }, builtPercentage: 40 }),
      merge("site", "hosts", { maxJobs: 3 }),
    ];
    expect(plan(counted, built(world)).row("foundation", "vm1")).toMatchObject({ stale: false });
  });

  it("are a layer of variables below what their foundations say", () => {
    const resolver = createResolver(world);
    expect(resolver.structure("web1").values).toMatchObject({ image: "debian", memory: 1024 });
    expect(resolver.values("web1")).toMatchObject({ image: "debian", memory: 1024 });
    expect(resolver.value("web1", "image")).toBe("debian");
    expect(resolver.structure("web1").explain["image"]?.from).toEqual([{ kind: "complex", name: "cluster" }]);
    expect(resolver.foundation("vm1").values).toMatchObject({ image: "debian", memory: 1024 });
  });

  it("go with what they offer, and stay as rows until that is taken down", () => {
    const asked = plan([{ action: "delete", kind: "complex", name: "cluster", version: null }]);
    expect(asked.problems[0]?.message).toBe(
      "complex 'cluster': 1 foundation, 1 structure and 1 dependency would go with it",
    );
    const gone = plan([{ action: "delete", kind: "complex", name: "cluster", version: null }], built(world), true);
    expect(gone.row("complex", "cluster")).toMatchObject({ wanted: "absent" });
    expect(gone.row("foundation", "vm1")).toMatchObject({ wanted: "absent", state: "built" });
    expect(gone.row("dependency", "second")).toMatchObject({ wanted: "absent", state: "built" });
    const member = plan([{ action: "delete", kind: "structure", name: "host2", version: null }], world, true);
    expect(member.row("complex", "cluster")).toMatchObject({ members: ["host1"] });
  });
});

describe("dependencies", () => {
  it("need one thing, and scripts that are there", () => {
    expect(problems([merge("dependency", "uplink", { dependency: "second" })])).toEqual([
      "dependency 'uplink' would wait for itself: dependency 'uplink' → dependency 'second' → dependency 'uplink'",
    ]);
    expect(problems([merge("dependency", "second", { structure: "host2" })])).toEqual([
      "dependency 'second': exactly one of 'structure' and 'dependency' says what is needed",
    ]);
    expect(problems([create("dependency", { name: "none", foundation: "late" })])).toEqual([
      "dependency 'none': exactly one of 'structure' and 'dependency' says what is needed",
    ]);
    expect(problems([merge("dependency", "second", { destroyScript: "port_offf" })])).toEqual([
      "dependency 'second': destroyScript names the script 'port_offf', which structure 'host1' has not; did you mean 'port_off'?",
    ]);
    expect(problems([merge("dependency", "uplink", { structure: "host" })])).toEqual([
      "dependency 'uplink': structure names the structure 'host', which is not there; did you mean 'host1'?",
    ]);
  });

  it("find what is needed in the end, and where scripts run", () => {
    expect(neededStructure(world.dependencies, "second")).toBe("host1");
    expect(scriptStructureOf(world.dependencies, "second")).toBe("host1");
    const elsewhere = named(dependency("a", { scriptStructure: "host2" }));
    expect(scriptStructureOf(elsewhere, "a")).toBe("host2");
    const circle = named(
      dependency("a", { structure: null, dependency: "b" }),
      dependency("b", { structure: null, dependency: "a" }),
    );
    expect(neededStructure(circle, "a")).toBeUndefined();
  });

  it("do not wait for themselves: through complexes, foundations and what structures depend on", () => {
    expect(
      problems([merge("structure", "host1", { foundation: "vm1" }), merge("structure", "web1", { foundation: null })]),
    ).toEqual([
      "structure 'host1' would wait for itself: structure 'host1' → foundation 'vm1' → dependency 'second' → dependency 'uplink' → structure 'host1'",
      "structure 'host1' would wait for itself: structure 'host1' → foundation 'vm1' → complex 'cluster' → structure 'host1'",
    ]);
    expect(problems([merge("dependency", "uplink", { structure: "web1", createScript: null })])).toEqual([
      "dependency 'uplink' would wait for itself: dependency 'uplink' → structure 'web1' → foundation 'vm1' → dependency 'second' → dependency 'uplink'",
    ]);
    // What structures close among themselves is told once, by itself.
    expect(
      problems([
        merge("structure", "host1", { dependsOn: ["host2"] }),
        merge("structure", "host2", { dependsOn: ["host1"] }),
      ]),
    ).toEqual(["structure 'host1' would wait for itself: host1 → host2 → host1"]);
  });

  it("are run again when their script is another one, and built anew when they need something else", () => {
    const scripts = plan([merge("blueprint", "host", { scripts: { port_on: "delay( seconds=1 )" } })], built(world));
    expect(scripts.row("dependency", "uplink")).toMatchObject({ stale: true, rebuild: false });
    expect(scripts.row("dependency", "second")).toMatchObject({ stale: false, rebuild: false });
    const moved = plan([merge("dependency", "uplink", { structure: "host2" })], built(world));
    expect(moved.row("dependency", "uplink")).toMatchObject({ stale: false, rebuild: true });
    const twice = plan([merge("dependency", "uplink", { structure: "host2" })], {
      ...built(world),
      dependencies: new Map([["uplink", { ...built(world).dependencies.get("uplink")!, stale: true }]]),
    });
    expect(twice.row("dependency", "uplink")).toMatchObject({ stale: true, rebuild: true });
    // It runs nothing, so where it would run is the same to it.
    expect(moved.row("dependency", "second")).toMatchObject({ stale: false, rebuild: false });
    expect(problems([merge("dependency", "uplink", { foundation: "vm1" })], built(world))).toEqual([
      "dependency 'uplink' is built, so its foundation cannot be changed: delete it, and create it anew when it is gone",
    ]);
    expect(
      plan([merge("dependency", "uplink", { link: "hard" })], built(world)).row("dependency", "uplink"),
    ).toMatchObject({
      stale: false,
      rebuild: false,
    });
  });

  it("keep the record of where they were built", () => {
    expect(dependencyInputs(world, "uplink")).toMatchObject({
      site: "hosts",
      blueprint: "host",
      structure: "host1",
      dependency: null,
      scriptStructure: "host1",
      scripts: { port_on: expect.any(String) },
    });
    expect(dependencyInputs(world, "second")).toMatchObject({ structure: null, dependency: "uplink", scripts: {} });
  });
});

describe("a structure whose foundation is in another site", () => {
  it("has the variables of its own site, as its foundation has of its", () => {
    const resolver = createResolver(world);
    expect(resolver.structure("web1").values).toMatchObject({ tier: "guests", domain: "example.org", _site: "guests" });
    expect(resolver.foundation("vm1").values).toMatchObject({ tier: "hosts", domain: "example.org", _site: "hosts" });
  });

  it("is brought up to date by what changes in its own site, and its foundation by what changes in the other", () => {
    const resolver = createResolver(world);
    const there = built(world);
    const all: Snapshot = {
      ...there,
      structures: named(...[...there.structures.values()].map((row) => ({ ...row, state: "built" as const }))),
    };
    expect(resolver.structure("web1").values["tier"]).toBe("guests");
    const hosts = plan([merge("site", "hosts", { variables: { tier: "other" } })], all);
    expect(hosts.row("structure", "web1")).toMatchObject({ stale: false });
    expect(hosts.row("foundation", "vm1")).toMatchObject({ stale: true });
    const guests = plan([merge("site", "guests", { variables: { tier: "other" } })], all);
    expect(guests.row("structure", "web1")).toMatchObject({ stale: true });
    expect(guests.row("foundation", "vm1")).toMatchObject({ stale: false });
  });

  it("has the classes of the type of its foundation", () => {
    expect(createResolver(world).structure("web1").values["packages"]).toEqual(["web"]);
    const moved = {
      ...world,
      foundations: named(...[...world.foundations.values()].map((row) => ({ ...row, type: "test", complex: null }))),
    };
    expect(createResolver(moved).structure("web1").values["packages"]).toEqual(["kernel", "web"]);
    expect(createResolver(moved).values("web1")["packages"]).toEqual(["kernel", "web"]);
  });
});

describe("the uuid of a machine", () => {
  it("is one foundation's alone, in whichever letters it is written", () => {
    const uuid = "4c4c4544-0042-3510-8056-b4c04f4d3732";
    const first = plan([merge("foundation", "late", { systemUuid: uuid.toUpperCase() })]);
    expect(first.row("foundation", "late")).toMatchObject({ systemUuid: uuid });
    const both = [
      merge("foundation", "late", { systemUuid: uuid }),
      merge("foundation", "host1", { systemUuid: uuid }),
    ];
    expect(problems(both)).toEqual([
      "foundation 'host1': systemUuid is that of foundation 'late', and a machine is one foundation",
    ]);
    const moved = [
      merge("foundation", "late", { systemUuid: null }),
      merge("foundation", "host1", { systemUuid: uuid }),
    ];
    const there = { ...world.foundations.get("late")!, systemUuid: uuid };
    const known = { ...world, foundations: new Map([...world.foundations, ["late", there]]) };
    expect(problems([merge("foundation", "host1", { systemUuid: uuid })], known)).toHaveLength(1);
    expect(problems(moved, known)).toEqual([]);
  });
});

describe("where complexes and dependencies are", () => {
  it("is their site, and that of what waits", () => {
    const ids = ["dc", "hosts", "guests"].map((name) => world.sites.get(name)!.id);
    expect(placeOf(world, "complex", world.complexes.get("cluster")!).sites).toEqual([ids[0], ids[1]]);
    expect(placeOf(world, "dependency", world.dependencies.get("uplink")!).sites).toEqual([ids[0], ids[2]]);
    expect(sitesOf(world, "dependency", world.dependencies.get("second")!)).toEqual(["dc", "hosts"]);
  });

  it("can be asked of lists", () => {
    const names = (kind: Kind, filter: Parameters<typeof filtered>[2]): readonly string[] => {
      const rows = { complex: world.complexes, dependency: world.dependencies, foundation: world.foundations };
      const all = kind === "structure" ? world.structures : rows[kind as "complex"];
      return [...all.values()].filter(filtered(world, kind, filter).passes).map(({ name }) => name);
    };
    expect(names("dependency", { site: "hosts" })).toEqual(["second"]);
    expect(names("dependency", { site: "dc" })).toEqual(["uplink", "second"]);
    expect(names("dependency", { foundation: "late", state: "planned" })).toEqual(["uplink"]);
    expect(names("complex", { site: "dc" })).toEqual(["cluster"]);
    expect(names("foundation", { complex: "cluster" })).toEqual(["vm1"]);
    expect(names("structure", { complex: "cluster" })).toEqual(["web1"]);
    expect(names("structure", { foundation: "vm1" })).toEqual(["web1"]);
    expect(names("foundation", { state: "located" })).toEqual(["late"]);
    expect(() => names("foundation", { complex: "clutser" })).toThrow(
      expect.objectContaining({
        kind: FILTER_INVALID,
        message: "there is no complex 'clutser'; did you mean 'cluster'?",
      }),
    );
    expect(() => names("dependency", { complex: "cluster" })).toThrow("a list of dependencies has no filter 'complex'");
  });
});

describe("circles of waiting", () => {
  it("are found from anything in them, and end where nothing is", () => {
    const waiting = {
      structure: (name: string) => ({ foundation: name === "s" ? "f" : "gone", dependsOn: [] }),
      foundation: () => ({ complex: null }),
      complex: () => undefined,
      dependency: () => ({ structure: "s", dependency: null, scriptStructure: null }),
      dependenciesOf: (name: string) => (name === "f" ? ["d"] : []),
    };
    const path = ["dependency d", "structure s", "foundation f", "dependency d"];
    const found = waitingCycles([{ kind: "dependency", name: "d" }], waiting);
    expect(found.map((one) => one.map(({ kind, name }) => `${kind} ${name}`))).toEqual([path]);
    expect(waitingCycles([{ kind: "structure", name: "other" }], waiting)).toEqual([]);
  });
});

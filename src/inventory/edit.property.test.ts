import fc from "fast-check";
import { expect, it } from "vitest";
import { countingRandom } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import { planEdits } from "./edit.ts";
import type { AnyRow, Edit, EditPlan } from "./edit-model.ts";
import { OWNED_RULES, type OwnedKind } from "./kinds.ts";
import type { Snapshot, Structure } from "./model.ts";
import { blueprint, complex, dependency, emptySnapshot, foundation, site, structure } from "./testing.ts";
import { named } from "./testing/worlds.ts";

// Whatever is edited, in whatever order: what is planned leaves an inventory in which everything refers to something, nothing lies in
// itself, and no two have one address; or nothing is planned, and it says why.

const pick = (...names: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...names);
const optional = (...names: readonly string[]): fc.Arbitrary<string | null> => fc.constantFrom(null, ...names);
const some = (...names: readonly string[]): fc.Arbitrary<string[]> => fc.subarray([...names], { maxLength: 2 });

const sites = ["s0", "s1", "s2"];
const groups = ["g0", "g1", "g2"];
const hosts = ["h0", "h1", "h2"];
const machines = ["f0", "f1"];
const waits = ["d0", "d1"];
const addresses = fc.constantFrom(
  [],
  ...["10.0.0.1", "10.0.0.2", "10.0.0.9"].map((address) => [{ block: "b0", address }]),
);

const data: Readonly<Partial<Record<OwnedKind, fc.Arbitrary<JsonObject>>>> = {
  site: fc.record({ name: pick(...sites), parent: optional(...sites) }),
  group: fc.record({ name: pick(...groups), parent: optional(...groups), includes: some(...groups, "nobody") }),
  network: fc.record({ name: pick("n0"), site: optional(...sites) }),
  address_block: fc.record({
    name: pick("b0", "b1"),
    site: pick(...sites),
    subnet: pick("10.0.0.0/29", "10.0.0.0/28", "10.0.0.8/29"),
    network: optional("n0"),
    reserved: fc.constantFrom([], ["10.0.0.2"]),
  }),
  structure: fc.record({
    name: pick(...hosts),
    site: pick(...sites),
    parent: optional(...hosts),
    groups: some(...groups),
    dependsOn: some(...hosts),
    addresses,
    foundation: optional(...machines),
    blueprint: optional("web"),
  }),
  foundation: fc.record(
    {
      name: pick(...machines),
      site: pick(...sites),
      blueprint: pick("machine"),
      type: pick("local", "docker"),
      complex: optional("c0"),
    },
    { requiredKeys: ["name", "site", "blueprint"] },
  ),
  complex: fc.record({
    name: pick("c0"),
    site: pick(...sites),
    type: pick("local", "docker"),
    members: some(...hosts),
  }),
  dependency: fc.record({
    name: pick(...waits),
    foundation: pick(...machines),
    structure: optional(...hosts),
    dependency: optional(...waits),
    scriptStructure: optional(...hosts),
  }),
  interface: fc.record({ structure: pick(...hosts), device: pick("eth0"), network: optional("n0") }),
};

const blueprints = named([blueprint("machine", { builds: "foundation" }), blueprint("web")]);

const kinds = Object.keys(data) as OwnedKind[];

function nameIn(one: JsonObject): string {
  return typeof one["name"] === "string" ? one["name"] : `${String(one["structure"])}/eth0`;
}

const edits: fc.Arbitrary<Edit> = fc.constantFrom(...kinds).chain((kind) =>
  fc
    .tuple(fc.constantFrom("create", "create", "replace", "merge", "delete"), data[kind]!)
    .map(([action, one]): Edit => {
      const target = { kind, name: nameIn(one), version: null };
      if (action === "create") return { action, kind, data: one };
      if (action === "delete") return { action, ...target };
      return action === "replace" ? { action, ...target, data: one } : { action: "merge", ...target, patch: one };
    }),
);

/** What the store would make of a plan, with what is to go and was never built gone. */
function written(snapshot: Snapshot, plan: EditPlan): Snapshot {
  const next: Record<string, Map<string, AnyRow>> = {};
  for (const { rows, kind } of OWNED_RULES) {
    const all = new Map<string, AnyRow>(snapshot[rows]);
    for (const one of plan.removals) if (one.kind === kind) all.delete(one.name);
    for (const row of plan.writes.insert[rows]) {
      expect(all.has(row.name)).toBe(false);
      all.set(row.name, row);
    }
    for (const row of plan.writes.update[rows]) {
      expect(row.version).toBe((all.get(row.name)?.version ?? Number.NaN) + 1);
      if (row.wanted === "absent") all.delete(row.name);
      else all.set(row.name, row);
    }
    next[rows] = all;
  }
  return { ...snapshot, ...(next as unknown as Partial<Snapshot>), revision: snapshot.revision + 1 };
}

function checkWorld(world: Snapshot): void {
  for (const { rows, references } of OWNED_RULES) {
    for (const row of world[rows].values()) {
      for (const reference of references) {
        if (reference.onRemoval === "keep") continue;
        const target = OWNED_RULES.find(({ kind }) => kind === reference.to)!;
        for (const name of reference.names(row as unknown as JsonObject))
          expect([row.name, reference.member, world[target.rows].has(name)]).toEqual([
            row.name,
            reference.member,
            true,
          ]);
      }
    }
  }
  const up = (name: string): readonly string[] => {
    const { parent = null } = world.groups.get(name) ?? {};
    const includers = [...world.groups.values()].filter(({ includes }) => includes.includes(name));
    return [...(parent === null ? [] : [parent]), ...includers.map((one) => one.name)];
  };
  acyclic(world.groups.keys(), up);
  acyclic(world.sites.keys(), (name) => [world.sites.get(name)?.parent ?? []].flat());
  acyclic(world.structures.keys(), (name) => [world.structures.get(name)?.parent ?? []].flat());
  acyclic(world.structures.keys(), (name) => world.structures.get(name)?.dependsOn ?? []);
  for (const { type, complex } of world.foundations.values())
    expect([type, complex, complex === null ? type : world.complexes.get(complex)?.type]).toEqual([
      type,
      complex,
      type,
    ]);
  for (const { structure, dependency } of world.dependencies.values())
    expect((structure === null) !== (dependency === null)).toBe(true);
  acyclic([...hosts, ...machines, ...waits, "c0"], (name) => [
    ...(world.structures.get(name)?.dependsOn ?? []),
    ...[world.structures.get(name)?.foundation ?? []].flat(),
    ...[world.foundations.get(name)?.complex ?? []].flat(),
    ...[...world.dependencies.values()].filter(({ foundation }) => foundation === name).map((one) => one.name),
    ...(world.complexes.get(name)?.members ?? []),
    ...neededBy(world, name),
  ]);
  const held = [...world.structures.values()].flatMap(({ addresses: own }: Structure) =>
    own.map(({ block, address }) => `${block} ${address}`),
  );
  expect(new Set(held).size).toBe(held.length);
}

/** What a dependency of this name waits for. */
function neededBy(world: Snapshot, name: string): readonly string[] {
  const { structure = null, dependency = null, scriptStructure = null } = world.dependencies.get(name) ?? {};
  return [structure, dependency, scriptStructure].filter((one) => one !== null);
}

/** Every walk ends: none is longer than there are names. */
function acyclic(names: Iterable<string>, next: (name: string) => readonly string[]): void {
  const all = [...names];
  let level = all;
  for (let step = 0; step <= all.length; step += 1) level = [...new Set(level.flatMap(next))];
  expect(level).toEqual([]);
}

type Rounds = readonly (readonly [readonly Edit[], boolean])[];

/** Plans round after round, each over what the one before left. @returns how many were made */
function play(start: Snapshot, rounds: Rounds): number {
  const random = countingRandom();
  let world = start;
  for (const [round, cascade] of rounds) {
    const plan = planEdits(world, round, { now: 1, random, managedBy: "person", cascade });
    if (plan.problems.length > 0) {
      expect([plan.removals, plan.results]).toEqual([[], []]);
      for (const { index, message } of plan.problems)
        expect([index < round.length, message.length > 10]).toEqual([true, true]);
      continue;
    }
    expect(plan.results.length).toBeGreaterThanOrEqual(round.length);
    world = written(world, plan);
    checkWorld(world);
  }
  return world.revision;
}

it("leaves a world that can be, or says what is wrong", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.array(edits, { minLength: 1, maxLength: 4 }), fc.boolean()), { maxLength: 25 }),
      (rounds) => {
        expect(play(emptySnapshot({ blueprints }), rounds)).toBeLessThanOrEqual(rounds.length);
      },
    ),
    { numRuns: 150 },
  );
});

/** One reference of something that is there is turned to something else. */
const turn = (kind: OwnedKind, names: readonly string[], patch: fc.Arbitrary<JsonObject>): fc.Arbitrary<Edit> =>
  fc.record({
    action: fc.constant("merge" as const),
    kind: fc.constant(kind),
    name: pick(...names),
    version: fc.constant(null),
    patch,
  });

const turns = fc.oneof(
  turn("structure", hosts, fc.record({ foundation: optional(...machines), blueprint: fc.constant("web") })),
  turn("structure", hosts, fc.record({ dependsOn: some(...hosts) })),
  turn("foundation", machines, fc.record({ complex: optional("c0"), type: pick("local", "docker") })),
  turn("complex", ["c0"], fc.record({ members: some(...hosts) })),
  turn("complex", ["c0"], fc.record({ type: pick("local", "docker") })),
  turn("dependency", waits, fc.record({ structure: optional(...hosts), dependency: optional(...waits) })),
  turn("dependency", waits, fc.record({ foundation: pick(...machines), scriptStructure: optional(...hosts) })),
);

it("lets nothing wait for itself, however references are turned", () => {
  const start = emptySnapshot({
    blueprints,
    sites: named([site("lab")]),
    foundations: named(machines.map((name) => foundation(name))),
    structures: named(hosts.map((name) => structure(name, { foundation: null }))),
    complexes: named([complex("c0")]),
    dependencies: named(waits.map((name) => dependency(name, { foundation: "f0", structure: "h0" }))),
  });
  const rounds = fc.array(fc.tuple(fc.array(turns, { minLength: 1, maxLength: 3 }), fc.constant(false)), {
    maxLength: 25,
  });
  fc.assert(
    fc.property(rounds, (made) => {
      expect(play(start, made)).toBeLessThanOrEqual(made.length);
    }),
    { numRuns: 150 },
  );
});

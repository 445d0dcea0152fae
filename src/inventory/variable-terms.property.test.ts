import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../kernel/json.ts";
import { sameJson } from "./bounds.ts";
import type { Snapshot } from "./model.ts";
import { searchVariables, type Postings, type SearchedKind } from "./search.ts";
import { worlds } from "./testing/worlds.ts";
import { valueAtPath, type VariablePath, type VariableQuery } from "./variable-path.ts";
import { LAYERS_BELOW, type OwnerKind } from "./variable-index-table.ts";
import { termsOf } from "./variable-terms.ts";
import { createResolver } from "./variables.ts";

/** An index in memory, as the database keeps it. */
function postingsOf(world: Snapshot): Postings {
  const entries: { readonly terms: ReadonlySet<number>; readonly kind: OwnerKind; readonly name: string }[] = [];
  function add(kind: OwnerKind, name: string, ...layers: readonly JsonObject[]): void {
    entries.push({ terms: new Set(layers.flatMap((values) => termsOf("t", values))), kind, name });
  }
  add("tenant", "t", world.tenant.variables);
  for (const one of world.blueprints.values()) add("blueprint", one.name, one.variables);
  for (const one of world.sites.values()) add("site", one.name, one.variables);
  for (const one of world.groups.values()) add("group", one.name, one.variables);
  for (const one of world.complexes.values()) add("complex", one.name, one.attributes);
  for (const one of world.foundations.values()) add("foundation", one.name, one.attributes, one.variables);
  for (const one of world.structures.values()) add("structure", one.name, one.variables);
  return {
    shared: async (terms, before) =>
      entries.filter((one) => LAYERS_BELOW[before].includes(one.kind) && terms.some((term) => one.terms.has(term))),
    own: async (kind, term, after, limit) =>
      entries
        .filter((one) => one.kind === kind && one.terms.has(term) && (after === null || one.name > after))
        .map(({ name }) => name)
        .toSorted()
        .slice(0, limit),
  };
}

/** Every place in every value that is resolved, and what stands there. */
function places(value: Json, path: VariablePath): readonly VariableQuery[] {
  const inner: readonly VariableQuery[] = Array.isArray(value)
    ? (value as readonly Json[]).flatMap((one, at) => places(one, [...path, at] as unknown as VariablePath))
    : typeof value === "object" && value !== null
      ? Object.entries(value).flatMap(([name, one]) => places(one, [...path, name] as unknown as VariablePath))
      : [];
  return [{ path, value }, ...inner];
}

function holds(
  world: Snapshot,
  kind: SearchedKind,
  name: string,
  { path: [variable, ...parts], value }: VariableQuery,
): boolean {
  try {
    return sameJson(valueAtPath(createResolver(world)[kind](name).values[variable], parts), value);
  } catch {
    return false;
  }
}

describe("searching by a variable", () => {
  it.each([
    ["structure", "structures"],
    ["foundation", "foundations"],
  ] as const)(
    "finds exactly each %s of which the resolved variables have the value there, in full pages",
    async (kind, rows) => {
      await fc.assert(
        fc.asyncProperty(worlds, fc.integer({ min: 1, max: 3 }), async (world, limit) => {
          const resolver = { ...createResolver(world), world };
          const postings = postingsOf(world);
          const asked: VariableQuery[] = [
            { path: ["a"], value: "nowhere" },
            { path: ["b", 0], value: null },
          ];
          for (const name of world[rows].keys()) {
            try {
              const { values } = resolver[kind](name);
              for (const [variable, value] of Object.entries(values)) asked.push(...places(value, [variable]));
            } catch {
              // What does not resolve fits nothing.
            }
          }
          const different = new Map(asked.map((one) => [JSON.stringify(one), one]));
          for (const query of different.values()) {
            const found: string[] = [];
            for (let after: string | null = null; ;) {
              const page = await searchVariables("t", resolver, postings, kind, query, { after, limit });
              found.push(...page.names);
              if (page.next !== null) expect(page.names).toHaveLength(limit);
              if (page.next === null) break;
              after = page.next;
            }
            const expected = [...world[rows].keys()].filter((name) => holds(world, kind, name, query)).toSorted();
            expect(found, JSON.stringify(query)).toEqual(expected);
          }
        }),
        { numRuns: 100 },
      );
    },
  );

  it("stays right for values too deep or too large to have terms of their own", async () => {
    let deep: Json = "bottom";
    for (let level = 0; level < 60; level += 1) deep = { down: deep };
    const large = Array.from({ length: 20_000 }, (_, at) => at);
    expect(termsOf("t", { deep, large }).length).toBeLessThan(10_100);
    const world = await fc.sample(worlds, 1)[0]!;
    const row = { ...[...world.structures.values()][0]!, name: "x", variables: { deep, large }, groups: [] };
    const one = {
      ...world,
      tenant: { ...world.tenant, variables: {} },
      structures: new Map([["x", { ...row, blueprint: null, foundation: null, site: "nowhere" }]]),
    };
    const resolver = { ...createResolver(one), world: one };
    const ask = async (query: VariableQuery): Promise<readonly string[]> =>
      (await searchVariables("t", resolver, postingsOf(one), "structure", query, { after: null, limit: 5 })).names;
    expect(await ask({ path: ["deep"], value: deep })).toEqual(["x"]);
    expect(await ask({ path: ["large", 19_999], value: 19_999 })).toEqual(["x"]);
    expect(await ask({ path: ["large", 1], value: 0 })).toEqual([]);
  });
});

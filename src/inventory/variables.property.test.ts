import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GantryError } from "../kernel/errors.ts";
import type { Json } from "../kernel/json.ts";
import { resolve } from "../variables/index.ts";
import type { World } from "./model.ts";
import { emptySnapshot, group, site, structure, tenant } from "./testing.ts";
import { layersOf, named, worlds } from "./testing/worlds.ts";
import { createResolver } from "./variables.ts";

function outcome<Value>(work: () => Value): { readonly value: Value } | { readonly problems: readonly string[] } {
  try {
    return { value: work() };
  } catch (error) {
    return { problems: (error as GantryError).problems.map(({ message }) => message) };
  }
}

describe("the resolver", () => {
  it("gives exactly what all layers one after the other give, with provenance and without, whoever was asked before", () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const resolver = createResolver(world);
        for (const { name, foundation: on } of world.structures.values()) {
          const classes = on === null ? [] : ["local"];
          const expected = outcome(() => resolve(layersOf(world, name), { classes }));
          expect(outcome(() => resolver.structure(name))).toEqual(expected);
          const values = "value" in expected ? { value: expected.value.values } : expected;
          expect(outcome(() => createResolver(world).values(name))).toEqual(values);
          if (!("value" in expected)) continue;
          for (const variable of ["a", "b", "c", "_site"])
            expect(resolver.value(name, variable)).toEqual(expected.value.values[variable]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("sees another world when a shared part of it changes", () => {
    const world = {
      ...emptySnapshot(),
      sites: named([site("lab")]),
      structures: named([structure("s", { groups: ["g"] })]),
    };
    const values = (changed: World): Json | undefined => createResolver(changed).values("s")["x"];
    expect(values({ ...world, groups: named([group("g", { variables: { x: 1 } })]) })).toBe(1);
    expect(values({ ...world, groups: named([group("g", { variables: { x: 2 } })]) })).toBe(2);
    expect(values({ ...world, tenant: tenant({ variables: { x: 3 } }) })).toBe(3);
    expect(values({ ...world, sites: named([site("lab", { variables: { x: 4 } })]) })).toBe(4);
  });
});

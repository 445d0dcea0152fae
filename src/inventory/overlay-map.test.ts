import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differingIn, withChanges } from "./overlay-map.ts";

const name = fc.integer({ min: 0, max: 1500 }).map((number) => `n${number}`);
const changes = fc.array(fc.array(fc.tuple(name, fc.option(fc.integer(), { nil: undefined })), { maxLength: 200 }), {
  maxLength: 5,
});

describe("a map with changes", () => {
  it("holds what a copy would hold, in the same order, however often it is changed; the one before stays as it was", () => {
    fc.assert(
      fc.property(fc.constantFrom(10, 1200), changes, (size, all) => {
        let map: ReadonlyMap<string, number> = new Map(Array.from({ length: size }, (_, at) => [`n${at}`, at]));
        for (const some of all) {
          const before = [...map];
          const given = map;
          const copy = new Map(map);
          for (const [key, value] of new Map(some)) {
            if (value === undefined) copy.delete(key);
            else copy.set(key, value);
          }
          map = withChanges(given, new Map(some));
          expect([...given]).toEqual(before);
          expect(new Map(map)).toEqual(copy);
          expect([map.size, [...map.keys()].length, [...map.values()].length]).toEqual([
            copy.size,
            copy.size,
            copy.size,
          ]);
          const differing = [...new Map(some)].filter(([key, value]) => given.get(key) !== value);
          expect([...differingIn(given, map)].sort()).toEqual(
            differing.map(([key, value]) => [key, { before: given.get(key), after: value }]).sort(),
          );
          expect(differingIn(given, copy)).toEqual(differingIn(given, map));
          for (const [key] of some) expect([map.has(key), map.get(key)]).toEqual([copy.has(key), copy.get(key)]);
        }
      }),
      { numRuns: 50 },
    );
  });
});

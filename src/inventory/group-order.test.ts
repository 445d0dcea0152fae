import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { groupOrder } from "./group-order.ts";
import type { GroupData } from "./groups.ts";
import { group } from "./testing.ts";

function named(...groups: readonly GroupData[]): ReadonlyMap<string, GroupData> {
  return new Map(groups.map((one) => [one.name, one]));
}

describe("groups", () => {
  it("apply from the root down, then by priority, then by name", () => {
    const order = groupOrder(
      named(
        group("all"),
        group("web", { parent: "all" }),
        group("db", { parent: "all", priority: 5 }),
        group("app", { parent: "all" }),
        group("leaf", { parent: "web" }),
        group("lonely"),
      ),
    );
    expect(order.effective(["leaf", "db", "app"])).toEqual(["all", "app", "web", "db", "leaf"]);
    expect(order.effective(["leaf", "gone"])).toEqual(["all", "web", "leaf"]);
    expect(order.effective([])).toEqual([]);
    expect(["all", "web", "leaf", "lonely", "gone"].map((name) => order.depth(name))).toEqual([0, 1, 2, 0, 0]);
  });

  it("that include another one apply to its structures, as deep as the longest way to them", () => {
    const order = groupOrder(
      named(
        group("all"),
        group("hosts", { parent: "all", includes: ["nova", "nobody"] }),
        group("nova", { parent: "services" }),
        group("services", { parent: "shared" }),
        group("shared", { parent: "all" }),
        group("both", { includes: ["hosts"] }),
      ),
    );
    expect(order.effective(["nova"])).toEqual(["all", "both", "hosts", "shared", "services", "nova"]);
    expect(order.effective(["services"])).toEqual(["all", "shared", "services"]);
    expect(order.depth("nova")).toBe(3);
  });

  it("in a circle are cut, each once", () => {
    const order = groupOrder(
      named(group("a", { parent: "b" }), group("b", { parent: "a" }), group("c", { parent: "b", includes: ["c"] })),
    );
    expect(order.effective(["c"])).toEqual(["a", "b", "c"]);
    expect(order.effective(["a"])).toEqual(["a", "b"]);
  });

  it("are those the rule says, whatever the groups: every one above once, after all above it", () => {
    const name = fc.constantFrom<string>("a", "b", "c", "d", "e", "f");
    const some = fc.record({
      parent: fc.option(name),
      includes: fc.array(name, { maxLength: 2 }),
      priority: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.dictionary(name, some), fc.array(name, { maxLength: 3 }), (all, names) => {
        const groups = named(...Object.entries(all).map(([one, change]) => group(one, change)));
        const order = groupOrder(groups);
        const isAbove = (upper: string, one: string): boolean =>
          groups.get(one)?.parent === upper || groups.get(upper)?.includes.includes(one) === true;
        const expected = new Set(names.filter((one) => groups.has(one)));
        for (let size = -1; size !== expected.size;) {
          size = expected.size;
          for (const one of expected) for (const upper of groups.keys()) if (isAbove(upper, one)) expected.add(upper);
        }
        const found = order.effective(names);
        expect(found.toSorted()).toEqual([...expected].toSorted());
        for (const [index, one] of found.entries()) {
          const next = found[index + 1];
          if (next === undefined) continue;
          const rank = (which: string): readonly (number | string)[] => [
            order.depth(which),
            groups.get(which)!.priority,
            which,
          ];
          const [a, b] = [rank(one), rank(next)];
          const at = a.findIndex((value, place) => value !== b[place]);
          expect(a[at]! < b[at]!).toBe(true);
        }
      }),
    );
  });
});

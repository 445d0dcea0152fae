import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { RowsKind } from "./index-keys.ts";
import { carryIndexes, indexesOf, type RowChange } from "./indexes.ts";
import type { Snapshot } from "./model.ts";
import { blueprint, emptySnapshot, group, networkInterface, site, structure } from "./testing.ts";
import { named } from "./testing/worlds.ts";

const world = {
  ...emptySnapshot(),
  sites: named([site("region"), site("lab", { parent: "region" }), site("elsewhere")]),
  groups: named([group("all"), group("web", { parent: "all" }), group("edge", { includes: ["web"] })]),
  blueprints: named([blueprint("base"), blueprint("web", { parents: ["base"] })]),
  interfaces: named([networkInterface("b/eth1"), networkInterface("b/eth0"), networkInterface("a/eth0")]),
  structures: named([
    structure("c", { site: "elsewhere", blueprint: null, foundation: null, role: "cache", parent: "a" }),
    structure("b", { groups: ["web"], labels: { tier: "front" }, addresses: [{ block: "x", address: "10.0.0.1" }] }),
    structure("a", { groups: ["all"], labels: { tier: "back" }, managedBy: "person" }),
  ]),
};

describe("indexes", () => {
  const indexes = indexesOf(world);

  it("find structures by all they have, in order", () => {
    expect(indexes.names("structures")).toEqual(["a", "b", "c"]);
    expect(indexes.byId("structures", world.structures.get("b")!.id)).toBe("b");
    expect(indexes.structures("site", "region")).toEqual(["a", "b"]);
    expect(indexes.structures("site", "elsewhere")).toEqual(["c"]);
    expect(indexes.structures("group", "all")).toEqual(["a", "b"]);
    expect(indexes.structures("group", "edge")).toEqual(["b"]);
    expect(indexes.structures("blueprint", "base")).toEqual(["a", "b"]);
    expect(indexes.structures("label", "tier")).toEqual(["a", "b"]);
    expect(indexes.structures("label", "tier=front")).toEqual(["b"]);
    expect(indexes.structures("role", "cache")).toEqual(["c"]);
    expect(indexes.structures("parent", "a")).toEqual(["c"]);
    expect(indexes.structures("foundation", "a")).toEqual(["a"]);
    expect(indexes.structures("managedBy", "person")).toEqual(["a"]);
    expect(indexes.structures("block", "x")).toEqual(["b"]);
    expect(indexes.structures("role", "nobody")).toEqual([]);
    expect(indexes.standing()).toEqual(["a", "b"]);
  });

  it("find groups below one, and the interfaces of one", () => {
    expect([indexes.childGroups("all"), indexes.childGroups("")]).toEqual([["web"], ["all", "edge"]]);
    expect(indexes.interfacesOf("structure", "b")).toEqual(["b/eth0", "b/eth1"]);
    expect(indexes.interfacesOf("foundation", "b")).toEqual([]);
  });

  it("carried over to the next snapshot are those that would be built anew, whatever changed", () => {
    const groupName = fc.constantFrom("g0", "g1", "g2", "g3");
    const siteName = fc.constantFrom("s0", "s1", "s2");
    const groupChange = fc.record({ parent: fc.option(groupName), includes: fc.array(groupName, { maxLength: 1 }) });
    const structureChange = fc.record({
      site: siteName,
      groups: fc.uniqueArray(groupName, { maxLength: 2 }),
      labels: fc.dictionary(fc.constantFrom("l", "m"), fc.constantFrom("1", "2")),
      role: fc.option(fc.constantFrom("r", "q")),
      wanted: fc.constantFrom("built" as const, "absent" as const),
      blueprint: fc.constantFrom("b0", "b1", null),
      foundation: fc.constantFrom("f", null),
    });
    const change = fc.oneof(
      fc.record({ kind: fc.constant("groups" as const), name: groupName, data: fc.option(groupChange) }),
      fc.record({
        kind: fc.constant("sites" as const),
        name: siteName,
        data: fc.option(fc.record({ parent: fc.option(siteName) })),
      }),
      fc.record({
        kind: fc.constant("blueprints" as const),
        name: fc.constantFrom("b0", "b1"),
        data: fc.option(fc.record({ parents: fc.subarray(["b0", "b1"], { maxLength: 1 }) })),
      }),
      fc.record({
        kind: fc.constant("structures" as const),
        name: fc.constantFrom("w0", "w1", "w2"),
        data: fc.option(structureChange),
      }),
    );
    const make = { groups: group, sites: site, blueprints: blueprint, structures: structure };
    fc.assert(
      fc.property(fc.array(change, { maxLength: 25 }), (all) => {
        let now: Snapshot = emptySnapshot();
        lookAtAll(now);
        for (const { kind, name, data } of all) {
          const before = now[kind].get(name);
          const after = data === null ? undefined : (make[kind] as typeof site)(name, data as never);
          const rows = new Map(now[kind] as ReadonlyMap<string, object>);
          if (after === undefined) rows.delete(name);
          else rows.set(name, after);
          const next = { ...now, revision: now.revision + 1, [kind]: rows } as Snapshot;
          const changes = new Map<RowsKind, ReadonlyMap<string, RowChange>>([
            [kind, new Map([[name, { before, after }]])],
          ]);
          carryIndexes(now, next, changes);
          now = next;
          expect(lookAtAll(now)).toEqual(lookAtAll({ ...now }));
        }
      }),
    );

    function lookAtAll(snapshot: Snapshot): unknown {
      const found = indexesOf(snapshot);
      return [
        found.names("structures"),
        found.standing(),
        ["g0", "g1", "g2", "g3"].map((name) => [found.structures("group", name), found.childGroups(name)]),
        ["s0", "s1", "s2"].map((name) => found.structures("site", name)),
        ["b0", "b1"].map((name) => found.structures("blueprint", name)),
        ["l", "m", "l=1", "l=2"].map((key) => found.structures("label", key)),
        ["r", "q"].map((key) => found.structures("role", key)),
        [...snapshot.structures.values()].map(({ id }) => found.byId("structures", id)),
      ];
    }
  });
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Json, JsonObject } from "../kernel/json.ts";
import { digestOf, memberChanges, rebase, reversed } from "./merge.ts";
import type { Change, MemberChange } from "./model.ts";

const leaf: fc.Arbitrary<Json> = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constantFrom("a", "b"), fc.constant(null));
const data = fc.letrec<{ value: Json; data: JsonObject }>((tie) => ({
  value: fc.oneof({ depthSize: "small" }, leaf, fc.array(leaf, { maxLength: 2 }), tie("data")),
  data: fc.dictionary(fc.constantFrom("x", "y", "z"), tie("value"), { maxKeys: 3 }),
})).data;
const change = (before: JsonObject | null, after: JsonObject | null): Change => ({
  kind: "site",
  name: "lab",
  before,
  after,
});

describe("a change beside the truth as it is now", () => {
  it("is what it was when nothing has moved", () => {
    fc.assert(
      fc.property(data, data, (before, after) => {
        const found = rebase(change(before, after), before);
        expect(found).toEqual({ change: change(before, after), conflicts: [], moved: false });
      }),
    );
  });

  it("keeps what others did, and does what it wants, wherever they do not meet", () => {
    fc.assert(
      fc.property(data, data, data, (before, after, now) => {
        const found = rebase(change(before, after), now);
        fc.pre(found.conflicts.length === 0);
        const mine = memberChanges(before, after);
        const theirs = memberChanges(before, now);
        const result = new Map(memberChanges(before, found.change.after).map((one) => [one.path, one.after]));
        // Every member that one side alone changed, above or below, is as that side left it.
        const apart = (one: MemberChange, others: readonly MemberChange[]): boolean =>
          others.every(({ path }) => !path.startsWith(one.path) && !one.path.startsWith(path));
        const alone = [...mine.filter((one) => apart(one, theirs)), ...theirs.filter((one) => apart(one, mine))];
        expect(alone.map(({ path }) => [path, result.get(path)])).toEqual(alone.map((one) => [one.path, one.after]));
      }),
    );
  });

  it("comes to the same whoever is first, when they do not conflict", () => {
    fc.assert(
      fc.property(data, data, data, (before, mine, theirs) => {
        const one = rebase(change(before, mine), theirs);
        const other = rebase(change(before, theirs), mine);
        expect(one.conflicts.length).toBe(other.conflicts.length);
        if (one.conflicts.length === 0) expect(sorted(one.change.after)).toEqual(sorted(other.change.after));
      }),
    );
  });

  it("is taken back to what was there before", () => {
    fc.assert(
      fc.property(data, data, (before, after) => {
        const [back] = reversed([change(before, after)]);
        expect(rebase(back!, after).change.after).toEqual(before);
      }),
    );
  });

  it("keeps its digest when only things it does not touch have moved", () => {
    const proposed = change({ a: 1, b: 1 }, { a: 2, b: 1 });
    const moved = rebase(proposed, { a: 1, b: 7 }).change;
    expect(moved).toEqual(change({ a: 1, b: 7 }, { a: 2, b: 7 }));
    expect(digestOf({ kind: "changes", changes: [moved] })).toBe(digestOf({ kind: "changes", changes: [proposed] }));
    const other = change({ a: 1, b: 1 }, { a: 3, b: 1 });
    expect(digestOf({ kind: "changes", changes: [other] })).not.toBe(
      digestOf({ kind: "changes", changes: [proposed] }),
    );
  });

  it("names the member that both changed, with all three values", () => {
    const proposed = change({ variables: { port: 1, name: "x" } }, { variables: { port: 2, name: "x" } });
    expect(rebase(proposed, { variables: { port: 3, name: "y" } }).conflicts).toEqual([
      { kind: "site", name: "lab", path: "variables.port", before: 1, proposed: 2, now: 3 },
    ]);
  });

  it.each([
    ["made by both, differently", null, { a: 1 }, { a: 2 }],
    ["changed here and taken away there", { a: 1 }, { a: 2 }, null],
    ["taken away here and changed there", { a: 1 }, null, { a: 2 }],
  ])("conflicts when it was %s", (_what, before, after, now) => {
    expect(rebase(change(before, after), now).conflicts).toMatchObject([{ path: "" }]);
  });

  it.each([
    ["made", null, { a: 1 }],
    ["taken away", { a: 1 }, null],
  ])("is nothing any more when somebody else has %s it just so", (_what, before, after) => {
    expect(rebase(change(before, after), after)).toMatchObject({ conflicts: [], change: { before: after, after } });
  });
});

function sorted(value: JsonObject | null): unknown {
  return JSON.parse(JSON.stringify(value, (_key, one: unknown) => (isMap(one) ? ordered(one) : one))) as unknown;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ordered(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

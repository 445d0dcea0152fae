import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  closedTally,
  endedItems,
  endingsOf,
  ITEM_STATES,
  NO_ITEMS,
  restOf,
  stateOfResult,
  withResults,
} from "./items.ts";
import type { ListEnd } from "./items.ts";
import type { ItemResult } from "./model.ts";

const OUTCOMES = ["done", "failed", "interrupted", "cancelled", "skipped"] as const;
const STATUSES = ["done", "failed", "interrupted", "cancelled", "unreachable"] as const;

const results = fc
  .uniqueArray(
    fc.record({
      item: fc.nat(19),
      outcome: fc.constantFrom(...OUTCOMES),
      value: fc.constantFrom({ changed: true }, { changed: false }, null),
    }),
    { selector: ({ item }) => item },
  )
  .map((all): readonly ItemResult[] => all);

describe("the items of a list", () => {
  it("each end in exactly one way, whatever was told and whoever ended the list", () => {
    fc.assert(
      fc.property(
        results,
        fc.integer({ min: 20, max: 30 }),
        fc.constantFrom(...STATUSES),
        fc.record({ told: fc.boolean(), begun: fc.boolean(), keepGoing: fc.boolean() }),
        (told, total, status, how) => {
          const tally = withResults({ ...NO_ITEMS, total }, told);
          expect(endedItems(tally)).toBe(told.length);
          const rest = restOf({ status, tally, ...how });
          const closed = closedTally(tally, rest);
          expect(endedItems(closed)).toBe(total);
          const open = Array.from({ length: total }, (_, item) => item).filter(
            (item) => !told.some((one) => one.item === item),
          );
          const ended = told.map((one) => ({ item: one.item, state: stateOfResult(one) }));
          const states = endingsOf(total, [{ ended, open, rest }]);
          for (const state of ITEM_STATES) expect(states.filter((one) => one === state)).toHaveLength(closed[state]);
          // What was told is what is shown.
          for (const { item, state } of ended) expect(states[item]).toBe(state);
        },
      ),
    );
  });

  it("are never said to have been skipped where they may have begun", () => {
    fc.assert(
      fc.property(fc.constantFrom(...STATUSES), fc.boolean(), (status, keepGoing) => {
        const end: ListEnd = { status, told: false, begun: true, keepGoing, tally: { ...NO_ITEMS, total: 3, ok: 1 } };
        expect(restOf(end)).not.toBe("skipped");
      }),
    );
  });

  it("are changed only where their value says so", () => {
    expect(stateOfResult({ outcome: "done", value: { changed: true } })).toBe("changed");
    expect(stateOfResult({ outcome: "done", value: { stdout: '"changed":true' } })).toBe("ok");
    expect(stateOfResult({ outcome: "done", value: "changed" })).toBe("ok");
    expect(stateOfResult({ outcome: "done" })).toBe("ok");
    expect(stateOfResult({ outcome: "failed", value: { changed: true } })).toBe("failed");
  });

  it("that no list came to were skipped", () => {
    const first = { ended: [{ item: 0, state: "ok" }], open: [1], rest: "interrupted" } as const;
    expect(endingsOf(4, [first])).toEqual(["ok", "interrupted", "skipped", "skipped"]);
  });
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { luckOf, testAttributes } from "./model.ts";

const call = { foundation: "web1", function: "create", count: 0 } as const;

test("the same seed makes the same luck, and another call has another", () => {
  const attributes = testAttributes.parse({ seed: "a", delay: { max: 1000 }, failure_rate: 0.5 });
  expect(luckOf(attributes, call)).toEqual(luckOf(attributes, call));
  const delays = [0, 1, 2, 3].map((count) => luckOf(attributes, { ...call, count }).delay);
  expect(new Set(delays).size).toBe(4);
});

test("luck stays within what was asked for, and fails as often", () => {
  const delay = fc.nat(1000).chain((min) => fc.integer({ min, max: 2000 }).map((max) => ({ min, max })));
  fc.assert(
    fc.property(fc.integer(), delay, fc.double({ min: 0, max: 1, noNaN: true }), (seed, given, rate) => {
      const attributes = testAttributes.parse({ seed, delay: given, failure_rate: rate });
      const lucks = Array.from({ length: 200 }, (_, count) => luckOf(attributes, { ...call, count }));
      for (const luck of lucks) {
        expect(luck.delay).toBeGreaterThanOrEqual(given.min);
        expect(luck.delay).toBeLessThanOrEqual(given.max);
      }
      const failed = lucks.filter(({ fails }) => fails !== "not").length;
      if (rate === 0) expect(failed).toBe(0);
      if (rate === 1) expect(failed).toBe(200);
      // Six standard deviations of 200 throws.
      expect(Math.abs(failed - rate * 200)).toBeLessThan(43);
    }),
    { numRuns: 50 },
  );
});

test("a function may have luck of its own", () => {
  const attributes = testAttributes.parse({ failure_rate: 1, functions: { destroy: { failure_rate: 0 } } });
  expect(luckOf(attributes, call).fails).not.toBe("not");
  expect(luckOf(attributes, { ...call, function: "destroy" }).fails).toBe("not");
});

test.each([{ delay: { min: 5, max: 1 } }, { failure_rate: 2 }, { functions: { observe: {} } }, { sed: 1 }])(
  "%j are no attributes",
  (attributes) => expect(testAttributes.safeParse(attributes).success).toBe(false),
);

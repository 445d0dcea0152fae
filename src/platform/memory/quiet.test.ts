import { expect, test } from "vitest";
import { quietLooks, SETTLED } from "./quiet.ts";

function looks(shares: readonly number[]): number[] {
  let quiet = 0;
  return shares.map((share) => (quiet = quietLooks(quiet, share)));
}

test("work is over when there was little of it for some looks", () => {
  expect(looks([1, 0.9, 0.1, 0, 0.1, 0])).toEqual([0, 0, 1, 2, SETTLED, 4]);
});

test("work that begins meanwhile has the processor to itself", () => {
  expect(looks([0, 0, 0.8, 0, 0, 2])).toEqual([1, 2, 0, 1, 2, 0]);
});

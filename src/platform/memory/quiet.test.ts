import { expect, test } from "vitest";
import { AT_START, look, type Quiet } from "./quiet.ts";

function looks(shares: readonly number[]): boolean[] {
  let quiet: Quiet = AT_START;
  return shares.map((share) => {
    quiet = look(quiet, share);
    return quiet.left > 0;
  });
}

test("memory is given back for some looks once the work is over, and not again before there was other work", () => {
  expect(looks([1, 0.9, 0.1, 0, 0.1, 0, 0, 0, 0])).toEqual([false, false, true, true, true, true, false, false, false]);
  expect(looks([0, 0, 0, 0, 0, 0, 2, 0])).toEqual([true, true, true, true, false, false, false, true]);
});

test("work that begins meanwhile has the processor to itself", () => {
  expect(looks([0, 0.8, 0.8, 0])).toEqual([true, false, false, true]);
});

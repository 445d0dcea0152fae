import { expect } from "vitest";

/** Waits on a state, however slow the machine is: `await eventually(() => list.length).toBe(3)`. */
export function eventually<Value>(look: () => Value | Promise<Value>) {
  return expect.poll(look, { timeout: 60_000, interval: 5 });
}

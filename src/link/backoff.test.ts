import { expect, it } from "vitest";
import { systemRandom } from "../kernel/ids.ts";
import { backoffDelay, FIRST_DELAY, LONGEST_DELAY } from "./backoff.ts";

it("waits longer from try to try, never longer than its limit, and never all at the same moment", () => {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);
    const delays = Array.from({ length: 50 }, () => backoffDelay(attempt, systemRandom));
    for (const delay of delays) {
      expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
      expect(delay).toBeLessThanOrEqual(ceiling);
    }
    expect(new Set(delays).size).toBeGreaterThan(10);
  }
});

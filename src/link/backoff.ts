import type { Random } from "../kernel/ids.ts";

/** Milliseconds before the first new try, and the most there are between two. */
export const FIRST_DELAY = 250;
export const LONGEST_DELAY = 8_000;

/**
 * Milliseconds to wait before try number `attempt` (from 0): doubled each time, and anywhere in the upper half of that, so that a
 * thousand agents do not come back in the same moment.
 */
export function backoffDelay(attempt: number, random: Random): number {
  const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** Math.min(attempt, 20));
  return Math.round(ceiling * (0.5 + fraction(random) / 2));
}

/** From 0 up to, but not, 1. */
function fraction(random: Random): number {
  return Buffer.from(random.token(4), "base64url").readUInt32BE() / 2 ** 32;
}

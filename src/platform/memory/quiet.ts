/** When a process is quiet: then what its work took can be given back, and nobody waits for it. Pure. */

/** Of one processor: thousands of agents take a tenth by their heartbeats alone. */
const BUSY = 0.25;
/** Quiet looks in a row after which the work is over, and not just between two commands. */
export const SETTLED = 3;

/**
 * Looks in a row, with this one, at which the process was quiet: 0 while it works.
 *
 * @param before the same at the look before
 * @param share of one processor that was used since then: 0 to 1, and more with several threads
 */
export function quietLooks(before: number, share: number): number {
  return share >= BUSY ? 0 : before + 1;
}

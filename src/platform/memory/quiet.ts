/** When a process has become quiet after work: then what the work took can be given back, and nobody waits for it. Pure. */

/** What is known between two looks. */
export interface Quiet {
  /** There was work since memory was given back. */
  readonly worked: boolean;
  /** So many looks more memory is given back. */
  readonly left: number;
}

/** Of one processor: thousands of agents take a tenth by their heartbeats alone. */
const BUSY = 0.25;
/** Looks for which memory is given back: V8 waits eight seconds before it begins, and does it twice. */
const LOOKS = 4;

export const AT_START: Quiet = { worked: true, left: 0 };

/** @param share of one processor that was used since the last look: 0 to 1, and more with several threads */
export function look({ worked, left }: Quiet, share: number): Quiet {
  if (share >= BUSY) return { worked: true, left: 0 };
  if (worked) return { worked: false, left: LOOKS };
  return { worked: false, left: Math.max(0, left - 1) };
}

import type { CancelTimer, Clock } from "../kernel/clock.ts";

/** Notices that nothing is heard any more. */
export interface Silence {
  /** Something was heard. Costs nothing: thousands of messages put up no timers. */
  heard(): void;
  /** From now on so many milliseconds make an interval. */
  every(milliseconds: number): void;
  stop(): void;
}

/** Intervals without a word, at which it is silence. */
const MISSED = 3;

/**
 * Calls `silent` once when nothing was heard for three whole intervals: before the end of the fourth. Counts intervals and looks at no clock, so
 * that one that is put forward makes nobody silent.
 */
export function watchSilence(clock: Pick<Clock, "after">, interval: number, silent: () => void): Silence {
  let missed = 0;
  let length = interval;
  let cancel: CancelTimer = clock.after(length, tick);

  function tick(): void {
    missed += 1;
    if (missed > MISSED) return silent();
    cancel = clock.after(length, tick);
  }

  return {
    heard() {
      missed = 0;
    },
    every(milliseconds) {
      cancel();
      missed = 0;
      length = milliseconds;
      cancel = clock.after(length, tick);
    },
    stop: () => cancel(),
  };
}

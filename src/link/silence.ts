import type { Clock } from "../kernel/clock.ts";

/** Notices that nothing is heard any more. */
export interface Silence {
  /** Something was heard. Costs nothing: thousands of messages put up no timers. */
  heard(): void;
  /** From now on so many milliseconds make an interval. */
  every(milliseconds: number): void;
  stop(): void;
}

type Ticking = Pick<Clock, "after">;

/** Intervals without a word, at which it is silence. */
const MISSED = 3;

/**
 * What is done at the end of each interval, by its length: one timer for all of them. Thousands of connections would each put up theirs again and
 * again.
 */
const beats = new WeakMap<Ticking, Map<number, Set<() => void>>>();

/**
 * Calls `silent` once when nothing was heard for three whole intervals: before the end of the fourth. Counts intervals and looks at no clock, so
 * that one that is put forward makes nobody silent.
 */
export function watchSilence(clock: Ticking, interval: number, silent: () => void): Silence {
  let missed = 0;
  let ticks = beat(clock, interval).add(tick);

  function tick(): void {
    missed += 1;
    if (missed <= MISSED) return;
    stop();
    silent();
  }

  function stop(): void {
    ticks.delete(tick);
  }

  return {
    heard() {
      missed = 0;
    },
    every(milliseconds) {
      stop();
      missed = 0;
      ticks = beat(clock, milliseconds).add(tick);
    },
    stop,
  };
}

/** What is done every so many milliseconds, as long as there is something to do. */
function beat(clock: Ticking, milliseconds: number): Set<() => void> {
  const ofClock = beats.get(clock) ?? new Map<number, Set<() => void>>();
  beats.set(clock, ofClock);
  const known = ofClock.get(milliseconds);
  if (known !== undefined) return known;
  const ticks = new Set<() => void>();
  ofClock.set(milliseconds, ticks);
  clock.after(milliseconds, function end() {
    for (const tick of ticks) tick();
    if (ticks.size > 0) clock.after(milliseconds, end);
    else ofClock.delete(milliseconds);
  });
  return ticks;
}

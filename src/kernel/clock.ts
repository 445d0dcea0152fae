/** Time as a dependency, so that tests can hold it still. All times are epoch milliseconds. */

/** Stops a timer. Calling it again does nothing. */
export type CancelTimer = () => void;

export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls `action` once, `milliseconds` from now. A pending timer never keeps the process alive. */
  after(milliseconds: number, action: () => void): CancelTimer;
}

/** setTimeout holds at most 2^31-1 ms; longer waits are cut into pieces. */
const LONGEST_TIMER = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, action) {
    if (milliseconds > LONGEST_TIMER) return afterLong(milliseconds, action);
    const timer = setTimeout(action, Math.max(0, milliseconds)).unref();
    return () => clearTimeout(timer);
  },
};

function afterLong(milliseconds: number, action: () => void): CancelTimer {
  let cancel = systemClock.after(LONGEST_TIMER, () => {
    cancel = systemClock.after(milliseconds - LONGEST_TIMER, action);
  });
  return () => cancel();
}

/** A clock that moves only when told to. */
export interface ManualClock extends Clock {
  /** Moves time forward and runs what falls due on the way, in order. */
  advance(milliseconds: number): void;
  /** Puts the clock to another time, as an administrator does: what is waited for takes as long as before. */
  jump(milliseconds: number): void;
}

export function manualClock(start = 0): ManualClock {
  let time = start;
  let timers: { at: number; action: () => void }[] = [];
  return {
    now: () => time,
    after(milliseconds, action) {
      const timer = { at: time + Math.max(0, milliseconds), action };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advance(milliseconds) {
      const end = time + milliseconds;
      for (;;) {
        const due = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers = timers.filter((other) => other !== due);
        time = Math.max(time, due.at);
        due.action();
      }
      time = end;
    },
    jump(milliseconds) {
      time += milliseconds;
      timers = timers.map((timer) => {
        timer.at += milliseconds;
        return timer;
      });
    },
  };
}

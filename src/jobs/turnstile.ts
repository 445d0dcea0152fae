import type { Clock } from "../kernel/clock.ts";

/** Lets jobs take steps one after the other, in the order they came, and gives the event loop its turn in between. */
export interface Turnstile {
  /** Resolves when it is the caller's turn; its step runs at once, before the next one's. */
  pass(): Promise<void>;
}

/** Milliseconds of steps before sockets and timers are looked at. */
const LONGEST_HOLD = 8;

export function createTurnstile(clock: Clock): Turnstile {
  let queue: (() => void)[] = [];
  let open = false;

  async function drain(): Promise<void> {
    let held = clock.now();
    while (queue.length > 0) {
      const round = queue;
      queue = [];
      for (const enter of round) {
        enter();
        // The step runs in the microtasks before the next turn.
        await undefined;
        if (clock.now() - held < LONGEST_HOLD) continue;
        await new Promise((resolve) => setImmediate(resolve));
        held = clock.now();
      }
      await new Promise((resolve) => setImmediate(resolve));
      held = clock.now();
    }
    open = false;
  }

  return {
    pass: () =>
      new Promise((resolve) => {
        queue.push(resolve);
        if (open) return;
        open = true;
        void drain();
      }),
  };
}

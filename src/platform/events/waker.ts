import type { CancelTimer, Clock } from "../../kernel/clock.ts";

/** Waits until there may be something new. */
export interface Waker {
  /** Before looking: what wakes from now on makes the next `wait` return. */
  reset(): void;
  /** Resolves when woken, when the signal is aborted, or after a while, as a wake may get lost. */
  wait(): Promise<void>;
  close(): void;
}

/**
 * Milliseconds until somebody looks without having been woken: another server's wake may get lost, and on PostgreSQL a committed
 * event becomes readable only when every older transaction has ended, of which nobody tells.
 */
const LOOK_AFTER = 1000;

export function createWaker(clock: Clock, subscribe: (wake: () => void) => () => void, signal: AbortSignal): Waker {
  let woken = false;
  let resume: (() => void) | undefined;
  let cancel: CancelTimer | undefined;

  function wake(): void {
    woken = true;
    cancel?.();
    resume?.();
    resume = undefined;
  }

  const unsubscribe = subscribe(wake);
  signal.addEventListener("abort", wake);
  return {
    reset() {
      woken = signal.aborted;
    },
    wait() {
      return new Promise((resolve) => {
        if (woken) return resolve();
        resume = resolve;
        cancel = clock.after(LOOK_AFTER, wake);
        return undefined;
      });
    },
    close() {
      unsubscribe();
      signal.removeEventListener("abort", wake);
      cancel?.();
    },
  };
}

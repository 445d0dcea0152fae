import type { Clock } from "../kernel/clock.ts";

export interface Patience {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. */
  readonly every: number;
  /** Milliseconds after which nobody waits any more. */
  readonly limit: number;
}

/**
 * Looks until there is something to see: for states of the outside world that nobody announces. Undefined after the limit.
 * Rejects with the signal's reason when it is aborted.
 */
export async function waitUntil<T>(look: () => Promise<T | undefined>, patience: Patience): Promise<T | undefined> {
  const { clock, signal, every, limit } = patience;
  const end = clock.now() + limit;
  for (;;) {
    signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    if (clock.now() >= end) return undefined;
    await pause(every, { clock, signal });
  }
}

/** Waits this many milliseconds. Rejects with the signal's reason as soon as it is aborted. */
export function pause(
  milliseconds: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const cancel = clock.after(milliseconds, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    function stop(): void {
      cancel();
      reject(signal.reason as Error);
    }
    signal.addEventListener("abort", stop, { once: true });
  });
}

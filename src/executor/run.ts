import type { LinkedExecutor } from "./linked.ts";

/** Milliseconds; any will do. */
const HOLD = 2 ** 30;

/** Runs what `start` starts until the signal, then stops it. Being told to end while it still waits for a server to join is no error. */
export async function runUntil(signal: AbortSignal, start: () => Promise<LinkedExecutor>): Promise<void> {
  // Timers of the clock do not keep a process alive, and between two connections there is nothing else.
  const hold = setInterval(() => undefined, HOLD);
  try {
    const executor = await start();
    await new Promise<void>((stop) => {
      if (signal.aborted) stop();
      signal.addEventListener("abort", () => stop());
    });
    await executor.stop();
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    clearInterval(hold);
  }
}

import type { Bus } from "../bus/index.ts";

/**
 * For tests: what `look` finds, asked again after all that is told of events until it finds something.
 *
 * @param look undefined: not yet
 */
export async function untilEvents<Found>(bus: Bus, look: () => Promise<Found | undefined>): Promise<Found> {
  let changed = Promise.withResolvers<void>();
  const stop = bus.subscribe("events", () => {
    changed.resolve();
    changed = Promise.withResolvers();
  });
  try {
    for (;;) {
      const next = changed.promise;
      const found = await look();
      if (found !== undefined) return found;
      await next;
    }
  } finally {
    stop();
  }
}

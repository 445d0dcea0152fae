import { GantryError } from "../../kernel/errors.ts";
import { LOGIN_BUSY } from "./errors.ts";

/** Lets so much work run at once, keeps so much waiting, and refuses the rest. */
export interface Gate {
  /**
   * `asker`: who wants it done; one asker holds only a part of the places, so that another one finds some.
   *
   * Errors: `login_busy`; those of `work`.
   */
  run<Result>(asker: string, work: () => Promise<Result>): Promise<Result>;
}

export interface GateSize {
  readonly atOnce: number;
  readonly waiting: number;
  /** Places that one asker holds at the most. */
  readonly perAsker: number;
}

/** Node's pool has four threads, which files and names need as well. */
const SIZE: GateSize = { atOnce: 2, waiting: 64, perAsker: 8 };

export function createGate({ atOnce, waiting, perAsker }: GateSize = SIZE): Gate {
  const queue: (() => void)[] = [];
  const held = new Map<string, number>();
  let running = 0;

  function leave(asker: string): void {
    const left = (held.get(asker) ?? 1) - 1;
    if (left === 0) held.delete(asker);
    else held.set(asker, left);
    const next = queue.shift();
    // The place is handed on, so that nobody slips in between.
    if (next === undefined) running -= 1;
    else next();
  }

  return {
    async run(asker, work) {
      const own = held.get(asker) ?? 0;
      if (own >= perAsker || (running >= atOnce && queue.length >= waiting))
        throw new GantryError(LOGIN_BUSY, "too many passwords are being checked", { details: { retryAfter: 1 } });
      held.set(asker, own + 1);
      if (running < atOnce) running += 1;
      else await new Promise<void>((resolve) => queue.push(resolve));
      try {
        return await work();
      } finally {
        leave(asker);
      }
    },
  };
}

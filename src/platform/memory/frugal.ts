import { setFlagsFromString } from "node:v8";
import type { CancelTimer, Clock } from "../../kernel/clock.ts";
import { AT_START, look } from "./quiet.ts";

export interface Frugality {
  stop(): void;
}

/** Milliseconds between two looks. */
const LOOK_EVERY = 5000;
/** Percent of what lives in the heap by which it may grow until garbage is looked for. By itself V8 takes up to 300. */
const GROWTH = 60;

/**
 * Keeps the memory of this process near what it needs.
 *
 * V8 has a part that gives memory back when nothing is done, but a server that hears heartbeats never does nothing for it, unless it is told
 * that memory counts more than speed. It is told so while the process is quiet, and only then.
 */
export function keepMemorySmall(clock: Pick<Clock, "after">): Frugality {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  let quiet = AT_START;
  let giving = false;
  let used = process.cpuUsage();
  let cancel: CancelTimer = clock.after(LOOK_EVERY, lookAgain);

  function give(on: boolean): void {
    if (on === giving) return;
    giving = on;
    setFlagsFromString(on ? "--optimize-for-size" : "--no-optimize-for-size");
  }

  function lookAgain(): void {
    const { user, system } = process.cpuUsage(used);
    used = process.cpuUsage();
    quiet = look(quiet, (user + system) / 1000 / LOOK_EVERY);
    give(quiet.left > 0);
    cancel = clock.after(LOOK_EVERY, lookAgain);
  }

  return {
    stop() {
      cancel();
      give(false);
    },
  };
}

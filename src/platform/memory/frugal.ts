import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { CancelTimer, Clock } from "../../kernel/clock.ts";
import { quietLooks, SETTLED } from "./quiet.ts";

export interface Frugality {
  stop(): void;
}

/** Milliseconds between two looks. */
const LOOK_EVERY = 5000;
/** Percent of what lives in the heap by which it may grow until garbage is looked for. By itself V8 takes up to 300. */
const GROWTH = { working: 60, quiet: 10 };

/**
 * Keeps the memory of this process near what it needs.
 *
 * V8 has a part that gives memory back when nothing is done, but a server that hears heartbeats never does nothing for it. So what work left is
 * collected once when the process has become quiet, and while it stays so the heap may grow little.
 */
export function keepMemorySmall(clock: Pick<Clock, "after">): Frugality {
  let looks = 0;
  let used = process.cpuUsage();
  let cancel: CancelTimer = clock.after(LOOK_EVERY, lookAgain);
  grow(GROWTH.working);

  function lookAgain(): void {
    const { user, system } = process.cpuUsage(used);
    looks = quietLooks(looks, (user + system) / 1000 / LOOK_EVERY);
    grow(looks > 0 ? GROWTH.quiet : GROWTH.working);
    if (looks === SETTLED) collect();
    // What collecting took is no work.
    used = process.cpuUsage();
    cancel = clock.after(LOOK_EVERY, lookAgain);
  }

  return {
    stop() {
      cancel();
      grow(GROWTH.working);
    },
  };
}

function grow(percent: number): void {
  setFlagsFromString(`--heap-growing-percent=${percent}`);
}

/** All garbage, and pages that are nearly empty. Nothing else is done meanwhile: about 100 ms for 50 MB. */
function collect(): void {
  // Only a context that is made under this flag has the function.
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as NodeJS.GCFunction;
  setFlagsFromString("--no-expose-gc");
  gc({ type: "major", execution: "sync", flavor: "last-resort" });
}

import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Logger } from "../platform/logging/index.ts";

/** Runs something when its time has come, never twice at the same time. One timer, however many times are asked for. */
export interface Alarm {
  /** Run at this time at the latest (epoch milliseconds; what is past: now). */
  by(at: number): void;
  /** Lets runs begin, as from the beginning; after a `stop`. */
  start(): void;
  /** No run begins any more; resolves when the one that runs has ended. */
  stop(): Promise<void>;
}

/** Wait after a run that failed (the database may be away for a while). */
const AFTER_FAILURE = 1_000;

/** `run` returns when it wants to run next; null: only when asked. */
export function createAlarm(parts: {
  clock: Clock;
  log: Logger;
  name: string;
  run: () => Promise<number | null>;
}): Alarm {
  const { clock, log } = parts;
  let next = Infinity;
  let timer: CancelTimer | undefined;
  let running = Promise.resolve();
  let isRunning = false;
  let stopped = false;

  function arm(): void {
    timer?.();
    timer = undefined;
    if (stopped || isRunning || next === Infinity) return;
    const wait = next - clock.now();
    if (wait <= 0) begin();
    else timer = clock.after(wait, begin);
  }

  function begin(): void {
    isRunning = true;
    running = run().finally(() => {
      isRunning = false;
      arm();
    });
  }

  async function run(): Promise<void> {
    next = Infinity;
    try {
      const at = await parts.run();
      if (at !== null) next = Math.min(next, at);
    } catch (error) {
      log.error({ alarm: parts.name, error: messageOf(error) }, "run failed, trying again");
      next = Math.min(next, clock.now() + AFTER_FAILURE);
    }
  }

  return {
    by(at) {
      if (at >= next) return;
      next = at;
      arm();
    },
    start() {
      stopped = false;
      arm();
    },
    async stop() {
      stopped = true;
      timer?.();
      await running;
    },
  };
}

import { GantryError } from "../kernel/errors.ts";
import type { FunctionContext } from "../link/index.ts";
import { FUNCTION_TIMED_OUT } from "./errors.ts";

export interface LimitedSignal {
  /** Aborted with the task, and when time is up. */
  readonly signal: AbortSignal;
  /** For work that ends soon after the signal: its own result or error, whatever comes. */
  within<Result>(work: Promise<Result>): Promise<Result>;
  /** For work that cannot listen: `function_timed_out` when time is up; what it began still comes to its end. */
  race<Result>(work: Promise<Result>): Promise<Result>;
}

/** The time-out a function was given by a parameter of its own, in seconds, beside that of its task. */
export function limitedSignal(context: FunctionContext, seconds: number | undefined): LimitedSignal {
  if (seconds === undefined) return { signal: context.signal, within: (work) => work, race: (work) => work };
  const timer = new AbortController();
  const error = new GantryError(FUNCTION_TIMED_OUT, `it took longer than ${seconds} s and was stopped`);
  const cancel = context.clock.after(seconds * 1000, () => timer.abort(error));
  async function within<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } finally {
      cancel();
    }
  }
  const timedOut = new Promise<never>((_, reject) => {
    timer.signal.addEventListener("abort", () => reject(error));
  });
  timedOut.catch(() => undefined);
  return {
    signal: AbortSignal.any([context.signal, timer.signal]),
    within,
    race: (work) => within(Promise.race([work, timedOut])),
  };
}

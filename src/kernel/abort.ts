interface Waiting {
  readonly actions: Set<() => void>;
  forget(action: () => void): void;
}

/** Of signals that somebody waits for. */
const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `action` when the signal aborts; at once when it has. Returns how to end that. All who wait for the same signal share one listener:
 * thousands of calls of a list do, and a listener for each would cost more than the rest of their waiting.
 */
export function onAbort(signal: AbortSignal, action: () => void): () => void {
  if (signal.aborted) {
    action();
    return () => undefined;
  }
  const own = (): void => action();
  const { actions, forget } = waiting.get(signal) ?? listen(signal);
  actions.add(own);
  return () => forget(own);
}

function listen(signal: AbortSignal): Waiting {
  const actions = new Set<() => void>();
  function call(): void {
    for (const action of actions) action();
  }
  const made: Waiting = {
    actions,
    forget(action) {
      actions.delete(action);
      if (actions.size > 0) return;
      signal.removeEventListener("abort", call);
      waiting.delete(signal);
    },
  };
  waiting.set(signal, made);
  signal.addEventListener("abort", call, { once: true });
  return made;
}

/**
 * What `work` comes to; or, when the signal aborts before, what `instead` settles it with, now or later.
 */
export function orAbort<Result, Instead = never>(
  work: Promise<Result>,
  signal: AbortSignal,
  instead: (settle: Pick<PromiseWithResolvers<Result | Instead>, "resolve" | "reject">) => void,
): Promise<Result | Instead> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => instead({ resolve, reject }));
    work.then(
      (result) => {
        forget();
        return resolve(result);
      },
      (error: unknown) => {
        forget();
        return reject(error);
      },
    );
  });
}

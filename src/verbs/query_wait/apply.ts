import { GantryError } from "../../kernel/errors.ts";
import { WAIT_TIMED_OUT } from "../errors.ts";
import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { missingNodes, type QueryWaitParameters } from "./model.ts";

/** Looks at each change of the arguments. Throws `wait_timed_out` with the nodes that still lack it. */
export async function applyQueryWait(parameters: QueryWaitParameters, context: VerbContext): Promise<VerbResult> {
  const { clock, signal, surroundings } = context;
  const { name, query_timeout: seconds } = parameters;
  const changes = createChanges(surroundings.arguments.watch);
  let late = false;
  const cancel = clock.after(seconds * 1000, () => {
    late = true;
    changes.wake();
  });
  signal.addEventListener("abort", changes.wake);
  try {
    for (;;) {
      signal.throwIfAborted();
      const values = await surroundings.arguments.all();
      const missing = missingNodes(parameters, values);
      if (missing.length === 0) {
        const value = Object.hasOwn(values, name) ? values[name] : undefined;
        return { changed: false, values: value === undefined ? {} : { [name]: value } };
      }
      if (late)
        throw new GantryError(WAIT_TIMED_OUT, `${missing.join(", ")} has no argument ${name}, after ${seconds} s`);
      await changes.next();
    }
  } finally {
    cancel();
    signal.removeEventListener("abort", changes.wake);
    changes.close();
  }
}

/** Changes as something to wait for; one that came before the waiting began counts. */
function createChanges(watch: (changed: () => void) => () => void) {
  let pending = false;
  let wakeNext: (() => void) | undefined;
  function wake(): void {
    pending = true;
    wakeNext?.();
  }
  return {
    wake,
    close: watch(wake),
    async next() {
      if (!pending) await new Promise<void>((resolve) => (wakeNext = resolve));
      pending = false;
      wakeNext = undefined;
    },
  };
}

import type { JobHost } from "../jobs/index.ts";
import { verbTimeout } from "../foreman/index.ts";
import type { JsonObject } from "../kernel/json.ts";

/** The name of the job host that serves the jobs of runs. */
export const RUN_HOST = "runs";

/**
 * Every call of a run's job goes to the agent of its node. `reachWithin`: milliseconds a node may take to connect before it counts as
 * unreachable; it never holds up another.
 */
export function createRunHost(isSafeToRepeat: (name: string) => boolean, reachWithin: number): JobHost {
  return {
    view: () => Promise.resolve({ values: () => ({ found: false, moduleKnown: false }), catalogue: {} }),
    async prepare(job, call) {
      return {
        kind: "task",
        task: {
          module: "agent",
          function: call.function,
          route: { agentId: job.target.id ?? "" },
          timeout: verbsTimeout(call.batch ?? [call.parameters]),
          reachWithin,
          safeToRepeat: isSafeToRepeat(call.function),
          ...(call.batch === undefined ? { parameters: call.parameters } : { parameters: null, batch: call.batch }),
        },
      };
    },
    finished: () => Promise.resolve(),
  };
}

/** Verbs of one task run one after the other. */
function verbsTimeout(verbs: readonly JsonObject[]): number {
  return verbs.reduce((sum, parameters) => sum + verbTimeout(parameters), 0);
}

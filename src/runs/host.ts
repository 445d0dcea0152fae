import type { Job, JobHost, JobOutcome } from "../jobs/index.ts";
import { verbTimeout } from "../foreman/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Transaction } from "../platform/database/index.ts";

/** The name of the job host that serves the jobs of runs. */
export const RUN_HOST = "runs";

export interface RunHostParts {
  /** Milliseconds a node may take to connect before it counts as unreachable; it never holds up another. */
  readonly reachWithin: number;
  isSafeToRepeat(name: string): boolean;
  /** Within the commit that ends a job. */
  ended(tx: Transaction, job: Job, outcome: JobOutcome): Promise<void>;
  /** Within the commit of a retry. */
  reopened(tx: Transaction, job: Job): Promise<void>;
}

/** Every call of a run's job goes to the agent of its node. */
export function createRunHost(parts: RunHostParts): JobHost {
  return {
    view: () => Promise.resolve({ values: () => ({ found: false, moduleKnown: false }), catalogue: {} }),
    async prepare(job, call) {
      return {
        kind: "task",
        task: {
          module: "agent",
          function: call.function,
          route: { agentId: job.target.id ?? "" },
          timeout: verbsTimeout((call.batch ?? [call]).map(({ parameters }) => parameters)),
          reachWithin: parts.reachWithin,
          safeToRepeat: parts.isSafeToRepeat(call.function),
          ...(call.batch === undefined ? { parameters: call.parameters } : { parameters: null, batch: call.batch }),
        },
      };
    },
    finished: (tx, job, outcome) => parts.ended(tx, job, outcome),
    reopened: (tx, job) => parts.reopened(tx, job),
  };
}

/** Verbs of one task run one after the other. */
function verbsTimeout(verbs: readonly JsonObject[]): number {
  return verbs.reduce((sum, parameters) => sum + verbTimeout(parameters), 0);
}

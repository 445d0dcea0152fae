import type { BatchItem, Call, HiddenValue, Job, JobHost, JobOutcome } from "../jobs/index.ts";
import { verbTimeout } from "../foreman/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Transaction } from "../platform/database/index.ts";
import { positionOf } from "./context.ts";
import type { Definition } from "./model.ts";
import { namesIn } from "./names.ts";

/** The name of the job host that serves the jobs of runs. */
export const RUN_HOST = "runs";

/** What a node's templates see of the inventory. */
export interface NodeVariables {
  readonly values: JsonObject;
  /** Values of secrets in them. */
  readonly hide: readonly HiddenValue[];
}

export interface RunHostParts {
  /** Milliseconds a node may take to connect before it counts as unreachable; it never holds up another. */
  readonly reachWithin: number;
  isSafeToRepeat(name: string): boolean;
  /** It may cut off its own agent, and go on when that is back. */
  survivesRestart(name: string): boolean;
  definition(run: Id): Promise<Definition>;
  /** Variables of what stands on a node, those with these names, with the rights of who started the job. Throws a GantryError. */
  variables(job: Job, names: ReadonlySet<string> | "all"): Promise<NodeVariables>;
  /** Within the commit that ends a job. */
  ended(tx: Transaction, job: Job, outcome: JobOutcome): Promise<void>;
  /** Within the commit of a retry. */
  reopened(tx: Transaction, job: Job): Promise<void>;
}

const NO_VARIABLES: NodeVariables = { values: {}, hide: [] };

/** Every call of a run's job goes to the agent of its node. */
export function createRunHost(parts: RunHostParts): JobHost {
  /** Of the nodes of a stage, which all have one and the same list. */
  const lists = new WeakMap<readonly BatchItem[], readonly BatchItem[]>();

  function listOf(batch: readonly BatchItem[]): readonly BatchItem[] {
    const known = lists.get(batch) ?? batch.map((item) => itemOf(parts, item));
    lists.set(batch, known);
    return known;
  }

  return {
    view: () => Promise.resolve({ values: () => ({ found: false, moduleKnown: false }), catalogue: {} }),
    async prepare(job, call) {
      const definition = await parts.definition(job.runId!);
      const { stage } = positionOf(job);
      const names = namesIn(definition, stage);
      const { values, hide } = names !== "all" && names.size === 0 ? NO_VARIABLES : await parts.variables(job, names);
      const shared = sharedOf(definition, stage, job.context["plan"] === true, values);
      const own = hide.length === 0 ? call : withoutCache(call);
      return {
        kind: "task",
        task: {
          module: "agent",
          function: own.function,
          route: { agentId: job.target.id ?? "" },
          timeout: verbsTimeout(own.batch ?? [own]),
          reachWithin: parts.reachWithin,
          safeToRepeat: parts.isSafeToRepeat(own.function),
          ...(own.batch === undefined
            ? { parameters: own.parameters }
            : { parameters: null, batch: listOf(own.batch) }),
          ...(Object.keys(shared).length === 0 ? {} : { shared }),
          ...(hide.length === 0 ? {} : { hide }),
        },
      };
    },
    finished: (tx, job, outcome) => parts.ended(tx, job, outcome),
    reopened: (tx, job) => parts.reopened(tx, job),
  };
}

/** What says nothing of itself may run again as its function may; and its node may be away for as long as it may take. */
function itemOf(parts: RunHostParts, item: BatchItem): BatchItem {
  const safeToRepeat = item.safeToRepeat ?? parts.isSafeToRepeat(item.function);
  if (!parts.survivesRestart(item.function)) return { ...item, safeToRepeat };
  return { ...item, safeToRepeat, awayFor: verbTimeout(item.parameters) };
}

/** What is the same for all verbs of a task. */
function sharedOf(definition: Definition, stage: number, plan: boolean, variables: JsonObject): JsonObject {
  const { vars } = definition.entries[definition.stages[stage]!.entry]!;
  return {
    ...(plan ? { plan: true } : {}),
    ...(definition.ignoreCache ? { cache: "ignore" } : {}),
    ...(vars === undefined ? {} : { values: vars }),
    ...(Object.keys(variables).length === 0 ? {} : { variables }),
  };
}

/** What a verb with a secret says or does is not remembered by the node. */
function withoutCache(call: Call): Call {
  const { batch } = call;
  if (batch === undefined) return { ...call, parameters: uncached(call.parameters) };
  return { ...call, batch: batch.map((item): BatchItem => ({ ...item, parameters: uncached(item.parameters) })) };
}

function uncached({ cache: _cache, ...parameters }: JsonObject): JsonObject {
  return parameters as JsonObject;
}

/** Verbs of one task run one after the other. */
function verbsTimeout(verbs: readonly { readonly parameters: JsonObject }[]): number {
  return verbs.reduce((sum, { parameters }) => sum + verbTimeout(parameters), 0);
}

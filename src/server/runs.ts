import type { Fleet } from "../fleet/index.ts";
import type { Jobs } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { HttpServer } from "../platform/http/index.ts";
import {
  createRunHost,
  createRunService,
  RUN_CALL_INVALID,
  RUN_HOST,
  runRoutes,
  type RunParts,
} from "../runs/index.ts";
import type { describeAgentFunctions } from "../verbs/index.ts";
import type { nodePlaces } from "./target-places.ts";

export interface RunsParts extends Omit<RunParts, "jobs" | "nodes" | "checkCall"> {
  readonly jobs: Jobs;
  readonly fleet: Pick<Fleet, "agents">;
  /** What an agent does, by the name of the verb. */
  readonly agent: ReturnType<typeof describeAgentFunctions>;
  readonly placesOf: ReturnType<typeof nodePlaces>;
  /** Milliseconds a node may take to connect. */
  readonly reachWithin: number;
}

/** Verbs on many nodes. */
export function composeRuns(http: HttpServer, parts: RunsParts): void {
  const { jobs, fleet, agent, placesOf } = parts;
  jobs.registerHost(
    RUN_HOST,
    createRunHost((name) => agent[name]?.safeToRepeat ?? false, parts.reachWithin),
  );
  const runs = createRunService({
    ...parts,
    jobs: jobs.service,
    async nodes(tenantId) {
      const [agents, placeOf] = await Promise.all([fleet.agents(tenantId), placesOf(tenantId)]);
      return agents.map((one) => ({ agentId: one.agentId, name: one.name, place: placeOf(one) }));
    },
    checkCall(name, parameters) {
      const known = agent[name];
      if (known === undefined || known.observes === true)
        throw new GantryError(RUN_CALL_INVALID, `there is no verb '${name}'`);
      const checked = known.parameters.strict().safeParse(parameters);
      if (!checked.success)
        throw new GantryError(
          RUN_CALL_INVALID,
          `${name}: ${checked.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("; ")}`,
        );
      return parameters;
    },
  });
  runRoutes(http, runs);
}

import { defineVerb } from "../verb.ts";
import { applyQueryWait } from "./apply.ts";
import { queryWaitOptions, queryWaitParameters, readQueryWait } from "./model.ts";
import { planQueryWait } from "./plan.ts";

export const queryWait = defineVerb({
  names: ["QUERY_WAIT"],
  function: "query_wait",
  summary: "Waits until an argument is there, here or on the nodes that are named",
  parameters: queryWaitParameters,
  options: queryWaitOptions,
  texts: ["identity"],
  safeToRepeat: true,
  read: readQueryWait,
  plan: planQueryWait,
  apply: applyQueryWait,
});

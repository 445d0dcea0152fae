import { defineVerb } from "../verb.ts";
import { applyQuery } from "./apply.ts";
import { queryParameters, readQuery } from "./model.ts";
import { planQuery } from "./plan.ts";

export const query = defineVerb({
  names: ["QUERY"],
  function: "query",
  summary: "Asks all nodes for an argument, and gives the answers to each as its argument query",
  parameters: queryParameters,
  safeToRepeat: true,
  read: readQuery,
  plan: planQuery,
  apply: applyQuery,
});

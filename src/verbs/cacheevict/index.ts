import { defineVerb } from "../verb.ts";
import { applyCacheevict } from "./apply.ts";
import { cacheevictParameters, cacheevictProblem, readCacheevict } from "./model.ts";
import { planCacheevict } from "./plan.ts";

export { cacheListFunction } from "./apply.ts";

export const cacheevict = defineVerb({
  names: ["CACHEEVICT"],
  function: "cacheevict",
  summary: "The node forgets arguments, variables or results",
  parameters: cacheevictParameters,
  safeToRepeat: true,
  read: readCacheevict,
  problem: cacheevictProblem,
  plan: planCacheevict,
  apply: applyCacheevict,
});

import { defineVerb } from "../verb.ts";
import { applyCacheevict } from "./apply.ts";
import { cacheevictParameters, readCacheevict } from "./model.ts";
import { planCacheevict } from "./plan.ts";

export { cacheEvictFunction, cacheListFunction } from "./apply.ts";

export const cacheevict = defineVerb({
  names: ["CACHEEVICT"],
  function: "cacheevict",
  summary: "The node forgets arguments, variables or results",
  parameters: cacheevictParameters,
  texts: [],
  safeToRepeat: true,
  read: readCacheevict,
  plan: planCacheevict,
  apply: applyCacheevict,
});

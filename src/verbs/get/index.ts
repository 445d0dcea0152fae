import { defineVerb } from "../verb.ts";
import { applyGet } from "./apply.ts";
import { getOptions, getParameters, problemOfGet, readGet } from "./model.ts";
import { planGet } from "./plan.ts";

export const get = defineVerb({
  names: ["GET"],
  function: "get",
  summary: "Fetches files from the node",
  parameters: getParameters,
  options: getOptions,
  texts: ["paths"],
  safeToRepeat: true,
  read: readGet,
  problem: problemOfGet,
  plan: planGet,
  apply: applyGet,
});

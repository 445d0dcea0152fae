import { defineVerb } from "../verb.ts";
import { applyAdd } from "./apply.ts";
import { addOptions, addParameters, problemOfAdd, readAdd } from "./model.ts";
import { planAdd } from "./plan.ts";

export { applyAdd } from "./apply.ts";
export { addParameters } from "./model.ts";
export { planAdd } from "./plan.ts";
export { findSources, type Source } from "./sources.ts";

export const add = defineVerb({
  names: ["ADD", "COPY"],
  function: "add",
  summary: "Puts files in their place, each whole or not at all",
  parameters: addParameters,
  options: addOptions,
  texts: ["to", "chown", "chmod"],
  safeToRepeat: true,
  read: readAdd,
  problem: problemOfAdd,
  plan: planAdd,
  apply: applyAdd,
});

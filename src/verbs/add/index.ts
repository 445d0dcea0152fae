import { defineVerb } from "../verb.ts";
import { applyAdd } from "./apply.ts";
import { addOptions, addParameters, readAdd } from "./model.ts";
import { planAdd } from "./plan.ts";

export { findSources } from "./sources.ts";

export const add = defineVerb({
  names: ["ADD", "COPY"],
  function: "add",
  summary: "Puts a file in its place, whole or not at all",
  parameters: addParameters,
  options: addOptions,
  texts: ["to"],
  safeToRepeat: true,
  read: readAdd,
  plan: planAdd,
  apply: applyAdd,
});

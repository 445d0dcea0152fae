import { defineVerb } from "../verb.ts";
import { applyArg } from "./apply.ts";
import { argOptions, argParameters, argProblem, readArg } from "./model.ts";
import { planArg } from "./plan.ts";

export { literal } from "./literal.ts";
export { argProblem, nameAndText } from "./model.ts";

export const arg = defineVerb({
  names: ["ARG"],
  function: "arg",
  summary: "Remembers a value on the node, for {{ NAME }} in later texts",
  parameters: argParameters,
  options: argOptions,
  texts: ["template"],
  safeToRepeat: true,
  read: readArg,
  problem: argProblem,
  plan: planArg,
  apply: applyArg,
});

import { argProblem } from "../arg/index.ts";
import { defineVerb } from "../verb.ts";
import { applyEnv } from "./apply.ts";
import { envOptions, envParameters, readEnv } from "./model.ts";
import { planEnv } from "./plan.ts";

export const env = defineVerb({
  names: ["ENV"],
  function: "env",
  summary: "Sets a variable in the environment of all later commands on the node",
  parameters: envParameters,
  options: envOptions,
  texts: ["template"],
  safeToRepeat: true,
  read: readEnv,
  problem: argProblem,
  plan: planEnv,
  apply: applyEnv,
});

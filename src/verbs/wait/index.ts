import { defineVerb } from "../verb.ts";
import { applyWait } from "./apply.ts";
import { readWait, waitOptions, waitParameters, waitProblem } from "./model.ts";
import { planWait } from "./plan.ts";

export const wait = defineVerb({
  names: ["WAIT"],
  function: "wait",
  summary: "Waits until a state is there, or for a time",
  parameters: waitParameters,
  options: waitOptions,
  texts: ["url", "cmd", "host"],
  safeToRepeat: true,
  retries: true,
  read: readWait,
  problem: waitProblem,
  plan: planWait,
  apply: applyWait,
});

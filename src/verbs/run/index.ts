import { defineVerb } from "../verb.ts";
import { applyRun } from "./apply.ts";
import { readRun, runOptions, runParameters, runProblem } from "./model.ts";
import { planRun } from "./plan.ts";

export const run = defineVerb({
  names: ["RUN"],
  function: "run",
  summary: "Runs a command with /bin/sh",
  parameters: runParameters,
  options: runOptions,
  texts: ["command"],
  safeToRepeat: false,
  cacheable: true,
  read: readRun,
  problem: runProblem,
  plan: planRun,
  apply: applyRun,
});

import { defineVerb } from "../verb.ts";
import { applyWorkdir } from "./apply.ts";
import { readWorkdir, workdirOptions, workdirParameters } from "./model.ts";
import { planWorkdir } from "./plan.ts";

export const workdir = defineVerb({
  names: ["WORKDIR"],
  function: "workdir",
  summary: "Makes a folder, with those above it",
  parameters: workdirParameters,
  options: workdirOptions,
  texts: ["path", "chown", "chmod"],
  safeToRepeat: true,
  read: readWorkdir,
  plan: planWorkdir,
  apply: applyWorkdir,
});

import { defineVerb } from "../verb.ts";
import { applyJobWait } from "./apply.ts";
import { jobWaitParameters, readJobWait } from "./model.ts";
import { planJobWait } from "./plan.ts";

export const jobWait = defineVerb({
  names: ["JOB_WAIT"],
  function: "job_wait",
  summary: "Waits until earlier entries of the same orchestration have ended",
  parameters: jobWaitParameters,
  options: {},
  safeToRepeat: true,
  read: readJobWait,
  plan: planJobWait,
  apply: applyJobWait,
});

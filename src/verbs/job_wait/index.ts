import { defineVerb } from "../verb.ts";
import { applyJobWait } from "./apply.ts";
import { jobWaitOptions, jobWaitParameters, readJobWait } from "./model.ts";
import { planJobWait } from "./plan.ts";

export const jobWait = defineVerb({
  names: ["JOB_WAIT"],
  function: "job_wait",
  summary: "Waits until other jobs of the same orchestration have ended",
  parameters: jobWaitParameters,
  options: jobWaitOptions,
  safeToRepeat: true,
  read: readJobWait,
  plan: planJobWait,
  apply: applyJobWait,
});

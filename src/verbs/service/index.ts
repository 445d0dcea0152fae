import { defineVerb } from "../verb.ts";
import { applyService } from "./apply.ts";
import { planService } from "./plan.ts";
import { readAnyService, SERVICE_OPTIONS, serviceProblem, serviceVerbParameters } from "./unit-model.ts";

export { servicesFunction } from "./apply.ts";
export { serviceFiles } from "./records.ts";
export { createServices, type Services } from "./services.ts";

export const service = defineVerb({
  names: ["SERVICE"],
  function: "service",
  summary: "Keeps a program running, or stops it; or starts, stops and enables units of systemd or OpenRC",
  parameters: serviceVerbParameters,
  options: SERVICE_OPTIONS,
  texts: ["name", "command", "units"],
  safeToRepeat: true,
  read: readAnyService,
  problem: serviceProblem,
  plan: planService,
  apply: applyService,
});

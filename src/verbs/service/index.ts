import { defineVerb } from "../verb.ts";
import { applyService } from "./apply.ts";
import { readService, serviceOptions, serviceParameters } from "./model.ts";
import { planService } from "./plan.ts";

export { servicesFunction } from "./apply.ts";
export { serviceFiles } from "./records.ts";
export { createServices, type Services } from "./services.ts";

export const service = defineVerb({
  names: ["SERVICE"],
  function: "service",
  summary: "Keeps a program running, or stops it",
  parameters: serviceParameters,
  options: serviceOptions,
  texts: ["name", "command"],
  safeToRepeat: true,
  read: readService,
  plan: planService,
  apply: applyService,
});

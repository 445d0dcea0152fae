import { z } from "zod";
import { limitedSignal } from "../../executor/index.ts";
import { moduleFunction } from "../../link/index.ts";
import type { Surroundings } from "../surroundings.ts";
import { serviceParameters } from "./model.ts";

/** Errors: `service_failed`, `service_unknown`, `command_not_started`. */
export function serviceFunction(surroundings: Surroundings) {
  return moduleFunction({
    summary: "Keeps a program running, or stops it",
    parameters: serviceParameters,
    safeToRepeat: true,
    run: (parameters, context) =>
      limitedSignal(context, parameters.timeout).race(surroundings.services.apply(parameters)),
  });
}

export function servicesFunction(surroundings: Surroundings) {
  return moduleFunction({
    summary: "The services of this node and what they are doing",
    parameters: z.object({}),
    safeToRepeat: true,
    observes: true,
    run: async () => (await surroundings.services.list()).map((status) => ({ ...status })),
  });
}

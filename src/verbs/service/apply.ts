import { z } from "zod";
import { moduleFunction } from "../../link/index.ts";
import type { CommonParameters, VerbResult } from "../model.ts";
import type { Surroundings } from "../surroundings.ts";
import type { VerbContext } from "../verb.ts";
import type { ServiceParameters } from "./model.ts";

/** Throws `service_failed`, `service_unknown`, `command_not_started`. */
export function applyService(
  parameters: ServiceParameters & CommonParameters,
  { surroundings }: VerbContext,
): Promise<VerbResult> {
  return surroundings.services.apply(parameters);
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

import type { CommonParameters, VerbPlan } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import type { ServiceParameters } from "./model.ts";

/** Throws `service_unknown`. */
export function planService(
  parameters: ServiceParameters & CommonParameters,
  { surroundings }: VerbContext,
): Promise<VerbPlan> {
  return surroundings.services.plan(parameters);
}

import { z } from "zod";
import { moduleFunction } from "../../link/index.ts";
import type { CommonParameters, VerbResult } from "../model.ts";
import type { Surroundings } from "../surroundings.ts";
import { toolsOf } from "../tools.ts";
import type { VerbContext } from "../verb.ts";
import { ownService } from "./plan.ts";
import type { ServiceVerbParameters } from "./unit-model.ts";
import { applyUnits, findManager } from "./units.ts";

/** Throws `service_failed`, `service_unknown`, `command_not_started`, `command_failed`, `program_missing`. */
export async function applyService(
  parameters: ServiceVerbParameters & CommonParameters,
  context: VerbContext,
): Promise<VerbResult> {
  const own = await ownService(parameters, context);
  if (own !== undefined) return context.surroundings.services.apply(own);
  const tools = toolsOf(context);
  const { clock, signal } = context;
  return applyUnits(parameters, await findManager(tools), { tools, clock, signal });
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

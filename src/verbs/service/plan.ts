import type { CommonParameters, VerbPlan } from "../model.ts";
import { toolsOf } from "../tools.ts";
import type { VerbContext } from "../verb.ts";
import type { ServiceParameters } from "./model.ts";
import type { ServiceVerbParameters } from "./unit-model.ts";
import { findManager, planUnits } from "./units.ts";

/** Throws `service_unknown`, `program_missing`. */
export async function planService(
  parameters: ServiceVerbParameters & CommonParameters,
  context: VerbContext,
): Promise<VerbPlan> {
  const own = await ownService(parameters, context);
  if (own !== undefined) return context.surroundings.services.plan(own);
  return planUnits(parameters, await findManager(toolsOf(context)));
}

/**
 * The call as one about a service of the agent's own; undefined when it is about units of the node. A name without a command may be
 * either: it is a unit's when the agent knows no such service, and a manager runs that does.
 */
export async function ownService(
  parameters: ServiceVerbParameters & CommonParameters,
  context: VerbContext,
): Promise<(ServiceParameters & CommonParameters) | undefined> {
  const { name, command, state } = parameters;
  if (name === undefined) return undefined;
  const own = { ...parameters, name, state: state === undefined || state === "reloaded" ? "started" : state } as const;
  const unitOnly = [parameters.enabled, parameters.masked, parameters.daemon_reload].some((one) => one !== undefined);
  if (command !== undefined || state === "absent") return own;
  const known = (await context.surroundings.services.list()).some((service) => service.name === name);
  if (known && !unitOnly && state !== "reloaded") return own;
  const manager = await findManager(toolsOf(context)).catch(() => undefined);
  if (unitOnly || state === "reloaded") return undefined;
  return manager !== undefined && (await manager.view(name)) !== undefined ? undefined : own;
}

import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { type ArgParameters, extended, wantedValue } from "./model.ts";

export async function applyArg(parameters: ArgParameters, { surroundings }: VerbContext): Promise<VerbResult> {
  const { name } = parameters;
  const value = wantedValue(parameters);
  const changed = await surroundings.arguments.update((before) => ({
    [name]: parameters.extend_args === true ? extended(before[name], value) : value,
  }));
  return { name, changed };
}

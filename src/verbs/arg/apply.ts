import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import { type ArgParameters, valueAfter } from "./model.ts";

export async function applyArg(parameters: ArgParameters, { surroundings }: VerbContext): Promise<VerbResult> {
  const { name } = parameters;
  const changed = await surroundings.arguments.update((before) => ({ [name]: valueAfter(parameters, before[name]) }));
  return { name, changed };
}

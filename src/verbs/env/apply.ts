import type { VerbResult } from "../model.ts";
import type { VerbContext } from "../verb.ts";
import type { EnvParameters } from "./model.ts";

export async function applyEnv(parameters: EnvParameters, { surroundings }: VerbContext): Promise<VerbResult> {
  const { name, value, template } = parameters;
  return { name, changed: await surroundings.variables.set({ [name]: value ?? template ?? "" }) };
}

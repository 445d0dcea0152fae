import { limitedSignal } from "../../executor/index.ts";
import { moduleFunction } from "../../link/index.ts";
import type { Surroundings } from "../surroundings.ts";
import { argParameters } from "./model.ts";

export function argFunction(surroundings: Surroundings) {
  return moduleFunction({
    summary: "Remembers a value on the node, for {{ NAME }} in later texts",
    parameters: argParameters,
    safeToRepeat: true,
    async run(parameters, context) {
      const limit = limitedSignal(context, parameters.timeout);
      const changed = await limit.race(surroundings.arguments.set({ [parameters.name]: parameters.value }));
      return { name: parameters.name, changed };
    },
  });
}

import type { ModuleFunction } from "../link/index.ts";
import { cacheListFunction } from "./cacheevict/index.ts";
import { verbFunction } from "./frame.ts";
import { servicesFunction } from "./service/index.ts";
import type { Surroundings } from "./surroundings.ts";
import { VERBS } from "./verbs.ts";

/** The verbs as functions of the module `agent`, each under all its names, and what can be asked of a node. */
export function agentFunctions(surroundings: Surroundings): Readonly<Record<string, ModuleFunction>> {
  const functions: Record<string, ModuleFunction> = {};
  for (const verb of VERBS) {
    const made = verbFunction(verb, surroundings);
    for (const name of [verb.function, ...verb.names.map((one) => one.toLowerCase())]) functions[name] = made;
  }
  return {
    ...functions,
    services: servicesFunction(surroundings),
    cache_list: cacheListFunction(surroundings),
  };
}

/** What a function is, without a node to run it on: for those who check calls before they are made. */
export type FunctionFacts = Pick<
  ModuleFunction,
  "summary" | "parameters" | "safeToRepeat" | "survivesRestart" | "observes"
>;

/** The functions of the module `agent`, described. */
export function describeAgentFunctions(): Readonly<Record<string, FunctionFacts>> {
  // Only their descriptions are read, and those do not depend on where they run.
  return agentFunctions({} as Surroundings);
}

import { z } from "zod";
import { type ModuleFunction, moduleFunction } from "../link/index.ts";
import { addFunction } from "./add/index.ts";
import { argFunction } from "./arg/index.ts";
import { collectFacts } from "./facts.ts";
import { runFunction } from "./run/index.ts";
import { serviceFunction, servicesFunction } from "./service/index.ts";
import type { Surroundings } from "./surroundings.ts";
import { waitFunction } from "./wait/index.ts";
import { workdirFunction } from "./workdir/index.ts";

/** The verbs as functions of the module `agent`, and what can be asked of a node. */
export function agentFunctions(surroundings: Surroundings): Readonly<Record<string, ModuleFunction>> {
  return {
    run: runFunction(surroundings),
    arg: argFunction(surroundings),
    add: addFunction(surroundings),
    copy: addFunction(surroundings),
    workdir: workdirFunction(surroundings),
    wait: waitFunction(surroundings),
    service: serviceFunction(surroundings),
    services: servicesFunction(surroundings),
    facts: moduleFunction({
      summary: "What the node says about itself",
      parameters: z.object({}),
      safeToRepeat: true,
      observes: true,
      run: collectFacts,
    }),
  };
}

/** What a function is, without a node to run it on: for those who check calls before they are made. */
export type FunctionFacts = Pick<ModuleFunction, "summary" | "parameters" | "safeToRepeat" | "observes">;

/** The functions of the module `agent`, described. */
export function describeAgentFunctions(): Readonly<Record<string, FunctionFacts>> {
  // Only their descriptions are read, and those do not depend on where they run.
  return agentFunctions({} as Surroundings);
}

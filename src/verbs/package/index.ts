import { toolsOf } from "../tools.ts";
import { defineVerb, type VerbContext } from "../verb.ts";
import { applyPackages } from "./apply.ts";
import { PACKAGE_OPTIONS, packageParameters, packageProblem, readPackage } from "./model.ts";
import { type PackageWorld, planPackages } from "./plan.ts";

export const packages = defineVerb({
  names: ["PACKAGE", "DNF"],
  function: "package",
  summary: "Packages of the node's package manager: there, in the newest version, or not there",
  parameters: packageParameters,
  safeToRepeat: true,
  options: PACKAGE_OPTIONS,
  texts: ["packages", "exclude"],
  read: readPackage,
  problem: packageProblem,
  plan: (parameters, context) => planPackages(parameters, worldOf(context)),
  apply: (parameters, context) => applyPackages(parameters, worldOf(context)),
});

function worldOf(context: VerbContext): PackageWorld {
  return { tools: toolsOf(context), clock: context.clock, signal: context.signal };
}

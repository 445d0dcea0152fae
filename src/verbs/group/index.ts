import { accountWorld } from "../user/index.ts";
import { defineVerb } from "../verb.ts";
import { applyGroup } from "./apply.ts";
import { GROUP_OPTIONS, groupParameters, groupProblem, readGroup } from "./model.ts";
import { planGroup } from "./plan.ts";

export const group = defineVerb({
  names: ["GROUP"],
  function: "group",
  summary: "A group of the node's users: there, or not there",
  parameters: groupParameters,
  safeToRepeat: true,
  options: GROUP_OPTIONS,
  texts: ["name"],
  read: readGroup,
  problem: groupProblem,
  plan: (parameters, context) => planGroup(parameters, accountWorld(context)),
  apply: (parameters, context) => applyGroup(parameters, accountWorld(context)),
});

import { toolsOf } from "../tools.ts";
import { defineVerb, type VerbContext } from "../verb.ts";
import { applyUser } from "./apply.ts";
import { readUser, USER_OPTIONS, userParameters, userProblem } from "./model.ts";
import { type AccountWorld, planUser } from "./plan.ts";

export { type Accounts } from "./accounts.ts";
export { ACCOUNT_REFUSED } from "./errors.ts";
export { accountName, accountNumber, systemRoot } from "./model.ts";
export { type AccountWorld, readNode } from "./plan.ts";

export const user = defineVerb({
  names: ["USER"],
  function: "user",
  summary: "A user of the node: there, with its groups, shell, password and keys, or not there",
  parameters: userParameters,
  safeToRepeat: true,
  options: USER_OPTIONS,
  texts: ["name", "group", "groups", "shell", "home", "comment", "password", "keys"],
  read: readUser,
  problem: userProblem,
  plan: (parameters, context) => planUser(parameters, accountWorld(context)),
  apply: (parameters, context) => applyUser(parameters, accountWorld(context)),
});

export function accountWorld(context: VerbContext): AccountWorld {
  return {
    tools: toolsOf(context),
    isRoot: process.getuid?.() === 0,
    path: (path) => context.path(path),
  };
}

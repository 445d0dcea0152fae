import { toolsOf } from "../tools.ts";
import { defineVerb, type VerbContext } from "../verb.ts";
import { applyContext } from "./apply.ts";
import { readSecontext, SECONTEXT_OPTIONS, secontextParameters, secontextProblem } from "./model.ts";
import { isSelinuxEnabled, planContext, type SecontextWorld } from "./plan.ts";

export const secontext = defineVerb({
  names: ["SECONTEXT"],
  function: "secontext",
  summary: "Which SELinux context files have, now and when they are made",
  parameters: secontextParameters,
  safeToRepeat: true,
  options: SECONTEXT_OPTIONS,
  texts: ["target", "type", "selinux_user", "level"],
  read: readSecontext,
  problem: secontextProblem,
  plan: (parameters, context) => planContext(parameters, worldOf(context)),
  apply: (parameters, context) => applyContext(parameters, worldOf(context)),
});

function worldOf(context: VerbContext): SecontextWorld {
  return { tools: toolsOf(context), isEnabled: isSelinuxEnabled };
}

import { toolsOf } from "../tools.ts";
import { defineVerb, type VerbContext } from "../verb.ts";
import { applyPod } from "./apply.ts";
import { POD_OPTIONS, podParameters, podProblem, readPod } from "./model.ts";
import { planPod, type PodWorld } from "./plan.ts";

export const pod = defineVerb({
  names: ["POD"],
  function: "pod",
  summary: "Pods of the node's container engine: play, start, stop, kill, remove, inspect, run a command",
  parameters: podParameters,
  // A command in a container may not be.
  safeToRepeat: false,
  options: POD_OPTIONS,
  texts: ["name", "file", "command", "socket"],
  read: readPod,
  problem: podProblem,
  plan: (parameters, context) => planPod(parameters, worldOf(context)),
  apply: (parameters, context) => applyPod(parameters, worldOf(context)),
});

function worldOf(context: VerbContext): PodWorld {
  return {
    tools: toolsOf(context),
    path: (path) => context.path(path),
    show: (text) => context.output("stdout", Buffer.from(text)),
  };
}

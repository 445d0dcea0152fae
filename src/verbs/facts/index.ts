import { defineVerb } from "../verb.ts";
import { applyFacts } from "./apply.ts";
import { factsParameters, readFacts } from "./model.ts";
import { planFacts } from "./plan.ts";

export { collectFacts } from "./collect.ts";

export const facts = defineVerb({
  names: ["FACTS", "FACTER"],
  function: "facts",
  summary: "What the node says about itself",
  parameters: factsParameters,
  safeToRepeat: true,
  observes: true,
  read: readFacts,
  plan: planFacts,
  apply: applyFacts,
});

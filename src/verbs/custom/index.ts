import { wrong } from "../options.ts";
import { defineVerb } from "../verb.ts";
import { applyCustom } from "./apply.ts";
import { customParameters } from "./model.ts";
import { planCustom } from "./plan.ts";

export { openVerbCache, type VerbCache } from "./cache.ts";
export { describeVerb } from "./describe.ts";
export { CUSTOM_VERB_WRONG } from "./errors.ts";
export {
  kindOf,
  readManifest,
  VERB_KINDS,
  verbFileName,
  type VerbKind,
  verbManifest,
  type VerbManifest,
  verbName,
} from "./manifest.ts";
export { type KnownVerb, parseCustomVerb } from "./model.ts";
export { packVerb } from "./package.ts";

export const custom = defineVerb({
  names: ["CUSTOM"],
  function: "custom",
  summary: "A verb of one's own: the server signs it, the agent fetches it where it lacks it",
  parameters: customParameters,
  // Each says so for itself, and the server tells by the item.
  safeToRepeat: false,
  texts: ["options", "text"],
  cacheable: true,
  read() {
    throw wrong("CUSTOM", "is how agents know verbs of one's own: use the verb's own name");
  },
  content: async (parameters) => [parameters.package],
  plan: planCustom,
  apply: applyCustom,
});

export { findSources } from "./add/index.ts";
export {
  describeVerb,
  kindOf,
  type KnownVerb,
  packVerb,
  parseCustomVerb,
  readManifest,
  VERB_KINDS,
  verbFileName,
  type VerbKind,
  verbManifest,
  type VerbManifest,
  verbName,
} from "./custom/index.ts";
export { collectFacts } from "./facts/index.ts";
export type { Barrier, ParsedVerb } from "./model.ts";
export { createAgentModule } from "./module.ts";
export { parseVerb } from "./parse.ts";
export { VERB_NAMES } from "./verbs.ts";
export { endTask } from "./surroundings.ts";
export { describeAgentFunctions } from "./functions.ts";
export { readMachineFacts, type ReadFacts } from "./machine-facts.ts";

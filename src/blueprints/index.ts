export {
  CREATE,
  DESTROY,
  UPDATE,
  placeInOrigin,
  type Blueprint,
  type Blueprints,
  type Builds,
  type Origin,
  type SourceText,
} from "./model.ts";
export { allScripts, allTemplates, findScript, findTemplate, lineage } from "./lineage.ts";
export { fitsFoundation, fitsType, foundationBlueprintsOf, foundationTypesOf, physicalInterfacesOf } from "./fit.ts";
export { findCycle, findCycles } from "./cycles.ts";
export { foundationTypeFacts, type FoundationTypeFacts } from "./foundation-types.ts";
export { hardwareOf, hardwareProblems, hardwareSchema, type HardwareProblem } from "./hardware.ts";
export { MACHINE_FACTS_SCHEMA, type LinkFacts, type MachineFacts } from "./machine-facts.ts";
export { readSize, showSize } from "./hardware-values.ts";

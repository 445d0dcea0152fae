export {
  CREATE,
  DESTROY,
  UPDATE,
  placeInOrigin,
  type Blueprint,
  type Builds,
  type Origin,
  type SourceText,
} from "./model.ts";
export { allScripts, allTemplates, findScript, findTemplate, lineage } from "./lineage.ts";
export { fitsFoundation, fitsType, foundationBlueprintsOf, foundationTypesOf } from "./fit.ts";
export { findCycle, findCycles } from "./cycles.ts";
export { foundationTypeFacts, type FoundationTypeFacts } from "./foundation-types.ts";

export { addFunction } from "./apply.ts";
export { parseAdd } from "./model.ts";
export { findSources } from "./sources.ts";

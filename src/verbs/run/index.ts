export { runFunction } from "./apply.ts";
export { openResultCache, type ResultCache } from "./cache.ts";
export { parseRun } from "./model.ts";

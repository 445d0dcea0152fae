export { findMatches } from "./matches.ts";
export { findPaths } from "./paths.ts";

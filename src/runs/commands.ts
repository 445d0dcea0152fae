/** What the command line uses of runs: reading orchestrations, which it does itself. */
export { ORCHESTRATION_INVALID } from "./errors.ts";
export { compile } from "./orchestration/compile.ts";
export { lineId, type Entry, type JobLine } from "./orchestration/model.ts";
export { readOrchestration } from "./orchestration/read.ts";

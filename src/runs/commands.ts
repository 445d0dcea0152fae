/** What the command line uses of runs: reading orchestrations, which it does itself. */
export { ORCHESTRATION_INVALID } from "./errors.ts";
export { compile, type Compiled, type LineMeaning } from "./orchestration/compile.ts";
export { lineId, type Entry, type JobLine } from "./orchestration/model.ts";
export { readOrchestration, type ReadFile } from "./orchestration/read.ts";

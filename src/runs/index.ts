export { createRunHost, RUN_HOST } from "./host.ts";
export { RUN_CALL_INVALID } from "./errors.ts";
export type { Node, Run, RunLine } from "./model.ts";
export { runRoutes } from "./routes.ts";
export { createRunService, type RunParts } from "./service.ts";
export { migrations as runMigrations } from "./store.ts";

export { changeMigrations } from "./tables.ts";
export { changeRoutes } from "./routes.ts";
export { createChangeRuleService, refuseDirect } from "./rule-service.ts";
export { createChangeSetService } from "./service.ts";

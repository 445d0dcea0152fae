export { customVerbRoutes } from "./routes.ts";
export { createCustomVerbService, type CustomVerbParts, type CustomVerbService } from "./service.ts";
export { forgetVerbs } from "./store.ts";
export { customVerbMigrations } from "./tables.ts";

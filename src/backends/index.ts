export { withBackendAddresses } from "./addresses.ts";
export { createKeeper } from "./keeper.ts";
export { createMergedInventory } from "./merged.ts";
export { openBackend } from "./open.ts";
export { backendRoutes } from "./routes.ts";
export { withBackends } from "./routing.ts";
export { createBackendService } from "./service.ts";
export { backendMigrations } from "./tables.ts";

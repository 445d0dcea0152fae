export type { Observation, ObservationTarget, Observer } from "./model.ts";
export { bundleSchema, type Bundle } from "./schema.ts";
export { createDesignStore, designMigrations } from "./store.ts";
export { createDesignService, type DesignService } from "./service.ts";
export { designRoutes } from "./routes.ts";
export { checkBundle, loadBundle } from "./loader.ts";
export { foundationDrift, observationTargets, structureDrift } from "./drift.ts";
export { createBlueprintImportService, type BlueprintImportService } from "./blueprint-import.ts";
export { blueprintRoutes } from "./blueprint-routes.ts";

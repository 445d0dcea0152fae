export { exportRoutes } from "./export-routes.ts";
export { createExporter } from "./export-thread.ts";
export { createImportReader } from "./import-reader.ts";
export { importRoutes } from "./import-routes.ts";
export { createImportService } from "./import-service.ts";

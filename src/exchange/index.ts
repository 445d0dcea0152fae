export { createImportReader } from "./import-reader.ts";
export { importRoutes } from "./import-routes.ts";
export { createImportService } from "./import-service.ts";

export { supportRoutes } from "./routes.ts";
export { createSupportService, type SupportParts } from "./service.ts";

export { supportRoutes } from "./routes.ts";
export { createSupportService } from "./service.ts";

export { createQueryService, type QueryService } from "./service.ts";
export { queryRoutes } from "./routes.ts";

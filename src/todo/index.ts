export { createManualModule, MANUAL_DESCRIPTION } from "./module.ts";
export { todoRoutes } from "./routes.ts";
export { createTodoService } from "./service.ts";

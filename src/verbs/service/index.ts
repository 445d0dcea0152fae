export { serviceFunction, servicesFunction } from "./apply.ts";
export { parseService } from "./model.ts";
export { serviceFiles } from "./records.ts";
export { createServices, type Services } from "./services.ts";

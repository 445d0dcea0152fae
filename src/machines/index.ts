export { machineMigrations } from "./tables.ts";
export { machineRoutes } from "./routes.ts";
export { createMachineService, type MachineService, type MachineServiceParts } from "./service.ts";
export { createMachineTokenService, type MachineTokenService } from "./token-service.ts";
export { deleteOfTenant } from "./store.ts";

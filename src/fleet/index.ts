export { createFleet, type Fleet, type FleetParts } from "./fleet.ts";
export { fleetMigrations } from "./schema.ts";

export { holderOf } from "./content.ts";
export { createFleet, type Fleet, type FleetParts } from "./fleet.ts";
export { contentNames } from "./model.ts";
export { fleetMigrations } from "./schema.ts";

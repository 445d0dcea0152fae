export { createForemanHost, type HostParts } from "./host.ts";
export { createObserver, type Asker } from "./observer.ts";
export { createForeman, FOREMAN_HOST, type Foreman } from "./service.ts";
export { foremanRoutes } from "./routes.ts";
export { designStatus, type DesignStatus, type StatusItem } from "./status.ts";
export { createForemanStore, migrations as foremanMigrations } from "./store.ts";
export { foremanCatalogue } from "./catalogue.ts";
export { verbTimeout } from "./timeout.ts";

export { createForemanHost, type HostParts } from "./host.ts";
export { createObserver, type Asker } from "./observer.ts";
export { FOREMAN_HOST } from "./service.ts";
export { createForemen, TENANT_GONE, type Foremen } from "./foremen.ts";
export { foremanRoutes } from "./routes.ts";
export { designStatus, type DesignStatus, type StatusItem } from "./status.ts";
export { createForemanStore, migrations as foremanMigrations } from "./store.ts";
export { foremanCatalogue } from "./catalogue.ts";
export { verbTimeout } from "./timeout.ts";

export type {
  AddressBlock,
  AddressBlockData,
  BlueprintRow,
  BuildRecord,
  Buildable,
  Foundation,
  FoundationBuild,
  FieldSchema,
  FoundationData,
  Group,
  HeldAddress,
  Interface,
  InventoryRows,
  InventoryWrites,
  Link,
  Managed,
  Network,
  QueryRecord,
  Site,
  SiteData,
  Snapshot,
  Structure,
  StructureBuild,
  StructureData,
  StructureQuestion,
  Tenant,
  World,
  Zone,
} from "./model.ts";
export { isMade, NO_INVENTORY_ROWS, type Made } from "./model.ts";
export { UNDESCRIBED, type AssetReference, type Described } from "./described.ts";
export type { GroupConfiguration, GroupData } from "./groups.ts";
export type {
  FieldSchemaData,
  InterfaceData,
  InterfaceType,
  LinkData,
  NetworkData,
  ZoneData,
  ZoneRecord,
} from "./connections.ts";
export { hostnameProblem, nameProblem, templateNameProblem } from "./names.ts";
export {
  createResolver,
  foundationOf,
  lineageOf,
  siteChain,
  writtenVariables,
  type Resolver,
  type ResolverOptions,
} from "./variables.ts";
export { hashAnswer, questionOf, questionText, recordQuery, structures } from "./query.ts";
export { foundationInputs, occupants, structureInputs } from "./inputs.ts";
export { fqdnOf, zoneOf, zoneOfSite } from "./zones.ts";
export { hashOf } from "./hash.ts";
export { createInventoryStore, type InventoryStore } from "./store.ts";
export { inventoryMigrations } from "./tables.ts";
export { cursorAfter, decodeCursor, listQuery } from "./page.ts";
export { createInventoryService } from "./service.ts";
export { inventoryRoutes } from "./routes.ts";
export {
  allocateFor,
  blockCounts,
  holdings,
  openBlock,
  releasesOf,
  sitesTouch,
  takenOf,
  type Holding,
  type OpenBlock,
} from "./allocation.ts";
export { ADDRESS_ELSEWHERE } from "./errors.ts";
export { createAllocationService, type AllocationService } from "./allocation-service.ts";
export { allocationRoutes } from "./allocation-routes.ts";

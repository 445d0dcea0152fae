export type {
  AddressBlock,
  AddressBlockData,
  BlueprintRow,
  BuildRecord,
  Buildable,
  Foundation,
  FoundationBuild,
  FoundationData,
  HeldAddress,
  InventoryWrites,
  Managed,
  QueryRecord,
  Site,
  SiteData,
  Snapshot,
  Structure,
  StructureBuild,
  StructureData,
  StructureQuestion,
  World,
} from "./model.ts";
export { hostnameProblem, nameProblem, templateNameProblem } from "./names.ts";
export { createResolver, siteChain, writtenVariables, type Resolver, type ResolverOptions } from "./variables.ts";
export { hashAnswer, questionOf, questionText, recordQuery, structures } from "./query.ts";
export { foundationInputs, occupants, structureInputs } from "./inputs.ts";
export { hashOf } from "./hash.ts";
export { createInventoryStore, type InventoryStore } from "./store.ts";
export { inventoryMigrations } from "./tables.ts";
export { cursorAfter, decodeCursor, listQuery } from "./page.ts";
export { createInventoryService } from "./service.ts";
export { inventoryRoutes } from "./routes.ts";

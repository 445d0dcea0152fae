export type {
  AddressBlock,
  AddressBlockData,
  BlueprintRow,
  Complex,
  Dependency,
  BuildRecord,
  Buildable,
  Foundation,
  FoundationBuild,
  FoundationNotes,
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
export { isMade, NO_INVENTORY_ROWS, NO_NOTES, type Made } from "./model.ts";
export {
  attributesOf,
  membersNeeded,
  neededProblem,
  neededStructure,
  scriptStructureOf,
  type ComplexData,
  type DependencyBuild,
  type DependencyData,
} from "./dependencies.ts";
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
  classesOf,
  complexOf,
  createResolver,
  foundationOf,
  lineageOf,
  siteChain,
  writtenVariables,
  type Resolver,
} from "./variables.ts";
export { hashAnswer, questionOf, questionText, recordQuery, structures } from "./query.ts";
export { dependencyChanges, dependencyInputs, foundationInputs, occupants, structureInputs } from "./inputs.ts";
export { fqdnOf, zoneOf, zoneOfSite } from "./zones.ts";
export { holdInventory } from "./allocation-store.ts";
export { placeOf, sitesOf } from "./place.ts";
export { knownTo, readable, requireIncluded, requireJoined, requireVisible } from "./sight.ts";
export { withChanges } from "./overlay-map.ts";
export { notFound } from "./not-found.ts";
export { createPlaces } from "./places.ts";
export { hashOf } from "./hash.ts";
export { textOf } from "./rows.ts";
export {
  createInventoryStore,
  INVENTORY_SUBJECT,
  type BuiltKind,
  type InventoryStore,
  type RowRemoval,
} from "./store.ts";
export { indexesOf, standingStructures, type Indexes } from "./indexes.ts";
export { differingIn, type Differing } from "./overlay-map.ts";
export { groupOrder, type GroupOrder } from "./group-order.ts";
export { inventoryMigrations } from "./tables.ts";
export { cursorAfter, decodeCursor, listQuery } from "./page.ts";
export { createInventoryService, type InventoryService } from "./service.ts";
export { refusal } from "./edit-model.ts";
export type {
  AnyRow,
  Edit,
  EditContext,
  EditKnowledge,
  EditPlan,
  EditProblem,
  EditResult,
  Removal,
} from "./edit-model.ts";
export { makeEdits, type DirectWrites, type EditOptions, type EditServiceParts } from "./edit-service.ts";
export { dataOf, errorsByCode, planEdits } from "./edit.ts";
export {
  KIND_NAMES,
  OWNED_RULES,
  ownedRule,
  ruleOf,
  titleOf,
  type Kind,
  type KindRule,
  type OwnedKind,
  type OwnedRule,
} from "./kinds.ts";
export { inventoryRoutes } from "./routes.ts";
export { EDITS_SCHEMA } from "./route-schemas.ts";
export { createTenantService, type TenantService } from "./tenants.ts";
export { tenantRoutes } from "./tenant-routes.ts";
export { groupRoutes } from "./group-routes.ts";
export { createMembersService, type MembersService } from "./members.ts";
export { membersRoutes } from "./members-routes.ts";
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
export { sameJson } from "./bounds.ts";
export {
  ADDRESS_BLOCK_SCHEMA,
  BLUEPRINT_SCHEMA,
  COMPLEX_SCHEMA,
  DEPENDENCY_SCHEMA,
  FOUNDATION_SCHEMA,
  GROUP_SCHEMA,
  INTERFACE_SCHEMA,
  LINK_SCHEMA,
  NETWORK_SCHEMA,
  SITE_SCHEMA,
  STRUCTURE_SCHEMA,
  ZONE_SCHEMA,
} from "./kind-schemas.ts";
export { ansibleNameProblem, deviceProblem, domainProblem } from "./kind-names.ts";
export { builtIn } from "./variables.ts";
export { interfaceProblems } from "./edit-interfaces.ts";
export { fieldCheck } from "./fields.ts";
export { byFoundation, waitingCycles, waitingText, type WaitingNode } from "./waiting.ts";
export { DESCRIBED_KINDS } from "./edit-fields.ts";
export { CUSTOM_FIELDS_INVALID } from "./errors.ts";
export { filtered } from "./filter.ts";
export { meant } from "./edit-touched.ts";
export { FILTER_INVALID, NOT_FOUND } from "./errors.ts";
export { parseVariableQuery, valueAtPath } from "./variable-path.ts";
export type { ForeignRow, InventoryBackend, MissingBackend, WriteOptions } from "./backend.ts";
export {
  externalRow,
  mergeExternal,
  searchExternal,
  withExternal,
  type ExternalConflict,
  type ExternalRows,
} from "./external.ts";
export { MEMBER_READ_ONLY, NAME_TAKEN, REFERENCE_UNKNOWN } from "./errors.ts";
export type { Answer } from "./edit-service.ts";
export { bodyIsData, versionOf } from "./requests.ts";
export { createSecretOwners } from "./secret-owners.ts";
export { secretOwnersOf, type NamedOwner } from "./secret-lookup.ts";
export { once } from "./idempotency-store.ts";
export { createHistory } from "./history-store.ts";
export { historyRoutes } from "./history-routes.ts";

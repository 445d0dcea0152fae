export { actorKey, administratorPrincipal, DEFAULT_TENANT, serverPrincipal, type Principal } from "./model.ts";
export { BUILT_IN_ROLES, isPermission, isServerWide, PERMISSIONS, type Permission } from "./permissions.ts";
export {
  ALL_RIGHTS,
  forbidden,
  NO_RIGHTS,
  NOWHERE,
  requireAt,
  requireEverywhere,
  rightsIn,
  type Grant,
  type Place,
  type RightPlaces,
  type Rights,
  type Scope,
} from "./policy.ts";
export { needs, type EndpointReach, type Requirement } from "./requirement.ts";
export {
  ACCOUNT_TOKEN,
  accountPrincipal,
  createDoor,
  type AccountHolder,
  type AccountTokens,
  type Door,
  type Knock,
  type TenantNames,
} from "./door.ts";
export { adminTokenPath, hashToken, openAdminToken, readAdminToken, type TokenHash } from "./token.ts";
export { newStructureToken, STRUCTURE_SCOPE, type StructureTokens, type TokenHolder } from "./structures.ts";
export { BOOT_SCOPE, MACHINE_KEY, MACHINE_SCOPE, type MachineKeys } from "./machines.ts";
export { keepTenantNames } from "./tenant-names.ts";
export { watchAdmission } from "./admission.ts";
export { createAccess, type Access, type AccessParts } from "./access.ts";
export { requireToNameFiles } from "./server-files.ts";
export { accessMigrations } from "./tables.ts";
export { ACCESS_SUBJECT, type AccessChanges } from "./changes.ts";
export type { Holders } from "./holders.ts";
export type { Places, PlacesOfTenant } from "./places.ts";
export { FORBIDDEN, SCOPE_EXCEEDED, TENANT_NEEDED, UNAUTHENTICATED } from "./errors.ts";
export {
  AUDIT_SUBJECT,
  createAudit,
  entriesAbout,
  recordActor,
  type Audit,
  type AuditHead,
  type AuditRange,
} from "./audit.ts";
export { lastActors } from "./audit-actor.ts";
export { AUDIT_MIGRATION, auditMigrations } from "./audit-tables.ts";
export {
  actorOf,
  SERVER_CHAIN,
  type AuditActor,
  type AuditDraft,
  type AuditEntry,
  type AuditSubject,
  type Chain,
} from "./audit-model.ts";
export { createAuditReader } from "./audit-reader.ts";
export { auditRoutes } from "./audit-routes.ts";
export { createLogin, HALF_A_DAY, type Login, type LoginSettings } from "./login/login.ts";

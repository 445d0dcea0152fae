export { DEFAULT_TENANT, type Principal } from "./model.ts";
export { authenticate } from "./authenticate.ts";
export { adminTokenPath, hashToken, openAdminToken, readAdminToken, type TokenHash } from "./token.ts";
export {
  authenticateWithStructures,
  newStructureToken,
  STRUCTURE_SCOPE,
  type StructureTokens,
  type TokenHolder,
} from "./structures.ts";
export { SCOPE_EXCEEDED, UNAUTHENTICATED } from "./errors.ts";

export { DEFAULT_TENANT, type Principal } from "./model.ts";
export { authenticate } from "./authenticate.ts";
export { adminTokenPath, hashToken, openAdminToken, readAdminToken, type TokenHash } from "./token.ts";

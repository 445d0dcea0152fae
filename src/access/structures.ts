import { GantryError } from "../kernel/errors.ts";
import type { Id, Random } from "../kernel/ids.ts";
import { authenticate, type Credentials } from "./authenticate.ts";
import { SCOPE_EXCEEDED, UNAUTHENTICATED } from "./errors.ts";
import type { Principal } from "./model.ts";
import { hashToken, type TokenHash } from "./token.ts";

/** Whose token it is. */
export interface TokenHolder {
  readonly tokenId: Id;
  readonly tenantId: Id;
  readonly structureId: Id;
  readonly name: string;
}

/** Tokens of structures, as whoever keeps them knows them. */
export interface StructureTokens {
  /** Undefined: nobody's. */
  holder(token: TokenHash): Promise<TokenHolder | undefined>;
}

/** The scope of endpoints that structures may use with tokens of their own. */
export const STRUCTURE_SCOPE = "structure";

const STRUCTURE_TOKEN = /^gantry_structure_[A-Za-z0-9_-]{43}$/;

/** A token nobody can guess. Only its hash is kept. */
export function newStructureToken(random: Random): string {
  return `gantry_structure_${random.token(32)}`;
}

/**
 * Who sends a request: the administrator, or a structure with a token of its own at an endpoint of its scope.
 *
 * Errors: `unauthenticated`, `scope_exceeded`.
 */
export function authenticateWithStructures(
  credentials: Credentials & { readonly scope: string | undefined },
  administrator: TokenHash,
  structures: StructureTokens,
): Principal | Promise<Principal> {
  const token = /^Bearer +(\S+)$/i.exec(credentials.authorization ?? "")?.[1] ?? "";
  return STRUCTURE_TOKEN.test(token)
    ? structurePrincipal(token, credentials.scope, structures)
    : authenticate(credentials, administrator);
}

async function structurePrincipal(
  token: string,
  scope: string | undefined,
  structures: StructureTokens,
): Promise<Principal> {
  const holder = await structures.holder(hashToken(token));
  if (holder === undefined) throw new GantryError(UNAUTHENTICATED, "the token is not valid");
  const { tenantId, structureId, name, tokenId } = holder;
  if (scope !== STRUCTURE_SCOPE)
    throw new GantryError(SCOPE_EXCEEDED, `the token of structure '${name}' does not open this endpoint`);
  return { kind: "structure", name: `structure ${name}`, tenantId, structureId, tokenId };
}

import type { Id, Random } from "../kernel/ids.ts";
import type { TokenHash } from "./token.ts";

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

export const STRUCTURE_TOKEN = /^gantry_structure_[A-Za-z0-9_-]{43}$/;

/** A token nobody can guess. Only its hash is kept. */
export function newStructureToken(random: Random): string {
  return `gantry_structure_${random.token(32)}`;
}

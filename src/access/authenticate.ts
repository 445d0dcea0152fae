import { timingSafeEqual } from "node:crypto";
import { GantryError } from "../kernel/errors.ts";
import { UNAUTHENTICATED } from "./errors.ts";
import { administratorPrincipal, type Principal } from "./model.ts";
import { hashToken, type TokenHash } from "./token.ts";

/** What a request brings along to say who sends it. */
export interface Credentials {
  /** The header of this name, when there is one. */
  readonly authorization?: string | undefined;
  /** True when it came through the Unix socket in the data folder, which only the owner of the server can open. */
  readonly throughSocket: boolean;
}

/**
 * Who sends a request. A token that is given is always looked at, also through the socket, so that a wrong one never passes.
 *
 * Errors: `unauthenticated`.
 */
export function authenticate(credentials: Credentials, administrator: TokenHash): Principal {
  if (credentials.authorization !== undefined) {
    const token = /^Bearer +(\S+)$/i.exec(credentials.authorization)?.[1];
    if (token === undefined)
      throw new GantryError(UNAUTHENTICATED, "the header Authorization does not hold a bearer token");
    // Two hashes have the same length, and comparing them takes the same time wherever they differ.
    if (!timingSafeEqual(hashToken(token).sha256, administrator.sha256)) {
      throw new GantryError(UNAUTHENTICATED, "the token is not valid");
    }
    return administratorPrincipal("token");
  }
  if (credentials.throughSocket) return administratorPrincipal("socket");
  throw new GantryError(UNAUTHENTICATED, "a credential is needed");
}

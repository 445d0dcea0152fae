import { GantryError } from "../kernel/errors.ts";
import { RIGHTS_EXCEEDED } from "./errors.ts";
import type { Principal } from "./model.ts";
import { isServerWide, type Permission } from "./permissions.ts";
import { NO_RIGHTS, type Grant, type Place, type Rights, type Scope } from "./policy.ts";

/** Nobody gives more than he holds. Pure. */

/** No tenant has this id: only what holds on the whole server holds there. */
const NO_TENANT = "";

/** What somebody may do on the whole server, in tenants that will be as well. */
export function serverRights({ rightsIn }: Pick<Principal, "rightsIn">): Rights {
  return rightsIn(NO_TENANT) ?? NO_RIGHTS;
}

/**
 * The permissions that a grant would give and the giver does not hold at its scope.
 *
 * `place`: where the scope is; undefined: the whole tenant, or server.
 */
export function beyond(
  giver: Pick<Principal, "rightsIn">,
  { permissions, scope }: Grant,
  place: Place | undefined,
): readonly Permission[] {
  const rights = scope.kind === "server" ? serverRights(giver) : (giver.rightsIn(scope.tenantId) ?? NO_RIGHTS);
  return permissions.filter((permission) => {
    // Below the server these permissions count for nothing.
    if (scope.kind !== "server" && isServerWide(permission)) return false;
    return !(place === undefined ? rights.everywhere(permission) : rights.at(permission, place));
  });
}

/** Errors: `rights_exceeded`, unless the giver holds all of it himself. */
export function requireToGive(
  giver: Pick<Principal, "rightsIn" | "name">,
  grant: Grant,
  place: Place | undefined,
): void {
  const missing = beyond(giver, grant, place);
  if (missing.length > 0)
    throw new GantryError(
      RIGHTS_EXCEEDED,
      `${giver.name} does not hold ${missing.join(", ")} ${whereText(grant.scope)}, and cannot give it`,
      { details: { missing } },
    );
}

function whereText(scope: Scope): string {
  if (scope.kind === "server") return "on the whole server";
  return scope.kind === "tenant" ? "in the whole tenant" : `in all of this ${scope.kind}`;
}

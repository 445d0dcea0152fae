import { GantryError } from "../kernel/errors.ts";
import { createDoor, type Door, type DoorParts, type Knock } from "./door.ts";
import { TENANT_NEEDED } from "./errors.ts";
import { administratorPrincipal, DEFAULT_TENANT, type Principal } from "./model.ts";
import { BUILT_IN_ROLES } from "./permissions.ts";
import { rightsIn, type Rights, type Scope } from "./policy.ts";
import type { Requirement } from "./requirement.ts";
import { hashToken } from "./token.ts";

/** Who may do everything. */
export const ADMINISTRATOR: Principal = administratorPrincipal("token");

/** An account with a built-in role in the default tenant. */
export function accountWith(role: keyof typeof BUILT_IN_ROLES, scope: Partial<Scope> = {}): Principal {
  const { id: tenantId } = DEFAULT_TENANT;
  const grants = [{ permissions: BUILT_IN_ROLES[role], scope: { kind: "tenant", tenantId, ...scope } as Scope }];
  const within = (id: string): Rights | undefined => rightsIn(grants, id);
  return { kind: "service", name: "eve", accountId: "eve", tenantId, rights: within(tenantId)!, rightsIn: within };
}

/** A door that knows the administrator by a token, and what else it is given. */
export function testDoor(token: string, parts: Partial<DoorParts> = {}): Pick<Door, "admit"> {
  const unknown = (name: string): GantryError => new GantryError(TENANT_NEEDED, `there is no tenant '${name}' here`);
  return createDoor({
    administrator: hashToken(token),
    structures: { holder: async () => undefined },
    accounts: { holder: () => undefined },
    tenants: {
      async find(name) {
        if (name !== DEFAULT_TENANT.name && name !== DEFAULT_TENANT.id) throw unknown(name);
        return DEFAULT_TENANT;
      },
      unknown,
    },
    ...parts,
  });
}

/** What an HTTP server of a test asks of a door. */
export function admitTo(
  door: Pick<Door, "admit">,
): (
  asked: Omit<Knock, "requirement"> & { readonly requirement: object | undefined },
) => Principal | Promise<Principal> {
  return ({ requirement, ...rest }) => door.admit({ ...rest, requirement: requirement as Requirement | undefined });
}

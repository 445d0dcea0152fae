import type { Id } from "../kernel/ids.ts";
import type { Account, AccountToken } from "./account-model.ts";
import type { AccountHolder } from "./door.ts";
import type { Permission } from "./permissions.ts";
import { rightsIn, type Grant, type Rights } from "./policy.ts";

/** An account as the door needs it, with the rights of each tenant worked out once. */
export function compiled(
  account: Account,
  token: Pick<AccountToken, "id" | "permissions" | "tenantId"> | undefined,
  granted: readonly Grant[],
): AccountHolder {
  const only = token?.tenantId ?? null;
  const grants = only === null ? granted : within(granted, only);
  const ceiling: ReadonlySet<Permission> | undefined =
    token === undefined || token.permissions === null ? undefined : new Set(token.permissions);
  const known = new Map<Id, Rights | undefined>();
  return {
    accountId: account.id,
    ...(token !== undefined && { tokenId: token.id }),
    kind: account.kind,
    name: account.name,
    grants,
    ceiling,
    tenantIds: [...new Set(grants.flatMap(({ scope }) => (scope.kind === "server" ? [] : [scope.tenantId])))],
    rightsIn(tenantId) {
      if (!known.has(tenantId)) {
        // Ids that are of no tenant must not fill the memory.
        if (known.size >= MOST_TENANTS) known.clear();
        known.set(tenantId, rightsIn(grants, tenantId, ceiling));
      }
      return known.get(tenantId);
    },
  };
}

const MOST_TENANTS = 1000;

/** The same grants in one tenant alone: what held on the whole server holds in the whole tenant, and no more. */
function within(grants: readonly Grant[], tenantId: Id): readonly Grant[] {
  return grants.flatMap(({ permissions, scope }) => {
    if (scope.kind === "server") return [{ permissions, scope: { kind: "tenant", tenantId } as const }];
    return scope.tenantId === tenantId ? [{ permissions, scope }] : [];
  });
}

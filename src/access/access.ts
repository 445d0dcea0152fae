import type { Clock } from "../kernel/clock.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { accountRoutes } from "./account-routes.ts";
import { createAccountService, type AccountService } from "./account-service.ts";
import { createBindingService, type BindingService } from "./binding-service.ts";
import type { Audit } from "./audit.ts";
import { createAccessChanges, type AccessChanges } from "./changes.ts";
import type { TenantNames } from "./door.ts";
import { createHolders, type Holders } from "./holders.ts";
import type { Places } from "./places.ts";
import { bindingRoutes, roleRoutes } from "./role-routes.ts";
import { createRoleService, type RoleService } from "./role-service.ts";
import { forgetTenant } from "./role-store.ts";
import { tokenRoutes } from "./token-routes.ts";
import { createTokenService, type TokenService } from "./token-service.ts";
import { whoamiRoute } from "./whoami.ts";
import { createAccessWrites, type AccessWrites } from "./writes.ts";

export interface AccessParts {
  readonly database: Database;
  readonly audit: Audit;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly places: Places;
  readonly tenants: TenantNames;
}

/** People, service accounts, their tokens and roles. */
export interface Access {
  readonly changes: AccessChanges;
  readonly writes: AccessWrites;
  /** Who holds which token: the door asks it. */
  readonly holders: Holders;
  readonly accounts: AccountService;
  readonly tokens: TokenService;
  readonly roles: RoleService;
  readonly bindings: BindingService;
  mount(http: HttpServer): void;
  /** With a tenant that goes: its service accounts, roles, bindings and tokens. */
  tenantRemoved(tx: Transaction, tenantId: Id): Promise<void>;
  close(): Promise<void>;
}

export function createAccess(parts: AccessParts): Access {
  const { database, bus } = parts;
  const changes = createAccessChanges(database, bus);
  const writes = createAccessWrites({ database, changes, audit: parts.audit });
  const holders = createHolders({ ...parts, changes });
  const accounts = createAccountService({ ...parts, writes });
  const tokens = createTokenService({ ...parts, writes });
  const roles = createRoleService({ ...parts, writes });
  const bindings = createBindingService({ ...parts, writes });
  return {
    changes,
    writes,
    holders,
    accounts,
    tokens,
    roles,
    bindings,
    mount(http) {
      accountRoutes(http, accounts);
      tokenRoutes(http, tokens);
      roleRoutes(http, roles);
      bindingRoutes(http, bindings);
      whoamiRoute(http, parts);
    },
    async tenantRemoved(tx, tenantId) {
      await changes.changed(tx);
      await forgetTenant(tx, tenantId);
    },
    close: () => holders.close(),
  };
}

import { manualClock, type ManualClock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import { systemRandom, type Id } from "../../kernel/ids.ts";
import { createInProcessBus } from "../../platform/bus/index.ts";
import type { Database } from "../../platform/database/index.ts";
import { silentLogger } from "../../platform/logging/index.ts";
import { createAccess, type Access } from "../access.ts";
import { createAudit } from "../audit.ts";
import { accountPrincipal } from "../door.ts";
import { TENANT_NEEDED } from "../errors.ts";
import { DEFAULT_TENANT, type Principal } from "../model.ts";
import { NOWHERE } from "../policy.ts";
import { hashToken } from "../token.ts";

/** A second tenant. */
export const OTHER: { readonly id: Id; readonly name: string } = { id: "other-id", name: "other" };

/** Sites `dc` > `dc-room` and `lab`; groups `web` inside of `all`: ids are `id-NAME`. */
const SITES: Readonly<Record<string, readonly string[]>> = { dc: ["dc"], "dc-room": ["dc", "dc-room"], lab: ["lab"] };
const GROUPS: Readonly<Record<string, readonly string[]>> = { all: ["all"], web: ["all", "web"] };

/** One server's access, on a database that may have more of them. */
export interface AccessWorld {
  readonly access: Access;
  readonly clock: ManualClock;
  /** Who comes with a token, in the default tenant. Undefined: nobody. */
  comes(token: string, tenantId?: Id): Promise<Principal | undefined>;
}

export function accessWorld(database: Database, clock: ManualClock = manualClock(1_000_000)): AccessWorld {
  const log = silentLogger();
  const tenants = [DEFAULT_TENANT, OTHER];
  const unknown = (name: string): GantryError => new GantryError(TENANT_NEEDED, `no tenant '${name}'`);
  const access = createAccess({
    database,
    audit: createAudit({ database, clock }),
    bus: createInProcessBus(log),
    clock,
    random: systemRandom,
    log,
    tenants: {
      async find(idOrName) {
        const found = tenants.find(({ id, name }) => id === idOrName || name === idOrName);
        if (found === undefined) throw unknown(idOrName);
        return found;
      },
      unknown,
    },
    places: {
      async find(_tenantId, kind, idOrName) {
        return idOrName in (kind === "site" ? SITES : GROUPS) ? `id-${idOrName}` : undefined;
      },
      in: async () => ({
        name: (kind, id) => {
          const name = id.replace(/^id-/, "");
          return name in (kind === "site" ? SITES : GROUPS) ? name : undefined;
        },
        place(kind, id) {
          const name = id.replace(/^id-/, "");
          const ids = ((kind === "site" ? SITES : GROUPS)[name] ?? []).map((one) => `id-${one}`);
          return kind === "site" ? { ...NOWHERE, sites: ids } : { ...NOWHERE, groups: ids };
        },
      }),
    },
  });
  return {
    access,
    clock,
    async comes(token, tenantId = DEFAULT_TENANT.id) {
      const holder = await access.holders.holder(hashToken(token));
      return holder === undefined ? undefined : accountPrincipal(holder, tenantId);
    },
  };
}

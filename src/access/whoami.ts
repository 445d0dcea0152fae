import { z } from "zod";
import type { Database } from "../platform/database/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { accountById } from "./account-store.ts";
import type { TenantNames } from "./door.ts";
import type { Principal } from "./model.ts";
import { PERMISSIONS } from "./permissions.ts";
import type { Places } from "./places.ts";
import type { Scope } from "./policy.ts";
import { needs } from "./requirement.ts";
import { bindingsOfAccount } from "./role-store.ts";
import { tokenById } from "./token-store.ts";

export interface WhoamiParts {
  readonly database: Database;
  readonly tenants: TenantNames;
  readonly places: Places;
}

const WORDS = z.array(z.enum(PERMISSIONS));
const ANSWER = z.object({
  kind: z.enum(["administrator", "person", "service", "structure", "machine", "server"]),
  name: z.string(),
  account: z
    .object({ id: z.string(), displayName: z.string(), email: z.string().nullable(), source: z.string() })
    .nullable(),
  tenant: z.object({ id: z.string(), name: z.string() }).describe("The tenant that is meant, here or by Gantry-Tenant"),
  roles: z
    .array(
      z.object({
        role: z.string(),
        scope: z.object({
          kind: z.enum(["server", "tenant", "site", "group", "project"]),
          name: z.string().nullable(),
        }),
        directoryGroup: z.string().nullable().describe("By which group of the directory; null: bound to the account"),
      }),
    )
    .describe("In this tenant; none of who is the administrator without being an account"),
  permissions: z.object({
    everywhere: WORDS.describe("In the whole tenant"),
    somewhere: WORDS.describe("At some of its places only"),
  }),
  token: z
    .object({
      id: z.string(),
      name: z.string(),
      kind: z.string(),
      expiresAt: z.number(),
      permissions: WORDS.nullable(),
    })
    .nullable(),
});

/** `/v1/whoami`. */
export function whoamiRoute({ app }: HttpServer, { database, tenants, places }: WhoamiParts): void {
  async function rolesOf({ accountId, tenantId }: Principal, groups: readonly string[]) {
    if (accountId === undefined) return [];
    const now = await places.in(tenantId);
    const bindings = await bindingsOfAccount(database.kysely, accountId, groups);
    return bindings
      .filter(({ scope }) => scope.kind === "server" || scope.tenantId === tenantId)
      .map(({ role, scope, subject }) => ({
        role,
        scope: { kind: scope.kind, name: nameOf(scope) },
        directoryGroup: subject.kind === "account" ? null : subject.name,
      }));
    function nameOf(scope: Scope): string | null {
      if (scope.kind === "site" || scope.kind === "group") return now.name(scope.kind, scope.id) ?? null;
      return scope.kind === "project" ? scope.name : null;
    }
  }

  app.get(
    "/v1/whoami",
    {
      ...needs("self"),
      schema: { summary: "Who asks, and what that may do", tags: ["access"], response: { 200: ANSWER } },
    },
    async (request) => {
      const principal = request.principal as Principal;
      const { kind, name, accountId, tokenId, tenantId, rights } = principal;
      const account = accountId === undefined ? undefined : await accountById(database.kysely, accountId);
      const token = tokenId === undefined ? undefined : await tokenById(database.kysely, tokenId);
      const tenant = await tenants.find(tenantId);
      const hidden = principal.rightsIn(tenantId) === undefined;
      return {
        kind,
        name,
        account:
          account === undefined
            ? null
            : { id: account.id, displayName: account.displayName, email: account.email, source: account.source },
        tenant: { id: tenant.id, name: hidden && kind !== "administrator" ? "" : tenant.name },
        roles: await rolesOf(principal, account?.directoryGroups ?? []),
        permissions: {
          everywhere: PERMISSIONS.filter((one) => rights.everywhere(one)),
          somewhere: PERMISSIONS.filter((one) => rights.somewhere(one) && !rights.everywhere(one)),
        },
        token:
          token === undefined
            ? null
            : {
                id: token.id,
                name: token.name,
                kind: token.kind,
                expiresAt: token.expiresAt,
                permissions: token.permissions === null ? null : [...token.permissions],
              },
      };
    },
  );
}

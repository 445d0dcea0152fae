import { z } from "zod";
import type { HttpServer } from "../platform/http/index.ts";
import type { AccountToken } from "./account-model.ts";
import type { Principal } from "./model.ts";
import { PERMISSIONS } from "./permissions.ts";
import { needs, type Requirement } from "./requirement.ts";
import { permissionsNamed } from "./role-service.ts";
import type { TokenDraft, TokenService } from "./token-service.ts";

const tags = ["access"];
const OF_ACCOUNT = z.object({ idOrName: z.string() });

const TOKEN = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(["personal", "session"]).describe("`session`: made by a login"),
  permissions: z
    .array(z.enum(PERMISSIONS))
    .nullable()
    .describe("What it allows at the most; null: all its account may do"),
  tenantId: z.string().nullable().describe("The only tenant it opens; null: all its account has rights in"),
  expiresAt: z.number(),
  lastUsedAt: z.number().nullable().describe("To the minute"),
  createdAt: z.number(),
});
const DRAFT = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(128)
    .regex(/^\P{C}+$/u, "holds characters that cannot be printed"),
  expiresIn: z.number().positive().optional().describe("Seconds; at most 366 days, and 90 days when it is left out"),
  permissions: z.array(z.string()).max(100).optional().describe("What it allows at the most"),
  tenant: z.string().optional().describe("Id or name of the only tenant it opens"),
});
const LIST = { 200: z.object({ items: z.array(TOKEN), next: z.null() }) };
const MADE = { 201: TOKEN.extend({ token: z.string().describe("Told here, and never again") }) };

/** `/v1/tokens`, one's own, and `/v1/accounts/{id}/tokens`, those of accounts one manages. */
export function tokenRoutes(server: HttpServer, tokens: TokenService): void {
  routes(server, tokens, "/v1/tokens", "one's own account", [needs("self"), needs("self")]);
  routes(server, tokens, "/v1/accounts/:idOrName/tokens", "an account", [needs("access.read"), needs("access.manage")]);
}

type Needs = { readonly config: Requirement };

function routes(
  { app }: HttpServer,
  tokens: TokenService,
  path: string,
  whose: string,
  [read, manage]: readonly [Needs, Needs],
): void {
  const own = path === "/v1/tokens";
  const params = own ? z.object({}) : OF_ACCOUNT;
  const accountOf = (request: { readonly params: unknown }): string | undefined =>
    (request.params as { readonly idOrName?: string }).idOrName;

  app.get(
    path,
    {
      ...read,
      schema: { summary: `The tokens of ${whose}, with when they were used last`, tags, params, response: LIST },
    },
    async (request) => {
      const found = await tokens.list(request.principal as Principal, accountOf(request));
      return { items: found.map(shown), next: null };
    },
  );
  app.post(
    path,
    {
      ...manage,
      schema: { summary: `Make a token of ${whose}; it is told once`, tags, params, body: DRAFT, response: MADE },
    },
    async (request, reply) => {
      const { permissions, ...rest } = request.body;
      const draft: TokenDraft = {
        ...rest,
        permissions: permissions === undefined ? undefined : permissionsNamed(permissions),
      };
      const { token, ...made } = await tokens.create(request.principal as Principal, accountOf(request), draft);
      return reply.status(201).send({ ...shown(made), token });
    },
  );
  app.delete(
    `${path}/:token`,
    {
      ...manage,
      schema: {
        summary: `Revoke a token of ${whose}, by id or name: it opens nothing from this moment on`,
        tags,
        params: params.extend({ token: z.string() }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const { token } = request.params as { readonly token: string };
      await tokens.revoke(request.principal as Principal, accountOf(request), token);
      return reply.status(204).send(null);
    },
  );
}

function shown({ accountId: _accountId, permissions, ...rest }: AccountToken): z.input<typeof TOKEN> {
  return { ...rest, permissions: permissions === null ? null : [...permissions] };
}

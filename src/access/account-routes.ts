import { z } from "zod";
import type { HttpServer } from "../platform/http/index.ts";
import { cursorAfter, decodeCursor, listQuery, versionOf } from "../platform/requests/index.ts";
import { ACCOUNT_KINDS, ACCOUNT_SOURCES, type Account } from "./account-model.ts";
import type { AccountPatch, AccountService } from "./account-service.ts";
import type { Principal } from "./model.ts";
import { needs } from "./requirement.ts";

const tags = ["access"];
const path = "/v1/accounts";
const params = z.object({ idOrName: z.string() });
const headers = z.looseObject({ "if-match": z.string().optional().describe("The version that was read; `*`: any") });

const email = z.string().max(255).nullable();
const displayName = z.string().max(255);
const ACCOUNT = z.object({
  id: z.string(),
  kind: z.enum(ACCOUNT_KINDS),
  name: z.string(),
  displayName,
  email,
  source: z
    .enum(ACCOUNT_SOURCES)
    .describe("Who proves that somebody is the person: `local`, by a password, or a directory"),
  directoryGroups: z.array(z.string()).describe("Groups of the directory, as it named them at the last login"),
  disabledAt: z.number().nullable(),
  version: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
});

/** `/v1/accounts`: the people of the server and the service accounts of a tenant. */
export function accountRoutes({ app }: HttpServer, accounts: AccountService): void {
  app.get(
    path,
    {
      ...needs("access.read"),
      schema: {
        summary: "Service accounts of the tenant and people with a role in it, by name",
        tags,
        querystring: listQuery.extend({ kind: z.enum(ACCOUNT_KINDS).optional() }),
        response: { 200: z.object({ items: z.array(ACCOUNT), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { limit, cursor, kind } = request.query;
      const after = cursor === undefined ? "" : decodeCursor(cursor);
      const found = await accounts.list(request.principal as Principal, { after, limit: limit + 1, kind });
      const items = found.slice(0, limit).map(shown);
      return { items, next: found.length > limit ? cursorAfter(items.at(-1)?.name ?? "") : null };
    },
  );
  app.post(
    path,
    {
      ...needs("access.manage"),
      schema: {
        summary: "Create a service account of the tenant, or a person of the whole server (by who manages the server)",
        tags,
        body: z.strictObject({
          kind: z.enum(ACCOUNT_KINDS).default("service"),
          name: z.string(),
          displayName: displayName.default(""),
          email: email.default(null),
        }),
        response: { 201: ACCOUNT },
      },
    },
    async (request, reply) => {
      const made = await accounts.create(request.principal as Principal, request.body);
      return reply.status(201).header("etag", `"${made.version}"`).send(shown(made));
    },
  );
  app.get(
    `${path}/:idOrName`,
    {
      ...needs("access.read"),
      schema: { summary: "One account, by id or name", tags, params, response: { 200: ACCOUNT } },
    },
    async (request, reply) => {
      const found = await accounts.get(request.principal as Principal, request.params.idOrName);
      void reply.header("etag", `"${found.version}"`);
      return shown(found);
    },
  );
  app.patch(
    `${path}/:idOrName`,
    {
      ...needs("access.manage"),
      schema: {
        summary: "Change an account; disabling it ends its tokens at once",
        tags,
        params,
        headers,
        body: z.strictObject({
          displayName: displayName.optional(),
          email: email.optional(),
          disabled: z.boolean().optional(),
        }),
        response: { 200: ACCOUNT },
      },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      const { idOrName } = request.params;
      const after = await accounts.change(principal, idOrName, versionOf(request), request.body as AccountPatch);
      void reply.header("etag", `"${after.version}"`);
      return shown(after);
    },
  );
  app.delete(
    `${path}/:idOrName`,
    {
      ...needs("access.manage"),
      schema: {
        summary: "Delete an account, with its tokens and role bindings",
        tags,
        params,
        headers,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await accounts.remove(request.principal as Principal, request.params.idOrName, versionOf(request));
      return reply.status(204).send(null);
    },
  );
}

function shown({
  tenantId: _tenantId,
  externalId: _externalId,
  directoryGroups,
  ...rest
}: Account): z.input<typeof ACCOUNT> {
  return { ...rest, directoryGroups: [...directoryGroups] };
}

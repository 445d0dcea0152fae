import { z } from "zod";
import type { HttpServer } from "../platform/http/index.ts";
import { cursorAfter, decodeCursor, listQuery, pageOf, versionOf } from "../platform/requests/index.ts";
import type { BindingDraft, BindingService, ShownBinding } from "./binding-service.ts";
import type { Principal } from "./model.ts";
import { PERMISSIONS } from "./permissions.ts";
import { needs } from "./requirement.ts";
import { permissionsNamed, type RoleService, type ShownRole } from "./role-service.ts";

const tags = ["access"];

const ROLE = z.object({
  name: z.string(),
  description: z.string(),
  permissions: z.array(z.enum(PERMISSIONS)),
  builtIn: z.boolean(),
  version: z.number(),
});
const ROLE_DRAFT = z.strictObject({
  name: z.string(),
  description: z.string().max(255).default(""),
  permissions: z.array(z.string()).min(1).max(100),
});
const SCOPE = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("server") }),
  z.strictObject({ kind: z.literal("tenant") }),
  z.strictObject({ kind: z.literal("site"), name: z.string().describe("Id or name: the site and those below it") }),
  z.strictObject({ kind: z.literal("group"), name: z.string().describe("Id or name: all structures in the group") }),
  z.strictObject({ kind: z.literal("project"), name: z.string() }),
]);
const BINDING = z.object({
  id: z.string(),
  account: z.object({ id: z.string(), kind: z.enum(["person", "service"]), name: z.string() }).nullable(),
  directoryGroup: z.string().nullable(),
  role: z.string(),
  scope: z.object({
    kind: z.enum(["server", "tenant", "site", "group", "project"]),
    id: z.string().nullable(),
    name: z.string().nullable().describe("Null of a site or group that is gone: the binding then gives nothing"),
  }),
  createdAt: z.number(),
});
const headers = z.looseObject({ "if-match": z.string().optional().describe("The version that was read; `*`: any") });

/** `/v1/roles`: built-in roles, and those of the tenant. */
export function roleRoutes({ app }: HttpServer, roles: RoleService): void {
  const path = "/v1/roles";
  const params = z.object({ name: z.string() });
  app.get(
    path,
    {
      ...needs("access.read", "place"),
      schema: {
        summary: "Roles, built-in and custom, by name",
        tags,
        querystring: listQuery,
        response: { 200: z.object({ items: z.array(ROLE), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { items, next } = pageOf(await roles.list(request.principal as Principal), request.query);
      return { items: items.map(shownRole), next };
    },
  );
  app.post(
    path,
    {
      ...needs("access.manage"),
      schema: { summary: "Create a role", tags, body: ROLE_DRAFT, response: { 201: ROLE } },
    },
    async (request, reply) => {
      const permissions = permissionsNamed(request.body.permissions);
      const made = await roles.create(request.principal as Principal, { ...request.body, permissions });
      return reply.status(201).header("etag", `"${made.version}"`).send(shownRole(made));
    },
  );
  app.get(
    `${path}/:name`,
    { ...needs("access.read", "place"), schema: { summary: "One role", tags, params, response: { 200: ROLE } } },
    async (request, reply) => {
      const found = await roles.get(request.principal as Principal, request.params.name);
      void reply.header("etag", `"${found.version}"`);
      return shownRole(found);
    },
  );
  app.put(
    `${path}/:name`,
    {
      ...needs("access.manage"),
      schema: {
        summary: "Replace a role, for everybody it is bound to",
        tags,
        params,
        headers,
        body: ROLE_DRAFT,
        response: { 200: ROLE },
      },
    },
    async (request, reply) => {
      const permissions = permissionsNamed(request.body.permissions);
      const draft = { ...request.body, permissions };
      const after = await roles.replace(request.principal as Principal, request.params.name, versionOf(request), draft);
      void reply.header("etag", `"${after.version}"`);
      return shownRole(after);
    },
  );
  app.delete(
    `${path}/:name`,
    {
      ...needs("access.manage"),
      schema: {
        summary: "Delete a role that is bound to nobody",
        tags,
        params,
        headers,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await roles.remove(request.principal as Principal, request.params.name, versionOf(request));
      return reply.status(204).send(null);
    },
  );
}

/** `/v1/role-bindings`: who holds which role where. A binding is made and deleted, never changed. */
export function bindingRoutes({ app }: HttpServer, bindings: BindingService): void {
  const path = "/v1/role-bindings";
  const params = z.object({ id: z.string() });
  app.get(
    path,
    {
      ...needs("access.read", "place"),
      schema: {
        summary: "Role bindings of the tenant and of the whole server, oldest first",
        tags,
        querystring: listQuery.extend({
          account: z.string().optional().describe("Of this account, by id or name"),
          directoryGroup: z.string().optional(),
          role: z.string().optional(),
        }),
        response: { 200: z.object({ items: z.array(BINDING), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { cursor, ...query } = request.query;
      const after = cursor === undefined ? "" : decodeCursor(cursor);
      const { items, next } = await bindings.list(request.principal as Principal, { ...query, after });
      return { items: items.map(shownBinding), next: next === null ? null : cursorAfter(next) };
    },
  );
  app.post(
    path,
    {
      ...needs("access.manage", "place"),
      schema: {
        summary: "Bind a role to an account or to a group of the directory",
        tags,
        body: z.strictObject({
          account: z.string().optional().describe("Id or name"),
          directoryGroup: z.string().min(1).max(1000).optional().describe("As the directory calls it"),
          role: z.string(),
          scope: SCOPE.default({ kind: "tenant" }),
        }),
        response: { 201: BINDING },
      },
    },
    async (request, reply) => {
      const made = await bindings.create(request.principal as Principal, request.body as BindingDraft);
      return reply.status(201).send(shownBinding(made));
    },
  );
  app.get(
    `${path}/:id`,
    {
      ...needs("access.read", "place"),
      schema: { summary: "One role binding", tags, params, response: { 200: BINDING } },
    },
    async (request) => shownBinding(await bindings.get(request.principal as Principal, request.params.id)),
  );
  app.delete(
    `${path}/:id`,
    {
      ...needs("access.manage", "place"),
      schema: { summary: "Take a role away again", tags, params, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await bindings.remove(request.principal as Principal, request.params.id);
      return reply.status(204).send(null);
    },
  );
}

function shownRole(role: ShownRole): z.input<typeof ROLE> {
  return { ...role, permissions: [...role.permissions] };
}

function shownBinding(binding: ShownBinding): z.input<typeof BINDING> {
  return { ...binding, account: binding.account === null ? null : { ...binding.account }, scope: { ...binding.scope } };
}

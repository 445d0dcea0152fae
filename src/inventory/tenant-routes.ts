import { needs, type Principal } from "../access/index.ts";
import { z } from "zod";
import type { JsonObject } from "../kernel/json.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { Edit } from "./edit-model.ts";
import { TENANT_RULE } from "./kinds.ts";
import { pageOf, timeOf } from "../platform/requests/index.ts";
import { shownAs } from "./list.ts";
import { bodyIsData, onceOf, patchOf, plainJson, send, versionOf } from "./requests.ts";
import {
  AT_QUERY,
  CHANGE_HEADERS,
  CREATE_HEADERS,
  ONE,
  pageSchema,
  PATCH_BODY,
  PATCH_TYPES,
  RESULTS,
  rowSchema,
} from "./route-schemas.ts";
import { changed, created, listed } from "./routes.ts";
import type { TenantService } from "./tenants.ts";

const tags = ["tenants"];
const kind = "tenant";
const path = "/v1/tenants";

/** `/v1/tenants`. */
export function tenantRoutes({ app }: HttpServer, tenants: TenantService): void {
  const querystring = z.strictObject({
    limit: z.coerce.number().int().min(1).max(1000).default(100),
    cursor: z.string().max(200).optional(),
  });
  const all = { response: { 200: pageSchema(kind) } };
  app.get(
    path,
    { ...needs("self"), ...plainJson, schema: { summary: "Tenants, by name", tags, querystring, ...all } },
    async (request, reply) => {
      const { rightsIn } = request.principal as Principal;
      const visible = (await tenants.all()).filter(({ id }) => rightsIn(id) !== undefined);
      const { items, next } = pageOf(visible, request.query);
      return reply.send({ items: items.map(shownAs(kind, undefined)), next } as never);
    },
  );
  const row = { response: { 200: rowSchema(kind) } };
  app.get(
    `${path}/:idOrName`,
    {
      ...needs("inventory.read", "tenant", "idOrName"),
      ...plainJson,
      schema: { summary: "A tenant, by id or name", tags, params: ONE, querystring: AT_QUERY, ...row },
    },
    async (request, reply) => {
      const found = await tenants.find(request.params.idOrName, timeOf(request.query.at, "last"));
      void reply.header("etag", `"${found.version}"`);
      return reply.send(shownAs(kind, undefined)(found) as never);
    },
  );
  const body = TENANT_RULE.schema;
  app.post(
    path,
    {
      ...needs("tenant.manage"),
      ...bodyIsData,
      ...plainJson,
      schema: { summary: "Create a tenant", tags, headers: CREATE_HEADERS, body, response: { 201: rowSchema(kind) } },
    },
    async (request, reply) => {
      const present = created.bind(undefined, path);
      const data = request.body as JsonObject;
      return send(reply, await tenants.create(request.principal as Principal, data, onceOf(request), present)) as never;
    },
  );
  const one = { tags, params: ONE, headers: CHANGE_HEADERS };
  app.put(
    `${path}/:idOrName`,
    {
      ...needs("inventory.write", "tenant", "idOrName"),
      ...bodyIsData,
      ...plainJson,
      schema: { summary: "Replace a tenant; another name renames it", ...one, body, ...row },
    },
    async (request, reply) => {
      const version = versionOf(request);
      const edit = (name: string): Edit => ({
        action: "replace",
        kind,
        name,
        version,
        data: request.body as JsonObject,
      });
      const { idOrName } = request.params;
      const principal = request.principal as Principal;
      return send(reply, await tenants.edit(principal, idOrName, edit, onceOf(request), changed)) as never;
    },
  );
  app.patch(
    `${path}/:idOrName`,
    {
      ...needs("inventory.write", "tenant", "idOrName"),
      ...bodyIsData,
      ...plainJson,
      schema: {
        summary: "Change a tenant: by a merge patch or a JSON Patch; another name renames it",
        consumes: PATCH_TYPES,
        ...one,
        body: PATCH_BODY,
        ...row,
      },
    },
    async (request, reply) => {
      const { idOrName } = request.params;
      const principal = request.principal as Principal;
      const asked = onceOf(request);
      const edit = (name: string): Edit => patchOf(request, kind, name);
      return send(reply, await tenants.edit(principal, idOrName, edit, asked, changed)) as never;
    },
  );
  app.delete(
    `${path}/:idOrName`,
    {
      ...needs("tenant.manage", "tenant", "idOrName"),
      ...plainJson,
      schema: { summary: "Delete a tenant that owns nothing", ...one, response: { 200: RESULTS } },
    },
    async (request, reply) => {
      const { idOrName } = request.params;
      const principal = request.principal as Principal;
      const answer = await tenants.remove(principal, idOrName, versionOf(request), onceOf(request), listed);
      return send(reply, answer) as never;
    },
  );
}

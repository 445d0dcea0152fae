import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { timeOf } from "../platform/requests/index.ts";
import type { AnyRow, Edit } from "./edit-model.ts";
import { FILTER_INVALID, NOT_FOUND } from "./errors.ts";
import { ruleOf } from "./kinds.ts";
import { pageEnd, shownAs } from "./list.ts";
import { cursorAfter, decodeCursor } from "./page.ts";
import { bodyIsData, listRequest, onceOf, patchOf, plainJson, send, versionOf } from "./requests.ts";
import {
  CASCADE_QUERY,
  CHANGE_HEADERS,
  CREATE_HEADERS,
  EXPLAIN_QUERY,
  LIST_QUERY,
  MISSING,
  PATCH_BODY,
  PATCH_TYPES,
  RESULTS,
  rowSchema,
} from "./route-schemas.ts";
import { changed, created, listed, searched } from "./routes.ts";
import type { InventoryService } from "./service.ts";
import { compareNames } from "./orders.ts";

const tags = ["inventory"];
const kind = "group";

const OF_TENANT = z.object({ tenantId: z.string().describe("Id or name of the tenant") });
const ONE_GROUP = OF_TENANT.extend({ idOrName: z.string() });

/** A group, or a site seen as one. */
const GROUP = rowSchema(kind).extend({
  isSite: z.boolean().describe("True: it is a site, and is changed under /v1/sites"),
});
const RESOLVED = z.record(z.string(), z.unknown()).optional();

/**
 * `/v1/groups/{tenant_id}`: groups; with `kind`, also the sites of this kind, seen as groups. `/v1/groups/{tenant_id}/{id}`: a group, else
 * the site of this id or name.
 */
export function groupRoutes({ app }: HttpServer, inventory: InventoryService): void {
  const path = "/v1/groups/:tenantId";

  async function find(
    principal: Principal,
    idOrName: string,
    at: number | undefined,
  ): Promise<{ row: AnyRow; isSite: boolean }> {
    try {
      return { row: await inventory.get(principal, kind, idOrName, at), isSite: false };
    } catch (error) {
      if (!(error instanceof GantryError) || error.kind !== NOT_FOUND) throw error;
      const site = await inventory.get(principal, "site", idOrName, at).catch(() => undefined);
      if (site === undefined) throw error;
      return { row: site, isSite: true };
    }
  }

  app.get(
    path,
    {
      ...needs("inventory.read", "place", "tenantId"),
      ...plainJson,
      schema: {
        summary: "Groups of a tenant, by name; with `kind`, also its sites of this kind",
        tags,
        params: OF_TENANT,
        querystring: LIST_QUERY,
        response: { 200: z.object({ items: z.array(GROUP), next: z.string().nullable(), missing: MISSING }) },
      },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      const asked = listRequest(request.query);
      if (asked.filter.kind === undefined || asked.filter.group !== undefined) {
        const page = await inventory.list(principal, kind, asked, searched(request.query.vars));
        return reply.send({
          items: page.items.map((row) => shownGroup(row, false, asked.fields)),
          ...pageEnd(page),
        } as never);
      }
      if (request.query.vars !== undefined)
        throw new GantryError(
          FILTER_INVALID,
          "groups and sites of a kind are not searched together; leave 'kind' or 'vars' out",
        );
      if (asked.sort !== undefined && asked.sort !== "name")
        throw new GantryError(FILTER_INVALID, "groups and sites of a kind are listed by name; leave 'sort' out");
      return reply.send((await bothOfKind(principal, asked)) as never);
    },
  );

  /** Groups and sites in one list: by name, a group before the site of its name. */
  async function bothOfKind(
    principal: Principal,
    asked: ReturnType<typeof listRequest>,
  ): Promise<{ readonly items: readonly object[]; readonly next: string | null }> {
    const [after = "", sites] = asked.cursor === undefined ? [] : decodeCursor(asked.cursor).split("\n");
    const begin = after === "" ? undefined : cursorAfter(after);
    const one = { ...asked, sort: undefined, limit: asked.limit + 1, cursor: begin };
    const groups = await inventory.list(principal, kind, one);
    // A page that ended with a group goes on with the site of the same name.
    const found = await inventory.list(principal, "site", one);
    const same =
      sites === "group" ? await inventory.get(principal, "site", after, asked.at).catch(() => undefined) : undefined;
    const again =
      same !== undefined && same.name === after && (same as unknown as { kind: string }).kind === asked.filter.kind;
    const all = [
      ...groups.items.map((row) => ({ row, name: row.name, isSite: false })),
      ...[...(again ? [same] : []), ...found.items].map((row) => ({ row, name: row.name, isSite: true })),
    ].sort((a, b) => compareNames(a, b) || Number(a.isSite) - Number(b.isSite));
    const items = all.slice(0, asked.limit);
    const last = items.at(-1);
    const next =
      all.length > items.length && last !== undefined
        ? cursorAfter(`${last.name}\n${last.isSite ? "site" : "group"}`)
        : null;
    return {
      items: items.map(({ row, isSite }) => shownGroup(row, isSite, asked.fields)),
      ...pageEnd({ items: [], next, ...(groups.missing && { missing: groups.missing }) }),
    };
  }

  app.get(
    `${path}/:idOrName`,
    {
      ...needs("inventory.read", "place", "tenantId"),
      ...plainJson,
      schema: {
        summary: "A group, by id or name; else the site of this id or name",
        tags,
        params: ONE_GROUP,
        querystring: EXPLAIN_QUERY,
        response: { 200: GROUP.extend({ resolved: RESOLVED }) },
      },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      const at = timeOf(request.query.at, "last");
      const { row, isSite } = await find(principal, request.params.idOrName, at);
      void reply.header("etag", `"${row.version}"`);
      const shown = shownGroup(row, isSite, undefined);
      if (request.query.explain !== "true") return reply.send(shown as never);
      const resolved = await inventory.variables(principal, isSite ? "site" : kind, row.name, at);
      return reply.send({ ...shown, resolved } as never);
    },
  );
  const body = ruleOf(kind).schema;
  app.post(
    path,
    {
      ...needs("inventory.write", "place", "tenantId"),
      ...bodyIsData,
      ...plainJson,
      schema: {
        summary: "Create a group",
        tags,
        params: OF_TENANT,
        headers: CREATE_HEADERS,
        body,
        response: { 201: rowSchema(kind) },
      },
    },
    async (request, reply) => {
      const { tenantId } = request.params;
      const principal = request.principal as Principal;
      const edit: Edit = { action: "create", kind, data: request.body as JsonObject };
      const location = `/v1/groups/${encodeURIComponent(tenantId)}`;
      const answer = await inventory.answer(principal, [edit], { request: onceOf(request) }, (plan) =>
        created(location, plan),
      );
      return send(reply, answer) as never;
    },
  );
  const one = { tags, params: ONE_GROUP, headers: CHANGE_HEADERS };
  const row = { response: { 200: rowSchema(kind) } };
  app.put(
    `${path}/:idOrName`,
    {
      ...needs("inventory.write", "place", "tenantId"),
      ...bodyIsData,
      ...plainJson,
      schema: { summary: "Replace a group: members left out take their defaults", ...one, body, ...row },
    },
    async (request, reply) => {
      const version = versionOf(request);
      const principal = request.principal as Principal;
      const data = request.body as JsonObject;
      const edit: Edit = { action: "replace", kind, name: request.params.idOrName, version, data };
      return send(reply, await inventory.answer(principal, [edit], { request: onceOf(request) }, changed)) as never;
    },
  );
  app.patch(
    `${path}/:idOrName`,
    {
      ...needs("inventory.write", "place", "tenantId"),
      ...bodyIsData,
      ...plainJson,
      schema: {
        summary: "Change a group: by a merge patch or a JSON Patch",
        consumes: PATCH_TYPES,
        ...one,
        body: PATCH_BODY,
        ...row,
      },
    },
    async (request, reply) => {
      const options = { request: onceOf(request) };
      const principal = request.principal as Principal;
      const edit = patchOf(request, kind, request.params.idOrName);
      return send(reply, await inventory.answer(principal, [edit], options, changed)) as never;
    },
  );
  app.delete(
    `${path}/:idOrName`,
    {
      ...needs("inventory.write", "place", "tenantId"),
      ...plainJson,
      schema: {
        summary: "Delete a group, and with `cascade` those below it",
        ...one,
        querystring: CASCADE_QUERY,
        response: { 200: RESULTS },
      },
    },
    async (request, reply) => {
      const version = versionOf(request);
      const principal = request.principal as Principal;
      const edit: Edit = { action: "delete", kind, name: request.params.idOrName, version };
      const options = { request: onceOf(request), cascade: request.query.cascade === "true" };
      return send(reply, await inventory.answer(principal, [edit], options, listed)) as never;
    },
  );
}

/** Of a site those members that a group has, with what says that it is one. */
function shownGroup(row: AnyRow, isSite: boolean, fields: readonly string[] | undefined): object {
  const shown = shownAs(
    kind,
    fields,
  )(isSite ? ({ includes: [], priority: 0, configuration: null, ...row } as AnyRow) : row);
  return { ...shown, isSite };
}

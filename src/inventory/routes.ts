import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { type HttpServer, jsonParser } from "../platform/http/index.ts";
import { timeOf } from "../platform/requests/index.ts";
import type { Edit, EditPlan } from "./edit-model.ts";
import type { Answer } from "./edit-service.ts";
import { OWNED_RULES, type Kind, type OwnedKind } from "./kinds.ts";
import { pageEnd, shownAs } from "./list.ts";
import { bodyIsData, listRequest, onceOf, patchOf, plainJson, send, versionOf } from "./requests.ts";
import {
  AT_QUERY,
  BULK_BODY,
  CASCADE_QUERY,
  CHANGE_HEADERS,
  CREATE_HEADERS,
  EXPLAIN_QUERY,
  LIST_QUERY,
  ONE,
  oneSchema,
  pageSchema,
  PATCH_BODY,
  PATCH_TYPES,
  RESULTS,
  rowSchema,
} from "./route-schemas.ts";
import type { ExplainedKind, InventoryService } from "./service.ts";

const tags = ["inventory"];

/** A body of edits by the ten thousands. */
const BULK_BYTES = 64 * 1024 * 1024;

/** Groups are found below their tenant: `/v1/groups/{tenant_id}`. */
const ELSEWHERE: readonly OwnedKind[] = ["group"];

const EXPLAINED: readonly Kind[] = ["site", "group", "foundation", "structure"];

/** `/v1/sites`, `/v1/structures` and their like, and `/v1/bulk`. */
export function inventoryRoutes({ app }: HttpServer, inventory: InventoryService): void {
  app.addContentTypeParser(PATCH_TYPES.slice(1), { parseAs: "string" }, jsonParser(app));
  for (const { kind, plural, title, schema } of OWNED_RULES) {
    if (ELSEWHERE.includes(kind)) continue;
    const path = `/v1/${plural}`;
    const plurals = plural.replaceAll("-", " ");
    const singular = /^[aeio]/.test(title) ? `an ${title}` : `a ${title}`;
    app.get(
      path,
      {
        ...needs("inventory.read", "place"),
        ...plainJson,
        schema: {
          summary: `${capital(plurals)}, by name`,
          tags,
          querystring: LIST_QUERY,
          response: { 200: pageSchema(kind) },
        },
      },
      async (request, reply) => {
        const asked = listRequest(request.query);
        const page = await inventory.list(request.principal as Principal, kind, asked, searched(request.query.vars));
        return reply.send({ items: page.items.map(shownAs(kind, asked.fields)), ...pageEnd(page) } as never);
      },
    );
    app.get(
      `${path}/:idOrName`,
      {
        ...needs("inventory.read", "place"),
        ...plainJson,
        schema: {
          summary: `${capital(singular)}, by id or name`,
          tags,
          params: ONE,
          querystring: EXPLAINED.includes(kind) ? EXPLAIN_QUERY : AT_QUERY,
          response: { 200: oneSchema(kind) },
        },
      },
      async (request, reply) => {
        const principal = request.principal as Principal;
        const at = timeOf(request.query.at, "last");
        const found = await inventory.get(principal, kind, request.params.idOrName, at);
        void reply.header("etag", `"${found.version}"`);
        const { explain } = request.query as { readonly explain?: string };
        const shown = shownAs(kind, undefined)(found);
        if (explain !== "true") return reply.send(shown as never);
        const resolved = await inventory.variables(principal, kind as ExplainedKind, found.name, at);
        return reply.send({ ...shown, resolved } as never);
      },
    );
    app.post(
      path,
      {
        ...needs("inventory.write", "place"),
        ...bodyIsData,
        ...plainJson,
        schema: {
          summary: `Create ${singular}`,
          tags,
          headers: CREATE_HEADERS,
          body: schema,
          response: { 201: rowSchema(kind) },
        },
      },
      async (request, reply) => {
        const edit: Edit = { action: "create", kind, data: request.body as JsonObject };
        const options = { request: onceOf(request) };
        const answer = await inventory.answer(request.principal as Principal, [edit], options, (plan) =>
          created(path, plan),
        );
        return send(reply, answer) as never;
      },
    );
    app.put(
      `${path}/:idOrName`,
      {
        ...needs("inventory.write", "place"),
        ...bodyIsData,
        ...plainJson,
        schema: {
          summary: `Replace ${singular}: members left out take their defaults`,
          tags,
          params: ONE,
          headers: CHANGE_HEADERS,
          body: schema,
          response: { 200: rowSchema(kind) },
        },
      },
      async (request, reply) => {
        const version = versionOf(request);
        const data = request.body as JsonObject;
        const edit: Edit = { action: "replace", kind, name: request.params.idOrName, version, data };
        const options = { request: onceOf(request) };
        const answer = await inventory.answer(request.principal as Principal, [edit], options, changed);
        return send(reply, answer) as never;
      },
    );
    app.patch(
      `${path}/:idOrName`,
      {
        ...needs("inventory.write", "place"),
        ...bodyIsData,
        ...plainJson,
        schema: {
          summary: `Change ${singular}: by a merge patch or a JSON Patch`,
          tags,
          consumes: PATCH_TYPES,
          params: ONE,
          headers: CHANGE_HEADERS,
          body: PATCH_BODY,
          response: { 200: rowSchema(kind) },
        },
      },
      async (request, reply) => {
        const options = { request: onceOf(request) };
        const edit = patchOf(request, kind, request.params.idOrName);
        const answer = await inventory.answer(request.principal as Principal, [edit], options, changed);
        return send(reply, answer) as never;
      },
    );
    app.delete(
      `${path}/:idOrName`,
      {
        ...needs("inventory.write", "place"),
        ...plainJson,
        schema: {
          summary: `Delete ${singular}; what is built is taken down first`,
          tags,
          params: ONE,
          headers: CHANGE_HEADERS,
          querystring: CASCADE_QUERY,
          response: { 200: RESULTS },
        },
      },
      async (request, reply) => {
        const version = versionOf(request);
        const edit: Edit = { action: "delete", kind, name: request.params.idOrName, version };
        const options = { request: onceOf(request), cascade: request.query.cascade === "true" };
        const answer = await inventory.answer(request.principal as Principal, [edit], options, listed);
        return send(reply, answer) as never;
      },
    );
  }
  bulkRoute(app, inventory);
  variablesRoutes(app, inventory);
}

function bulkRoute(app: HttpServer["app"], inventory: InventoryService): void {
  app.post(
    "/v1/bulk",
    {
      ...needs("inventory.write", "place"),
      ...plainJson,
      bodyLimit: BULK_BYTES,
      schema: {
        summary: "Make many edits in one transaction: all of them, or none",
        tags,
        headers: CREATE_HEADERS,
        body: BULK_BODY,
        response: { 200: RESULTS },
      },
    },
    async (request, reply) => {
      const { edits, cascade, preview } = request.body;
      const options = { request: onceOf(request), cascade, preview };
      const principal = request.principal as Principal;
      return send(reply, await inventory.answer(principal, edits as readonly Edit[], options, listed)) as never;
    },
  );
}

function variablesRoutes(app: HttpServer["app"], inventory: InventoryService): void {
  const answer = z.object({
    values: z.record(z.string(), z.unknown()),
    explain: z.record(z.string(), z.unknown()).optional(),
    deleted: z.record(z.string(), z.unknown()).optional(),
  });
  for (const kind of ["structure", "foundation"] as const) {
    app.get(
      `/v1/${kind}s/:idOrName/variables`,
      {
        ...needs("inventory.read", "place"),
        schema: {
          summary: `The variables of a ${kind}; with \`explain\`, where each comes from`,
          tags,
          params: ONE,
          querystring: EXPLAIN_QUERY,
          response: { 200: answer },
        },
      },
      async (request) => {
        const principal = request.principal as Principal;
        const at = timeOf(request.query.at, "last");
        const { values, explain, deleted } = await inventory.variables(principal, kind, request.params.idOrName, at);
        return request.query.explain === "true"
          ? { values: { ...values }, explain: { ...explain }, deleted: { ...deleted } }
          : { values: { ...values } };
      },
    );
  }
}

type Made = Pick<EditPlan, "results" | "row">;

/** The answer to a request that made one thing. */
export function created(path: string, plan: Made): Answer {
  const answer = changed(plan);
  const location = `${path}/${encodeURIComponent(plan.results[0]?.name ?? "")}`;
  return { ...answer, status: 201, headers: { ...answer.headers, location } };
}

/** The answer to a request that changed one thing. */
export function changed({ results, row }: Made): Answer {
  const [result] = results;
  const found = result === undefined ? undefined : row(result.kind, result.name);
  if (result === undefined || found === undefined) return listed({ results });
  const body = shownAs(result.kind, undefined)(found) as unknown as Json;
  return { status: 200, headers: { etag: `"${found.version}"` }, body };
}

/** The answer to a request that did something to several things. */
export function listed({ results }: Pick<Made, "results">): Answer {
  return { status: 200, headers: {}, body: { results } as unknown as Json };
}

/** The texts of the filter `vars`. */
export function searched(vars: string | readonly string[] | undefined): readonly string[] {
  return vars === undefined ? [] : [vars].flat();
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

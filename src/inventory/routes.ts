import { z } from "zod";
import type { Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { VERSION_REQUIRED } from "./errors.ts";
import type { Managed } from "./model.ts";
import { listQuery } from "./page.ts";
import type { InventoryService, Listed } from "./service.ts";

/** Rows as they are answered: what the bookkeeping keeps for itself is left out. */
const row = z.looseObject({ id: z.string(), name: z.string(), managedBy: z.string(), version: z.number() });
const params = z.object({ idOrName: z.string() });
const tags = ["inventory"];

const LISTS: readonly { readonly kind: Listed; readonly path: string; readonly title: string }[] = [
  { kind: "sites", path: "/v1/sites", title: "Sites" },
  { kind: "addressBlocks", path: "/v1/address-blocks", title: "Address blocks" },
  { kind: "blueprints", path: "/v1/blueprints", title: "Blueprints" },
  { kind: "foundations", path: "/v1/foundations", title: "Foundations" },
  { kind: "structures", path: "/v1/structures", title: "Structures" },
];

/** `/v1/sites`, `/v1/structures` and their like. */
export function inventoryRoutes({ app }: HttpServer, inventory: InventoryService): void {
  const querystring = listQuery.extend({
    site: z.string().optional(),
    blueprint: z.string().optional(),
    state: z.string().optional(),
  });
  for (const { kind, path, title } of LISTS) {
    const page = z.object({ items: z.array(row), next: z.string().nullable() });
    app.get(
      path,
      { schema: { summary: `${title}, by name`, tags, querystring, response: { 200: page } } },
      async (request) => {
        const { items, next } = await inventory.list(request.principal as Principal, kind, request.query);
        return { items: items.map(shown), next };
      },
    );
    app.get(
      `${path}/:idOrName`,
      { schema: { summary: `${title}: one of them, by id or name`, tags, params, response: { 200: row } } },
      async (request, reply) => {
        const found = await inventory.get(request.principal as Principal, kind, request.params.idOrName);
        void reply.header("etag", `"${found.version}"`);
        return shown(found);
      },
    );
  }
  app.patch(
    "/v1/structures/:idOrName",
    {
      schema: {
        summary: "Change a structure's variables or description",
        tags,
        params,
        headers: z.looseObject({ "if-match": z.string().optional() }),
        body: z.strictObject({
          variables: z.record(z.string(), z.json()).optional(),
          description: z.string().max(10_000).optional(),
        }),
        response: { 200: row },
      },
    },
    async (request, reply) => {
      const version = versionOf(request.headers["if-match"]);
      const principal = request.principal as Principal;
      const { name } = await inventory.get(principal, "structures", request.params.idOrName);
      const patch = request.body as JsonObject;
      await inventory.edit(principal, [{ action: "merge", kind: "structure", name, version, patch }]);
      const found = await inventory.get(principal, "structures", name);
      void reply.header("etag", `"${found.version}"`);
      return shown(found);
    },
  );
  for (const kind of ["structure", "foundation"] as const) {
    const explain = z.object({ explain: z.enum(["true", "false"]).default("false") });
    const answer = z.object({
      values: z.record(z.string(), z.unknown()),
      explain: z.record(z.string(), z.unknown()).optional(),
      deleted: z.record(z.string(), z.unknown()).optional(),
    });
    app.get(
      `/v1/${kind}s/:idOrName/variables`,
      {
        schema: {
          summary: `The variables of a ${kind}; with \`explain\`, where each comes from`,
          tags,
          params,
          querystring: explain,
          response: { 200: answer },
        },
      },
      async (request) => {
        const {
          values,
          explain: explained,
          deleted,
        } = await inventory.variables(request.principal as Principal, kind, request.params.idOrName);
        return request.query.explain === "true"
          ? { values: { ...values }, explain: { ...explained }, deleted: { ...deleted } }
          : { values: { ...values } };
      },
    );
  }
}

function shown(found: Managed & { readonly name: string }): z.input<typeof row> {
  const {
    applied: _applied,
    build: _build,
    ...rest
  } = found as Managed & { readonly name: string; readonly build?: unknown };
  return rest;
}

/** The version in `If-Match`: `"3"`. `*`: any. Errors: `version_required`. */
function versionOf(header: string | undefined): number | null {
  if (header?.trim() === "*") return null;
  const version = /^(?:W\/)?"?(\d{1,15})"?$/.exec(header?.trim() ?? "")?.[1];
  if (version === undefined)
    throw new GantryError(VERSION_REQUIRED, "the header If-Match must hold the version that was read");
  return Number(version);
}

import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { cursorAfter, decodeCursor, listQuery, nameProblem, versionOf } from "../inventory/index.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { Keeper } from "./keeper.ts";
import { BACKEND_KINDS, type Backend } from "./model.ts";
import { missingOf } from "./routing.ts";
import type { BackendService } from "./service.ts";

const tags = ["backends"];
const name = z.string().superRefine((text, context) => {
  const wrong = nameProblem(text);
  if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
});
const data = z.strictObject({
  name,
  kind: z.enum(BACKEND_KINDS),
  site: name.describe("The truth of this site and of those below it lives there"),
  settings: z
    .record(z.string(), z.json())
    .describe("As docs/backends.md says for each kind; tokens only by the path of a file"),
});
const answer = data.extend({
  settings: z.record(z.string(), z.unknown()),
  id: z.string(),
  version: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
const status = z.object({
  name: z.string(),
  kind: z.enum(BACKEND_KINDS),
  site: z.string(),
  state: z.enum(["reading", "there", "missing"]),
  readAt: z.number().nullable().describe("When it was last read well"),
  since: z.number().nullable().describe("Since when it is missing"),
  error: z.string().nullable(),
  problems: z.array(z.looseObject({ code: z.string(), message: z.string() })),
  rows: z.record(z.string(), z.number()).describe("How many of each kind it holds"),
  conflicts: z
    .array(z.object({ backend: z.string(), kind: z.string(), name: z.string(), managedBy: z.string() }))
    .describe("What is left out, because its name is taken: the first hundred"),
});
const ifMatch = z.looseObject({ "if-match": z.string().optional() });

/** Paths whose answers may lack what backends hold. */
const READS = /^\/v1\/(sites|groups|networks|links|interfaces|address-blocks|structures|inventory)(\/|\?|$)/;

/** `/v1/backends`; and the header `Gantry-Missing` on every answer that lacks something. */
export function backendRoutes({ app }: HttpServer, backends: BackendService, keeper: Keeper): void {
  const params = z.object({ idOrName: z.string() });

  app.addHook("preHandler", async (request, reply) => {
    if (request.method !== "GET" || request.principal === null || !READS.test(request.url)) return;
    const { rights, tenantId } = request.principal as Principal;
    // The header names backends, whose sites not everybody may see; lists say what is missing of what one sees.
    if (!rights.everywhere("inventory.read")) return;
    const missing = missingOf(await keeper.settled(tenantId));
    if (missing.length > 0) void reply.header("gantry-missing", missing.map(({ backend }) => backend).join(", "));
  });

  app.get(
    "/v1/backends",
    {
      ...needs("inventory.read"),
      schema: {
        summary: "Backends, by name: where the truth of sites lives when it is not here",
        tags,
        querystring: listQuery,
        response: { 200: z.object({ items: z.array(answer), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const after = cursor === undefined ? "" : decodeCursor(cursor);
      const rest = backends.list(request.principal as Principal).filter((one) => one.name > after);
      const items = rest.slice(0, limit).map(shown);
      return { items, next: rest.length > limit ? cursorAfter(items.at(-1)?.name ?? "") : null };
    },
  );
  app.post(
    "/v1/backends",
    {
      ...needs("backend.manage"),
      schema: {
        summary: "Add a backend: its site is read from there from now on",
        tags,
        body: data,
        response: { 201: answer },
      },
    },
    async (request, reply) => {
      const { settings, ...rest } = request.body;
      const added = await backends.add(request.principal as Principal, { ...rest, settings: settings as JsonObject });
      return reply.status(201).header("etag", `"${added.version}"`).send(shown(added));
    },
  );
  app.get(
    "/v1/backends/:idOrName",
    {
      ...needs("inventory.read"),
      schema: { summary: "One backend, by id or name", tags, params, response: { 200: answer } },
    },
    async (request, reply) => {
      const found = backends.get(request.principal as Principal, request.params.idOrName);
      void reply.header("etag", `"${found.version}"`);
      return shown(found);
    },
  );
  app.get(
    "/v1/backends/:idOrName/status",
    {
      ...needs("inventory.read"),
      schema: {
        summary: "Whether a backend can be read, what it holds, and what is left out of it",
        tags,
        params,
        response: { 200: status },
      },
    },
    async (request) => {
      const found = await backends.status(request.principal as Principal, request.params.idOrName);
      return {
        ...found,
        kind: found.kind as (typeof BACKEND_KINDS)[number],
        problems: found.problems.map((one) => ({ ...one })),
        rows: { ...found.rows },
        conflicts: [...found.conflicts],
      };
    },
  );
  app.put(
    "/v1/backends/:idOrName",
    {
      ...needs("backend.manage"),
      schema: { summary: "Replace a backend", tags, params, headers: ifMatch, body: data, response: { 200: answer } },
    },
    async (request, reply) => {
      const { settings, ...rest } = request.body;
      const after = await backends.replace(
        request.principal as Principal,
        request.params.idOrName,
        versionOf(request),
        {
          ...rest,
          settings: settings as JsonObject,
        },
      );
      void reply.header("etag", `"${after.version}"`);
      return shown(after);
    },
  );
  app.delete(
    "/v1/backends/:idOrName",
    {
      ...needs("backend.manage"),
      schema: {
        summary: "Remove a backend; what it holds stays there, and is no longer shown here",
        tags,
        params,
        headers: ifMatch,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await backends.remove(request.principal as Principal, request.params.idOrName, versionOf(request));
      return reply.status(204).send(null);
    },
  );
}

function shown({ tenantId: _tenantId, ...backend }: Backend) {
  return { ...backend, settings: { ...backend.settings } };
}

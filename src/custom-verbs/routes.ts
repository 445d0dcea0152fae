import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { listQuery, pageOf, versionOf } from "../platform/requests/index.ts";
import { VERB_KINDS, verbFileName, verbManifest, verbName } from "../verbs/index.ts";
import { LONGEST_FILE, type CustomVerb } from "./model.ts";
import type { CustomVerbService } from "./service.ts";

const SHOWN = z.object({
  name: z.string(),
  summary: z.string(),
  manifest: z
    .record(z.string(), z.json())
    .describe("What it says of itself: options, text, whether it is safe to repeat"),
  file: z.string(),
  kind: z.enum(VERB_KINDS).describe("module: run by the agent's own Node; program: run as it is"),
  sha256: z.string().describe("Of its file"),
  size: z.number().describe("Bytes of its file"),
  version: z.number(),
  author: z.string().describe("Who registered it last"),
  createdAt: z.number(),
  updatedAt: z.number(),
});

const tags = ["verbs"];
const headers = z.object({ "if-match": z.string().optional().describe("The version that was read, or *") });

/** `/v1/verbs`: verbs of one's own. */
export function customVerbRoutes({ app }: HttpServer, verbs: CustomVerbService): void {
  const path = "/v1/verbs";
  const params = z.object({ name: z.string().max(64) });
  app.get(
    path,
    {
      ...needs("run.read", "place"),
      schema: {
        summary: "Verbs of one's own, by name",
        tags,
        querystring: listQuery,
        response: { 200: z.object({ items: z.array(SHOWN), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { items, next } = pageOf([...(await verbs.list(request.principal as Principal))], request.query);
      return { items: items.map(shown), next };
    },
  );
  app.get(
    `${path}/:name`,
    {
      ...needs("run.read", "place"),
      schema: { summary: "One verb of one's own", tags, params, response: { 200: SHOWN } },
    },
    async (request, reply) => {
      const verb = await verbs.get(request.principal as Principal, request.params.name);
      void reply.header("etag", `"${verb.version}"`);
      return shown(verb);
    },
  );
  app.put(
    `${path}/:name`,
    {
      ...needs("run.start"),
      bodyLimit: 2 * LONGEST_FILE,
      schema: {
        summary: "Register a verb, or replace it: runs that begin from now on use it",
        tags,
        params: z.object({ name: verbName }),
        headers,
        body: z.strictObject({
          manifest: verbManifest,
          file: verbFileName.describe("Name of its file: .mjs, .js and .ts are modules, all else is run as it is"),
          program: z
            .base64()
            .max(Math.ceil((LONGEST_FILE * 4) / 3) + 4)
            .describe("The bytes of its file, base64"),
        }),
        response: { 200: SHOWN, 201: SHOWN },
      },
    },
    async (request, reply) => {
      const { manifest, file, program } = request.body;
      const draft = { manifest, file, program: Buffer.from(program, "base64") };
      const made = await verbs.put(request.principal as Principal, request.params.name, draft, versionOf(request));
      return reply
        .status(made.change === "created" ? 201 : 200)
        .header("etag", `"${made.verb.version}"`)
        .send(shown(made.verb));
    },
  );
  app.delete(
    `${path}/:name`,
    {
      ...needs("run.start"),
      schema: {
        summary: "Remove a verb; runs that have begun go on with it",
        tags,
        params,
        headers,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await verbs.remove(request.principal as Principal, request.params.name, versionOf(request));
      return reply.status(204).send(null);
    },
  );
}

function shown(verb: CustomVerb): z.input<typeof SHOWN> {
  const { name, manifest, file, kind, sha256, size, version, author, createdAt, updatedAt } = verb;
  const { summary } = manifest;
  return {
    name,
    summary,
    manifest: manifest as never,
    file,
    kind,
    sha256,
    size,
    version,
    author,
    createdAt,
    updatedAt,
  };
}

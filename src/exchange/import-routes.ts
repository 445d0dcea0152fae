import type { FastifySchemaCompiler } from "fastify";
import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { IMPORT_TOO_LARGE } from "./errors.ts";
import { CHANGED_KINDS, IMPORT_FORMATS } from "./import-model.ts";
import type { ImportAnswer, ImportService } from "./import-service.ts";

/** 256 MiB of text, with every quote and line end written as two characters. */
const BODY_LIMIT = 400 * 1024 * 1024;

const body = z.strictObject({
  name: z.string().describe("Rows of the import are managed by `import:NAME`"),
  format: z.enum(IMPORT_FORMATS).optional().describe("Left out: guessed from the files"),
  site: z
    .string()
    .optional()
    .describe("Of structures for which the source says none; left out: a site named as the import"),
  files: z.array(z.strictObject({ path: z.string(), text: z.string() })),
  fingerprint: z.string().optional().describe("Of the plan that was shown: with another plan nothing is changed"),
});
const place = z.object({ file: z.string(), line: z.number().optional(), column: z.number().optional() });
export const PROBLEM_ANSWER = z.object({
  code: z.string(),
  message: z.string(),
  where: place.optional(),
  hint: z.string().optional(),
});
/** A plan as it is answered. */
export const IMPORT_ANSWER = z.object({
  name: z.string(),
  changes: z.array(
    z.object({
      action: z.enum(["create", "change", "remove", "conflict"]),
      kind: z.enum(CHANGED_KINDS),
      name: z.string(),
      reason: z.string(),
      fields: z.array(z.object({ path: z.string(), from: z.unknown().optional(), to: z.unknown().optional() })),
    }),
  ),
  counts: z.object({ create: z.number(), change: z.number(), remove: z.number(), conflict: z.number() }),
  unchanged: z.number(),
  fingerprint: z.string(),
  text: z.string(),
  empty: z.boolean(),
  removes: z.boolean(),
  warnings: z.array(PROBLEM_ANSWER),
});

/** `POST /v1/imports`. */
export function importRoutes({ app }: HttpServer, imports: ImportService): void {
  void app.register(async (scope) => {
    // The body may be large: it is taken as it is, and read and checked in a thread of its own.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("application/json", { parseAs: "buffer" }, (_request, bytes, done) => done(null, bytes));
    scope.post(
      "/v1/imports",
      {
        ...needs("inventory.write"),
        bodyLimit: BODY_LIMIT,
        validatorCompiler: unread,
        schema: {
          summary: "Import an inventory; with `plan=true`, only show what that would do",
          tags: ["inventory"],
          querystring: z.object({ plan: z.enum(["true", "false"]).default("false") }),
          body,
          response: { 200: IMPORT_ANSWER },
        },
        async onRequest(request) {
          const length = Number(request.headers["content-length"] ?? 0);
          if (length > BODY_LIMIT)
            throw new GantryError(
              IMPORT_TOO_LARGE,
              `the request has ${length} bytes, and at most ${BODY_LIMIT} are read`,
            );
        },
      },
      async (request) => {
        const principal = request.principal as Principal;
        const bytes = request.body instanceof Uint8Array ? request.body : new Uint8Array();
        const { plan } = request.query as { readonly plan: string };
        return shownImport(await (plan === "true" ? imports.plan(principal, bytes) : imports.apply(principal, bytes)));
      },
    );
  });
}

/** The body is bytes still; the rest is checked as everywhere. */
const unread: FastifySchemaCompiler<unknown> = ({ schema, httpPart }) => {
  if (httpPart === "body") return (value: unknown) => ({ value });
  return (value: unknown) => {
    const result = (schema as z.ZodType).safeParse(value);
    return result.success ? { value: result.data } : { error: result.error };
  };
};

/** As the answer's schema takes it. */
export function shownImport(made: ImportAnswer): z.input<typeof IMPORT_ANSWER> {
  return {
    ...made,
    changes: made.changes.map((change) => ({ ...change, fields: change.fields.map((field) => ({ ...field })) })),
    warnings: made.warnings.map((warning) => ({ ...warning })),
  };
}

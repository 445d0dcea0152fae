import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { IMPORT_ANSWER, PROBLEM_ANSWER, shownImport } from "../exchange/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import type { BlueprintAnswer, BlueprintImportService } from "./blueprint-import.ts";
import { bundleSchema } from "./schema.ts";

const BODY_LIMIT = 20 * 1024 * 1024;

const answer = IMPORT_ANSWER.extend({ notes: z.array(PROBLEM_ANSWER) });

/** `/v1/blueprint-imports` and `/v1/blueprint-checks`. */
export function blueprintRoutes({ app }: HttpServer, blueprints: BlueprintImportService): void {
  const tags = ["inventory"];
  app.post(
    "/v1/blueprint-imports",
    {
      ...needs("inventory.write"),
      bodyLimit: BODY_LIMIT,
      schema: {
        summary: "Import blueprints, native or in Contractor's form; with `plan=true`, only show what that would do",
        tags,
        querystring: z.object({ plan: z.enum(["true", "false"]).default("false") }),
        body: z.strictObject({
          name: z.string().describe("Rows of the import are managed by `import:NAME`"),
          bundle: bundleSchema,
          fingerprint: z
            .string()
            .optional()
            .describe("Of the plan that was shown: with another plan nothing is changed"),
        }),
        response: { 200: answer },
      },
    },
    async (request) => {
      const principal = request.principal as Principal;
      const { body } = request;
      return shown(
        await (request.query.plan === "true" ? blueprints.plan(principal, body) : blueprints.apply(principal, body)),
      );
    },
  );
  app.post(
    "/v1/blueprint-checks",
    {
      ...needs("inventory.read"),
      bodyLimit: BODY_LIMIT,
      schema: {
        summary: "What is wrong with the blueprints of files; without files, with those of the inventory",
        tags,
        body: z.strictObject({ bundle: bundleSchema.optional() }),
        response: { 200: z.object({ problems: z.array(PROBLEM_ANSWER), warnings: z.array(PROBLEM_ANSWER) }) },
      },
    },
    async (request) => {
      const { problems, warnings } = await blueprints.check(request.principal as Principal, request.body.bundle);
      return { problems: problems.map((one) => ({ ...one })), warnings: warnings.map((one) => ({ ...one })) };
    },
  );
}

function shown(made: BlueprintAnswer): z.input<typeof answer> {
  return { ...shownImport(made), notes: made.notes.map((note) => ({ ...note })) };
}

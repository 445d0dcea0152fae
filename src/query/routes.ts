import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { COUNT_BY } from "./count.ts";
import { DIFFERENCE_KINDS } from "./differences.ts";
import { THING_KINDS } from "./model.ts";
import type { QueryService } from "./service.ts";

const tags = ["query"];

const name = z.string().min(1).max(300);
const limit = z.coerce.number().int().min(1).max(10_000).default(1000);

/** One, or several: `?thing=a&thing=b`. */
function several<T extends z.ZodType>(one: T) {
  return z
    .union([one, z.array(one).max(1000)])
    .transform((value) => (Array.isArray(value) ? value : [value]) as z.output<T>[]);
}

const thing = several(z.string().max(320)).describe("`foundation:rack1-7`, `site:vienna`; may be repeated");

const REF = z.object({
  kind: z.enum(THING_KINDS),
  name: z.string().describe("Empty: something you may not see"),
});

const THING = REF.extend({
  site: z.string().nullable(),
  type: z.string().nullable().describe("A foundation's type, a structure's blueprint"),
  state: z.string().nullable(),
});

const TIE = z.object({ relation: z.string().describe("`stands on`, `depends on` …"), thing: REF });

const COUNT = z.object({
  total: z.number(),
  items: z.array(z.object({ values: z.record(z.string(), z.string().nullable()), count: z.number() })),
});

const AFFECTED = z.object({
  asked: z.array(REF),
  total: z.number().describe("Of all, not only of those shown"),
  down: z.number(),
  impaired: z.number(),
  items: z.array(z.object({ thing: THING, effect: z.enum(["down", "impaired"]), because: TIE, distance: z.number() })),
});

const USES = z.object({
  asked: z.array(REF),
  total: z.number(),
  totals: z.object({ machine: z.number(), vm: z.number(), container: z.number(), other: z.number() }),
  items: z.array(z.object({ thing: THING, by: TIE, distance: z.number() })),
});

const DIFFERENCES = z.object({
  total: z.number(),
  items: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      site: z.string().nullable(),
      difference: z.enum(DIFFERENCE_KINDS),
      message: z.string(),
    }),
  ),
});

/** `/v1/query/…`: questions about the whole inventory. */
export function queryRoutes({ app }: HttpServer, query: QueryService): void {
  app.get(
    "/v1/query/count",
    {
      ...needs("inventory.read", "place"),
      schema: {
        summary: "How many structures there are, told apart by site, blueprint …",
        tags,
        querystring: z.strictObject({
          blueprint: name.optional().describe("Made by it, or by one that builds upon it"),
          site: name.optional().describe("In it, or below it"),
          role: name.optional(),
          state: name.optional(),
          by: several(z.enum(COUNT_BY)).optional(),
        }),
        response: { 200: COUNT },
      },
    },
    async (request) => {
      const { by, ...rest } = request.query;
      const found = await query.count(request.principal as Principal, { ...rest, by: by ?? [] });
      return { total: found.total, items: found.items.map((one) => ({ ...one })) };
    },
  );
  app.get(
    "/v1/query/affected",
    {
      ...needs("inventory.read", "place"),
      schema: {
        summary: "What is affected when things go down, and why",
        tags,
        querystring: z.strictObject({ thing, limit }),
        response: { 200: AFFECTED },
      },
    },
    async (request) => {
      const { thing: things, limit: most } = request.query;
      const found = await query.affected(request.principal as Principal, things, most);
      return { ...found, asked: [...found.asked], items: [...found.items] };
    },
  );
  app.get(
    "/v1/query/uses",
    {
      ...needs("inventory.read", "place"),
      schema: {
        summary: "What things, or all structures of a group, blueprint or role, stand on and use",
        tags,
        querystring: z.strictObject({
          thing: thing.optional(),
          group: name.optional(),
          blueprint: name.optional(),
          role: name.optional(),
          limit,
        }),
        response: { 200: USES },
      },
    },
    async (request) => {
      const { thing: things, limit: most, ...service } = request.query;
      const found = await query.uses(request.principal as Principal, { things: things ?? [], ...service }, most);
      return { ...found, asked: [...found.asked], items: [...found.items] };
    },
  );
  app.get(
    "/v1/query/differences",
    {
      ...needs("inventory.read", "place"),
      schema: {
        summary: "What is not as designed",
        tags,
        querystring: z.strictObject({
          site: name.optional(),
          look: z
            .enum(["true", "false"])
            .default("false")
            .describe("Ask drivers and agents what really is there; what does not answer is left out"),
          limit,
        }),
        response: { 200: DIFFERENCES },
      },
    },
    async (request) => {
      const { site, look, limit: most } = request.query;
      const question = { site, look: look === "true" };
      const found = await query.differences(request.principal as Principal, question, most);
      return { total: found.total, items: [...found.items] };
    },
  );
}

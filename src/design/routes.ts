import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { cursorAfter, decodeCursor, listQuery } from "../inventory/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { PLAN_OUTDATED } from "./errors.ts";
import { TARGET_KINDS } from "./model.ts";
import { bundleSchema } from "./schema.ts";
import type { DesignService, PlanAnswer } from "./service.ts";
import type { DesignRecord } from "./store.ts";

/** A bundle of 8 MiB may be twice that as JSON, with every line end written as two characters. */
const BODY_LIMIT = 20 * 1024 * 1024;

const place = z.object({ file: z.string(), line: z.number().optional(), column: z.number().optional() });
const problemAnswer = z.object({
  code: z.string(),
  message: z.string(),
  where: place.optional(),
  hint: z.string().optional(),
});
const planAnswer = z.object({
  design: z.string(),
  actions: z.array(
    z.object({
      kind: z.enum(["create", "change", "replace", "repair", "retry", "destroy", "conflict"]),
      target: z.enum(TARGET_KINDS),
      name: z.string(),
      reason: z.string(),
      fields: z.array(z.object({ path: z.string(), from: z.unknown().optional(), to: z.unknown().optional() })),
    }),
  ),
  unchanged: z.number(),
  underway: z.number(),
  fingerprint: z.string(),
  text: z.string(),
  empty: z.boolean(),
  destroys: z.boolean(),
  warnings: z.array(problemAnswer),
});
const designAnswer = z.object({
  id: z.string(),
  name: z.string(),
  version: z.number(),
  wanted: z.enum(["built", "absent"]),
  appliedBy: z.string(),
  createdAt: z.number(),
  appliedAt: z.number(),
});

/** `/v1/designs`. */
export function designRoutes({ app }: HttpServer, designs: DesignService): void {
  const tags = ["designs"];
  const params = z.object({ name: z.string() });
  app.post(
    "/v1/designs/plan",
    {
      ...needs("inventory.read"),
      bodyLimit: BODY_LIMIT,
      schema: {
        summary: "What applying these documents would do",
        tags,
        body: z.object({ bundle: bundleSchema }),
        response: { 200: planAnswer },
      },
    },
    async (request) => answer(await designs.plan(request.principal as Principal, request.body.bundle)),
  );
  app.post(
    "/v1/designs/apply",
    {
      ...needs("design.apply"),
      bodyLimit: BODY_LIMIT,
      schema: {
        summary: "Apply the plan that was shown",
        tags,
        body: z.object({ bundle: bundleSchema, fingerprint: z.string() }),
        response: { 200: planAnswer },
      },
    },
    async (request) =>
      answer(await designs.apply(request.principal as Principal, request.body.bundle, request.body.fingerprint)),
  );
  app.post(
    "/v1/designs/:name/destroy",
    {
      ...needs("design.apply"),
      schema: {
        summary: "Take a design down: with `plan`, only show what that would do",
        tags,
        params,
        body: z.object({ plan: z.boolean().default(false), fingerprint: z.string().optional() }),
        response: { 200: planAnswer },
      },
    },
    async (request) => {
      const principal = request.principal as Principal;
      const { name } = request.params;
      if (request.body.plan) return answer(await designs.planDestroy(principal, name));
      const { fingerprint } = request.body;
      if (fingerprint === undefined)
        throw new GantryError(PLAN_OUTDATED, "the fingerprint of the plan that was shown is needed");
      return answer(await designs.destroy(principal, name, fingerprint));
    },
  );
  app.get(
    "/v1/designs",
    {
      ...needs("inventory.read"),
      schema: {
        summary: "Designs that were applied",
        tags,
        querystring: listQuery,
        response: { 200: z.object({ items: z.array(designAnswer), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const found = await designs.list(
        request.principal as Principal,
        cursor === undefined ? "" : decodeCursor(cursor),
        limit + 1,
      );
      const items = found.slice(0, limit).map((record: DesignRecord) => ({ ...record }));
      return { items, next: found.length > limit ? cursorAfter(items.at(-1)?.name ?? "") : null };
    },
  );
  app.get(
    "/v1/designs/:name",
    { ...needs("inventory.read"), schema: { summary: "One design", tags, params, response: { 200: designAnswer } } },
    async (request) => ({
      ...(await designs.get(request.principal as Principal, request.params.name)),
    }),
  );
  app.get(
    "/v1/designs/:name/documents",
    {
      ...needs("inventory.read"),
      schema: {
        summary: "The documents a design was last applied with",
        tags,
        params,
        response: { 200: bundleSchema },
      },
    },
    async (request) => designs.documents(request.principal as Principal, request.params.name),
  );
}

function answer(plan: PlanAnswer): z.input<typeof planAnswer> {
  return {
    ...plan,
    actions: plan.actions.map((action) => ({ ...action, fields: action.fields.map((field) => ({ ...field })) })),
    warnings: plan.warnings.map((warning) => ({ ...warning })),
  };
}

import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { bundleSchema, type Bundle } from "../design/index.ts";
import { EDITS_SCHEMA, cursorAfter, decodeCursor, type Edit } from "../inventory/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { CHANGE_SET_EMPTY } from "./errors.ts";
import type { ChangeSet } from "./model.ts";
import type { ChangeRuleService } from "./rule-service.ts";
import type { Proposal } from "./content.ts";
import type { ChangeSetService, ChangeSetView } from "./service.ts";

const tags = ["change sets"];

/** As many edits as a bulk takes would be nothing anybody can read. */
const BODY_BYTES = 20 * 1024 * 1024;

const TITLE = z.string().trim().min(1).max(200);
const DESCRIPTION = z.string().max(20_000);
const WHAT = {
  edits: EDITS_SCHEMA.min(1).max(10_000).optional().describe("Edits of the inventory, as /v1/bulk takes them"),
  cascade: z.boolean().default(false).describe("Whether what depends on something that is deleted goes with it"),
  design: bundleSchema.optional().describe("Documents of a design that is to be applied"),
  destroy: z.string().max(253).optional().describe("The name of a design that is to be taken down"),
};
const author = z.object({ key: z.string(), name: z.string() });
const value = z.unknown().optional();
const SUMMARY = z.object({
  id: z.string(),
  number: z.number(),
  title: z.string(),
  description: z.string(),
  state: z.enum(["open", "applied", "closed"]),
  kind: z.enum(["changes", "design"]),
  design: z.string().nullable(),
  digest: z.string().describe("Of what would change: approvals are of this"),
  author,
  contentBy: author.describe("Who gave it its content last"),
  reverts: z.number().nullable(),
  version: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
  endedBy: author.nullable(),
  endedAt: z.number().nullable(),
});
const vote = z.object({
  author,
  vote: z.enum(["approve", "reject"]),
  covers: z.array(z.string()),
  createdAt: z.number(),
});
const comment = z.object({ id: z.string(), author, text: z.string(), createdAt: z.number() });
const VIEW = SUMMARY.extend({
  changes: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      action: z.enum(["create", "change", "delete"]),
      members: z.array(z.object({ path: z.string(), before: value, after: value })),
    }),
  ),
  hidden: z.number().describe("Changes where the caller may read nothing"),
  plan: z.string().nullable().describe("Of a design"),
  moved: z.boolean().describe("The truth has moved since: it must be brought up to date"),
  conflicts: z.array(
    z.object({ kind: z.string(), name: z.string(), path: z.string(), before: value, proposed: value, now: value }),
  ),
  comments: z.array(comment),
  approvals: z.array(vote),
  rejections: z.array(vote),
  lacking: z
    .array(z.object({ key: z.string(), needs: z.number(), has: z.number() }))
    .describe("Changes that lack approvals"),
});
const RULE = z.strictObject({
  site: z.string().max(253).nullable().describe("Null: the whole tenant"),
  approvals: z.int().min(0).max(20).describe("How many people besides the author must approve"),
  direct: z.boolean().describe("Whether changes may be made without a change set"),
});
const ONE = z.object({ number: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });

type What = z.output<z.ZodObject<typeof WHAT>>;

/** `/v1/change-sets` and `/v1/change-rules`. */
export function changeRoutes({ app }: HttpServer, changes: ChangeSetService, rules: ChangeRuleService): void {
  const path = "/v1/change-sets";
  app.get(
    path,
    {
      ...needs("change.read", "place"),
      schema: {
        summary: "Change sets, the newest first",
        tags,
        querystring: z.strictObject({
          state: z.enum(["open", "applied", "closed", "all"]).default("open"),
          limit: z.coerce.number().int().min(1).max(200).default(50),
          cursor: z.string().max(200).optional(),
        }),
        response: { 200: z.object({ items: z.array(SUMMARY), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { state, limit, cursor } = request.query;
      const below = cursor === undefined ? null : Number(decodeCursor(cursor)) || null;
      const asked = { state: state === "all" ? null : state, below, limit };
      const found = await changes.list(request.principal as Principal, asked);
      const last = found.length < limit ? undefined : found.at(-1);
      const number = typeof last === "object" ? last.number : last;
      const items = found.filter((one) => typeof one === "object").map(summary);
      return { items, next: number === undefined ? null : cursorAfter(String(number)) };
    },
  );
  app.post(
    path,
    {
      ...needs("change.propose", "place"),
      bodyLimit: BODY_BYTES,
      schema: {
        summary: "Propose changes: edits of the inventory, a design that is to be applied, or one to be taken down",
        tags,
        body: z.strictObject({ title: TITLE, description: DESCRIPTION.default(""), ...WHAT }),
        response: { 201: SUMMARY },
      },
    },
    async (request, reply) => {
      const { title, description } = request.body;
      const proposal = proposalOf(request.body);
      if (proposal === undefined) throw nothingProposed();
      const set = await changes.propose(request.principal as Principal, { title, description }, proposal);
      return reply.status(201).header("location", `${path}/${set.number}`).send(summary(set));
    },
  );
  app.get(
    `${path}/:number`,
    {
      ...needs("change.read", "place"),
      schema: {
        summary: "A change set: what it would change, who said what of it, and what it lacks",
        tags,
        params: ONE,
        response: { 200: VIEW },
      },
    },
    async (request) => viewed(await changes.view(request.principal as Principal, request.params.number)),
  );
  app.patch(
    `${path}/:number`,
    {
      ...needs("change.propose", "place"),
      bodyLimit: BODY_BYTES,
      schema: {
        summary:
          "Give a change set of one's own another title, description or content; approvals lapse with the content",
        tags,
        params: ONE,
        body: z.strictObject({ title: TITLE.optional(), description: DESCRIPTION.optional(), ...WHAT }),
        response: { 200: SUMMARY },
      },
    },
    async (request) => {
      const { title, description } = request.body;
      const text = { ...(title !== undefined && { title }), ...(description !== undefined && { description }) };
      const { number } = request.params;
      return summary(await changes.amend(request.principal as Principal, number, text, proposalOf(request.body)));
    },
  );
  app.post(
    `${path}/:number/comments`,
    {
      ...needs("change.read", "place"),
      schema: {
        summary: "Say something of a change set",
        tags,
        params: ONE,
        body: z.strictObject({ text: z.string().trim().min(1).max(20_000) }),
        response: { 201: comment },
      },
    },
    async (request, reply) => {
      const { text } = request.body;
      const made = await changes.comment(request.principal as Principal, request.params.number, text);
      return reply.status(201).send(made);
    },
  );
  app.post(
    `${path}/:number/votes`,
    {
      ...needs("change.approve", "place"),
      schema: {
        summary: "Approve or reject a change set of somebody else; a later vote replaces an earlier one",
        tags,
        params: ONE,
        body: z.strictObject({
          vote: z.enum(["approve", "reject"]),
          digest: z.string().length(64).optional().describe("Of what was looked at: refused when it has changed since"),
        }),
        response: { 201: vote },
      },
    },
    async (request, reply) => {
      const { vote: cast, digest = null } = request.body;
      const made = await changes.vote(request.principal as Principal, request.params.number, cast, digest);
      return reply.status(201).send({ ...made, covers: [...made.covers] });
    },
  );
  const actions = [
    ["rebase", "change.propose", "Bring a change set to the truth as it is now"],
    ["apply", "change.apply", "Make what was approved: all of it, or nothing"],
    ["close", "change.propose", "Give a change set up"],
    ["revert", "change.propose", "Propose a new change set that takes an applied one back"],
  ] as const;
  for (const [action, permission, title] of actions)
    app.post(
      `${path}/:number/${action}`,
      { ...needs(permission, "place"), schema: { summary: title, tags, params: ONE, response: { 200: SUMMARY } } },
      async (request) => summary(await changes[action](request.principal as Principal, request.params.number)),
    );
  ruleRoutes(app, rules);
}

function ruleRoutes(app: HttpServer["app"], rules: ChangeRuleService): void {
  const path = "/v1/change-rules";
  app.get(
    path,
    {
      ...needs("change.read"),
      schema: {
        summary: "What the tenant and its sites ask of changes",
        tags,
        response: { 200: z.object({ items: z.array(RULE), next: z.null() }) },
      },
    },
    async (request) => ({ items: [...(await rules.list(request.principal as Principal))], next: null }),
  );
  app.put(
    path,
    {
      ...needs("access.manage"),
      schema: { summary: "Set the rule of the tenant or of a site", tags, body: RULE, response: { 200: RULE } },
    },
    async (request) => rules.put(request.principal as Principal, request.body),
  );
  app.delete(
    path,
    {
      ...needs("access.manage"),
      schema: {
        summary: "Remove the rule of a site, or without one that of the tenant",
        tags,
        querystring: z.strictObject({ site: z.string().max(253).optional() }),
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await rules.remove(request.principal as Principal, request.query.site ?? null);
      return reply.status(204).send(null);
    },
  );
}

/** Errors: `change_set_empty`, when more than one thing is proposed. */
function proposalOf({ edits, cascade, design, destroy }: What): Proposal | undefined {
  const given = [edits, design, destroy].filter((one) => one !== undefined);
  if (given.length > 1) throw nothingProposed();
  if (edits !== undefined) return { kind: "edits", edits: edits as readonly Edit[], cascade };
  if (design !== undefined) return { kind: "design", documents: design as Bundle };
  return destroy === undefined ? undefined : { kind: "destroy", design: destroy };
}

function nothingProposed(): GantryError {
  return new GantryError(CHANGE_SET_EMPTY, "a change set holds one of: edits, design, destroy", {
    hint: "Send exactly one of them.",
  });
}

function summary({ tenantId: _tenantId, content, ...set }: ChangeSet): z.input<typeof SUMMARY> {
  return { ...set, kind: content.kind, design: content.kind === "design" ? content.name : null };
}

function viewed({ changeSet, ...view }: ChangeSetView): z.input<typeof VIEW> {
  return JSON.parse(JSON.stringify({ ...summary(changeSet), ...view })) as z.input<typeof VIEW>;
}

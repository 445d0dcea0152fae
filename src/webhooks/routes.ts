import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { cursorAfter, decodeCursor, listQuery, versionOf } from "../platform/requests/index.ts";
import type { DeadLetter } from "./model.ts";
import type { MadeWebhook, ShownWebhook, WebhookDraft, WebhookService } from "./service.ts";

const tags = ["webhooks"];
const MOST = 200;

const DRAFT = z.strictObject({
  name: z.string(),
  url: z.string().describe("As https://example.org/gantry, without user or password"),
  types: z.array(z.string()).max(MOST).default([]).describe("`job.finished`, `job.*`; none: all"),
  subjects: z.array(z.string()).max(MOST).default([]).describe("Kinds of what something happened to; none: all"),
  sites: z.array(z.string()).max(MOST).default([]).describe("Names of sites: what happened there or below; none: all"),
  ca: z.string().max(100_000).nullable().default(null).describe("PEM of the authority to trust; null: the system's"),
  active: z.boolean().default(true),
  secret: z.string().nullable().default(null).describe("A secret of the tenant; null: one that the server makes"),
});
const CHANGE = DRAFT.extend({
  rotateSecret: z.boolean().default(false).describe("Sign by a new secret as well, made by the server"),
  dropFormerSecret: z.boolean().default(false).describe("Sign no more by the one before"),
});
const WEBHOOK = z.object({
  id: z.string(),
  name: z.string(),
  url: z.string(),
  types: z.array(z.string()),
  subjects: z.array(z.string()),
  sites: z.array(z.string()),
  ca: z.string().nullable(),
  active: z.boolean(),
  secret: z.string().nullable().describe("The name of the secret it signs by; null: one that the server made"),
  formerSecret: z.boolean().describe("It signs by the one before as well"),
  owner: z.string().describe("Whose sight of events it has"),
  version: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
const SHOWN = WEBHOOK.extend({
  deliveredAt: z.number().nullable(),
  attempts: z.number().describe("Failed tries of the event that is next"),
  nextAt: z.number().nullable().describe("When that is tried again"),
  lastError: z.string().nullable(),
  deadLetters: z.number(),
});
const MADE = WEBHOOK.extend({ signingSecret: z.string().nullable().describe("Told once; null: none was made") });
const LETTER = z.object({
  id: z.string().describe("Of the event"),
  type: z.string(),
  at: z.number(),
  subject: z.object({ kind: z.string(), id: z.string() }),
  attempts: z.number(),
  error: z.string(),
  gaveUpAt: z.number(),
  waitsForReplay: z.boolean(),
});
const headers = z.looseObject({ "if-match": z.string().optional().describe("The version that was read; `*`: any") });

/** `/v1/webhooks`. */
export function webhookRoutes({ app }: HttpServer, webhooks: WebhookService): void {
  const path = "/v1/webhooks";
  const params = z.object({ idOrName: z.string() });
  app.get(
    path,
    {
      ...needs("webhook.manage"),
      schema: {
        summary: "Webhooks, by name",
        tags,
        querystring: listQuery,
        response: { 200: z.object({ items: z.array(SHOWN), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const after = cursor === undefined ? "" : decodeCursor(cursor);
      const all = await webhooks.list(request.principal as Principal);
      const rest = all.filter(({ webhook }) => webhook.name > after);
      const items = rest.slice(0, limit).map(shown);
      return { items, next: rest.length > limit ? cursorAfter(items.at(-1)?.name ?? "") : null };
    },
  );
  app.post(
    path,
    {
      ...needs("webhook.manage"),
      schema: { summary: "Create a webhook: events from now on", tags, body: DRAFT, response: { 201: MADE } },
    },
    async (request, reply) => {
      const made = await webhooks.create(request.principal as Principal, draftOf(request.body));
      return reply.status(201).header("etag", `"${made.webhook.version}"`).send(shownMade(made));
    },
  );
  app.get(
    `${path}/:idOrName`,
    {
      ...needs("webhook.manage"),
      schema: { summary: "One webhook, and how far it has come", tags, params, response: { 200: SHOWN } },
    },
    async (request, reply) => {
      const found = await webhooks.get(request.principal as Principal, request.params.idOrName);
      void reply.header("etag", `"${found.webhook.version}"`);
      return shown(found);
    },
  );
  app.put(
    `${path}/:idOrName`,
    {
      ...needs("webhook.manage"),
      schema: {
        summary: "Replace a webhook; from then on it sees what who replaces it may see",
        tags,
        params,
        headers,
        body: CHANGE,
        response: { 200: MADE },
      },
    },
    async (request, reply) => {
      const { rotateSecret: rotate, dropFormerSecret: dropFormer, ...draft } = request.body;
      const after = await webhooks.replace(
        request.principal as Principal,
        request.params.idOrName,
        versionOf(request),
        draftOf(draft),
        { rotate, dropFormer },
      );
      void reply.header("etag", `"${after.webhook.version}"`);
      return shownMade(after);
    },
  );
  app.delete(
    `${path}/:idOrName`,
    {
      ...needs("webhook.manage"),
      schema: { summary: "Remove a webhook", tags, params, headers, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await webhooks.remove(request.principal as Principal, request.params.idOrName, versionOf(request));
      return reply.status(204).send(null);
    },
  );
  app.post(
    `${path}/:idOrName/test`,
    {
      ...needs("webhook.manage"),
      schema: {
        summary: "Send an event to try the receiver",
        tags,
        params,
        response: {
          200: z.object({ delivered: z.boolean(), status: z.number().nullable(), error: z.string().nullable() }),
        },
      },
    },
    async (request) => {
      const sent = await webhooks.test(request.principal as Principal, request.params.idOrName);
      return sent.ok
        ? { delivered: true, status: sent.status, error: null }
        : { delivered: false, status: null, error: sent.error };
    },
  );
  app.get(
    `${path}/:idOrName/dead-letters`,
    {
      ...needs("webhook.manage"),
      schema: {
        summary: "Events that a receiver did not take, oldest first",
        tags,
        params,
        querystring: listQuery,
        response: { 200: z.object({ items: z.array(LETTER), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { limit, cursor } = request.query;
      const { idOrName } = request.params;
      const after = cursor === undefined ? "" : decodeCursor(cursor);
      const page = { after, limit: limit + 1 };
      const found = await webhooks.deadLetters(request.principal as Principal, idOrName, page);
      const items = found.slice(0, limit).map(shownLetter);
      return { items, next: found.length > limit ? cursorAfter(items.at(-1)?.id ?? "") : null };
    },
  );
  app.post(
    `${path}/:idOrName/replay`,
    {
      ...needs("webhook.manage"),
      schema: {
        summary: "Send dead letters once more",
        tags,
        params,
        body: z.strictObject({ ids: z.array(z.string()).min(1).max(1000).optional().describe("Left out: all") }),
        response: { 202: z.object({ replayed: z.number() }) },
      },
    },
    async (request, reply) => {
      const { idOrName } = request.params;
      const replayed = await webhooks.replay(request.principal as Principal, idOrName, request.body.ids);
      return reply.status(202).send({ replayed });
    },
  );
}

function draftOf({ types, subjects, sites, ...rest }: z.output<typeof DRAFT>): WebhookDraft {
  return { ...rest, filter: { types, subjects, sites } };
}

function shownWebhook({ webhook }: { readonly webhook: MadeWebhook["webhook"] }): z.output<typeof WEBHOOK> {
  const { tenantId: _tenantId, filter, secret, former, owner, ...rest } = webhook;
  return {
    ...rest,
    types: [...filter.types],
    subjects: [...filter.subjects],
    sites: [...filter.sites],
    secret: "name" in secret ? secret.name : null,
    formerSecret: former !== null,
    owner: owner.name,
  };
}

function shown(one: ShownWebhook): z.output<typeof SHOWN> {
  const { deliveredAt, attempts, nextAt, lastError } = one.state;
  return { ...shownWebhook(one), deliveredAt, attempts, nextAt, lastError, deadLetters: one.deadLetters };
}

function shownMade(made: MadeWebhook): z.output<typeof MADE> {
  return { ...shownWebhook(made), signingSecret: made.secret ?? null };
}

function shownLetter({ event, attempts, error, gaveUpAt, replay }: DeadLetter): z.output<typeof LETTER> {
  const { id, type, at, subject } = event;
  return { id, type, at, subject: { ...subject }, attempts, error, gaveUpAt, waitsForReplay: replay };
}

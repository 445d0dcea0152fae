import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { HOLD_UNKNOWN } from "./errors.ts";
import type { Holds } from "./holds.ts";
import type { EventReports } from "./report.ts";

const tags = ["webhooks"];
const ANSWER = z.strictObject({
  outcome: z.enum(["done", "refused"]),
  note: z.string().max(1000).default("").describe("For people: shown with the job"),
});
const HOLD = z.object({
  id: z.string(),
  event: z.string(),
  jobId: z.string(),
  target: z.object({ kind: z.string(), id: z.string().nullable(), name: z.string() }),
  since: z.number(),
  expiresAt: z.number(),
  onTimeout: z.enum(["fail", "go_on"]),
});

/** What waits for receivers, and events that somebody reports. */
export function holdRoutes({ app }: HttpServer, holds: Holds, reports: EventReports): void {
  app.post(
    "/v1/webhooks/replies",
    {
      config: { open: true, door: true },
      schema: {
        summary: "A receiver answers what waits for it, by the token that it was sent: `Authorization: Bearer TOKEN`",
        tags,
        security: [],
        body: ANSWER,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
      if (token === undefined) throw new GantryError(HOLD_UNKNOWN, "nothing is held by this");
      await holds.reply(token, request.body);
      return reply.status(204).send(null);
    },
  );
  app.get(
    "/v1/holds",
    {
      ...needs("job.read", "place"),
      schema: {
        summary: "What waits for a receiver, oldest first",
        tags,
        response: { 200: z.object({ items: z.array(HOLD), next: z.null() }) },
      },
    },
    async (request) => {
      const items = await holds.list(request.principal as Principal);
      return { items: items.map((one) => ({ ...one, target: { ...one.target } })), next: null };
    },
  );
  app.post(
    "/v1/holds/:id/answer",
    {
      ...needs("job.control", "place"),
      schema: {
        summary: "Answer in the place of the receiver",
        tags,
        params: z.object({ id: z.string() }),
        body: ANSWER,
        response: { 204: z.null() },
      },
    },
    async (request, reply) => {
      await holds.answer(request.principal as Principal, request.params.id, request.body);
      return reply.status(204).send(null);
    },
  );
  app.post(
    "/v1/events",
    {
      ...needs("event.report", "place"),
      schema: {
        summary: "Report what happened to hardware",
        tags: ["events"],
        body: z.strictObject({
          type: z.string().describe("`hardware.disk_failed`"),
          foundation: z.string().describe("By id or name"),
          data: z.record(z.string(), z.json()).default({}).describe("What is known of it; no secrets"),
        }),
        response: { 201: z.object({ type: z.string(), foundation: z.string() }) },
      },
    },
    async (request, reply) => {
      const foundation = await reports.report(request.principal as Principal, request.body);
      return reply.status(201).send({ type: request.body.type, foundation });
    },
  );
}

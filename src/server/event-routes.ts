import { z } from "zod";
import type { Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { sendLines, type HttpServer } from "../platform/http/index.ts";
import type { EventStream } from "../platform/events/index.ts";
import { EVENT_UNKNOWN } from "./errors.ts";

const PAGE = 200;

/** `/v1/events`: what happened, in pages or as a stream that goes on. */
export function eventRoutes(server: HttpServer, events: EventStream): void {
  const querystring = z.object({
    cursor: z.string().optional().describe("A cursor, or `now`: only what comes from here on"),
    limit: z.coerce.number().int().min(1).max(1000).default(PAGE),
    type: z.string().optional().describe("`job.finished`, or `job.*` for all of a room"),
    follow: z
      .enum(["true", "false"])
      .default("false")
      .describe("Go on as it happens, one event a line (NDJSON); without `cursor` from now on"),
  });
  server.app.get(
    "/v1/events",
    { schema: { summary: "What happened", tags: ["events"], querystring } },
    async (request, reply) => {
      const { tenantId } = request.principal as Principal;
      const { cursor, limit, type, follow } = request.query;
      const filter = { tenantId, ...(type === undefined ? {} : { types: [type] }) };
      // The place is settled before the answer begins, so that what happens from now on is in it.
      const from = cursor === "now" ? await events.end() : cursor;
      if (follow === "true") {
        const start = from ?? (await events.end());
        return sendLines(reply, server.closing, (signal) => events.follow(start, signal, filter));
      }
      const page = await events.read({ ...filter, limit, ...(from === undefined ? {} : { after: from }) });
      return { items: page.events, next: page.more ? page.cursor : null };
    },
  );
  server.app.get(
    "/v1/events/:id",
    { schema: { summary: "One event", tags: ["events"], params: z.object({ id: z.string() }) } },
    async (request) => {
      const { tenantId } = request.principal as Principal;
      const event = await events.find(tenantId, request.params.id);
      if (event === undefined) throw new GantryError(EVENT_UNKNOWN, `there is no event ${request.params.id}`);
      return event;
    },
  );
}

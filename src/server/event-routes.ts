import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import { sendEvents, sendLines, type HttpServer, type ServerSentEvent } from "../platform/http/index.ts";
import type { Cursor, Event, EventFilter, EventStream } from "../platform/events/index.ts";
import { EVENT_UNKNOWN } from "./errors.ts";
import type { EventSight } from "./event-places.ts";

const PAGE = 200;
const SERVER_SENT = "text/event-stream";

const type = z
  .string()
  .regex(
    /^[a-z][a-z_]*\.([a-z][a-z_]*|\*)$/,
    "is neither a type of events, `job.finished`, nor all of a room, `job.*`",
  );
const subject = z
  .string()
  .regex(/^[a-z][a-z_]*(\/[^/]+)?$/, "is neither a kind, `structure`, nor a kind and an id, `structure/0198…`");

const querystring = z.object({
  cursor: z.string().optional().describe("A cursor, or `now`: only what comes from here on"),
  limit: z.coerce.number().int().min(1).max(1000).default(PAGE),
  type: z
    .union([type, z.array(type).max(100)])
    .optional()
    .describe("`job.finished`, or `job.*` for all of a room; may be repeated"),
  subject: subject.optional().describe("What it happened to: `structure`, or `structure/ID`"),
  follow: z
    .enum(["true", "false"])
    .default("false")
    .describe("Go on as it happens, one event a line (NDJSON); without `cursor` from now on"),
});

const event = z.object({
  id: z.string(),
  at: z.number().describe("Epoch milliseconds"),
  type: z.string(),
  subject: z.object({ kind: z.string(), id: z.string() }),
  data: z.unknown(),
  cursor: z.string().describe("Where to read on behind it"),
  tenantId: z.string(),
});

/** `/v1/events`: what happened, in pages, or as a stream that goes on: as server-sent events or as lines. */
export function eventRoutes(
  server: HttpServer,
  events: EventStream,
  clock: Clock,
  /** Tells what may be seen by whose rights reach only some places. */
  sight: EventSight,
): void {
  const headers = z.looseObject({
    "last-event-id": z.string().max(100).optional().describe("For server-sent events: go on behind this one"),
  });
  const page = z.object({ items: z.array(event), next: z.string().nullable() });
  /** A full page of what may be seen, as long as there is more. */
  async function pageOf(filter: EventFilter, limit: number, from: Cursor | undefined, sees: Sees) {
    const items: Event[] = [];
    for (let after = from; ;) {
      const page = await events.read({
        ...filter,
        limit: limit - items.length,
        ...(after === undefined ? {} : { after }),
      });
      for (const one of page.events) if (sees === undefined || (await sees(one))) items.push({ ...one });
      if (!page.more || items.length >= limit) return { items, next: page.more ? page.cursor : null };
      after = page.cursor;
    }
  }

  server.app.get(
    "/v1/events",
    {
      ...needs("event.read", "place"),
      schema: {
        summary: "What happened; with `Accept: text/event-stream` as server-sent events that go on",
        tags: ["events"],
        querystring,
        headers,
        response: { 200: page },
      },
    },
    async (request, reply) => {
      const { query } = request;
      const filter = filterOf(request.principal as Principal, query);
      const pushed = request.headers.accept?.includes(SERVER_SENT) === true;
      // A browser that reconnects repeats its first request, and adds this header: it is the later place.
      const cursor = (pushed ? request.headers["last-event-id"] : undefined) ?? query.cursor;
      // The place is settled before the answer begins, so that what happens from now on is in it.
      const from = cursor === "now" ? await events.end() : cursor;
      const sees = sight(request.principal as Principal);
      if (!pushed && query.follow === "false") return pageOf(filter, query.limit, from, sees);
      const start = from ?? (await events.end());
      // A place that is none, or no longer kept, is refused with a status, as long as there is one.
      await events.read({ ...filter, after: start, limit: 0 });
      if (!pushed)
        return sendLines(reply, server.closing, (signal) => seen(events.follow(start, signal, filter), sees));
      let reached = start;
      return sendEvents(
        reply,
        server.closing,
        clock,
        () => reached,
        (signal) =>
          serverSent(seen(events.follow(start, signal, filter, passed), sees), (one) => {
            reached = one.cursor;
          }),
      );
      function passed(place: string): void {
        reached = place;
      }
    },
  );
  server.app.get(
    "/v1/events/:id",
    {
      ...needs("event.read", "place"),
      schema: {
        summary: "One event",
        tags: ["events"],
        params: z.object({ id: z.string() }),
        response: { 200: event },
      },
    },
    async (request) => {
      const principal = request.principal as Principal;
      const found = await events.find(principal.tenantId, request.params.id);
      if (found === undefined || (await sight(principal)?.(found)) === false)
        throw new GantryError(EVENT_UNKNOWN, `there is no event ${request.params.id}`);
      return { ...found };
    },
  );
}

function filterOf({ tenantId }: Principal, query: z.output<typeof querystring>): EventFilter {
  const [kind, id] = query.subject?.split("/") ?? [];
  return {
    tenantId,
    ...(query.type === undefined ? {} : { types: [query.type].flat() }),
    ...(kind === undefined ? {} : { subject: { kind, ...(id === undefined ? {} : { id }) } }),
  };
}

type Sees = ReturnType<EventSight>;

async function* seen(followed: AsyncIterable<Event>, sees: Sees): AsyncGenerator<Event> {
  for await (const one of followed) if (sees === undefined || (await sees(one))) yield one;
}

async function* serverSent(
  followed: AsyncIterable<Event>,
  written: (event: Event) => void,
): AsyncGenerator<ServerSentEvent> {
  for await (const one of followed) {
    yield { id: one.cursor, event: one.type, data: one };
    // It is asked for more only when this one is on its way.
    written(one);
  }
}

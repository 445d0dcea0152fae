import { Readable } from "node:stream";
import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { LINK_PATHS } from "../link/index.ts";
import type { Database } from "../platform/database/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { CONTENT_LIMIT, holderOf, isGranted } from "./content.ts";
import { roomLeft, takeRoom } from "./content-inbound.ts";
import { contentSender } from "./content-sending.ts";
import { CONTENT_TOO_LARGE, CONTENT_UNKNOWN } from "./errors.ts";
import type { Fleet } from "./fleet.ts";
import type { ExecutorRecord } from "./model.ts";

/** Content by its hash: brought by people for nodes, and by nodes for people. */

const hash = z.string().regex(/^[0-9a-f]{64}$/);
const named = z.object({ sha256: hash });
const bytes = z.coerce.number().int().nonnegative();
const upload = z.object({
  size: bytes.describe("Bytes of all of it"),
  from: bytes.default(0).describe("Bytes the server has of it already: this request goes on behind them"),
});
const fromTask = upload.extend({ task: z.string().max(64) });

interface Parts {
  readonly database: Database;
  /** Throws `executor_request_wrong`. */
  proven(request: FastifyRequest): Promise<ExecutorRecord>;
}

export function contentRoutes(http: HttpServer, fleet: Fleet, parts: Parts): void {
  forPeople(http, fleet);
  forExecutors(http, fleet, parts);
}

/** Bytes are taken in as they come: what is said to be too much need not come at all. */
const asTheyCome = {
  bodyLimit: CONTENT_LIMIT,
  async onRequest(request: FastifyRequest): Promise<void> {
    const length = Number(request.headers["content-length"] ?? 0);
    if (length > CONTENT_LIMIT)
      throw new GantryError(CONTENT_TOO_LARGE, `the file has more than ${CONTENT_LIMIT} bytes`);
  },
};

function forPeople({ app }: HttpServer, fleet: Fleet): void {
  app.post(
    "/v1/content-checks",
    {
      ...needs("run.start", "place"),
      schema: {
        summary: "Which of these files the server has from who asks: those need not be sent",
        tags: ["nodes"],
        body: z.object({ sha256: z.array(hash).max(1000) }),
        response: { 200: z.object({ known: z.array(z.object({ sha256: z.string(), size: z.number() })) }) },
      },
    },
    async (request) => {
      const { tenantId, accountId } = request.principal as Principal;
      return { known: [...(await fleet.content.known(tenantId, holderOf(accountId), request.body.sha256))] };
    },
  );

  app.get(
    "/v1/content/:sha256",
    {
      ...needs("run.start", "place"),
      schema: {
        summary: "The bytes of content (application/octet-stream): files that GET brought, for instance",
        tags: ["nodes"],
        params: named,
        querystring: z.object({ from: bytes.default(0).describe("Bytes to leave out") }),
      },
    },
    async (request, reply) => {
      const { sha256 } = request.params;
      const { tenantId, accountId } = request.principal as Principal;
      const [known] = await fleet.content.known(tenantId, holderOf(accountId), [sha256]);
      // What others brought does not exist for who merely knows its hash.
      if (known === undefined) throw new GantryError(CONTENT_UNKNOWN, `there is no content ${sha256}`);
      const { size } = await fleet.content.find(sha256);
      return reply
        .type("application/octet-stream")
        .header("content-length", Math.max(0, size - request.query.from))
        .send(Readable.from(fleet.content.read(sha256, request.query.from)));
    },
  );

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.put(
      "/v1/content/:sha256",
      {
        ...needs("run.start", "place"),
        ...asTheyCome,
        schema: {
          summary: "Bring a file's bytes (application/octet-stream) for nodes to fetch by their hash",
          tags: ["nodes"],
          params: named,
          querystring: upload,
          response: { 200: z.object({ sha256: z.string(), size: z.number() }) },
        },
      },
      async (request) => {
        const { sha256 } = request.params as z.output<typeof named>;
        const { size, from } = request.query as z.output<typeof upload>;
        const { tenantId, accountId } = request.principal as Principal;
        const holder = holderOf(accountId);
        // Of each by themselves: who would end another's upload would get what they never had.
        const by = `${tenantId} ${holder} ${sha256}`;
        await fleet.content.receive({ tenantId, holder, by, sha256, size, from }, bodyOf(request));
        return { sha256, size };
      },
    );
  });
}

function bodyOf(request: FastifyRequest): AsyncIterable<Uint8Array> {
  return (request.body as Readable | undefined) ?? Readable.from([]);
}

function forExecutors({ app }: HttpServer, fleet: Fleet, parts: Parts): void {
  const send = contentSender(fleet.content);
  app.get(
    `${LINK_PATHS.content}:sha256`,
    {
      config: { open: true },
      schema: {
        summary: "Content by its hash, for workers and agents",
        tags: ["link"],
        security: [],
        params: named,
        querystring: z.object({ from: bytes.default(0) }),
      },
    },
    async (request, reply) => {
      const executor = await parts.proven(request);
      // What was not meant for it does not exist for it.
      if (!(await isGranted(parts.database.kysely, executor.id, request.params.sha256)))
        throw new GantryError(CONTENT_UNKNOWN, `there is no content ${request.params.sha256}`);
      const content = await fleet.content.find(request.params.sha256);
      return send(reply, {
        ...content,
        from: request.query.from,
        encodings: String(request.headers["accept-encoding"] ?? ""),
      });
    },
  );

  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    scope.put(
      `${LINK_PATHS.content}:sha256`,
      {
        config: { open: true },
        ...asTheyCome,
        schema: {
          summary: "A file that a task asked an agent for",
          tags: ["link"],
          security: [],
          params: named,
          querystring: fromTask,
          response: { 200: z.object({ sha256: z.string(), size: z.number() }) },
        },
      },
      async (request) => {
        const executor = await parts.proven(request);
        const { sha256 } = request.params as z.output<typeof named>;
        const { size, from, task } = request.query as z.output<typeof fromTask>;
        const { kysely } = parts.database;
        const asked = await roomLeft(kysely, task, executor.id);
        if (asked === undefined) throw new GantryError(CONTENT_UNKNOWN, "no task asked this node for files");
        const { tenantId } = executor;
        // Brought in an earlier attempt, say: it takes no more room.
        const [known] = await fleet.content.known(tenantId, asked.holder, [sha256]);
        if (known !== undefined) return known;
        if (size > asked.room)
          throw new GantryError(CONTENT_TOO_LARGE, "the files are larger than the task that asked for them allows");
        // One upload of a task at a time: what it leaves unfinished cannot pile up.
        const upload = { tenantId, holder: asked.holder, by: `task ${task}`, sha256, size, from };
        await fleet.content.receive(upload, bodyOf(request));
        await takeRoom(kysely, task, size);
        return { sha256, size };
      },
    );
  });
}

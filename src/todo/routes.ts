import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import { TARGET_KINDS } from "../jobs/index.ts";
import type { HttpServer } from "../platform/http/index.ts";
import { listQuery, pageOf } from "../platform/requests/index.ts";
import type { Todo } from "./model.ts";
import type { TodoService } from "./service.ts";

const TODO = z.object({
  id: z.string().describe("Of the task, or of the job that is paused"),
  kind: z.enum(["task", "paused"]),
  job: z.string(),
  script: z.string(),
  target: z.object({ kind: z.enum(TARGET_KINDS), id: z.string().nullable(), name: z.string() }),
  text: z.string().describe("What to do"),
  details: z.record(z.string(), z.json()).describe("What else helps: where it stands, whom to ask"),
  since: z.number(),
  expiresAt: z.number().nullable().describe("When it fails if nobody answers; null: never"),
});

const tags = ["todos"];
const path = "/v1/todos";
const note = z.string().max(4000);

/** `/v1/todos`: what people are asked to do. */
export function todoRoutes({ app }: HttpServer, todos: TodoService): void {
  const params = z.object({ id: z.string() });
  app.get(
    path,
    {
      ...needs("job.read", "place"),
      schema: {
        summary: "What people are asked to do, the oldest first",
        tags,
        querystring: listQuery,
        response: { 200: z.object({ items: z.array(TODO), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const all = await todos.list(request.principal as Principal);
      // Ids are in the order in which things were made.
      const { items, next } = pageOf(
        all.map((one) => ({ ...one, name: one.id })),
        request.query,
      );
      return { items: items.map(shown), next };
    },
  );
  app.post(
    `${path}/:id/done`,
    {
      ...needs("job.control", "place"),
      schema: {
        summary: "Say that it is done: its job goes on",
        tags,
        params,
        body: z.strictObject({
          note: note.optional().describe("For the job's log"),
          value: z.json().optional().describe("What the script's call answers; left out: the note"),
        }),
        response: { 200: TODO },
      },
    },
    async (request) => {
      const { note: text, value } = request.body;
      const answer = { ...(text !== undefined && { note: text }), ...(value !== undefined && { value }) };
      return shown(await todos.done(request.principal as Principal, request.params.id, answer as never));
    },
  );
  app.post(
    `${path}/:id/failed`,
    {
      ...needs("job.control", "place"),
      schema: {
        summary: "Say that it cannot be done: its job fails there, and can be tried again",
        tags,
        params,
        body: z.strictObject({ note: note.min(1).describe("Why") }),
        response: { 200: TODO },
      },
    },
    async (request) => shown(await todos.failed(request.principal as Principal, request.params.id, request.body.note)),
  );
}

function shown({ id, kind, jobId, script, target, text, details, since, expiresAt }: Todo): z.input<typeof TODO> {
  return { id, kind, job: jobId, script, target, text, details: details as never, since, expiresAt };
}

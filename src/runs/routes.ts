import { z } from "zod";
import { sendLines, type HttpServer } from "../platform/http/index.ts";
import { needs, type Principal } from "../access/index.ts";
import { runRequest } from "./model.ts";
import type { RunService } from "./service.ts";

const runAnswer = z.object({
  id: z.string(),
  text: z.string(),
  createdAt: z.number(),
  jobs: z.array(z.object({ id: z.string(), node: z.string(), status: z.string() })),
});

/** `/v1/runs`. */
export function runRoutes(server: HttpServer, runs: RunService): void {
  const { app } = server;
  const params = z.object({ id: z.string() });
  app.post(
    "/v1/runs",
    {
      ...needs("run.start", "place"),
      bodyLimit: 16 * 1024 * 1024,
      schema: { summary: "Run verbs on nodes", tags: ["runs"], body: runRequest, response: { 201: runAnswer } },
    },
    async (request, reply) => {
      const run = await runs.create(request.principal as Principal, request.body);
      return reply.status(201).send({ ...run, jobs: [...run.jobs] });
    },
  );
  app.get(
    "/v1/runs/:id",
    {
      ...needs("run.read", "place"),
      schema: { summary: "One run and its jobs", tags: ["runs"], params, response: { 200: runAnswer } },
    },
    async (request) => {
      const run = await runs.get(request.principal as Principal, request.params.id);
      return { ...run, jobs: [...run.jobs] };
    },
  );
  app.get(
    "/v1/runs/:id/output",
    {
      ...needs("run.read", "place"),
      schema: { summary: "What the nodes write, as it comes (NDJSON), and how each ended", tags: ["runs"], params },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      await runs.get(principal, request.params.id);
      return sendLines(reply, server.closing, (signal) => runs.follow(principal, request.params.id, signal));
    },
  );
}

import { z } from "zod";
import { sendLines, type HttpServer } from "../platform/http/index.ts";
import { needs, type Principal } from "../access/index.ts";
import { addCounts, NO_COUNTS, RUN_STATUSES, runRequest } from "./model.ts";
import { NODE_STATES, nodeSummaries, type RunService, type RunView } from "./service.ts";
import type { StoredRun } from "./store.ts";

const counts = z.object({
  ok: z.number(),
  changed: z.number(),
  failed: z.number(),
  skipped: z.number(),
  interrupted: z.number(),
  unreachable: z.number(),
});

const listed = z.object({
  id: z.string(),
  text: z.string(),
  status: z.enum(RUN_STATUSES),
  /** The nodes only said what they would do. */
  plan: z.boolean(),
  /** The run whose rest it does. */
  resumes: z.string().nullable(),
  starter: z.string(),
  nodeCount: z.number(),
  createdAt: z.number(),
  finishedAt: z.number().nullable(),
});

const runAnswer = listed.extend({
  /** Verbs on nodes, by how they ended so far. */
  counts,
  verbCount: z.number(),
  entries: z.array(
    z.object({
      name: z.string().nullable(),
      async: z.boolean(),
      nodeCount: z.number(),
      /** Nodes. */
      failed: z.number(),
      stages: z.array(
        z.object({
          /** Numbers of its verbs, from 1, both included. */
          from: z.number(),
          to: z.number(),
          /** Nodes. */
          total: z.number(),
          begun: z.number(),
          ended: z.number(),
          startedAt: z.number().nullable(),
          finishedAt: z.number().nullable(),
        }),
      ),
    }),
  ),
  nodes: z.array(
    z.object({
      name: z.string(),
      state: z.enum(NODE_STATES),
      counts,
      jobs: z.array(z.string()),
      exitCode: z.number().nullable(),
      message: z.string().nullable(),
    }),
  ),
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
      const view = await runs.create(request.principal as Principal, request.body);
      return reply.status(201).send(answerOf(view));
    },
  );
  app.get(
    "/v1/runs",
    {
      ...needs("run.read", "place"),
      schema: {
        summary: "Runs, the newest first",
        tags: ["runs"],
        querystring: z.object({
          cursor: z.string().max(200).optional(),
          limit: z.coerce.number().int().min(1).max(500).default(100),
        }),
        response: { 200: z.object({ items: z.array(listed), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const items = await runs.list(request.principal as Principal, { before: cursor ?? null, limit });
      return { items: items.map(listedOf), next: items.length < limit ? null : items.at(-1)!.id };
    },
  );
  app.get(
    "/v1/runs/:id",
    {
      ...needs("run.read", "place"),
      schema: {
        summary: "One run, and what became of it on each node",
        tags: ["runs"],
        params,
        response: { 200: runAnswer },
      },
    },
    async (request) => answerOf(await runs.get(request.principal as Principal, request.params.id)),
  );
  app.post(
    "/v1/runs/:id/cancel",
    {
      ...needs("run.start", "place"),
      schema: {
        summary: "Stop what a run has out, and begin nothing more",
        tags: ["runs"],
        params,
        response: { 200: runAnswer },
      },
    },
    async (request) => answerOf(await runs.cancel(request.principal as Principal, request.params.id)),
  );
  app.delete(
    "/v1/runs/:id",
    {
      ...needs("run.start", "place"),
      schema: { summary: "Remove a run that ended", tags: ["runs"], params, response: { 204: z.null() } },
    },
    async (request, reply) => {
      await runs.remove(request.principal as Principal, request.params.id);
      return reply.status(204).send(null);
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

function listedOf(run: StoredRun): z.output<typeof listed> {
  return {
    id: run.id,
    text: run.text,
    status: run.status,
    plan: run.plan,
    resumes: run.resumes,
    starter: run.starter.name,
    nodeCount: run.nodes,
    createdAt: run.createdAt,
    finishedAt: run.finishedAt,
  };
}

function answerOf({ run, definition, entries, stages, jobs }: RunView): z.output<typeof runAnswer> {
  const nodes = nodeSummaries(jobs);
  return {
    ...listedOf(run),
    counts: nodes.reduce((sum, node) => addCounts(sum, node.counts), NO_COUNTS),
    verbCount: definition.lines.length,
    entries: entries.map((entry, index) => ({
      name: definition.entries[index]!.name ?? null,
      async: entry.async,
      nodeCount: entry.total,
      failed: entry.failed,
      stages: stages.flatMap(({ stage, entry: own, total, begun, ended, startedAt, finishedAt }) => {
        const { from, to } = definition.stages[stage]!;
        return own === index ? [{ from: from + 1, to, total, begun, ended, startedAt, finishedAt }] : [];
      }),
    })),
    nodes: nodes.map((node) => ({ ...node, jobs: [...node.jobs] })),
  };
}

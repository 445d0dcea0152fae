import { z } from "zod";
import { sendLines, type HttpServer } from "../platform/http/index.ts";
import { needs, type Principal } from "../access/index.ts";
import { addCounts, NO_COUNTS, RUN_STATUSES, runRequest } from "./model.ts";
import { CALL_STATES } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { CURSOR_UNKNOWN } from "../platform/requests/index.ts";
import type { VerbResult } from "./results.ts";
import {
  NODE_STATES,
  nodeSummaries,
  type ExportedLine,
  type FollowedLine,
  type RunService,
  type RunView,
} from "./service.ts";
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
  /** Why it could not go on, beside what became of its verbs. */
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
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

const page = z.object({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

const verbAnswer = z.object({
  /** Its number in the run, from 1. */
  job: z.number(),
  /** What `restrict` takes. */
  id: z.string(),
  entry: z.number(),
  verb: z.string(),
  /** Null where it is sensitive. */
  text: z.string().nullable(),
  name: z.string().nullable(),
  where: z.object({ file: z.string(), line: z.number().optional(), column: z.number().optional() }).nullable(),
});

const RESULT_STATES = [...CALL_STATES, "waiting", "running"] as const;

const resultAnswer = z.object({
  node: z.string(),
  job: z.number(),
  entry: z.number(),
  stage: z.number(),
  state: z.enum(RESULT_STATES),
  jobId: z.string().nullable(),
  exitCode: z.number().nullable(),
  message: z.string().nullable(),
  /** Epoch milliseconds of the node's clock. */
  startedAt: z.number().nullable(),
  milliseconds: z.number().nullable(),
  /** What the verb answered. */
  value: z.unknown(),
});

const times = { execution: z.number(), waiting: z.number(), roundTrip: z.number(), verbs: z.number() };

const analysisAnswer = z.object({
  verbs: z.array(
    z.object({
      verb: verbAnswer,
      nodes: z.number(),
      total: z.number(),
      mean: z.number(),
      longest: z.number(),
      slowest: z.string(),
    }),
  ),
  nodes: z.array(z.object({ node: z.string(), ...times })),
  total: z.object(times),
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
      const { items, next } = await runs.list(request.principal as Principal, { before: cursor ?? null, limit });
      return { items: items.map(listedOf), next };
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
  resultRoutes(server, runs);
  app.get(
    "/v1/runs/:id/output",
    {
      ...needs("run.read", "place"),
      schema: {
        summary: "What the nodes write, as it comes (NDJSON), how each ended, and at last the run",
        tags: ["runs"],
        params,
      },
    },
    async (request, reply) => {
      const follow = await runs.follow(request.principal as Principal, request.params.id);
      return sendLines(reply, server.closing, (signal) => followed(follow(signal)));
    },
  );
}

async function* followed(lines: AsyncIterable<FollowedLine>): AsyncGenerator<object> {
  for await (const line of lines) yield line.kind === "run" ? { kind: "run", run: answerOf(line.view) } : line;
}

/** What became of each verb of a run. */
function resultRoutes({ app, closing }: HttpServer, runs: RunService): void {
  const params = z.object({ id: z.string() });
  app.get(
    "/v1/runs/:id/verbs",
    {
      ...needs("run.read", "place"),
      schema: {
        summary: "The verbs of a run",
        tags: ["runs"],
        params,
        querystring: page,
        response: { 200: z.object({ items: z.array(verbAnswer), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { cursor, limit } = request.query;
      const [after = 0] = cursor === undefined ? [] : numbersOf(cursor, 1);
      const items = await runs.verbs(request.principal as Principal, request.params.id, { after, limit });
      return { items: [...items], next: items.length < limit ? null : String(after + items.length) };
    },
  );
  app.get(
    "/v1/runs/:id/results",
    {
      ...needs("run.read", "place"),
      schema: {
        summary: "Every verb of a run on every node",
        tags: ["runs"],
        params,
        querystring: page.extend({ state: z.enum(RESULT_STATES).optional(), node: z.string().max(1024).optional() }),
        response: { 200: z.object({ items: z.array(resultAnswer), next: z.string().nullable() }) },
      },
    },
    async (request) => {
      const { cursor, limit, state, node: only } = request.query;
      const [stage = 0, node = 0, job = 0] = cursor === undefined ? [] : numbersOf(cursor, 3);
      const items = await runs.results(request.principal as Principal, request.params.id, {
        after: cursor === undefined ? null : [stage, node, job],
        limit,
        ...(state === undefined ? {} : { state }),
        ...(only === undefined ? {} : { node: only }),
      });
      const last = items.at(-1);
      const next = last === undefined || items.length < limit ? null : `${last.stage}.${last.nodeNumber}.${last.job}`;
      return { items: items.map(resultOf), next };
    },
  );
  app.get(
    "/v1/runs/:id/analysis",
    {
      ...needs("run.read", "place"),
      schema: {
        summary: "Where the time of a run went, in milliseconds",
        tags: ["runs"],
        params,
        response: { 200: analysisAnswer },
      },
    },
    async (request) => {
      const { verbs, nodes, total } = await runs.analysis(request.principal as Principal, request.params.id);
      return { verbs: [...verbs], nodes: [...nodes], total };
    },
  );
  app.get(
    "/v1/runs/:id/export",
    {
      ...needs("run.read", "place"),
      schema: { summary: "A run, its verbs, and every result (NDJSON)", tags: ["runs"], params },
    },
    async (request, reply) => {
      const principal = request.principal as Principal;
      await runs.get(principal, request.params.id);
      return sendLines(reply, closing, () => exported(runs.export(principal, request.params.id)));
    },
  );
}

/** The numbers of a cursor. Errors: `cursor_unknown`. */
function numbersOf(cursor: string, count: number): readonly number[] {
  const numbers = cursor.split(".").map(Number);
  if (numbers.length !== count || numbers.some((one) => !Number.isSafeInteger(one) || one < 0))
    throw new GantryError(CURSOR_UNKNOWN, `'${cursor.slice(0, 60)}' is not a cursor`);
  return numbers;
}

function resultOf({ nodeNumber: _number, ...result }: VerbResult): z.output<typeof resultAnswer> {
  return result;
}

/** Each line names what it is: `run`, `verb` or `result`. */
async function* exported(lines: AsyncIterable<ExportedLine>): AsyncGenerator<object> {
  for await (const line of lines) {
    if (line.kind === "run") yield { kind: "run", ...answerOf(line.view) };
    else if (line.kind === "verb") yield { kind: "verb", ...line.verb };
    else yield { kind: "result", ...resultOf(line.result) };
  }
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
    error: run.error,
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

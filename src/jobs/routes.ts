import { z } from "zod";
import { needs, type Principal } from "../access/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { GantryError } from "../kernel/errors.ts";
import type { App } from "../platform/http/index.ts";
import { JOB_POSITION_INVALID } from "./errors.ts";
import { JOB_ACTIONS, JOB_STATUSES, LOG_KINDS, TARGET_KINDS, WISHES, allowedActions, remainingOf } from "./model.ts";
import type { Job } from "./model.ts";
import type { OutputPiece, OutputPosition } from "./output-store.ts";
import type { JobService } from "./service.ts";
import { createSeenJobs, type TargetPlaces } from "./sight.ts";
import { TASK_STATUSES } from "./task-model.ts";

const MOST_ITEMS = 500;
const limit = z.coerce.number().int().min(1).max(MOST_ITEMS).default(100);

const place = z.object({ file: z.string(), line: z.number().optional(), column: z.number().optional() });

const jobAnswer = z.object({
  id: z.string(),
  host: z.string(),
  program: z.object({ kind: z.enum(["script", "verbs"]), name: z.string(), hash: z.string() }),
  target: z.object({ kind: z.enum(TARGET_KINDS), id: z.string().nullable(), name: z.string() }),
  run: z.string().nullable(),
  status: z.enum(JOB_STATUSES),
  /** What was asked of it and has not happened yet. */
  wish: z.enum(WISHES).nullable(),
  /** What can be asked of it now. */
  actions: z.array(z.enum(JOB_ACTIONS)),
  line: z.number().nullable(),
  percent: z.number(),
  progress: z.array(z.object({ percent: z.number(), name: z.string(), description: z.string().optional() })),
  message: z.string(),
  failure: z
    .object({
      message: z.string(),
      line: z.number().nullable(),
      where: place.optional(),
      task: z.string().optional(),
      call: z.string().optional(),
      output: z.string().optional(),
      code: z.string().optional(),
    })
    .nullable(),
  wakeAt: z.number().nullable(),
  /** Milliseconds until it comes to its end, by `expected_time` of its script or by earlier jobs of it; null: nobody can say. */
  remaining: z.number().nullable(),
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  finishedAt: z.number().nullable(),
});

const logAnswer = z.object({
  sequence: z.number(),
  at: z.number(),
  kind: z.enum(LOG_KINDS),
  line: z.number().nullable(),
  text: z.string(),
  task: z.string().nullable(),
});

const outputAnswer = z.object({
  task: z.string(),
  attempt: z.number(),
  stream: z.enum(["stdout", "stderr"]),
  /** Of a list of verbs: the place of the one that wrote it, from 0. */
  item: z.number().nullable(),
  at: z.number(),
  /** Base64: tasks write bytes. */
  data: z.string(),
  /** Bytes left out just before this piece, because the task wrote too much. */
  droppedBefore: z.number(),
});

const taskAnswer = z.object({
  id: z.string(),
  module: z.string(),
  function: z.string(),
  /** The task that this one takes back. */
  undoOf: z.string().nullable(),
  status: z.enum(TASK_STATUSES),
  attempt: z.number(),
  value: z.json(),
  error: z.object({ message: z.string(), code: z.string().optional() }).nullable(),
  createdAt: z.number(),
  startedAt: z.number().nullable(),
  settledAt: z.number().nullable(),
});

/** `/v1/jobs`. */
export function jobRoutes(app: App, jobs: JobService, places: TargetPlaces, clock: Pick<Clock, "now">): void {
  const seen = createSeenJobs(jobs, places);
  const shownJob = (job: Job): ShownJob => answerOf(job, clock.now());
  const params = z.object({ id: z.string() });
  const page = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item), next: z.string().nullable() });

  app.get(
    "/v1/jobs",
    {
      ...needs("job.read", "place"),
      schema: {
        summary: "Jobs, newest first",
        tags: ["jobs"],
        querystring: z.object({
          status: z.enum(JOB_STATUSES).optional(),
          target: z.string().optional(),
          run: z.string().optional(),
          cursor: z.string().optional(),
          limit,
        }),
        response: { 200: page(jobAnswer) },
      },
    },
    async (request) => {
      const { status, target, run, cursor, limit: most } = request.query;
      const filter = {
        ...(status === undefined ? {} : { status }),
        ...(target === undefined ? {} : { targetId: target }),
        ...(run === undefined ? {} : { runId: run }),
      };
      const items = await seen.list(request.principal as Principal, filter, { before: cursor ?? null, limit: most });
      return { items: items.map(shownJob), next: items.length < most ? null : items.at(-1)!.id };
    },
  );

  app.get(
    "/v1/jobs/:id",
    {
      ...needs("job.read", "place"),
      schema: { summary: "One job", tags: ["jobs"], params, response: { 200: jobAnswer } },
    },
    async (request) => shownJob(await seen.get(request.principal as Principal, request.params.id)),
  );

  app.get(
    "/v1/jobs/:id/log",
    {
      ...needs("job.read", "place"),
      schema: {
        summary: "A job's log, oldest line first",
        tags: ["jobs"],
        params,
        querystring: z.object({ cursor: z.coerce.number().int().min(0).default(0), limit }),
        response: { 200: page(logAnswer) },
      },
    },
    async (request) => {
      const { cursor, limit: most } = request.query;
      const { id } = await seen.get(request.principal as Principal, request.params.id);
      const lines = await jobs.log(id, { after: cursor, limit: most });
      const items = lines.map(({ sequence, at, kind, line, text, taskId }) => ({
        sequence,
        at,
        kind,
        line,
        text,
        task: taskId,
      }));
      return { items, next: items.length < most ? null : String(items.at(-1)!.sequence) };
    },
  );

  app.get(
    "/v1/jobs/:id/output",
    {
      ...needs("job.read", "place"),
      schema: {
        summary: "What a job's tasks wrote, task by task",
        tags: ["jobs"],
        params,
        querystring: z.object({ cursor: z.string().optional(), limit }),
        response: { 200: page(outputAnswer) },
      },
    },
    async (request) => {
      const { cursor, limit: most } = request.query;
      const { id } = await seen.get(request.principal as Principal, request.params.id);
      const pieces = await jobs.output([{ jobId: id, after: cursor === undefined ? null : positionOf(cursor) }], most);
      return { items: pieces.map(shownPiece), next: pieces.length === 0 ? null : positionText(pieces.at(-1)!) };
    },
  );

  app.get(
    "/v1/jobs/:id/tasks",
    {
      ...needs("job.read", "place"),
      schema: {
        summary: "A job's tasks, in the order they were made",
        tags: ["jobs"],
        params,
        querystring: z.object({ cursor: z.string().optional(), limit }),
        response: { 200: page(taskAnswer) },
      },
    },
    async (request) => {
      const { cursor, limit: most } = request.query;
      const { id } = await seen.get(request.principal as Principal, request.params.id);
      const tasks = await jobs.tasks(id, { after: cursor ?? null, limit: most });
      const items = tasks.map(({ error, value, ...task }) => ({
        ...task,
        value: value as z.core.util.JSONType,
        error:
          error === null ? null : { message: error.message, ...(error.code === undefined ? {} : { code: error.code }) },
      }));
      return { items, next: items.length < most ? null : items.at(-1)!.id };
    },
  );

  app.post(
    "/v1/jobs/:id/jump",
    {
      ...needs("job.control", "place"),
      schema: {
        summary: "Let a paused or failed job go on at a label of its script",
        tags: ["jobs"],
        params,
        body: z.object({ label: z.string().min(1).max(200) }),
        response: { 200: jobAnswer },
      },
    },
    async (request) => shownJob(await seen.jump(request.principal as Principal, request.params.id, request.body.label)),
  );

  for (const action of JOB_ACTIONS) {
    if (action === "jump") continue;
    app.post(
      `/v1/jobs/:id/${action}`,
      {
        ...needs("job.control", "place"),
        schema: { summary: SUMMARIES[action], tags: ["jobs"], params, response: { 200: jobAnswer } },
      },
      async (request) => shownJob(await seen.act(request.principal as Principal, request.params.id, action)),
    );
  }
}

const SUMMARIES = {
  pause: "Let a job rest: what is out ends, nothing new begins",
  resume: "Let a paused job go on",
  cancel: "End a job: what is out is stopped, and what can be taken back is taken back, the latest first",
  retry: "Make a failed job's call again, or begin its program anew",
  rollback: "Stop and take back the call a job stands at; it is then paused before that call",
} as const;

type ShownJob = z.input<typeof jobAnswer>;

function answerOf(job: Job, now: number): ShownJob {
  const { failure } = job;
  return {
    id: job.id,
    host: job.host,
    program: { kind: job.programKind, name: job.programName, hash: job.programHash },
    target: job.target,
    run: job.runId,
    status: job.status,
    wish: job.wish,
    actions: [...allowedActions(job)],
    line: job.line,
    percent: job.percent,
    progress: [...job.progress],
    message: job.message,
    failure: failure === null ? null : { ...failure, task: failure.taskId },
    wakeAt: job.wakeAt,
    remaining: remainingOf(job, now),
    createdAt: job.createdAt,
    startedAt: job.startedAt,
    finishedAt: job.finishedAt,
  };
}

function shownPiece(piece: OutputPiece): z.input<typeof outputAnswer> {
  return {
    task: piece.taskId,
    attempt: piece.attempt,
    stream: piece.stream,
    item: piece.item,
    at: piece.at,
    data: Buffer.from(piece.data).toString("base64"),
    droppedBefore: piece.droppedBefore,
  };
}

function positionText(position: OutputPosition): string {
  return `${position.taskId}.${position.position}`;
}

function positionOf(text: string): OutputPosition {
  const match = /^([0-9a-f-]{36})\.(\d{1,15})$/.exec(text);
  if (match === null) throw new GantryError(JOB_POSITION_INVALID, `'${text}' is not a place in a job's output`);
  return { taskId: match[1]!, position: Number(match[2]) };
}

import type { Principal } from "../access/index.ts";
import type { InventoryStore } from "../inventory/index.ts";
import type { Job, OutsideTask, OutsideTasks, SeenJobs } from "../jobs/index.ts";
import { GantryError } from "../kernel/errors.ts";
import { isJsonObject, type Json, type JsonObject } from "../kernel/json.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import { TODO_ANSWER_REFUSED, TODO_NOT_FOUND } from "./errors.ts";
import { IDENTIFIERS, MANUAL, MANUAL_FUNCTIONS, type Said, type Todo } from "./model.ts";

/** What people are asked to do, and their answers. */
export interface TodoService {
  /** Of the tenant, as far as somebody may read the jobs. */
  list(principal: Principal): Promise<readonly Todo[]>;
  /** Errors: `todo_not_found`, `todo_answer_refused`, `forbidden`, `task_not_waiting`. */
  done(principal: Principal, id: string, answer: { readonly note?: string; readonly value?: Json }): Promise<Todo>;
  failed(principal: Principal, id: string, note: string): Promise<Todo>;
}

export interface TodoParts {
  readonly database: Database;
  readonly jobs: SeenJobs;
  readonly outside: OutsideTasks;
  readonly inventory: Pick<InventoryStore, "readBuild" | "changeBookkeeping">;
}

const PAGE = 500;

export function createTodoService(parts: TodoParts): TodoService {
  const { database, jobs, outside, inventory } = parts;

  async function tasks({ tenantId }: Principal): Promise<readonly OutsideTask[]> {
    const found: OutsideTask[] = [];
    for (;;) {
      const after = found.at(-1)?.taskId;
      const some = await outside.list({
        outside: "person",
        tenantId,
        limit: PAGE,
        ...(after !== undefined && { after }),
      });
      found.push(...some);
      if (some.length < PAGE) return found;
    }
  }

  async function paused(principal: Principal): Promise<readonly Job[]> {
    const found: Job[] = [];
    for (;;) {
      const before = found.at(-1)?.id ?? null;
      const some = await jobs.list(principal, { status: "paused" }, { before, limit: PAGE });
      found.push(...some);
      if (some.length < PAGE) return found;
    }
  }

  /** Errors: `todo_not_found`. */
  async function find(principal: Principal, id: string): Promise<{ readonly todo: Todo; readonly task?: OutsideTask }> {
    const task = (await tasks(principal)).find(({ taskId }) => taskId === id);
    const job = await jobs.get(principal, task?.jobId ?? id).catch((error: unknown) => {
      if (error instanceof GantryError && error.kind.status === 404) return undefined;
      throw error;
    });
    if (task !== undefined && job !== undefined) return { todo: ofTask(task, job), task };
    if (task === undefined && job?.status === "paused") return { todo: ofPaused(job) };
    throw new GantryError(TODO_NOT_FOUND, `nobody is asked to do ${id}`);
  }

  /** What was said of a machine that only people can look at. */
  async function note(tx: Transaction, { module, function: name, parameters }: OutsideTask): Promise<void> {
    const after = module === MANUAL ? MANUAL_FUNCTIONS[name]?.after : undefined;
    const id = isJsonObject(parameters) ? parameters["foundation"] : undefined;
    if (after === undefined || typeof id !== "string") return;
    const row = await inventory.readBuild(tx, "foundation", id);
    if (row === undefined) return;
    await inventory.changeBookkeeping(tx, id, { identifiers: { ...row.identifiers, ...identifiersOf(after) } });
  }

  return {
    async list(principal) {
      const found: Todo[] = [];
      for (const task of await tasks(principal)) {
        const job = await jobs.get(principal, task.jobId).catch(() => undefined);
        if (job !== undefined) found.push(ofTask(task, job));
      }
      for (const job of await paused(principal)) found.push(ofPaused(job));
      return found;
    },
    async done(principal, id, { note: text, value }) {
      const { todo, task } = await find(principal, id);
      if (task === undefined) {
        if (text !== undefined || value !== undefined)
          throw new GantryError(
            TODO_ANSWER_REFUSED,
            `${id} is a paused job: it goes on, and takes no note and no value`,
          );
        await jobs.act(principal, id, "resume");
        return todo;
      }
      await jobs.requireControl(principal, task.jobId);
      const fallback = task.module === MANUAL ? MANUAL_FUNCTIONS[task.function]?.done : undefined;
      await database.transaction(async (tx) => {
        const answer = { taskId: id, outcome: "done" as const, value: value ?? fallback ?? text ?? null };
        await outside.answer(tx, { ...answer, ...(text !== undefined && { message: text }) }, principal);
        await note(tx, task);
      });
      return todo;
    },
    async failed(principal, id, text) {
      const { todo, task } = await find(principal, id);
      if (task === undefined)
        throw new GantryError(TODO_ANSWER_REFUSED, `${id} is a paused job: it can go on, or be cancelled`);
      await jobs.requireControl(principal, task.jobId);
      await database.transaction((tx) =>
        outside.answer(tx, { taskId: id, outcome: "failed", message: text }, principal),
      );
      return todo;
    },
  };
}

function identifiersOf({ created, power }: Partial<Said>): JsonObject {
  return {
    ...(created === undefined ? {} : { [IDENTIFIERS.created]: created }),
    ...(power === undefined ? {} : { [IDENTIFIERS.power]: power }),
  };
}

function ofTask({ taskId, function: name, parameters, target, createdAt, expiresAt }: OutsideTask, job: Job): Todo {
  const given = isJsonObject(parameters) ? parameters : {};
  const { text, details } = given;
  return {
    id: taskId,
    kind: "task",
    jobId: job.id,
    script: job.programName,
    target,
    text: typeof text === "string" ? text : name,
    details: isJsonObject(details) ? details : {},
    since: createdAt,
    expiresAt,
  };
}

function ofPaused(job: Job): Todo {
  return {
    id: job.id,
    kind: "paused",
    jobId: job.id,
    script: job.programName,
    target: job.target,
    text: job.message,
    details: {},
    since: job.startedAt ?? job.createdAt,
    expiresAt: null,
  };
}

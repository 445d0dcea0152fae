import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { ItemResult, TaskError } from "./model.ts";
import type { Sql } from "./sql.ts";
import type { TaskStatus } from "./task-model.ts";

/** Tasks and their results as others see them. */

/** A task as others see it. */
export interface Task {
  readonly id: Id;
  readonly jobId: Id;
  readonly module: string;
  readonly function: string;
  /** The task it takes back. */
  readonly undoOf: Id | null;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly value: Json;
  readonly error: TaskError | null;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly settledAt: number | null;
}

interface TaskRow {
  readonly id: string;
  readonly job_id: string;
  readonly module: string;
  readonly function: string;
  readonly undo_of: Id | null;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly value: string | null;
  readonly error: string | null;
  readonly created_at: number;
  readonly started_at: number | null;
  readonly settled_at: number | null;
}

/** Tasks of a job behind `after`, in the order they were made. */
export async function selectTasks(sql: Sql, jobId: Id, after: Id | null, limit: number): Promise<readonly Task[]> {
  const rows = await sql.rows<TaskRow>(
    `SELECT id, job_id, module, function, undo_of, status, attempt, value, error, created_at, started_at, settled_at FROM task
     WHERE job_id = ? AND id > ? ORDER BY id LIMIT ?`,
    [jobId, after ?? "", limit],
  );
  return rows.map((row) => ({
    id: row.id,
    jobId: row.job_id,
    module: row.module,
    function: row.function,
    undoOf: row.undo_of,
    status: row.status,
    attempt: row.attempt,
    value: row.value === null ? null : (JSON.parse(row.value) as Json),
    error: row.error === null ? null : (JSON.parse(row.error) as TaskError),
    createdAt: row.created_at,
    startedAt: row.started_at,
    settledAt: row.settled_at,
  }));
}

/** A place in the item results of a job: behind this one. */
export interface ItemPosition {
  readonly taskId: Id;
  readonly item: number;
}

interface ItemRow {
  readonly task_id: string;
  readonly item: number;
  readonly outcome: ItemResult["outcome"];
  readonly value: string | null;
  readonly error: string | null;
}

/** Results of the items of a job's batches, task by task in the order they were made. */
export async function selectItems(
  sql: Sql,
  jobId: Id,
  after: ItemPosition | null,
  limit: number,
): Promise<readonly (ItemResult & { readonly taskId: Id })[]> {
  const place = after === null ? "" : "AND task.id >= ? AND (task.id > ? OR item > ?)";
  const rows = await sql.rows<ItemRow>(
    `SELECT task_id, item, outcome, task_item.value, task_item.error FROM task JOIN task_item ON task_item.task_id = task.id
     WHERE task.job_id = ? ${place} ORDER BY task.id, item LIMIT ?`,
    [jobId, ...(after === null ? [] : [after.taskId, after.taskId, after.item]), limit],
  );
  return rows.map((row) => ({
    taskId: row.task_id,
    item: row.item,
    outcome: row.outcome,
    ...(row.value === null ? {} : { value: JSON.parse(row.value) as Json }),
    ...(row.error === null ? {} : { error: JSON.parse(row.error) as TaskError }),
  }));
}

import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { TargetKind } from "./model.ts";
import type { OutsideFilter, OutsideTask } from "./outside-model.ts";
import { lockRows } from "./sql.ts";
import type { Sql, SqlValue } from "./sql.ts";
import { FACTS, recordOf } from "./task-store.ts";
import type { FactsRow, TaskRecord } from "./task-store.ts";

/** A task that waits for an answer from outside, held against others until the transaction ends. Undefined: there is none that waits. */
export async function lockWaiting(sql: Sql, id: Id): Promise<TaskRecord | undefined> {
  const [row] = await sql.rows<FactsRow>(
    `SELECT ${FACTS} FROM task WHERE id = ? AND outside IS NOT NULL AND status = 'ready' ${lockRows(sql)}`,
    [id],
  );
  return row === undefined ? undefined : recordOf(row);
}

interface OutsideRow {
  readonly id: Id;
  readonly job_id: Id;
  readonly tenant_id: Id;
  readonly module: string;
  readonly function: string;
  readonly parameters: string;
  readonly target_kind: TargetKind;
  readonly target_id: Id | null;
  readonly target_name: string;
  readonly created_at: number;
  readonly due_at: number | null;
}

/** Tasks that wait for an answer, in the order they were made. */
export async function selectWaiting(sql: Sql, filter: OutsideFilter): Promise<readonly OutsideTask[]> {
  const conditions: string[] = [];
  const values: SqlValue[] = [];
  const wanted: readonly (readonly [string, SqlValue | undefined])[] = [
    ["task.tenant_id = ?", filter.tenantId],
    ["task.job_id = ?", filter.jobId],
    ["task.module = ?", filter.module],
    ["task.id > ?", filter.after],
  ];
  for (const [condition, value] of wanted) {
    if (value === undefined) continue;
    conditions.push(`AND ${condition}`);
    values.push(value);
  }
  const rows = await sql.rows<OutsideRow>(
    `SELECT task.id, task.job_id, task.tenant_id, task.module, task.function, task.parameters, task.created_at, task.due_at,
      job.target_kind, job.target_id, job.target_name
     FROM task JOIN job ON job.id = task.job_id
     WHERE task.status = 'ready' AND task.outside = ? ${conditions.join(" ")} ORDER BY task.id LIMIT ?`,
    [filter.outside, ...values, filter.limit],
  );
  return rows.map((row) => ({
    taskId: row.id,
    jobId: row.job_id,
    tenantId: row.tenant_id,
    module: row.module,
    function: row.function,
    parameters: JSON.parse(row.parameters) as Json,
    target: { kind: row.target_kind, id: row.target_id, name: row.target_name },
    createdAt: row.created_at,
    expiresAt: row.due_at,
  }));
}

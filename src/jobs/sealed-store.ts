import type { Id } from "../kernel/ids.ts";
import { rowsIn } from "./sql.ts";
import type { Sql } from "./sql.ts";

const NOT_NEEDED = `status NOT IN ('ready', 'leased', 'started')
  AND (undoable IS NULL OR undoable = 0 OR NOT EXISTS (SELECT 1 FROM job WHERE job.id = task.job_id AND job.status = 'failed'))`;

/**
 * Sealed parameters of jobs that ended are not needed any more, but for tasks that somebody still has; and of a job that failed for what may
 * yet be taken back.
 */
export async function dropSealed(sql: Sql, jobs: readonly Id[]): Promise<void> {
  await rowsIn(
    sql,
    jobs,
    (list) => `UPDATE task SET sealed = NULL WHERE sealed IS NOT NULL AND job_id IN (${list}) AND ${NOT_NEEDED}`,
  );
}

/** The same for tasks that ended when their jobs had ended already. */
export async function dropSealedOfEnded(sql: Sql): Promise<void> {
  await sql.rows(
    `UPDATE task SET sealed = NULL WHERE sealed IS NOT NULL AND job_id IN (SELECT id FROM job WHERE finished_at IS NOT NULL)
     AND ${NOT_NEEDED}`,
  );
}

export interface SealedTask {
  readonly id: Id;
  readonly jobId: Id;
  readonly tenantId: Id;
  readonly call: number;
  readonly sealed: Uint8Array;
}

interface SealedRow {
  readonly id: Id;
  readonly job_id: Id;
  readonly tenant_id: Id;
  readonly call: number;
  readonly sealed: Uint8Array;
}

/** Every task whose parameters are kept sealed, or those that an executor has. */
export async function selectSealedTasks(sql: Sql, owner?: Id): Promise<readonly SealedTask[]> {
  const own = owner === undefined ? "" : "AND owner = ? AND status IN ('leased', 'started')";
  const rows = await sql.rows<SealedRow>(
    `SELECT id, job_id, tenant_id, call, sealed FROM task WHERE sealed IS NOT NULL ${own}`,
    owner === undefined ? [] : [owner],
  );
  return rows.map(({ id, job_id, tenant_id, call, sealed }) => ({
    id,
    jobId: job_id,
    tenantId: tenant_id,
    call,
    sealed,
  }));
}

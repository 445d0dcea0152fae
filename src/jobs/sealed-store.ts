import type { Id } from "../kernel/ids.ts";
import { rowsIn } from "./sql.ts";
import type { Sql } from "./sql.ts";

/** Sealed parameters of jobs that ended are not needed any more, but for tasks that somebody still has. */
export async function dropSealed(sql: Sql, jobs: readonly Id[]): Promise<void> {
  await rowsIn(
    sql,
    jobs,
    (list) =>
      `UPDATE task SET sealed = NULL WHERE sealed IS NOT NULL AND job_id IN (${list}) AND status NOT IN ('ready', 'leased', 'started')`,
  );
}

export interface SealedTask {
  readonly id: Id;
  readonly jobId: Id;
  readonly tenantId: Id;
  readonly call: number;
  readonly sealed: Uint8Array;
}

/** Every task whose parameters are kept sealed. */
export async function selectSealedTasks(sql: Sql): Promise<readonly SealedTask[]> {
  const rows = await sql.rows<{ id: Id; job_id: Id; tenant_id: Id; call: number; sealed: Uint8Array }>(
    "SELECT id, job_id, tenant_id, call, sealed FROM task WHERE sealed IS NOT NULL",
  );
  return rows.map(({ id, job_id, tenant_id, call, sealed }) => ({
    id,
    jobId: job_id,
    tenantId: tenant_id,
    call,
    sealed,
  }));
}

export async function selectTenants(sql: Sql, jobs: readonly Id[]): Promise<ReadonlyMap<Id, Id>> {
  const rows = await rowsIn<{ id: Id; tenant_id: Id }>(
    sql,
    jobs,
    (list) => `SELECT id, tenant_id FROM job WHERE id IN (${list})`,
  );
  return new Map(rows.map((row) => [row.id, row.tenant_id]));
}

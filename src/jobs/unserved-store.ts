import type { Id } from "../kernel/ids.ts";
import { rowsIn } from "./sql.ts";
import type { Sql } from "./sql.ts";

/** Tasks that wait for a worker of a site, by what they need. */

/** What tasks wait for. */
export interface Need {
  readonly tenantId: Id;
  readonly module: string;
  readonly siteId: Id;
  /** Some of its tasks were told that nobody is there, or all, or none. */
  readonly told: "none" | "some" | "all";
}

interface NeedRow {
  readonly tenant_id: Id;
  readonly module: string;
  readonly site_id: Id;
  readonly told: number;
  readonly tasks: number;
}

/** What can be taken since `before` at the latest. */
export async function selectNeeds(sql: Sql, before: number): Promise<readonly Need[]> {
  const rows = await sql.rows<NeedRow>(
    `SELECT tenant_id, module, site_id, sum(CASE WHEN unserved = 1 THEN 1 ELSE 0 END) AS told, count(*) AS tasks FROM task
     WHERE status = 'ready' AND site_id IS NOT NULL AND not_before <= ? GROUP BY tenant_id, module, site_id`,
    [before],
  );
  return rows.map(({ tenant_id, module, site_id, told, tasks }) => ({
    tenantId: tenant_id,
    module,
    siteId: site_id,
    told: Number(told) === 0 ? "none" : Number(told) === Number(tasks) ? "all" : "some",
  }));
}

/** When the next task can be taken, or one that nobody took was to be looked at; null: there is none that waits. */
export async function nextNeed(sql: Sql): Promise<number | null> {
  const [row] = await sql.rows<{ at: number | null }>(
    "SELECT min(not_before) AS at FROM task WHERE status = 'ready' AND site_id IS NOT NULL",
  );
  return row?.at ?? null;
}

export interface ToldTask {
  readonly id: Id;
  readonly jobId: Id;
}

/** Notes of the tasks of a need whether nobody is there for them. Returns those of which that is new. */
export async function markUnserved(
  sql: Sql,
  { tenantId, module, siteId }: Pick<Need, "tenantId" | "module" | "siteId">,
  before: number,
  unserved: boolean,
): Promise<readonly ToldTask[]> {
  const rows = await sql.rows<{ id: Id; job_id: Id }>(
    `UPDATE task SET unserved = ${unserved ? 1 : 0} WHERE status = 'ready' AND module = ? AND tenant_id = ? AND site_id = ? AND not_before <= ?
       AND ${unserved ? "(unserved IS NULL OR unserved = 0)" : "unserved = 1"} RETURNING id, job_id`,
    [module, tenantId, siteId, before],
  );
  return rows.map((row) => ({ id: row.id, jobId: row.job_id }));
}

/** Somebody took these: of which of them it was said that nobody is there? It is not said any more. */
export async function takeUnserved(sql: Sql, tasks: readonly Id[]): Promise<readonly ToldTask[]> {
  const rows = await rowsIn<{ id: Id; job_id: Id }>(
    sql,
    tasks,
    (list) => `UPDATE task SET unserved = 0 WHERE id IN (${list}) AND unserved = 1 RETURNING id, job_id`,
  );
  return rows.map((row) => ({ id: row.id, jobId: row.job_id }));
}

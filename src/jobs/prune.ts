import type { Id } from "../kernel/ids.ts";
import type { Database } from "../platform/database/index.ts";
import { rowsIn, skipLocked, sqlOf } from "./sql.ts";
import type { SqlValue } from "./sql.ts";

/** Jobs removed in one transaction: each may have megabytes of output. */
const AT_ONCE = 100;

/**
 * Removes jobs that ended before this time (epoch milliseconds), with their tasks, logs and output. Of each target the latest job of each
 * host stays, however old: it says how the target came to be what it is, and may be tried again. Programs stay: they are few, and shared.
 * May run at any time and on every replica.
 * @returns jobs removed; fewer when the signal ended it
 */
export async function pruneJobs(database: Database, before: number, signal: AbortSignal): Promise<number> {
  return inPieces(signal, () => removeSome(database, OLD, before));
}

/**
 * Removes the jobs of a run that ended, with all that belongs to them.
 * @returns jobs removed; fewer when the signal ended it
 */
export async function removeJobsOfRun(database: Database, runId: Id, signal: AbortSignal): Promise<number> {
  return inPieces(signal, () =>
    removeSome(database, `run_id = ? AND finished_at IS NOT NULL ORDER BY id LIMIT ${AT_ONCE}`, runId),
  );
}

async function inPieces(signal: AbortSignal, remove: () => Promise<number>): Promise<number> {
  let removed = 0;
  for (;;) {
    if (signal.aborted) return removed;
    const some = await remove();
    removed += some;
    if (some === 0) return removed;
    // With SQLite all of this is done in one turn of the loop: others get theirs.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Of each target the latest job of each host stays. */
const OLD = `finished_at < ? AND (target_id IS NULL OR EXISTS (
    SELECT 1 FROM job AS later WHERE later.target_id = job.target_id AND later.id > job.id AND later.host = job.host
  )) ORDER BY finished_at LIMIT ${AT_ONCE}`;

async function removeSome(database: Database, where: string, value: SqlValue): Promise<number> {
  return database.transaction(async (tx) => {
    const sql = sqlOf(database, tx);
    // Held against who would let it run again.
    const old = await sql.rows<{ readonly id: Id }>(`SELECT id FROM job WHERE ${where} ${skipLocked(sql)}`, [value]);
    const ids = old.map(({ id }) => id);
    const tasks = (list: string): string => `task_id IN (SELECT id FROM task WHERE job_id IN (${list}))`;
    for (const table of ["task_output", "task_output_size", "task_item"])
      await rowsIn(sql, ids, (list) => `DELETE FROM ${table} WHERE ${tasks(list)}`);
    await rowsIn(sql, ids, (list) => `DELETE FROM task WHERE job_id IN (${list})`);
    await rowsIn(sql, ids, (list) => `DELETE FROM job_log WHERE job_id IN (${list})`);
    await rowsIn(sql, ids, (list) => `DELETE FROM job WHERE id IN (${list})`);
    return ids.length;
  });
}

import type { Job } from "./model.ts";
import { rowsIn } from "./sql.ts";
import type { Sql } from "./sql.ts";

/** How long jobs of a program took: a count and a sum beside each program, so that nothing is ever added up again. */

/** Notes jobs that came to their end as `done`. */
export async function noteDurations(sql: Sql, jobs: readonly Job[]): Promise<void> {
  const programs = Map.groupBy(jobs, (job) => job.programHash);
  // In one order, or two servers would wait for each other.
  for (const hash of [...programs.keys()].sort()) {
    const some = programs.get(hash)!;
    const took = some.reduce((sum, job) => sum + Math.max(0, job.finishedAt! - job.startedAt!), 0);
    await sql.rows(
      `UPDATE job_program SET done_count = coalesce(done_count, 0) + ?, done_milliseconds = coalesce(done_milliseconds, 0) + ? WHERE hash = ?`,
      [some.length, took, hash],
    );
  }
}

/** Milliseconds that earlier jobs took, by program; of those of which there were any. */
export async function meanDurations(sql: Sql, hashes: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const rows = await rowsIn<{ hash: string; done_count: number; done_milliseconds: number }>(
    sql,
    hashes,
    (list) => `SELECT hash, done_count, done_milliseconds FROM job_program WHERE done_count > 0 AND hash IN (${list})`,
  );
  return new Map(rows.map((row) => [row.hash, Math.round(row.done_milliseconds / row.done_count)]));
}

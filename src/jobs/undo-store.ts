import type { Id } from "../kernel/ids.ts";
import type { UndoTask } from "./turn.ts";
import type { ExecutorRoute } from "./host.ts";
import { marks, rowsIn } from "./sql.ts";
import type { Sql } from "./sql.ts";

/** What jobs did that can be taken back, and the tasks that take it back. */

interface TakeableRow {
  readonly id: Id;
  readonly job_id: Id;
  readonly call: number;
  readonly module: string;
  readonly function: string;
  readonly agent_id: Id | null;
  readonly site_id: Id | null;
}

const COLUMNS = "id, job_id, call, module, function, agent_id, site_id";

/** Somebody may have begun it, it is over, and it was not taken back. */
const CAN_BE_TAKEN_BACK = `undoable = 1 AND begun = 1 AND status NOT IN ('ready', 'leased', 'started')
  AND NOT EXISTS (SELECT 1 FROM task AS undo WHERE undo.undo_of = task.id AND undo.status = 'done')`;

/** All that can be taken back of these jobs, the latest first. */
export async function selectTakeable(sql: Sql, jobs: readonly Id[]): Promise<ReadonlyMap<Id, readonly UndoTask[]>> {
  const rows = await rowsIn<TakeableRow>(
    sql,
    jobs,
    (list) => `SELECT ${COLUMNS} FROM task WHERE job_id IN (${list}) AND ${CAN_BE_TAKEN_BACK} ORDER BY id DESC`,
  );
  return new Map([...Map.groupBy(rows, (row) => row.job_id)].map(([id, some]) => [id, some.map(takeableOf)]));
}

/** The same of the calls a job stands at: of what it did last, as long as it was these calls. */
export async function selectTakeableOfCalls(
  sql: Sql,
  jobId: Id,
  calls: readonly number[],
): Promise<readonly UndoTask[]> {
  if (calls.length === 0) return [];
  const rows = await sql.rows<TakeableRow>(
    `SELECT ${COLUMNS} FROM task WHERE job_id = ? AND ${CAN_BE_TAKEN_BACK} AND id > coalesce((
      SELECT max(before.id) FROM task AS before
      WHERE before.job_id = ? AND before.undo_of IS NULL AND before.call NOT IN (${marks(calls.length)})
    ), '') ORDER BY id DESC`,
    [jobId, jobId, ...calls],
  );
  return rows.map(takeableOf);
}

/** Of the calls a job stands at: one that somebody may have begun and that cannot be taken back, as `module.function`. */
export async function selectBegunForGood(sql: Sql, jobId: Id, calls: readonly number[]): Promise<string | undefined> {
  const [row] = await sql.rows<TakeableRow>(
    `SELECT ${COLUMNS} FROM task WHERE job_id = ? AND begun = 1 AND undo_of IS NULL AND (undoable IS NULL OR undoable = 0)
      AND call IN (${marks(calls.length)}) ORDER BY id DESC LIMIT 1`,
    [jobId, ...calls],
  );
  return row === undefined ? undefined : `${row.module}.${row.function}`;
}

function takeableOf(row: TakeableRow): UndoTask {
  const route: ExecutorRoute = row.agent_id === null ? { siteId: row.site_id! } : { agentId: row.agent_id };
  return { of: row.id, call: row.call, module: row.module, name: `${row.module}.${row.function}`, route };
}

/** Milliseconds for taking something back, where the call itself had no time-out: a job is not to wait for ever to be cancelled. */
const UNDO_TIMEOUT = 10 * 60_000;
/** Milliseconds it waits for somebody to take it. */
const UNDO_REACH = 10 * 60_000;

/** A task that takes back what another did: the same function, for whom that one was, with the parameters it had. */
export async function insertUndo(sql: Sql, id: Id, of: Id, now: number): Promise<{ readonly dueAt: number }> {
  const dueAt = now + UNDO_REACH;
  await sql.rows(
    `INSERT INTO task (id, tenant_id, job_id, call, module, function, parameters, keep_going, agent_id, site_id, timeout, safe_to_repeat,
      retry_times, retry_backoff, reach_within, status, attempt, retried, fence, not_before, due_at, cancel, created_at, consumed, sealed,
      undoable, begun, undo_of, undo_value)
    SELECT CAST(? AS text), tenant_id, job_id, call, module, function, parameters, 0, agent_id, site_id, coalesce(timeout, ${UNDO_TIMEOUT}), 1,
      retry_times, retry_backoff, ${UNDO_REACH}, 'ready', 1, 0, 0, CAST(? AS bigint), CAST(? AS bigint), 0, CAST(? AS bigint), 0, sealed,
      0, 0, id, CASE WHEN status = 'done' AND attempt - retried = 1 THEN value END
    FROM task WHERE id = ?`,
    [id, now, dueAt, now, of],
  );
  return { dueAt };
}

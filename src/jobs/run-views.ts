import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import { endingsOf, type ItemCounts, type ItemState, type ListSeen, NO_ITEMS } from "./items.ts";
import { ITEM_STATES } from "./items.ts";
import { openItemsOf, TALLY, tallyOf, type TallyRow } from "./list-store.ts";
import type { JobStatus, TaskError } from "./model.ts";
import { rowsIn } from "./sql.ts";
import type { Sql } from "./sql.ts";
import type { TaskStatus } from "./task-model.ts";

/** How the verbs of jobs ended, by their place in the list: for whoever makes runs of many jobs. */

/** How the verbs of a job ended. */
export interface JobCalls {
  /** By their place in the list. */
  readonly states: readonly ItemState[];
  /** The first there is. */
  readonly error: TaskError | null;
}

interface TaskRow extends TallyRow {
  readonly id: Id;
  readonly job_id: Id;
  readonly status: TaskStatus;
  readonly items_rest: ItemState | null;
  readonly error: string | null;
}

async function tasksOf(sql: Sql, jobs: readonly Id[]): Promise<readonly TaskRow[]> {
  const rows = await rowsIn<TaskRow>(
    sql,
    jobs,
    (list) =>
      `SELECT id, job_id, status, items_rest, error, ${TALLY} FROM task WHERE job_id IN (${list}) AND items_total IS NOT NULL`,
  );
  return rows.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

interface StateRow {
  readonly task_id: Id;
  readonly item: number;
  readonly outcome: string;
  readonly changed: number | null;
  readonly error: string | null;
}

function stateOf({ outcome, changed }: Pick<StateRow, "outcome" | "changed">): ItemState {
  if (outcome === "done") return changed === 1 ? "changed" : "ok";
  return outcome === "cancelled" ? "interrupted" : (outcome as ItemState);
}

/** A job that ended. */
export interface EndedJob {
  readonly id: Id;
  /** How many there are in its list. */
  readonly verbs: number;
  /** How those of the list it was over with ended, where that is known. */
  readonly items?: ItemCounts | undefined;
}

/** The state of each verb of jobs that ended. */
export async function callStates(sql: Sql, jobs: readonly EndedJob[]): Promise<ReadonlyMap<Id, JobCalls>> {
  const told = new Map(jobs.map(({ id, items, verbs }) => [id, items && sameState([items], verbs)]));
  const tasks = await tasksOf(
    sql,
    jobs.filter(({ id }) => told.get(id) === undefined).map(({ id }) => id),
  );
  const byJob = Map.groupBy(tasks, (task) => task.job_id);
  const sameIn = ({ id, verbs }: EndedJob): ItemState | undefined =>
    told.get(id) ??
    sameState(
      (byJob.get(id) ?? []).flatMap((task) => tallyOf(task) ?? []),
      verbs,
    );
  // Where all went the same way nothing needs to be read of each.
  const mixed = jobs.filter((job) => sameIn(job) === undefined);
  const some = mixed.flatMap(({ id }) => byJob.get(id) ?? []).map(({ id }) => id);
  const rows = await rowsIn<StateRow>(
    sql,
    some,
    (list) => `SELECT task_id, item, outcome, changed, error FROM task_item WHERE task_id IN (${list})`,
  );
  const rowsOf = Map.groupBy(rows, (row) => row.task_id);
  const open = await openItemsOf(sql, some);
  return new Map(
    jobs.map((job) => {
      const { id, verbs } = job;
      const own = byJob.get(id) ?? [];
      const same = sameIn(job);
      if (same !== undefined) return [id, { states: Array.from({ length: verbs }, () => same), error: null }];
      const lists = own.map((task): ListSeen => ({
        ended: (rowsOf.get(task.id) ?? []).map((row) => ({ item: row.item, state: stateOf(row) })),
        open: (open.get(task.id) ?? []).map(({ item }) => item),
        rest: task.items_rest,
      }));
      const items = own.flatMap((task) => rowsOf.get(task.id) ?? []).toSorted((a, b) => a.item - b.item);
      const error = items.find((row) => row.error !== null)?.error ?? own.find((task) => task.error !== null)?.error;
      return [id, { states: endingsOf(verbs, lists), error: error == null ? null : (JSON.parse(error) as TaskError) }];
    }),
  );
}

function sameState(lists: readonly ItemCounts[], verbs: number): ItemState | undefined {
  return (["ok", "changed"] as const).find((state) => lists.reduce((sum, list) => sum + list[state], 0) === verbs);
}

/** How many verbs of each job of a run ended in which way so far. */
export interface JobCounts extends ItemCounts {
  readonly jobId: Id;
  readonly status: JobStatus;
  /** Verbs it has. */
  readonly total: number;
}

interface CountRow extends ItemCounts {
  readonly id: Id;
  readonly status: JobStatus;
  readonly items: number | null;
}

/** Of the jobs of a run behind `after`, in the order they were made. Verbs a job that ended did not come to are skipped. */
export async function itemCounts(
  sql: Sql,
  runId: Id,
  page: { readonly after: Id | null; readonly limit: number },
): Promise<readonly JobCounts[]> {
  const sums = ITEM_STATES.map((state) => `CAST(coalesce(sum(items_${state}), 0) AS bigint) AS ${state}`).join(", ");
  const rows = await sql.rows<CountRow>(
    `SELECT job.id, job.status, job.items, ${sums} FROM (
      SELECT id, status, items FROM job WHERE run_id = ? AND id > ? ORDER BY id LIMIT ?
    ) AS job LEFT JOIN task ON task.job_id = job.id AND task.items_total IS NOT NULL
    GROUP BY job.id, job.status, job.items ORDER BY job.id`,
    [runId, page.after ?? "", page.limit],
  );
  return rows.map(({ id, status, items, ...counts }) => countsOf(id, status, items ?? 0, counts));
}

function countsOf(jobId: Id, status: JobStatus, total: number, found: ItemCounts): JobCounts {
  const counts = { ...NO_ITEMS, ...found };
  const over = status === "done" || status === "failed" || status === "cancelled";
  const ended = ITEM_STATES.reduce((sum, state) => sum + counts[state], 0);
  return { jobId, status, total, ...counts, skipped: counts.skipped + (over ? Math.max(0, total - ended) : 0) };
}

/** A result of one verb, by its place in the list. */
export interface CallResultRow {
  readonly jobId: Id;
  readonly call: number;
  readonly state: ItemState;
  readonly value?: Json;
  readonly error?: TaskError;
  /** Epoch milliseconds of the executor's clock. */
  readonly startedAt?: number;
  readonly milliseconds?: number;
}

interface ResultRow extends StateRow {
  readonly job_id: Id;
  readonly value: string | null;
  readonly started_at: number | null;
  readonly milliseconds: number | null;
}

/** Results there are of the verbs of jobs, in the order of the jobs and of their verbs. @param only the verb at this place in their lists */
export async function callResults(sql: Sql, jobs: readonly Id[], only?: number): Promise<readonly CallResultRow[]> {
  const rows = await rowsIn<ResultRow>(
    sql,
    jobs,
    (list) =>
      `SELECT task.job_id, task_id, item, outcome, changed, task_item.started_at, milliseconds, task_item.value, task_item.error
       FROM task JOIN task_item ON task_item.task_id = task.id WHERE task.job_id IN (${list})
       ${only === undefined ? "" : "AND task_item.item = ?"}`,
    [],
    only === undefined ? [] : [only],
  );
  const byJob = Map.groupBy(rows, (row) => row.job_id);
  return jobs.flatMap((id) => (byJob.get(id) ?? []).toSorted((a, b) => a.item - b.item).map(resultOf));
}

function resultOf(row: ResultRow): CallResultRow {
  const value = row.value === null ? null : (JSON.parse(row.value) as Json);
  return {
    jobId: row.job_id,
    call: row.item,
    state: stateOf(row),
    ...(value === null ? {} : { value }),
    ...(row.error === null ? {} : { error: JSON.parse(row.error) as TaskError }),
    ...(row.started_at === null ? {} : { startedAt: row.started_at }),
    ...(row.milliseconds === null ? {} : { milliseconds: row.milliseconds }),
  };
}

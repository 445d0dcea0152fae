import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { TaskDraft } from "./host.ts";
import { ITEM_STATES, endedItems, stateOfResult, withResults } from "./items.ts";
import type { ItemState, ItemTally } from "./items.ts";
import type { BatchItem, ItemResult, TaskError } from "./model.ts";
import { rowsIn, withValues } from "./sql.ts";
import type { Sql, SqlTransaction, SqlValue } from "./sql.ts";
import type { AssignedItem } from "./task-model.ts";

/** Lists in the database: their items, and how these ended. */

/** An item as it is stored with its task. */
export interface StoredItem extends AssignedItem {
  /** Milliseconds for which its executor may be away while this is under way. */
  readonly awayFor?: number;
}

/** What of a batch may run again as a whole: then nothing is asked before it begins. */
export function isSafeDraft({ batch, safeToRepeat }: TaskDraft): boolean {
  return batch === undefined ? safeToRepeat : batch.every((one) => one.safeToRepeat ?? safeToRepeat);
}

/** A list as a task has it. */
export interface TaskList {
  /** Those that are to be done. */
  readonly items: readonly StoredItem[];
  /** The same as JSON. */
  readonly text: string;
  /** What an executor is given of them. */
  readonly assigned: readonly AssignedItem[];
}

/** Thousands of nodes are given one and the same list: what is stored and sent of it is worked out once. */
const lists = new WeakMap<readonly BatchItem[], { readonly key: string; readonly list: TaskList }>();

/** Null: the draft is of no list. `done`: numbers of items that were done before. */
export function listOf(draft: TaskDraft, firstItem: number, done: ReadonlySet<number> | undefined): TaskList | null {
  const { batch, safeToRepeat } = draft;
  if (batch === undefined) return null;
  if (done !== undefined) return listFrom(storedItems(draft, batch, firstItem).filter(({ item }) => !done.has(item)));
  const key = `${draft.function} ${safeToRepeat} ${firstItem}`;
  const known = lists.get(batch);
  if (known?.key === key) return known.list;
  const list = listFrom(storedItems(draft, batch, firstItem));
  lists.set(batch, { key, list });
  return list;
}

function listFrom(items: readonly StoredItem[]): TaskList {
  return { items, text: JSON.stringify(items), assigned: items.map(assignedItem) };
}

/** What holds for the whole task is not said again. */
function storedItems(draft: TaskDraft, batch: readonly BatchItem[], firstItem: number): readonly StoredItem[] {
  const whole = isSafeDraft(draft);
  return batch.map((one, index): StoredItem => {
    const safe = one.safeToRepeat ?? draft.safeToRepeat;
    return {
      item: firstItem + index,
      parameters: one.parameters,
      ...(one.function === draft.function ? {} : { function: one.function }),
      ...(safe === whole ? {} : { safeToRepeat: safe }),
      ...(one.awayFor === undefined ? {} : { awayFor: one.awayFor }),
    };
  });
}

/** Items an executor is given: those of a list that have not ended. */
export function assignedItems(text: string, ended: ReadonlySet<number> | undefined): readonly AssignedItem[] {
  return (JSON.parse(text) as StoredItem[]).filter(({ item }) => ended?.has(item) !== true).map(assignedItem);
}

function assignedItem({ awayFor: _awayFor, ...item }: StoredItem): AssignedItem {
  return item;
}

export interface TallyRow {
  readonly items_total: number | null;
  readonly items_ok: number | null;
  readonly items_changed: number | null;
  readonly items_failed: number | null;
  readonly items_skipped: number | null;
  readonly items_interrupted: number | null;
  readonly items_unreachable: number | null;
}

export const TALLY =
  "items_total, items_ok, items_changed, items_failed, items_skipped, items_interrupted, items_unreachable";

/** Null for what is no list. */
export function tallyOf(row: TallyRow): ItemTally | null {
  if (row.items_total === null) return null;
  return {
    total: row.items_total,
    ok: row.items_ok ?? 0,
    changed: row.items_changed ?? 0,
    failed: row.items_failed ?? 0,
    skipped: row.items_skipped ?? 0,
    interrupted: row.items_interrupted ?? 0,
    unreachable: row.items_unreachable ?? 0,
  };
}

/** Columns of the counts, in the order of `tallyValues`. */
export const TALLY_COLUMNS = ITEM_STATES.map((state: ItemState) => `items_${state}`);

export function tallyValues(tally: ItemTally): SqlValue[] {
  return ITEM_STATES.map((state) => tally[state]);
}

/** A task held by this transaction, and what was said of its items. */
export interface Told {
  readonly id: Id;
  readonly tally: ItemTally;
  readonly results: readonly ItemResult[];
}

/**
 * Stores how items ended. What was stored before stays: the first word about an item counts.
 * @returns how the lists stand now, and which results were new
 */
export async function insertItems(sql: SqlTransaction, all: readonly Told[]): Promise<readonly Told[]> {
  const known = await storedAmong(
    sql,
    all.filter(({ tally, results }) => results.length > 0 && endedItems(tally) > 0),
  );
  const told = all.map(({ id, tally, results }): Told => {
    const seen = new Set(known.get(id));
    const fresh = results.filter(({ item }) => !seen.has(item) && seen.add(item));
    return { id, tally: withResults(tally, fresh), results: fresh };
  });
  await sql.insert({
    table: "task_item",
    columns: ["task_id", "item", "outcome", "value", "error", "changed", "started_at", "milliseconds"],
    rows: told.flatMap(({ id, results }) =>
      results.map((one) => [
        id,
        one.item,
        one.outcome,
        one.value === undefined ? null : JSON.stringify(one.value),
        one.error === undefined ? null : JSON.stringify(one.error),
        stateOfResult(one) === "changed" ? 1 : 0,
        one.startedAt ?? null,
        one.milliseconds ?? null,
      ]),
    ),
  });
  return told;
}

/** Which items are stored between the first and the last that were told. */
async function storedAmong(sql: Sql, all: readonly Told[]): Promise<ReadonlyMap<Id, readonly number[]>> {
  const rows = await withValues<{ task_id: Id; item: number }>(
    sql,
    [
      ["task_id", "text"],
      ["low", "bigint"],
      ["high", "bigint"],
    ],
    all.map(({ id, results }) => {
      const items = results.map(({ item }) => item);
      return [id, items.reduce((a, b) => Math.min(a, b)), items.reduce((a, b) => Math.max(a, b))];
    }),
    `SELECT task_item.task_id, task_item.item FROM v
     JOIN task_item ON task_item.task_id = v.task_id AND task_item.item BETWEEN v.low AND v.high`,
  );
  const result = new Map<Id, number[]>();
  for (const { task_id, item } of rows) {
    const items = result.get(task_id);
    if (items === undefined) result.set(task_id, [item]);
    else items.push(item);
  }
  return result;
}

export async function saveTallies(sql: SqlTransaction, all: readonly Pick<Told, "id" | "tally">[]): Promise<void> {
  await sql.update({
    table: "task",
    keys: ["id"],
    set: TALLY_COLUMNS,
    rows: all.map(({ id, tally }) => [id, ...tallyValues(tally)]),
  });
}

/** Items of lists that nobody has said anything of, in their order. */
export async function openItemsOf(sql: Sql, tasks: readonly Id[]): Promise<ReadonlyMap<Id, readonly StoredItem[]>> {
  if (tasks.length === 0) return new Map();
  const ended = await endedItemsOf(sql, tasks);
  const rows = await rowsIn<{ id: Id; batch: string }>(
    sql,
    tasks,
    (list) => `SELECT id, batch FROM task WHERE id IN (${list}) AND batch IS NOT NULL`,
  );
  return new Map(
    rows.map(({ id, batch }) => [
      id,
      (JSON.parse(batch) as StoredItem[]).filter(({ item }) => ended.get(id)?.has(item) !== true),
    ]),
  );
}

/** Items that ended, by task. */
export async function endedItemsOf(sql: Sql, tasks: readonly Id[]): Promise<ReadonlyMap<Id, ReadonlySet<number>>> {
  const rows = await rowsIn<{ task_id: Id; item: number }>(
    sql,
    tasks,
    (list) => `SELECT task_id, item FROM task_item WHERE task_id IN (${list})`,
  );
  return grouped(rows.map((row) => [row.task_id, row.item]));
}

/** Items of jobs that are done, over all their tasks. */
export async function doneItemsOfJobs(sql: Sql, jobs: readonly Id[]): Promise<ReadonlyMap<Id, ReadonlySet<number>>> {
  const rows = await rowsIn<{ job_id: Id; item: number }>(
    sql,
    jobs,
    (list) => `SELECT task.job_id, task_item.item FROM task JOIN task_item ON task_item.task_id = task.id
      WHERE task.job_id IN (${list}) AND task.items_total IS NOT NULL AND outcome = 'done'`,
  );
  return grouped(rows.map((row) => [row.job_id, row.item]));
}

function grouped(pairs: readonly (readonly [Id, number])[]): ReadonlyMap<Id, ReadonlySet<number>> {
  const result = new Map<Id, Set<number>>();
  for (const [id, item] of pairs) {
    const items = result.get(id);
    if (items === undefined) result.set(id, new Set([item]));
    else items.add(item);
  }
  return result;
}

/** What did not end well in lists of these jobs is to be done again: only what was done of them counts from here on. */
export async function reopenItems(sql: Sql, jobs: readonly Id[]): Promise<void> {
  await rowsIn(
    sql,
    jobs,
    (list) => `DELETE FROM task_item WHERE outcome <> 'done'
      AND task_id IN (SELECT id FROM task WHERE job_id IN (${list}) AND items_total IS NOT NULL)`,
  );
  await rowsIn(
    sql,
    jobs,
    (
      list,
    ) => `UPDATE task SET items_total = coalesce(items_ok, 0) + coalesce(items_changed, 0), items_failed = 0, items_skipped = 0,
      items_interrupted = 0, items_unreachable = 0, items_rest = NULL WHERE job_id IN (${list}) AND items_total IS NOT NULL`,
  );
}

/** The first error among the items of a task. */
export async function firstItemError(sql: Sql, task: Id): Promise<TaskError | undefined> {
  const [row] = await sql.rows<{ error: string }>(
    "SELECT error FROM task_item WHERE task_id = ? AND error IS NOT NULL ORDER BY item LIMIT 1",
    [task],
  );
  return row === undefined ? undefined : (JSON.parse(row.error) as TaskError);
}

export interface ListProgress {
  readonly jobId: Id;
  readonly ended: number;
  /** Null: nobody knows. */
  readonly total: number | null;
}

/** How far jobs have come with their lists. Not those that were asked something, or have ended. */
async function progressOf(sql: Sql, jobs: readonly Id[]): Promise<readonly ListProgress[]> {
  const ended = ITEM_STATES.map((state) => `coalesce(items_${state}, 0)`).join(" + ");
  const rows = await rowsIn<{ id: Id; items: number | null; ended: number }>(
    sql,
    [...jobs].sort(),
    (list) => `SELECT job.id, job.items, (
        SELECT CAST(sum(${ended}) AS bigint) FROM task WHERE task.job_id = job.id AND items_total IS NOT NULL
      ) AS ended FROM job WHERE job.id IN (${list}) AND job.wish IS NULL AND job.status = 'waiting'`,
  );
  return rows.map((row) => ({ jobId: row.id, ended: Number(row.ended), total: row.items }));
}

/** Shows in jobs how far their lists have come. */
export async function showProgress(sql: SqlTransaction, jobs: readonly Id[]): Promise<void> {
  const known = (await progressOf(sql, jobs)).filter(({ total }) => total !== null && total > 0);
  await sql.update({
    table: "job",
    keys: ["id"],
    set: ["percent", "progress", "message"],
    rows: known.map(({ jobId, ended, total }) => {
      const percent = Math.min(100, (100 * ended) / total!);
      const text = `${ended} of ${total}`;
      const progress: Json = [{ percent, name: "Verbs", description: text }];
      return [jobId, percent, JSON.stringify(progress), text];
    }),
  });
}

import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { SettledTask } from "./turn.ts";
import type { Outside, TaskDraft, TaskRoute } from "./host.ts";
import { badItems, closedTally, restOf } from "./items.ts";
import type { ItemTally } from "./items.ts";
import { isSafeDraft, saveTallies, listOf, TALLY, TALLY_COLUMNS, tallyOf, tallyValues } from "./list-store.ts";
import type { TallyRow } from "./list-store.ts";
import { callName } from "./model.ts";
import type { TaskError } from "./model.ts";
import { lockRows, rowsIn, skipLocked } from "./sql.ts";
import type { Sql, SqlTransaction, SqlValue } from "./sql.ts";
import type { Assignment, Executor, TaskRef, TaskStatus } from "./task-model.ts";
import type { TaskChange, TaskFacts } from "./task-rules.ts";

/** Tasks in the database: the only queue there is. */

export interface NewTask {
  readonly id: Id;
  readonly tenantId: Id;
  readonly jobId: Id;
  readonly call: number;
  readonly draft: TaskDraft;
  /** In the place of the draft's parameters, those of its items, and what they share. */
  readonly sealed?: Uint8Array;
  /** Of a batch. */
  readonly firstItem?: number;
  /** Items of the batch run on after one failed. */
  readonly keepGoing: boolean;
  /** Items of the batch done by an earlier task of the same job. */
  readonly doneItems?: ReadonlySet<number>;
  /** Who is given it at once. */
  readonly owner?: Id;
}

/** Of a batch: nothing is left of it that an earlier task did not do. */
export function isEmpty({ draft, firstItem = 0, doneItems }: NewTask): boolean {
  return draft.batch?.every((_, index) => doneItems?.has(firstItem + index) === true) === true;
}

export async function insertTasks(sql: SqlTransaction, tasks: readonly NewTask[], now: number): Promise<void> {
  await sql.insert({
    table: "task",
    columns: [
      "id",
      "job_id",
      "call",
      "module",
      "function",
      "parameters",
      "batch",
      "keep_going",
      "agent_id",
      "site_id",
      "timeout",
      "safe_to_repeat",
      "retry_times",
      "retry_backoff",
      "reach_within",
      "status",
      "attempt",
      "retried",
      "fence",
      "not_before",
      "due_at",
      "cancel",
      "created_at",
      "consumed",
      "sealed",
      "tenant_id",
      "outside",
      "undoable",
      "begun",
      "shared",
      "items_total",
      "owner",
    ],
    rows: tasks.map((task) => rowOf(task, now)),
  });
}

function rowOf(task: NewTask, now: number): readonly SqlValue[] {
  const { draft } = task;
  const list = listOf(draft, task.firstItem ?? 0, task.doneItems);
  const items = list?.items;
  // What is sealed is not beside it.
  const shown =
    task.sealed === undefined ? list?.text : JSON.stringify(items?.map((one) => ({ ...one, parameters: null })));
  return [
    task.id,
    task.jobId,
    task.call,
    draft.module,
    draft.function,
    JSON.stringify(draft.parameters),
    shown ?? null,
    task.keepGoing ? 1 : 0,
    "agentId" in draft.route ? draft.route.agentId : null,
    "siteId" in draft.route ? draft.route.siteId : null,
    draft.timeout,
    isSafeDraft(draft) ? 1 : 0,
    draft.batch === undefined ? (draft.retry?.times ?? 0) : 0,
    draft.retry?.backoff ?? 0,
    draft.reachWithin ?? null,
    // Nothing is left to be done of it.
    items?.length === 0 ? "done" : task.owner === undefined ? "ready" : "leased",
    FIRST_ATTEMPT,
    0,
    task.owner === undefined ? 0 : FIRST_FENCE,
    now,
    items?.length === 0 || task.owner !== undefined ? null : dueAtCreation(draft, now),
    0,
    now,
    0,
    task.sealed ?? null,
    task.tenantId,
    "outside" in draft.route ? draft.route.outside : null,
    isUndoable(draft) ? 1 : 0,
    0,
    draft.shared === undefined || task.sealed !== undefined ? null : JSON.stringify(draft.shared),
    items?.length ?? null,
    task.owner ?? null,
  ];
}

const FIRST_ATTEMPT = 1;
const FIRST_FENCE = 1;

/** What the owner of a task that was just made is given. */
export function assignmentOf(task: NewTask): Assignment {
  const { draft } = task;
  const list = listOf(draft, task.firstItem ?? 0, task.doneItems);
  return {
    task: task.id,
    attempt: FIRST_ATTEMPT,
    key: task.id,
    fence: FIRST_FENCE,
    jobId: task.jobId,
    call: task.call,
    tenantId: task.tenantId,
    module: draft.module,
    function: draft.function,
    parameters: draft.parameters,
    ...(list === null ? {} : { batch: list.assigned }),
    ...(draft.shared === undefined ? {} : { shared: draft.shared }),
    keepGoing: task.keepGoing,
    timeout: draft.timeout,
    safeToRepeat: isSafeDraft(draft),
  };
}

/** When a task that was just made is to be looked at, if nobody took or answered it before. */
export function dueAtCreation({ route, timeout, reachWithin }: TaskDraft, now: number): number | null {
  if ("outside" in route) return timeout === null ? null : now + timeout;
  return reachWithin === undefined ? null : now + reachWithin;
}

function isUndoable({ undoable, batch, route }: TaskDraft): boolean {
  return undoable === true && batch === undefined && !("outside" in route);
}

/** The facts of a task, with who has it and for whom. */
export interface TaskRecord extends TaskFacts {
  readonly id: Id;
  readonly jobId: Id;
  readonly call: number;
  readonly owner: Id | null;
  readonly module: string;
  /** `module.function`. */
  readonly name: string;
  readonly timeout: number | null;
  readonly reachWithin: number | null;
  readonly dueAt: number | null;
  readonly notBefore: number;
  readonly route: TaskRoute;
  /** Of a list: how its items stand. */
  readonly tally: ItemTally | null;
  readonly keepGoing: boolean;
  /** Results came after it had been given up, and the job's log says so. */
  readonly late: boolean;
}

export interface FactsRow extends TallyRow {
  readonly id: string;
  readonly job_id: string;
  readonly call: number;
  readonly owner: string | null;
  readonly module: string;
  readonly function: string;
  readonly agent_id: string | null;
  readonly site_id: string | null;
  readonly outside: Outside | null;
  readonly timeout: number | null;
  readonly reach_within: number | null;
  readonly due_at: number | null;
  readonly not_before: number;
  readonly status: TaskStatus;
  readonly attempt: number;
  readonly safe_to_repeat: number;
  readonly begun: number | null;
  readonly cancel: number;
  readonly retry_times: number;
  readonly retry_backoff: number;
  readonly retried: number;
  readonly keep_going: number;
  readonly late: number | null;
}

export const FACTS = `id, job_id, call, owner, module, function, agent_id, site_id, outside, timeout, reach_within, due_at, not_before, status, attempt,
  safe_to_repeat, begun, cancel, retry_times, retry_backoff, retried, keep_going, late, ${TALLY}`;

export function recordOf(row: FactsRow): TaskRecord {
  return {
    id: row.id,
    jobId: row.job_id,
    call: row.call,
    owner: row.owner,
    module: row.module,
    name: callName(row),
    timeout: row.timeout,
    reachWithin: row.reach_within,
    dueAt: row.due_at,
    notBefore: row.not_before,
    route: routeOf(row),
    status: row.status,
    attempt: row.attempt,
    safeToRepeat: row.safe_to_repeat === 1,
    begun: row.begun === 1,
    cancel: row.cancel === 1,
    retryTimes: row.retry_times,
    retryBackoff: row.retry_backoff,
    retried: row.retried,
    tally: tallyOf(row),
    keepGoing: row.keep_going === 1,
    late: row.late === 1,
  };
}

function routeOf({ outside, agent_id, site_id }: FactsRow): TaskRoute {
  if (outside !== null) return { outside };
  return agent_id === null ? { siteId: site_id! } : { agentId: agent_id };
}

/**
 * The named tasks, held against others until the transaction ends. Not those that are ready: nobody has them, so nothing an executor says
 * is about them, and who claims would pass over them while they are held.
 */
export async function lockTasks(sql: Sql, ids: readonly Id[]): Promise<ReadonlyMap<Id, TaskRecord>> {
  const rows = await rowsIn<FactsRow>(
    sql,
    [...ids].sort(),
    (list) => `SELECT ${FACTS} FROM task WHERE id IN (${list}) AND status <> 'ready' ORDER BY id ${lockRows(sql)}`,
  );
  return new Map(rows.map((row) => [row.id, recordOf(row)]));
}

/** An executor has it. */
export function isHeld({ status }: TaskRecord): boolean {
  return status === "leased" || status === "started";
}

/** The task a reference means, if this attempt is the executor's, also after its end. */
export function spokenOf(
  known: ReadonlyMap<Id, TaskRecord>,
  executor: Pick<Executor, "id">,
  { task: id, attempt }: TaskRef,
): TaskRecord | undefined {
  const task = known.get(id);
  return task?.owner === executor.id && task.attempt === attempt ? task : undefined;
}

/** What executors have, held against others, by executor. */
export async function lockOwnedTasks(sql: Sql, owners: readonly Id[]): Promise<ReadonlyMap<Id, readonly TaskRecord[]>> {
  const rows = await rowsIn<FactsRow>(
    sql,
    [...owners].sort(),
    (list) =>
      `SELECT ${FACTS} FROM task WHERE owner IN (${list}) AND status IN ('leased', 'started') ORDER BY id ${lockRows(sql)}`,
  );
  return Map.groupBy(rows.map(recordOf), ({ owner }) => owner!);
}

/** Tasks whose time has come: a started one took too long, a ready one was not taken or may be taken now. */
export async function lockDueTasks(sql: Sql, now: number, limit: number): Promise<readonly TaskRecord[]> {
  const rows = await sql.rows<FactsRow>(
    `SELECT ${FACTS} FROM task WHERE due_at <= ? ORDER BY due_at LIMIT ? ${skipLocked(sql)}`,
    [now, limit],
  );
  return rows.map(recordOf);
}

/** Tasks to be stopped that executors still have. */
export async function cancelsOf(
  sql: Sql,
  owners: readonly Id[],
): Promise<readonly { readonly id: Id; readonly attempt: number; readonly owner: Id }[]> {
  return rowsIn(
    sql,
    owners,
    (list) =>
      `SELECT id, attempt, owner FROM task WHERE owner IN (${list}) AND status IN ('leased', 'started') AND cancel = 1`,
  );
}

export async function startTasks(
  sql: SqlTransaction,
  tasks: readonly { readonly id: Id; readonly dueAt: number | null }[],
  now: number,
): Promise<void> {
  await sql.update({
    table: "task",
    keys: ["id"],
    set: ["status", "started_at", "due_at", "begun"],
    rows: tasks.map((one) => [one.id, "started", now, one.dueAt, 1]),
  });
}

/** Changes tasks that were locked in this transaction. */
export async function changeTasks(
  sql: SqlTransaction,
  changes: readonly { readonly task: TaskRecord; readonly change: TaskChange; readonly told?: boolean }[],
  now: number,
): Promise<void> {
  const ready: SqlValue[][] = [];
  const ended: SqlValue[][] = [];
  const lists: SqlValue[][] = [];
  const again: { readonly id: Id; readonly tally: ItemTally }[] = [];
  for (const { task, change, told } of changes) {
    if (change.status === "ready") {
      // One look at the right time serves both: telling executors of a delayed task, and giving up one that nobody takes.
      const reachBy = task.reachWithin === null ? null : change.notBefore + task.reachWithin;
      const dueAt = change.notBefore > now ? change.notBefore : reachBy;
      const begun = change.begun ? 1 : 0;
      if (task.tally !== null) again.push({ id: task.id, tally: task.tally });
      ready.push([task.id, "ready", null, null, change.attempt, change.retried, change.notBefore, dueAt, begun]);
    } else {
      const error = change.error === null ? null : JSON.stringify(change.error);
      const value = JSON.stringify(change.value);
      const row = [task.id, change.status, value, error, now, null, change.begun ? 1 : 0];
      const { tally } = task;
      if (tally === null) {
        ended.push(row);
        continue;
      }
      const begun = change.begun || task.status === "started";
      const rest = restOf({ status: change.status, told: told === true, begun, tally, keepGoing: task.keepGoing });
      lists.push([...row, rest, ...tallyValues(closedTally(tally, rest))]);
    }
  }
  const readySet = ["status", "owner", "started_at", "attempt", "retried", "not_before", "due_at", "begun"];
  await sql.update({ table: "task", keys: ["id"], set: readySet, rows: ready });
  await saveTallies(sql, again);
  const endedSet = ["status", "value", "error", "settled_at", "due_at", "begun"];
  await sql.update({ table: "task", keys: ["id"], set: endedSet, rows: ended });
  const listSet = [...endedSet, "items_rest", ...TALLY_COLUMNS];
  await sql.update({ table: "task", keys: ["id"], set: listSet, rows: lists });
}

export async function setDue(
  sql: SqlTransaction,
  due: readonly { readonly id: Id; readonly dueAt: number | null }[],
): Promise<void> {
  await sql.update({ table: "task", keys: ["id"], set: ["due_at"], rows: due.map((one) => [one.id, one.dueAt]) });
}

export async function nextDue(sql: Sql): Promise<number | null> {
  const [row] = await sql.rows<{ at: number | null }>("SELECT min(due_at) AS at FROM task WHERE due_at IS NOT NULL");
  return row?.at ?? null;
}

/** What came back for jobs since their last turn, and how many of their tasks are still out. */
export interface PendingTasks {
  readonly settled: SettledTask[];
  /** Not counting what takes something back. */
  open: number;
  /** `module.function` of what is being taken back. */
  undoing: string | null;
}

interface PendingRow extends TallyRow {
  readonly id: string;
  readonly job_id: string;
  readonly call: number;
  readonly status: TaskStatus;
  readonly value: string | null;
  readonly error: string | null;
  readonly undo_of: string | null;
  readonly module: string;
  readonly function: string;
}

export async function pendingTasks(sql: Sql, jobs: readonly Id[]): Promise<ReadonlyMap<Id, PendingTasks>> {
  const rows = await rowsIn<PendingRow>(
    sql,
    jobs,
    (list) =>
      `SELECT id, job_id, call, status, value, error, undo_of, module, function, ${TALLY} FROM task WHERE consumed = 0 AND job_id IN (${list})`,
  );
  const result = new Map<Id, PendingTasks>();
  for (const row of rows) {
    let pending = result.get(row.job_id);
    if (pending === undefined) {
      pending = { settled: [], open: 0, undoing: null };
      result.set(row.job_id, pending);
    }
    if (row.status === "ready" || row.status === "leased" || row.status === "started") {
      if (row.undo_of === null) pending.open += 1;
      else pending.undoing = callName(row);
      continue;
    }
    const tally = tallyOf(row);
    pending.settled.push({
      taskId: row.id,
      call: row.call,
      status: row.status,
      value: row.value === null ? null : (JSON.parse(row.value) as Json),
      error: row.error === null ? null : (JSON.parse(row.error) as TaskError),
      itemsBad: tally === null ? null : badItems(tally),
      ...(row.undo_of === null ? {} : { undo: { of: row.undo_of, name: callName(row) } }),
    });
  }
  return result;
}

export async function consumeTasks(sql: Sql, ids: readonly Id[]): Promise<void> {
  await rowsIn(sql, ids, (list) => `UPDATE task SET consumed = 1 WHERE id IN (${list})`);
}

/** Stops what a job has out, but not what takes something back: ready tasks end here, the others are marked, and given until `dueAt` to end. Returns who is to be told. */
export async function stopTasks(
  sql: Sql,
  jobId: Id,
  now: number,
  dueAt: number,
): Promise<readonly { readonly id: Id; readonly attempt: number; readonly owner: Id }[]> {
  await sql.rows(
    `UPDATE task SET status = 'cancelled', settled_at = ?, due_at = NULL, consumed = 1,
       items_rest = 'skipped', items_skipped = items_total - coalesce(items_ok, 0) - coalesce(items_changed, 0) - coalesce(items_failed, 0)
         - coalesce(items_interrupted, 0)
     WHERE job_id = ? AND consumed = 0 AND status = 'ready' AND undo_of IS NULL`,
    [now, jobId],
  );
  return sql.rows(
    `UPDATE task SET cancel = 1, due_at = CASE WHEN due_at < ? THEN due_at ELSE ? END
     WHERE job_id = ? AND consumed = 0 AND status IN ('leased', 'started') AND undo_of IS NULL RETURNING id, attempt, owner`,
    [dueAt, dueAt, jobId],
  );
}

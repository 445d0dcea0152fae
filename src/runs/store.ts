import { sql } from "kysely";
import type { Starter } from "../jobs/index.ts";
import type { Id } from "../kernel/ids.ts";
import type { Json } from "../kernel/json.ts";
import type { ColumnValue, Database, Queries, Transaction } from "../platform/database/index.ts";
import type { EntryRules, LaggingJob, StageProgress } from "./advance.ts";
import { NO_COUNTS, type Counts, type Definition, type RunError, type RunNode, type RunStatus } from "./model.ts";
import "./tables.ts";

/** Runs in the database. How far a run is stands in counters, so that looking at it costs the same for ten nodes and for ten thousand. */

export interface StoredRun {
  readonly id: Id;
  readonly tenantId: Id;
  readonly text: string;
  readonly createdAt: number;
  readonly finishedAt: number | null;
  readonly status: RunStatus;
  readonly cancelled: boolean;
  readonly plan: boolean;
  readonly nodes: number;
  /** The run whose rest it does. */
  readonly resumes: Id | null;
  readonly starter: Starter;
  /** Why it could not go on. */
  readonly error: RunError | null;
}

const SHOWN = [
  "id",
  "tenant_id",
  "text",
  "created_at",
  "finished_at",
  "status",
  "cancelled",
  "plan",
  "nodes",
  "resumes",
  "starter_id",
  "starter_token",
  "starter_name",
  "error",
] as const;

interface ShownRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly text: string;
  readonly created_at: number;
  readonly finished_at: number | null;
  readonly status: string | null;
  readonly cancelled: number | null;
  readonly plan: number | null;
  readonly nodes: number | null;
  readonly resumes: string | null;
  readonly starter_id: string | null;
  readonly starter_token: string | null;
  readonly starter_name: string | null;
  readonly error: string | null;
}

function runOf(row: ShownRow): StoredRun {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    text: row.text,
    createdAt: row.created_at,
    finishedAt: row.finished_at,
    status: (row.status ?? "done") as RunStatus,
    cancelled: row.cancelled === 1,
    plan: row.plan === 1,
    nodes: row.nodes ?? 0,
    resumes: row.resumes,
    starter: { accountId: row.starter_id, tokenId: row.starter_token, name: row.starter_name ?? "server" },
    error: row.error === null ? null : (JSON.parse(row.error) as RunError),
  };
}

/** A run as it begins. */
export interface NewRun {
  readonly run: StoredRun;
  readonly definition: Definition;
  readonly entries: readonly (Omit<EntryRules, "failed"> & { readonly total: number; readonly goesOn: boolean })[];
  /** Nodes of each stage, by their number in `nodes`; `chosen`: the lines that are left to do. */
  readonly stages: readonly {
    readonly entry: number;
    readonly jobs: readonly { readonly node: number; readonly chosen?: readonly number[] }[];
  }[];
  readonly nodes: readonly RunNode[];
}

export async function insertRun(
  database: Database,
  tx: Transaction,
  { run, definition, entries, stages, nodes }: NewRun,
): Promise<void> {
  await tx
    .insertInto("run")
    .values({
      id: run.id,
      tenant_id: run.tenantId,
      text: run.text,
      created_at: run.createdAt,
      finished_at: null,
      status: run.status,
      cancelled: 0,
      plan: run.plan ? 1 : 0,
      nodes: run.nodes,
      resumes: run.resumes,
      starter_id: run.starter.accountId,
      starter_token: run.starter.tokenId,
      starter_name: run.starter.name,
      definition: JSON.stringify(definition),
    })
    .execute();
  await database.bulkInsert(tx, {
    table: "run_entry",
    columns: ["run_id", "entry", "total", "failed", "parallel", "batch", "max_failures", "is_async", "goes_on"],
    rows: entries.map((one, entry): ColumnValue[] => [
      run.id,
      entry,
      one.total,
      0,
      one.parallel,
      one.batch,
      one.maxFailures,
      one.async ? 1 : 0,
      one.goesOn ? 1 : 0,
    ]),
  });
  await database.bulkInsert(tx, {
    table: "run_stage",
    columns: ["run_id", "stage", "entry", "total", "begun", "ended"],
    rows: stages.map(({ entry, jobs }, stage) => [run.id, stage, entry, jobs.length, 0, 0]),
  });
  await database.bulkInsert(tx, {
    table: "run_node",
    columns: ["run_id", "node", "agent_id", "name", "out"],
    rows: nodes.map((node, index) => [run.id, index, node.agentId, node.name, null]),
  });
  await database.bulkInsert(tx, {
    table: "run_job",
    columns: ["run_id", "stage", "node", "state", "chosen", "changed_at", ...COUNTS],
    rows: stages.flatMap(({ jobs }, stage) =>
      jobs.map(({ node, chosen }): ColumnValue[] => [
        run.id,
        stage,
        node,
        "waiting",
        chosen === undefined ? null : JSON.stringify(chosen),
        run.createdAt,
        ...COUNTS.map(() => 0),
      ]),
    ),
  });
}

/** States of a stage on a node that stay. */
export const ENDED_STATES: readonly string[] = ["done", "failed", "cancelled", "skipped", "unreachable"];

const COUNTS = [
  "ok",
  "changed",
  "failed",
  "skipped",
  "interrupted",
  "unreachable",
] as const satisfies readonly (keyof Counts)[];

export async function selectRun(queries: Queries, tenantId: Id, id: Id): Promise<StoredRun | undefined> {
  const row = await queries
    .selectFrom("run")
    .select(SHOWN)
    .where("id", "=", id)
    .where("tenant_id", "=", tenantId)
    .executeTakeFirst();
  return row === undefined ? undefined : runOf(row);
}

/** Newest first, those made before the run `before`. */
export async function selectRuns(
  queries: Queries,
  tenantId: Id,
  before: Id | null,
  limit: number,
): Promise<readonly StoredRun[]> {
  let query = queries.selectFrom("run").select(SHOWN).where("tenant_id", "=", tenantId);
  if (before !== null) query = query.where("id", "<", before);
  return (await query.orderBy("id", "desc").limit(limit).execute()).map(runOf);
}

export async function selectDefinition(queries: Queries, id: Id): Promise<Definition | undefined> {
  const row = await queries.selectFrom("run").select("definition").where("id", "=", id).executeTakeFirst();
  return row?.definition == null ? undefined : (JSON.parse(row.definition) as Definition);
}

export async function selectRunning(queries: Queries): Promise<readonly Id[]> {
  return (await queries.selectFrom("run").select("id").where("status", "=", "running").execute()).map(({ id }) => id);
}

/** Whether it begins nothing more: it was cancelled, or cannot go on. */
export async function isStopped(queries: Queries, id: Id): Promise<boolean> {
  const row = await queries.selectFrom("run").select(["cancelled", "error"]).where("id", "=", id).executeTakeFirst();
  return row === undefined || row.cancelled === 1 || row.error !== null;
}

/** The run, held against others until the transaction ends; undefined when it has ended, or is gone. */
export async function holdRunning(database: Database, tx: Transaction, id: Id): Promise<StoredRun | undefined> {
  let query = tx.selectFrom("run").select(SHOWN).where("id", "=", id).where("status", "=", "running");
  if (database.dialect === "postgres") query = query.forUpdate();
  const row = await query.executeTakeFirst();
  return row === undefined ? undefined : runOf(row);
}

/** A stage as it is kept. */
export interface StoredStage {
  readonly stage: number;
  readonly entry: number;
  readonly total: number;
  readonly begun: number;
  readonly ended: number;
  readonly first: number | null;
  readonly given: Json | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
}

export async function selectStages(queries: Queries, id: Id): Promise<readonly StoredStage[]> {
  const rows = await queries.selectFrom("run_stage").selectAll().where("run_id", "=", id).orderBy("stage").execute();
  return rows.map((row) => ({
    stage: row.stage,
    entry: row.entry,
    total: row.total,
    begun: row.begun,
    ended: row.ended,
    first: row.first,
    given: row.given === null ? null : (JSON.parse(row.given) as Json),
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  }));
}

/** An entry as it is kept. */
export interface StoredEntry extends EntryRules {
  readonly total: number;
  /** A node whose verb failed goes on. */
  readonly goesOn: boolean;
}

export async function selectEntries(queries: Queries, id: Id): Promise<readonly StoredEntry[]> {
  const rows = await queries.selectFrom("run_entry").selectAll().where("run_id", "=", id).orderBy("entry").execute();
  return rows.map((row) => ({
    async: row.is_async === 1,
    parallel: row.parallel,
    batch: row.batch,
    maxFailures: row.max_failures,
    failed: row.failed,
    total: row.total,
    goesOn: row.goes_on === 1,
  }));
}

/** A node that has a stage before it. */
export interface WaitingJob extends RunNode {
  readonly node: number;
  readonly out: string | null;
  readonly chosen: readonly number[] | null;
}

/** @param which `crowd`: nodes that do not lag; else these nodes, or all */
export async function selectWaiting(
  queries: Queries,
  id: Id,
  stage: number,
  limit: number,
  which: "crowd" | "all" | readonly number[],
): Promise<readonly WaitingJob[]> {
  let query = queries
    .selectFrom("run_job")
    .innerJoin("run_node", (join) =>
      join.onRef("run_node.run_id", "=", "run_job.run_id").onRef("run_node.node", "=", "run_job.node"),
    )
    .select(["run_job.node", "run_job.chosen", "run_node.agent_id", "run_node.name", "run_node.out"])
    .where("run_job.run_id", "=", id)
    .where("run_job.stage", "=", stage)
    .where("run_job.state", "=", "waiting");
  if (which === "crowd") query = query.where("run_node.lags", "is", null);
  else if (which !== "all") query = query.where("run_job.node", "in", [...which]);
  const rows = await query.orderBy("run_job.node").limit(limit).execute();
  return rows.map((row) => ({
    node: row.node,
    agentId: row.agent_id,
    name: row.name,
    out: row.out,
    chosen: row.chosen === null ? null : (JSON.parse(row.chosen) as number[]),
  }));
}

/** What became of a stage on a node. */
export interface JobChange {
  readonly stage: number;
  readonly node: number;
  readonly jobId: Id | null;
  readonly state: string;
  readonly counts?: Counts;
  readonly exitCode?: number | null;
  readonly message?: string | null;
}

export async function changeJobs(
  database: Database,
  tx: Transaction,
  id: Id,
  changes: readonly JobChange[],
  now: number,
): Promise<void> {
  await database.bulkUpdate(tx, {
    table: "run_job",
    keys: ["run_id", "stage", "node"],
    set: ["job_id", "state", "changed_at", ...COUNTS, "exit_code", "message"],
    rows: changes.map(({ stage, node, jobId, state, counts = NO_COUNTS, exitCode = null, message = null }) => [
      id,
      stage,
      node,
      jobId,
      state,
      now,
      ...COUNTS.map((one) => counts[one]),
      exitCode,
      message,
    ]),
  });
}

/** Jobs of nodes that begin a stage. */
export async function beginJobs(
  database: Database,
  tx: Transaction,
  id: Id,
  begun: readonly { readonly stage: number; readonly node: number; readonly jobId: Id }[],
  now: number,
): Promise<void> {
  await database.bulkUpdate(tx, {
    table: "run_job",
    keys: ["run_id", "stage", "node"],
    set: ["job_id", "state", "changed_at"],
    rows: begun.map(({ stage, node, jobId }) => [id, stage, node, jobId, "begun", now]),
  });
}

export interface StageChange {
  readonly begun: number;
  readonly ended: number;
}

/** Adds to the counters of a stage; its times follow. */
export async function countStage(
  tx: Transaction,
  id: Id,
  stage: number,
  { begun, ended }: StageChange,
  now: number,
): Promise<void> {
  // PostgreSQL takes a value whose column it cannot see for text.
  const at = sql`CAST(${now} AS bigint)`;
  await sql`UPDATE run_stage SET begun = begun + ${begun}, ended = ended + ${ended}, started_at = coalesce(started_at, ${at}),
    finished_at = CASE WHEN ended + ${ended} >= total THEN ${at} ELSE NULL END
    WHERE run_id = ${id} AND stage = ${stage}`.execute(tx);
}

export async function saveFirst(tx: Transaction, id: Id, stage: number, first: number): Promise<void> {
  await tx.updateTable("run_stage").set({ first }).where("run_id", "=", id).where("stage", "=", stage).execute();
}

export async function saveGiven(tx: Transaction, id: Id, stage: number, given: Json): Promise<void> {
  await tx
    .updateTable("run_stage")
    .set({ given: JSON.stringify(given) })
    .where("run_id", "=", id)
    .where("stage", "=", stage)
    .execute();
}

export async function countFailures(tx: Transaction, id: Id, entry: number, more: number): Promise<void> {
  await sql`UPDATE run_entry SET failed = failed + ${more} WHERE run_id = ${id} AND entry = ${entry}`.execute(tx);
}

/** Of these nodes: those that failed in the entry before. */
export async function selectFailedBefore(
  tx: Transaction,
  id: Id,
  entry: number,
  nodes: readonly number[],
  but: number,
): Promise<ReadonlySet<number>> {
  const rows = await tx
    .selectFrom("run_job")
    .innerJoin("run_stage", (join) =>
      join.onRef("run_stage.run_id", "=", "run_job.run_id").onRef("run_stage.stage", "=", "run_job.stage"),
    )
    .select("run_job.node")
    .where("run_job.run_id", "=", id)
    .where("run_stage.entry", "=", entry)
    .where("run_job.stage", "<", but)
    .where("run_job.node", "in", nodes.length === 0 ? [-1] : nodes)
    .where("run_job.state", "in", ["failed", "unreachable", "cancelled"])
    .execute();
  return new Set(rows.map(({ node }) => node));
}

export async function putOut(
  database: Database,
  tx: Transaction,
  id: Id,
  nodes: readonly { readonly node: number; readonly out: string | null }[],
): Promise<void> {
  await database.bulkUpdate(tx, {
    table: "run_node",
    keys: ["run_id", "node"],
    set: ["out"],
    rows: nodes.map(({ node, out }) => [id, node, out]),
  });
}

export async function endRun(tx: Transaction, id: Id, status: RunStatus, finishedAt: number | null): Promise<void> {
  await tx.updateTable("run").set({ status, finished_at: finishedAt }).where("id", "=", id).execute();
}

export async function saveError(tx: Transaction, id: Id, error: RunError): Promise<void> {
  await tx
    .updateTable("run")
    .set({ error: JSON.stringify(error) })
    .where("id", "=", id)
    .execute();
}

export async function markCancelled(tx: Transaction, id: Id): Promise<void> {
  await tx.updateTable("run").set({ cancelled: 1 }).where("id", "=", id).execute();
}

/** What of a run is on its way: the jobs of nodes that were begun. */
export async function selectBegun(queries: Queries, id: Id): Promise<readonly Id[]> {
  const rows = await queries
    .selectFrom("run_job")
    .select("job_id")
    .where("run_id", "=", id)
    .where("state", "=", "begun")
    .execute();
  return rows.flatMap(({ job_id: jobId }) => jobId ?? []);
}

/** How many verbs ended in stages that did, and the jobs that go on. */
export async function selectProgress(
  queries: Queries,
  id: Id,
): Promise<{ readonly ended: number; readonly begun: readonly Id[] }> {
  const row = await queries
    .selectFrom("run_job")
    .select(sql<number | null>`sum(ok + changed + failed + skipped + interrupted + unreachable)`.as("ended"))
    .where("run_id", "=", id)
    .executeTakeFirst();
  return { ended: Number(row?.ended ?? 0), begun: await selectBegun(queries, id) };
}

/** A stage on a node, as it stands. */
export interface NodeJob extends RunNode {
  readonly stage: number;
  readonly node: number;
  readonly jobId: Id | null;
  readonly state: string;
  readonly chosen: readonly number[] | null;
  readonly changedAt: number;
  readonly counts: Counts;
  readonly exitCode: number | null;
  readonly message: string | null;
}

/** Stages on nodes behind a place, in the order of stage and node; `since`: only those that changed at this time or later. */
export async function selectJobs(
  queries: Queries,
  id: Id,
  page: {
    readonly after?: { readonly stage: number; readonly node: number };
    readonly since?: number;
    readonly limit?: number;
  } = {},
): Promise<readonly NodeJob[]> {
  let query = queries
    .selectFrom("run_job")
    .innerJoin("run_node", (join) =>
      join.onRef("run_node.run_id", "=", "run_job.run_id").onRef("run_node.node", "=", "run_job.node"),
    )
    .selectAll("run_job")
    .select(["run_node.agent_id", "run_node.name"])
    .where("run_job.run_id", "=", id);
  const { after, since, limit } = page;
  if (since !== undefined) query = query.where("run_job.changed_at", ">=", since);
  if (after !== undefined)
    query = query.where((where) =>
      where.or([
        where("run_job.stage", ">", after.stage),
        where.and([where("run_job.stage", "=", after.stage), where("run_job.node", ">", after.node)]),
      ]),
    );
  if (limit !== undefined) query = query.limit(limit);
  const rows = await query.orderBy("run_job.stage").orderBy("run_job.node").execute();
  return rows.map((row) => ({
    stage: row.stage,
    node: row.node,
    agentId: row.agent_id,
    name: row.name,
    jobId: row.job_id,
    state: row.state,
    chosen: row.chosen === null ? null : (JSON.parse(row.chosen) as number[]),
    changedAt: row.changed_at,
    counts: {
      ok: row.ok,
      changed: row.changed,
      failed: row.failed,
      skipped: row.skipped,
      interrupted: row.interrupted,
      unreachable: row.unreachable,
    },
    exitCode: row.exit_code,
    message: row.message,
  }));
}

export async function selectNodes(queries: Queries, id: Id): Promise<readonly RunNode[]> {
  const rows = await queries
    .selectFrom("run_node")
    .select(["agent_id", "name"])
    .where("run_id", "=", id)
    .orderBy("node")
    .execute();
  return rows.map((row) => ({ agentId: row.agent_id, name: row.name }));
}

/** The oldest first. */
export async function selectEndedBefore(queries: Queries, before: number, limit: number): Promise<readonly Id[]> {
  const rows = await queries
    .selectFrom("run")
    .select("id")
    .where("finished_at", "<", before)
    .orderBy("finished_at")
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

export async function deleteRun(tx: Transaction, id: Id): Promise<void> {
  await tx.deleteFrom("run_job").where("run_id", "=", id).execute();
  await tx.deleteFrom("run_node").where("run_id", "=", id).execute();
  await tx.deleteFrom("run_stage").where("run_id", "=", id).execute();
  await tx.deleteFrom("run_entry").where("run_id", "=", id).execute();
  await tx.deleteFrom("run").where("id", "=", id).execute();
}

/** How far a stage is, for what comes next. */
export function progressOf(
  stage: StoredStage,
  waits: readonly number[],
  lagging: readonly LaggingJob[],
): StageProgress {
  const own = lagging.filter((job) => job.stage === stage.stage);
  const waiting = own.filter((job) => !job.begun).length;
  return {
    stage: stage.stage,
    entry: stage.entry,
    waits,
    total: stage.total - own.length,
    begun: stage.begun - (own.length - waiting),
    ended: stage.ended,
    lagging: { open: own.length, waiting },
  };
}

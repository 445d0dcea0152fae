import type { Id } from "../kernel/ids.ts";
import { pieces, rowsIn, withValues } from "./sql.ts";
import type { Sql, SqlTransaction, SqlValue, ValueColumn } from "./sql.ts";
import type { OutputChunk } from "./task-model.ts";

/**
 * What tasks write, as blobs. A task that writes without end must not fill the disk: the first part is kept, and the last one, and what
 * lay between is counted.
 */

/** Bytes kept from the beginning of each task's output, and as many from its end. */
export const OUTPUT_KEPT = 4 * 1024 * 1024;

/** The end is cut only when this much too long, so that not every chunk deletes a row. */
const SLACK = 256 * 1024;

interface Size {
  readonly taskId: Id;
  attempt: number;
  /** Of the last chunk taken. */
  sequence: number;
  /** Rows written so far: the next one's position. */
  positions: number;
  headBytes: number;
  tailBytes: number;
  /** Position of the first row that belongs to the end; -1 while everything is kept. */
  tailStart: number;
  droppedBytes: number;
}

interface SizeRow {
  readonly task_id: string;
  readonly attempt: number;
  readonly sequence: number;
  readonly positions: number;
  readonly head_bytes: number;
  readonly tail_bytes: number;
  readonly tail_start: number;
  readonly dropped_bytes: number;
}

async function sizesOf(sql: Sql, tasks: readonly Id[]): Promise<Map<Id, Size>> {
  const rows = await rowsIn<SizeRow>(sql, tasks, (list) => `SELECT * FROM task_output_size WHERE task_id IN (${list})`);
  return new Map(
    rows.map((row) => [
      row.task_id,
      {
        taskId: row.task_id,
        attempt: row.attempt,
        sequence: row.sequence,
        positions: row.positions,
        headBytes: row.head_bytes,
        tailBytes: row.tail_bytes,
        tailStart: row.tail_start,
        droppedBytes: row.dropped_bytes,
      },
    ]),
  );
}

/** Appends chunks in their order. Chunks that were stored before are dropped. Returns the tasks that have new output. */
export async function appendOutput(
  sql: SqlTransaction,
  chunks: readonly OutputChunk[],
  now: number,
): Promise<ReadonlySet<Id>> {
  const sizes = await sizesOf(sql, [...new Set(chunks.map((one) => one.task))]);
  const rows: SqlValue[][] = [];
  const changed = new Set<Id>();
  for (const chunk of chunks) {
    let size = sizes.get(chunk.task);
    if (size === undefined) {
      size = {
        taskId: chunk.task,
        attempt: chunk.attempt,
        sequence: -1,
        positions: 0,
        headBytes: 0,
        tailBytes: 0,
        tailStart: -1,
        droppedBytes: 0,
      };
      sizes.set(chunk.task, size);
    }
    if (chunk.attempt < size.attempt || (chunk.attempt === size.attempt && chunk.sequence <= size.sequence)) continue;
    size.attempt = chunk.attempt;
    size.sequence = chunk.sequence;
    rows.push([chunk.task, size.positions, chunk.attempt, chunk.stream, now, chunk.data, chunk.item ?? null]);
    if (size.tailStart === -1 && size.headBytes + chunk.data.byteLength > OUTPUT_KEPT) size.tailStart = size.positions;
    if (size.tailStart === -1) size.headBytes += chunk.data.byteLength;
    else size.tailBytes += chunk.data.byteLength;
    size.positions += 1;
    changed.add(chunk.task);
  }
  await sql.insert({
    table: "task_output",
    columns: ["task_id", "position", "attempt", "stream", "at", "data", "item"],
    rows,
  });
  for (const id of changed) await dropMiddle(sql, sizes.get(id)!);
  await saveSizes(
    sql,
    [...changed].map((id) => sizes.get(id)!),
  );
  return changed;
}

async function dropMiddle(sql: Sql, size: Size): Promise<void> {
  if (size.tailBytes <= OUTPUT_KEPT + SLACK) return;
  const rows = await sql.rows<{ position: number; bytes: number }>(
    "SELECT position, length(data) AS bytes FROM task_output WHERE task_id = ? AND position >= ? ORDER BY position",
    [size.taskId, size.tailStart],
  );
  let dropped = 0;
  let upTo = size.tailStart;
  for (const row of rows) {
    if (size.tailBytes - dropped <= OUTPUT_KEPT) break;
    dropped += row.bytes;
    upTo = row.position + 1;
  }
  await sql.rows("DELETE FROM task_output WHERE task_id = ? AND position >= ? AND position < ?", [
    size.taskId,
    size.tailStart,
    upTo,
  ]);
  size.tailStart = upTo;
  size.tailBytes -= dropped;
  size.droppedBytes += dropped;
}

async function saveSizes(sql: SqlTransaction, sizes: readonly Size[]): Promise<void> {
  await sql.insert({
    table: "task_output_size",
    columns: ["task_id", "attempt", "sequence", "positions", "head_bytes", "tail_bytes", "tail_start", "dropped_bytes"],
    rows: sizes.map((one) => [
      one.taskId,
      one.attempt,
      one.sequence,
      one.positions,
      one.headBytes,
      one.tailBytes,
      one.tailStart,
      one.droppedBytes,
    ]),
    onConflict: { columns: ["task_id"], do: "update" },
  });
}

/** A piece of output as it was written. */
export interface OutputPiece {
  readonly jobId: Id;
  readonly taskId: Id;
  /** Counts from 0 in each task; holes where the middle was dropped. */
  readonly position: number;
  readonly attempt: number;
  readonly stream: "stdout" | "stderr";
  /** Of a list: the number of who wrote it; null for single calls. */
  readonly item: number | null;
  readonly at: number;
  readonly data: Uint8Array;
  /** Bytes left out just before this piece, because the task wrote too much. */
  readonly droppedBefore: number;
}

interface OutputRow {
  readonly job_id: string;
  readonly task_id: string;
  readonly position: number;
  readonly attempt: number;
  readonly stream: "stdout" | "stderr";
  readonly item: number | null;
  readonly at: number;
  readonly data: Uint8Array;
  readonly tail_start: number;
  readonly dropped_bytes: number;
}

function pieceOf(row: OutputRow): OutputPiece {
  return {
    jobId: row.job_id,
    taskId: row.task_id,
    position: row.position,
    attempt: row.attempt,
    stream: row.stream,
    item: row.item,
    at: row.at,
    data: row.data,
    droppedBefore: row.position === row.tail_start ? row.dropped_bytes : 0,
  };
}

const OUTPUT_COLUMNS =
  "task.job_id, task_output.task_id, task_output.position, task_output.attempt, stream, item, at, data, tail_start, dropped_bytes";

/** A place in the output of a job: behind this piece. */
export interface OutputPosition {
  readonly taskId: Id;
  readonly position: number;
}

/** The output of a job from a place on; null: from its beginning. */
export interface OutputPlace {
  readonly jobId: Id;
  readonly after: OutputPosition | null;
}

const PLACE_COLUMNS: readonly ValueColumn[] = [
  ["wanted", "text"],
  ["after_task", "text"],
  ["after_position", "bigint"],
];

/** Output of all tasks of some jobs, of each task by task in the order they were made. At most `limit` pieces, whichever jobs they are of. */
export async function selectOutput(
  sql: Sql,
  places: readonly OutputPlace[],
  limit: number,
): Promise<readonly OutputPiece[]> {
  const found: OutputPiece[] = [];
  for (const some of pieces(places, PLACE_COLUMNS.length)) {
    if (found.length >= limit) break;
    const rows = await withValues<OutputRow>(
      sql,
      PLACE_COLUMNS,
      some.map(({ jobId, after }) => [jobId, after?.taskId ?? "", after?.position ?? -1]),
      `SELECT ${OUTPUT_COLUMNS} FROM v
       JOIN task ON task.job_id = wanted AND task.id >= after_task
       JOIN task_output ON task_output.task_id = task.id AND (task.id > after_task OR task_output.position > after_position)
       JOIN task_output_size ON task_output_size.task_id = task.id
       ORDER BY task.id, task_output.position LIMIT ${limit - found.length}`,
    );
    found.push(...rows.map(pieceOf));
  }
  return found;
}

/** Bytes looked at for the last lines of a failed task. */
const LAST_PIECES = 50;
const LAST_BYTES = 4_000;
const LAST_LINES = 20;

/** The last lines a task wrote, as text; undefined when it wrote nothing. */
export async function lastOutput(sql: Sql, task: Id): Promise<string | undefined> {
  const rows = await sql.rows<{ data: Uint8Array }>(
    "SELECT data FROM task_output WHERE task_id = ? ORDER BY position DESC LIMIT ?",
    [task, LAST_PIECES],
  );
  if (rows.length === 0) return undefined;
  const bytes = Buffer.concat(rows.map((row) => row.data).reverse());
  const text = bytes.subarray(-LAST_BYTES).toString("utf8").trimEnd();
  return text.split("\n").slice(-LAST_LINES).join("\n");
}

import type { Transaction } from "../platform/database/index.ts";
import type { JobLines } from "./lines.ts";
import { endedItemsOf } from "./list-store.ts";
import type { ItemResult } from "./model.ts";
import type { SqlTransaction } from "./sql.ts";
import type { TaskResult } from "./task-model.ts";
import type { TaskRecord } from "./task-store.ts";

/** What an executor says of a task that has ended. */
export interface LateWord {
  readonly task: TaskRecord;
  /** Of the task itself. */
  readonly outcome?: TaskResult["outcome"];
  readonly items: readonly ItemResult[];
}

/** What a task ended as that the server gave up, though its executor may have gone on. */
const GIVEN_UP: readonly TaskRecord["status"][] = ["interrupted", "cancelled"];

/**
 * Results of a task that was given up, because its executor was away too long, change nothing: what was told once stays. The job's log says
 * once for each task that they came, so that who looks knows of them. What was told before and is told again is no news.
 */
export async function noteLate(
  tx: Transaction,
  sql: SqlTransaction,
  lines: JobLines,
  words: readonly LateWord[],
  now: number,
): Promise<void> {
  const given = words.filter(({ task }) => GIVEN_UP.includes(task.status) && !task.late);
  if (given.length === 0) return;
  const lists = given.filter(({ task }) => task.tally !== null).map(({ task }) => task.id);
  const known = await endedItemsOf(sql, lists);
  const said = new Map<string, { readonly task: TaskRecord; readonly text: string }>();
  for (const { task, outcome, items } of given) {
    const fresh = items.filter(({ item }) => known.get(task.id)?.has(item) !== true);
    const news = task.tally === null ? outcome === "done" || outcome === "failed" : fresh.length > 0;
    if (news && !said.has(task.id)) said.set(task.id, { task, text: textOf(task, outcome, fresh) });
  }
  const all = [...said.values()];
  if (all.length === 0) return;
  await sql.update({ table: "task", keys: ["id"], set: ["late"], rows: all.map(({ task }) => [task.id, 1]) });
  await lines(
    tx,
    sql,
    all.map(({ task, text }) => ({ jobId: task.jobId, kind: "result", taskId: task.id, text, aside: true })),
    now,
  );
}

function textOf(task: TaskRecord, outcome: TaskResult["outcome"] | undefined, items: readonly ItemResult[]): string {
  const about = "the executor came back after the task had been given up; this changes nothing";
  if (task.tally === null) return `${task.name}: ${about}: it ended as ${outcome}`;
  const first = items[0]!;
  const more = items.length === 1 ? "" : ` and ${items.length - 1} more`;
  return `${task.name}: ${about}: item ${first.item} ended as ${first.outcome}${more}`;
}

import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import type { Queries } from "../platform/database/index.ts";

/** What a node may bring to the server: only what a task of its own asks for (the verb GET), and no more than that says. */

declare module "../platform/database/tables.ts" {
  interface Tables {
    content_inbound: { task_id: string; executor_id: string; room: number; given_at: number };
  }
}

/** Bytes of all files of one GET that says nothing else. */
export const INBOUND_BYTES = 1024 * 1024 * 1024;

interface Asked {
  readonly module: string;
  readonly function: string;
  readonly parameters: Json;
  readonly batch?: readonly { readonly function?: string | undefined; readonly parameters: Json }[] | null;
}

/** Bytes that the verbs of a task may bring. 0: none of them brings any. */
export function inboundRoom(task: Asked): number {
  if (task.module !== "agent") return 0;
  const items = task.batch ?? [task];
  return items
    .filter((item) => (item.function ?? task.function) === "get")
    .reduce((sum, { parameters }) => {
      const limit = isJsonObject(parameters) ? parameters["limit"] : undefined;
      return sum + (typeof limit === "number" && limit > 0 ? limit : INBOUND_BYTES);
    }, 0);
}

/** Given once for a task, also when it is handed out again. */
export async function allowInbound(
  queries: Queries,
  grant: { readonly taskId: Id; readonly executorId: Id; readonly room: number; readonly now: number },
): Promise<void> {
  const { taskId, executorId, room, now } = grant;
  await queries
    .insertInto("content_inbound")
    .values({ task_id: taskId, executor_id: executorId, room, given_at: now })
    .onConflict((conflict) => conflict.column("task_id").doUpdateSet({ executor_id: executorId, given_at: now }))
    .execute();
}

/** Bytes the executor may still bring for this task. Undefined: nobody asked it for anything. */
export async function roomLeft(queries: Queries, taskId: Id, executorId: Id): Promise<number | undefined> {
  const row = await queries
    .selectFrom("content_inbound")
    .select("room")
    .where("task_id", "=", taskId)
    .where("executor_id", "=", executorId)
    .executeTakeFirst();
  return row?.room;
}

export async function takeRoom(queries: Queries, taskId: Id, size: number): Promise<void> {
  await queries
    .updateTable("content_inbound")
    .set(({ eb }) => ({ room: eb("room", "-", size) }))
    .where("task_id", "=", taskId)
    .execute();
}

/** Forgets tasks that were given out long ago. */
export async function sweepInbound(queries: Queries, before: number): Promise<void> {
  await queries.deleteFrom("content_inbound").where("given_at", "<", before).execute();
}

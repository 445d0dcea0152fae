import type { Id } from "../kernel/ids.ts";
import { isJsonObject, type Json } from "../kernel/json.ts";
import type { Queries } from "../platform/database/index.ts";
import type { Holder } from "./content.ts";

/** What a node may bring to the server: only what a task of its own asks for (the verb GET), and no more than that says. */

declare module "../platform/database/tables.ts" {
  interface Tables {
    content_inbound: { task_id: string; executor_id: string; room: number; given_at: number; holder: string };
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
      const { limit, retry } = isJsonObject(parameters) ? parameters : {};
      const once = typeof limit === "number" && limit > 0 ? limit : INBOUND_BYTES;
      // A file that changes is another one in the next attempt.
      return sum + once * (typeof retry === "number" && retry > 0 ? 1 + retry : 1);
    }, 0);
}

/** Given once for a task, also when it is handed out again. */
export async function allowInbound(
  queries: Queries,
  grant: {
    readonly taskId: Id;
    readonly executorId: Id;
    readonly room: number;
    readonly now: number;
    readonly holder: Holder;
  },
): Promise<void> {
  const { taskId, executorId, room, now, holder } = grant;
  await queries
    .insertInto("content_inbound")
    .values({ task_id: taskId, executor_id: executorId, room, given_at: now, holder })
    .onConflict((conflict) => conflict.column("task_id").doUpdateSet({ executor_id: executorId, given_at: now }))
    .execute();
}

/** Bytes the executor may still bring for this task, and for whom. Undefined: nobody asked it for anything. */
export async function roomLeft(
  queries: Queries,
  taskId: Id,
  executorId: Id,
): Promise<{ readonly room: number; readonly holder: Holder } | undefined> {
  return queries
    .selectFrom("content_inbound")
    .select(["room", "holder"])
    .where("task_id", "=", taskId)
    .where("executor_id", "=", executorId)
    .executeTakeFirst();
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

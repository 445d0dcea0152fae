import type { Id } from "../kernel/ids.ts";
import type { Sql, SqlTransaction } from "./sql.ts";

/** Until when executors' leases live. */

/** How long an executor's leases live, by executor. */
export async function saveSessions(
  sql: SqlTransaction,
  sessions: readonly { readonly id: Id; readonly session: string; readonly until: number }[],
): Promise<void> {
  await sql.insert({
    table: "task_session",
    columns: ["executor_id", "session", "until"],
    rows: sessions.map((one) => [one.id, one.session, one.until]),
    onConflict: { columns: ["executor_id"], do: "update" },
  });
}

/** No lease runs out because the server was down, or its clock jumped: all live until then. */
export async function extendSessions(sql: Sql, until: number): Promise<void> {
  await sql.rows("UPDATE task_session SET until = ?", [until]);
}

/** Ends the sessions that ran out and returns their executors. */
export async function takeLapsedSessions(sql: Sql, now: number): Promise<readonly Id[]> {
  const rows = await sql.rows<{ executor_id: string }>(
    "DELETE FROM task_session WHERE until <= ? RETURNING executor_id",
    [now],
  );
  return rows.map((row) => row.executor_id);
}

export async function nextSessionEnd(sql: Sql): Promise<number | null> {
  const [row] = await sql.rows<{ at: number | null }>("SELECT min(until) AS at FROM task_session");
  return row?.at ?? null;
}

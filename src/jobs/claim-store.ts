import type { Id } from "../kernel/ids.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import { assignedItems, endedItemsOf } from "./list-store.ts";
import { marks, pieces, skipLocked, withValues } from "./sql.ts";
import type { Sql, SqlValue } from "./sql.ts";
import type { Assignment, Executor, ReadyRoute } from "./task-model.ts";

/** Gives ready tasks to those who ask for work. */

const LEASED = "status = 'leased', fence = fence + 1, due_at = NULL";
const CLAIMED = `task.id, job_id, tenant_id, call, sealed, module, function, parameters, batch, shared, keep_going, timeout, safe_to_repeat,
  attempt, fence, undo_of, undo_value, unserved`;

interface ClaimedRow {
  readonly id: string;
  readonly job_id: string;
  readonly call: number;
  readonly sealed: Uint8Array | null;
  readonly tenant_id: string;
  readonly module: string;
  readonly function: string;
  readonly parameters: string;
  readonly batch: string | null;
  readonly shared: string | null;
  readonly keep_going: number;
  readonly timeout: number | null;
  readonly safe_to_repeat: number;
  readonly attempt: number;
  readonly fence: number;
  readonly undo_of: string | null;
  readonly undo_value: string | null;
  readonly unserved: number | null;
}

/**
 * Leases to each executor what it may do now, oldest first, up to its free slots. Agents that offer the same are given theirs together: a
 * command on thousands of nodes is a few statements.
 */
export async function claimTasks(
  sql: Sql,
  executors: readonly Executor[],
  now: number,
): Promise<readonly (readonly Assignment[])[]> {
  const alike = Map.groupBy(executors, alikeness);
  const claimed = new Map<Executor, readonly ClaimedRow[]>();
  for (const [likeness, some] of alike) {
    // One that asks over two connections at a time is not given what there is twice.
    const each = [...new Map(some.map((one) => [one.agentId, one])).values()];
    const together = likeness !== undefined && each.length > 1 ? await claimTogether(sql, each, now) : undefined;
    for (const one of together === undefined ? some : each)
      claimed.set(one, together === undefined ? await claimAlone(sql, one, now) : (together.get(one) ?? []));
  }
  const again = [...claimed.values()].flat().filter((row) => row.batch !== null && row.attempt > 1);
  const ended = await endedItemsOf(
    sql,
    again.map((row) => row.id),
  );
  return executors.map((executor) =>
    (claimed.get(executor) ?? [])
      .map((row) => assignmentOf(row, ended.get(row.id)))
      .sort((a, b) => (a.task < b.task ? -1 : 1)),
  );
}

/** What agents have in common that can be given tasks together; undefined for who is none. */
function alikeness({ agentId, siteIds, tenantId, modules }: Executor): string | undefined {
  if (agentId === undefined || siteIds.length > 0 || tenantId === null) return undefined;
  return JSON.stringify([tenantId, modules]);
}

/** Those of agents that are alike. Undefined: so much waits for some of them that each has to ask for itself. */
async function claimTogether(
  sql: Sql,
  agents: readonly Executor[],
  now: number,
): Promise<ReadonlyMap<Executor, readonly ClaimedRow[]> | undefined> {
  const byAgent = new Map(agents.map((one) => [one.agentId!, one]));
  const taken = new Map<Id, Executor>();
  for (const [module, free] of Object.entries(agents[0]!.modules)) {
    if (free <= 0) continue;
    const given = new Map<Id, number>();
    for (const piece of pieces([...byAgent.keys()], 1)) {
      // One more than all of them could take: then somebody's tasks may be crowded out by another's.
      const limit = piece.length * free + 1;
      const waiting = await sql.rows<{ id: Id; agent_id: Id }>(
        `SELECT id, agent_id FROM task WHERE status = 'ready' AND module = ? AND tenant_id = ? AND agent_id IN (${marks(piece.length)})
           AND not_before <= ? ORDER BY not_before, id LIMIT ? ${skipLocked(sql)}`,
        [module, agents[0]!.tenantId!, ...piece, now, limit],
      );
      if (waiting.length === limit) return undefined;
      for (const { id, agent_id: agent } of waiting) {
        const before = given.get(agent) ?? 0;
        if (before >= free) continue;
        given.set(agent, before + 1);
        taken.set(id, byAgent.get(agent)!);
      }
    }
  }
  const rows = await withValues<ClaimedRow>(
    sql,
    [
      ["id", "text"],
      ["owner", "text"],
    ],
    [...taken].map(([id, { id: owner }]) => [id, owner]),
    `UPDATE task SET ${LEASED}, owner = v.owner FROM v WHERE task.id = v.id AND status = 'ready' RETURNING ${CLAIMED}`,
  );
  return Map.groupBy(rows, (row) => taken.get(row.id)!);
}

async function claimAlone(sql: Sql, executor: Executor, now: number): Promise<readonly ClaimedRow[]> {
  const claimed: ClaimedRow[] = [];
  for (const [module, free] of Object.entries(executor.modules)) {
    if (free <= 0) continue;
    for (const { where, values } of meantFor(executor)) {
      claimed.push(...(await claimWhere(sql, executor.id, `module = ? AND ${where}`, [module, ...values], now, free)));
    }
  }
  return claimed;
}

/** Conditions of the tasks it may be given: those for the agent it is, and those of the sites it serves; never those of another tenant. */
function meantFor({ agentId, siteIds, tenantId }: Executor): readonly {
  readonly where: string;
  readonly values: readonly SqlValue[];
}[] {
  const [own, values] = tenantId === null ? ["", []] : ["tenant_id = ? AND ", [tenantId]];
  const found: { where: string; values: readonly SqlValue[] }[] = [];
  if (agentId !== undefined) found.push({ where: `${own}agent_id = ?`, values: [...values, agentId] });
  if (siteIds === "all") found.push({ where: `${own}site_id IS NOT NULL`, values });
  else if (siteIds.length > 0)
    found.push({ where: `${own}site_id IN (${marks(siteIds.length)})`, values: [...values, ...siteIds] });
  return found;
}

async function claimWhere(
  sql: Sql,
  owner: Id,
  where: string,
  parameters: readonly SqlValue[],
  now: number,
  limit: number,
): Promise<readonly ClaimedRow[]> {
  return sql.rows<ClaimedRow>(
    `WITH free AS (
      SELECT id FROM task WHERE status = 'ready' AND ${where} AND not_before <= ? ORDER BY not_before, id LIMIT ? ${skipLocked(sql)}
    )
    UPDATE task SET ${LEASED}, owner = ? FROM free WHERE task.id = free.id RETURNING ${CLAIMED}`,
    [...parameters, now, limit, owner],
  );
}

/**
 * Takes leases back that nobody was told of; what is to be stopped stays, as somebody waits for its end.
 * @returns where they may go now, and when they are to be looked at
 */
export async function unleaseTasks(
  sql: Sql,
  leases: readonly Pick<Assignment, "task" | "fence">[],
  now: number,
): Promise<readonly (ReadyRoute & { readonly dueAt: number | null })[]> {
  const rows = await withValues<{ module: string; agent_id: Id | null; site_id: Id | null; due_at: number | null }>(
    sql,
    [
      ["id", "text"],
      ["fence", "bigint"],
      ["now_at", "bigint"],
    ],
    leases.map(({ task, fence }) => [task, fence, now]),
    `UPDATE task SET status = 'ready', owner = NULL, due_at = v.now_at + reach_within FROM v
     WHERE task.id = v.id AND task.fence = v.fence AND status = 'leased' AND cancel = 0 RETURNING module, agent_id, site_id, due_at`,
  );
  return rows.map(({ module, agent_id: agentId, site_id: siteId, due_at: dueAt }) => ({
    module,
    route: agentId === null ? { siteId: siteId! } : { agentId },
    dueAt,
  }));
}

function assignmentOf(row: ClaimedRow, ended: ReadonlySet<number> | undefined): Assignment {
  return {
    task: row.id,
    attempt: row.attempt,
    key: row.id,
    fence: row.fence,
    jobId: row.job_id,
    call: row.call,
    tenantId: row.tenant_id,
    module: row.module,
    function: row.function,
    parameters: JSON.parse(row.parameters) as Json,
    ...(row.sealed === null ? {} : { sealed: row.sealed }),
    ...(row.batch === null ? {} : { batch: assignedItems(row.batch, ended) }),
    ...(row.shared === null ? {} : { shared: JSON.parse(row.shared) as JsonObject }),
    keepGoing: row.keep_going === 1,
    timeout: row.timeout,
    safeToRepeat: row.safe_to_repeat === 1,
    ...(row.unserved === 1 ? { unserved: true } : {}),
    ...(row.undo_of === null
      ? {}
      : { undo: row.undo_value === null ? {} : { value: JSON.parse(row.undo_value) as Json } }),
  };
}

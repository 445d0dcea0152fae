import type { Id } from "../kernel/ids.ts";
import type { Database, Queries, Transaction } from "../platform/database/index.ts";
import type { LaggingJob } from "./advance.ts";
import type { RunNode } from "./model.ts";
import "./tables.ts";

/** Nodes of runs that are away while others wait for them. */

/** What nodes that lag are not through with: by node, then in the order of the stages. */
export async function selectLagging(queries: Queries, id: Id): Promise<readonly LaggingJob[]> {
  const some = await queries
    .selectFrom("run_node")
    .select("node")
    .where("run_id", "=", id)
    .where("lags", "=", 1)
    .limit(1)
    .executeTakeFirst();
  // Nearly always: none.
  if (some === undefined) return [];
  const rows = await queries
    .selectFrom("run_job")
    .innerJoin("run_node", (join) =>
      join.onRef("run_node.run_id", "=", "run_job.run_id").onRef("run_node.node", "=", "run_job.node"),
    )
    .select(["run_job.node", "run_job.stage", "run_job.state"])
    .where("run_job.run_id", "=", id)
    .where("run_node.lags", "=", 1)
    .where("run_job.state", "in", ["waiting", "begun"])
    .orderBy("run_job.node")
    .orderBy("run_job.stage")
    .execute();
  return rows.map(({ node, stage, state }) => ({ node, stage, begun: state === "begun" }));
}

/** Nodes that have had the same stage before them since this time, and do not lag yet, of a run in which others have not begun all. */
export async function selectSlow(
  queries: Queries,
  id: Id,
  since: number,
  limit: number,
): Promise<readonly (RunNode & { readonly node: number })[]> {
  const rows = await queries
    .selectFrom("run_job")
    .innerJoin("run_node", (join) =>
      join.onRef("run_node.run_id", "=", "run_job.run_id").onRef("run_node.node", "=", "run_job.node"),
    )
    .select(["run_job.node", "run_node.agent_id", "run_node.name"])
    .where("run_job.run_id", "=", id)
    .where("run_job.state", "=", "begun")
    .where("run_job.changed_at", "<", since)
    .where("run_node.lags", "is", null)
    .where((where) =>
      where.exists(
        where
          .selectFrom("run_stage")
          .select("stage")
          .where("run_stage.run_id", "=", id)
          .whereRef("run_stage.begun", "<", "run_stage.total"),
      ),
    )
    .orderBy("run_job.changed_at")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ node: row.node, agentId: row.agent_id, name: row.name }));
}

export async function markLagging(
  database: Database,
  tx: Transaction,
  id: Id,
  nodes: readonly number[],
): Promise<void> {
  await database.bulkUpdate(tx, {
    table: "run_node",
    keys: ["run_id", "node"],
    set: ["lags"],
    rows: nodes.map((node) => [id, node, 1]),
  });
}

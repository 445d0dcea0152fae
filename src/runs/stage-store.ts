import type { Id } from "../kernel/ids.ts";
import type { Queries, Transaction } from "../platform/database/index.ts";
import "./tables.ts";

/** What nodes have to do in a stage. */

/** Lines left to do, of those places that do not do all: by `STAGE NODE`. Only the rest of another run has such. */
export async function selectJobsAt(
  tx: Transaction,
  id: Id,
  places: readonly { readonly stage: number; readonly node: number }[],
): Promise<ReadonlyMap<string, readonly number[]>> {
  const run = await tx.selectFrom("run").select("resumes").where("id", "=", id).executeTakeFirst();
  if (run?.resumes == null) return new Map();
  const rows = await tx
    .selectFrom("run_job")
    .select(["stage", "node", "chosen"])
    .where("run_id", "=", id)
    .where("stage", "in", [...new Set(places.map(({ stage }) => stage))])
    .where("node", "in", [...new Set(places.map(({ node }) => node))])
    .where("chosen", "is not", null)
    .execute();
  return new Map(rows.map(({ stage, node, chosen }) => [`${stage} ${node}`, JSON.parse(chosen!) as number[]]));
}

/** The jobs of a stage that ended well or not: not those that were passed over. */
export async function selectStageJobs(
  queries: Queries,
  id: Id,
  stage: number,
): Promise<
  readonly {
    readonly node: number;
    readonly name: string;
    readonly jobId: Id;
    readonly chosen: readonly number[] | null;
  }[]
> {
  const rows = await queries
    .selectFrom("run_job")
    .innerJoin("run_node", (join) =>
      join.onRef("run_node.run_id", "=", "run_job.run_id").onRef("run_node.node", "=", "run_job.node"),
    )
    .select(["run_job.node", "run_job.job_id", "run_job.chosen", "run_node.name"])
    .where("run_job.run_id", "=", id)
    .where("run_job.stage", "=", stage)
    .where("run_job.job_id", "is not", null)
    .orderBy("run_job.node")
    .execute();
  return rows.map((row) => ({
    node: row.node,
    name: row.name,
    jobId: row.job_id!,
    chosen: row.chosen === null ? null : (JSON.parse(row.chosen) as number[]),
  }));
}

import { sql } from "kysely";
import type { JsonObject } from "../kernel/json.ts";
import { type Database, tablesOf } from "../platform/database/index.ts";

/** What is read of other rooms' tables: counts, and columns that are named here. */

const MOST_JOBS = 500;
const MOST_NODES = 2000;

/** Rows of each table. */
export async function countRows(database: Database): Promise<JsonObject> {
  const tables = await database.transaction((tx) => tablesOf(tx, database.dialect));
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    // One at a time: on SQLite everybody else waits as long.
    const { rows } = await sql<{ count: number }>`select count(*) as count from ${sql.table(name)}`.execute(
      database.kysely,
    );
    counts[name] = rows[0]?.count ?? 0;
  }
  return counts;
}

export async function migrations(database: Database): Promise<readonly JsonObject[]> {
  const rows = await database.kysely.selectFrom("migration").selectAll().orderBy("name").execute();
  return rows.map(({ name, applied_at }) => ({ name, appliedAt: applied_at }));
}

/** How many jobs are in which state, and the newest ones: no parameters, no messages. A list of verbs is named by its text: left out. */
export async function jobStates(database: Database): Promise<JsonObject> {
  const { rows: counts } = await sql<{
    status: string;
    count: number;
  }>`select status, count(*) as count from job group by status order by status`.execute(database.kysely);
  const { rows } = await sql<JsonObject & { failure: string | null }>`
    select id, status, program_kind, case when program_kind = 'script' then program_name end as program_name, target_kind, target_id, line, percent,
      created_at, started_at, finished_at, wake_at, lease_until, failure
    from job order by id desc limit ${MOST_JOBS}`.execute(database.kysely);
  return {
    counts: Object.fromEntries(counts.map(({ status, count }) => [status, count])),
    newest: rows.map(({ failure, ...job }) => ({ ...job, failure: codeIn(failure) })),
  };
}

/** Agents and workers: no facts, no keys. */
export async function nodes(database: Database): Promise<readonly JsonObject[]> {
  const { rows } = await sql<JsonObject>`
    select id, tenant_id, kind, name, foundation_id, site_id, version, joined_at, seen_at
    from executor order by name limit ${MOST_NODES}`.execute(database.kysely);
  return rows.map((row) => ({ ...row }));
}

/** The code of a failure: its message may hold values. */
function codeIn(failure: string | null): string | null {
  const code = failure === null ? null : /"code":"([a-z0-9_]+)"/.exec(failure)?.[1];
  return code ?? (failure === null ? null : "unknown");
}

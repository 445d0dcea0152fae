import type { Id } from "../kernel/ids.ts";
import type { Database, Migration, Transaction } from "../platform/database/index.ts";

interface RunTable {
  id: string;
  tenant_id: string;
  text: string;
  created_at: number;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    run: RunTable;
  }
}

export const migrations: readonly Migration[] = [
  {
    name: "1801_runs",
    statements: (types) => [
      `create table run (
        id ${types.id} primary key,
        tenant_id ${types.id} not null,
        text ${types.text} not null,
        created_at ${types.time} not null
      )${types.strict}`,
    ],
  },
];

export interface StoredRun {
  readonly id: Id;
  readonly text: string;
  readonly createdAt: number;
}

export async function insertRun(tx: Transaction, tenantId: Id, run: StoredRun): Promise<void> {
  await tx
    .insertInto("run")
    .values({ id: run.id, tenant_id: tenantId, text: run.text, created_at: run.createdAt })
    .execute();
}

export async function selectRun(database: Database, tenantId: Id, id: Id): Promise<StoredRun | undefined> {
  const row = await database.kysely
    .selectFrom("run")
    .selectAll()
    .where("id", "=", id)
    .where("tenant_id", "=", tenantId)
    .executeTakeFirst();
  return row === undefined ? undefined : { id: row.id, text: row.text, createdAt: row.created_at };
}

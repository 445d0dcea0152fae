import type { Clock } from "../kernel/clock.ts";
import type { Id, Random } from "../kernel/ids.ts";
import type { Migration, Queries, Transaction } from "../platform/database/index.ts";
import { IMPORTED_MIGRATION } from "./imported-store.ts";
import type { Bundle } from "./schema.ts";

/** A design as it was last applied. */
export interface DesignRecord {
  readonly id: Id;
  readonly name: string;
  /** Grows with every apply. */
  readonly version: number;
  /** `absent`: it was destroyed; what is left of it is on its way out. */
  readonly wanted: "built" | "absent";
  /** Who applied it. */
  readonly appliedBy: string;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  readonly appliedAt: number;
}

interface DesignTable {
  id: string;
  tenant_id: string;
  name: string;
  version: number;
  wanted: "built" | "absent";
  applied_by: string;
  bundle: string;
  created_at: number;
  applied_at: number;
}

declare module "../platform/database/tables.ts" {
  interface Tables {
    design: DesignTable;
  }
}

export const designMigrations: readonly Migration[] = [
  {
    name: "1401_design",
    statements: ({ id, text, json, integer, time, strict }) => [
      `CREATE TABLE design (
      id ${id} PRIMARY KEY,
      tenant_id ${id} NOT NULL,
      name ${text} NOT NULL,
      version ${integer} NOT NULL,
      wanted ${text} NOT NULL,
      applied_by ${text} NOT NULL,
      bundle ${json} NOT NULL,
      created_at ${time} NOT NULL,
      applied_at ${time} NOT NULL
    )${strict}`,
      `CREATE UNIQUE INDEX design_name ON design (tenant_id, name)`,
    ],
  },
  IMPORTED_MIGRATION,
];

export interface DesignStore {
  /** By name, from the one after `after` on. */
  list(queries: Queries, tenantId: Id, after: string, limit: number): Promise<readonly DesignRecord[]>;
  get(queries: Queries, tenantId: Id, name: string): Promise<DesignRecord | undefined>;
  /** The documents it was last applied with. */
  bundle(queries: Queries, id: Id): Promise<Bundle>;
  /** Writes down that a design was applied, or destroyed (`absent`: its documents are forgotten). */
  save(
    tx: Transaction,
    tenantId: Id,
    name: string,
    applied: { by: string; wanted: "built" | "absent"; bundle: Bundle },
  ): Promise<DesignRecord>;
}

const COLUMNS = ["id", "name", "version", "wanted", "applied_by", "created_at", "applied_at"] as const;

export function createDesignStore({ clock, random }: { readonly clock: Clock; readonly random: Random }): DesignStore {
  async function get(queries: Queries, tenantId: Id, name: string): Promise<DesignRecord | undefined> {
    const row = await queries
      .selectFrom("design")
      .select(COLUMNS)
      .where("tenant_id", "=", tenantId)
      .where("name", "=", name)
      .executeTakeFirst();
    return row === undefined ? undefined : recordOf(row);
  }
  return {
    async list(queries, tenantId, after, limit) {
      const rows = await queries
        .selectFrom("design")
        .select(COLUMNS)
        .where("tenant_id", "=", tenantId)
        .where("name", ">", after)
        .orderBy("name")
        .limit(limit)
        .execute();
      return rows.map(recordOf);
    },
    get,
    async bundle(queries, id) {
      const row = await queries.selectFrom("design").select("bundle").where("id", "=", id).executeTakeFirstOrThrow();
      return JSON.parse(row.bundle) as Bundle;
    },
    async save(tx, tenantId, name, { by, wanted, bundle }) {
      const now = clock.now();
      const values = { wanted, applied_by: by, bundle: JSON.stringify(bundle), applied_at: now };
      const row = await tx
        .insertInto("design")
        .values({ id: random.id(), tenant_id: tenantId, name, version: 1, created_at: now, ...values })
        .onConflict((conflict) =>
          conflict
            .columns(["tenant_id", "name"])
            .doUpdateSet((columns) => ({ ...values, version: columns("design.version", "+", 1) })),
        )
        .returning(COLUMNS)
        .executeTakeFirstOrThrow();
      return recordOf(row);
    },
  };
}

function recordOf(row: Pick<DesignTable, (typeof COLUMNS)[number]>): DesignRecord {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    wanted: row.wanted,
    appliedBy: row.applied_by,
    createdAt: row.created_at,
    appliedAt: row.applied_at,
  };
}

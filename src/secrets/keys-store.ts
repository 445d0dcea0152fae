import type { Id } from "../kernel/ids.ts";
import type { Queries, Transaction } from "../platform/database/index.ts";
import type { DataKey, MasterKeyRecord } from "./model.ts";
import "./tables.ts";

/** The master key that wraps all data keys; undefined before the first start. */
export async function selectMasterKey(queries: Queries): Promise<MasterKeyRecord | undefined> {
  const row = await queries.selectFrom("master_key").selectAll().where("current", "=", 1).executeTakeFirst();
  return row === undefined
    ? undefined
    : { id: row.id, source: row.source, check: row.check_value, current: true, createdAt: row.created_at };
}

/** Makes a key the current one; one that was it before, or has been, keeps its row. */
export async function saveMasterKey(tx: Transaction, key: Omit<MasterKeyRecord, "current">): Promise<void> {
  await tx.updateTable("master_key").set({ current: 0 }).where("current", "=", 1).execute();
  const columns = { source: key.source, check_value: key.check, current: 1 };
  await tx
    .insertInto("master_key")
    .values({ id: key.id, ...columns, created_at: key.createdAt })
    .onConflict((conflict) => conflict.column("id").doUpdateSet(columns))
    .execute();
}

/**
 * Makes sure that this is the current master key until the transaction ends: who wraps a data key and who goes over to another master key
 * wait for each other here. False: it is not.
 */
export async function holdMasterKey(tx: Transaction, id: string): Promise<boolean> {
  const held = await tx
    .updateTable("master_key")
    .set({ current: 1 })
    .where("id", "=", id)
    .where("current", "=", 1)
    .executeTakeFirst();
  return held.numUpdatedRows > 0n;
}

/** All of a tenant, or of all tenants, by tenant and generation. */
export async function selectDataKeys(queries: Queries, tenantId?: Id): Promise<readonly DataKey[]> {
  let query = queries.selectFrom("data_key").selectAll();
  if (tenantId !== undefined) query = query.where("tenant_id", "=", tenantId);
  const rows = await query.orderBy("tenant_id").orderBy("generation").execute();
  return rows.map((row) => ({
    tenantId: row.tenant_id,
    generation: row.generation,
    wrapped: row.wrapped,
    masterKeyId: row.master_key_id,
    reserved: row.reserved,
    createdAt: row.created_at,
  }));
}

/** Throws a unique violation when the generation is there. */
export async function insertDataKey(tx: Transaction, key: DataKey): Promise<void> {
  await tx
    .insertInto("data_key")
    .values({
      tenant_id: key.tenantId,
      generation: key.generation,
      wrapped: key.wrapped,
      master_key_id: key.masterKeyId,
      reserved: key.reserved,
      created_at: key.createdAt,
    })
    .execute();
}

/** The same key, wrapped by another master key. */
export async function rewrapDataKey(
  tx: Transaction,
  { tenantId, generation }: Pick<DataKey, "tenantId" | "generation">,
  wrapped: Uint8Array,
  masterKeyId: string,
): Promise<void> {
  await tx
    .updateTable("data_key")
    .set({ wrapped, master_key_id: masterKeyId })
    .where("tenant_id", "=", tenantId)
    .where("generation", "=", generation)
    .execute();
}

/** Sets nonces aside. False when the key has not so many left. */
export async function reserveNonces(
  queries: Queries,
  { tenantId, generation }: Pick<DataKey, "tenantId" | "generation">,
  count: number,
  most: number,
): Promise<boolean> {
  const done = await queries
    .updateTable("data_key")
    .set((row) => ({ reserved: row("reserved", "+", count) }))
    .where("tenant_id", "=", tenantId)
    .where("generation", "=", generation)
    .where("reserved", "<=", most - count)
    .executeTakeFirst();
  return done.numUpdatedRows > 0n;
}

/** Tenants of which something is sealed by an older data key than their newest. */
export async function selectTenantsBehind(queries: Queries): Promise<readonly Id[]> {
  const rows = await queries
    .selectFrom("data_key")
    .select("tenant_id")
    .where((key) =>
      key.exists(
        key
          .selectFrom("secret")
          .select("secret.id")
          .whereRef("secret.tenant_id", "=", "data_key.tenant_id")
          .whereRef("secret.generation", "<", "data_key.generation"),
      ),
    )
    .distinct()
    .execute();
  return rows.map((row) => row.tenant_id);
}

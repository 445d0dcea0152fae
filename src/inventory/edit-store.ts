import { sql } from "kysely";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import { isUniqueViolation, type Database, type Transaction } from "../platform/database/index.ts";
import type { Removal } from "./edit-model.ts";
import { INVENTORY_OUTDATED, NAME_TAKEN } from "./errors.ts";
import { ownedRule } from "./kinds.ts";
import type { Tenant } from "./model.ts";
import { TENANT_MEMBERS, partialColumns } from "./rows.ts";
import "./tables.ts";

/** Rows in one statement: both databases take so many parameters. */
const AT_ONCE = 500;

/**
 * Removes rows of any kind, gives their addresses back, and leaves a note for those who know them still.
 *
 * Errors: `inventory_outdated` when one is not there or not of the version that was seen; the transaction is then to be given up.
 */
export async function removeRows(
  database: Database,
  tx: Transaction,
  tenantId: Id,
  removals: readonly Removal[],
): Promise<void> {
  if (removals.length === 0) return;
  const { revision } = await tx
    .updateTable("tenant")
    .set({ revision: sql<number>`revision + 1` })
    .where("id", "=", tenantId)
    .returning("revision")
    .executeTakeFirstOrThrow();
  for (const kind of new Set(removals.map((one) => one.kind))) {
    const ids = removals.filter((one) => one.kind === kind).map(({ id }) => id);
    const { table } = ownedRule(kind);
    let gone = 0n;
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const some = ids.slice(start, start + AT_ONCE);
      if (kind === "structure") await tx.deleteFrom("address").where("structure_id", "in", some).execute();
      gone += (await tx.deleteFrom(table).where("id", "in", some).executeTakeFirst()).numDeletedRows;
    }
    if (gone !== BigInt(ids.length)) throw new GantryError(INVENTORY_OUTDATED, "the inventory was changed meanwhile");
  }
  await database.bulkInsert(tx, {
    table: "inventory_removed",
    columns: ["tenant_id", "kind", "name", "revision"],
    rows: removals.map(({ kind, name }) => [tenantId, ownedRule(kind).table, name, revision]),
  });
}

/** Writes the tenant's own row over the version before it. Errors: `inventory_outdated`, `name_taken`. */
export async function writeTenant(tx: Transaction, tenant: Tenant): Promise<void> {
  const { id: _id, ...members } = tenant;
  const columns = partialColumns<Tenant>({ members: TENANT_MEMBERS } as never, members);
  try {
    const { numUpdatedRows } = await tx
      .updateTable("tenant")
      .set({ ...columns, revision: sql<number>`revision + 1` })
      .where("id", "=", tenant.id)
      .where("version", "=", tenant.version - 1)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new GantryError(INVENTORY_OUTDATED, "the tenant was changed meanwhile");
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new GantryError(NAME_TAKEN, `there is a tenant '${tenant.name}' already`, { cause: error });
  }
}

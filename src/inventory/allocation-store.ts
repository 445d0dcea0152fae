import { sql } from "kysely";
import type { Id } from "../kernel/ids.ts";
import type { Transaction } from "../platform/database/index.ts";
import "./tables.ts";

/**
 * Waits until nobody else writes the tenant's inventory, and keeps others waiting until the transaction ends. Every writer of the
 * inventory passes this row, so what is read afterwards is still so when it is written.
 */
export async function holdInventory(tx: Transaction, tenantId: Id): Promise<void> {
  await tx
    .updateTable("tenant")
    .set({ revision: sql<number>`revision` })
    .where("id", "=", tenantId)
    .execute();
}

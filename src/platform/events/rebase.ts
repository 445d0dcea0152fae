import { sql } from "kysely";
import type { Transaction } from "../database/index.ts";

/**
 * For events that were copied from another database: the numbers of its transactions mean nothing here. From now on they are older than
 * every transaction of this one, in the order in which they were inserted.
 */
export async function rebaseEvents(tx: Transaction): Promise<void> {
  await tx.updateTable("event").set({ transaction_id: 0 }).where("transaction_id", "<>", 0).execute();
  const first = sql<number>`coalesce((select min(sequence) - 1 from event), sequence)`;
  await tx.updateTable("event_floor").set({ transaction_id: 0, sequence: first }).execute();
}

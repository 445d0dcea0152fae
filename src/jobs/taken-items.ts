import type { Id } from "../kernel/ids.ts";
import type { ItemTally } from "./items.ts";
import { insertItems } from "./list-store.ts";
import type { ItemResult } from "./model.ts";
import type { SqlTransaction } from "./sql.ts";
import type { TaskRecord } from "./task-store.ts";

/**
 * Takes in what executors say of the items of lists they have.
 * @returns how the lists stand now
 */
export async function takeItems(
  sql: SqlTransaction,
  all: readonly { readonly task: TaskRecord; readonly items: readonly ItemResult[] }[],
): Promise<ReadonlyMap<Id, ItemTally>> {
  const lists = all.flatMap(({ task: { id, tally }, items }) =>
    tally === null ? [] : [{ id, tally, results: items }],
  );
  if (lists.length === 0) return new Map();
  return new Map((await insertItems(sql, lists)).map(({ id, tally }) => [id, tally]));
}

import type { Database, Durability, Transaction } from "./database.ts";
import { beginUnit, runInSavepoint, TransactionLost } from "./transactions.ts";

export interface GroupCommit {
  /**
   * Runs a small unit of work in one transaction with all others that are submitted in the same turn of the event loop or while a
   * commit is running. Resolves after that commit. A unit that throws undoes only itself and rejects only its own caller. As in
   * `Database.transaction`, nothing foreign is awaited, and a unit may run more than once. A group is relaxed when all in it are.
   */
  submit<Result>(unit: (tx: Transaction) => Promise<Result>, how?: Durability): Promise<Result>;
}

/** Units in one transaction: enough to share the cost of a commit, few enough to keep readers waiting for milliseconds only. */
const MOST_UNITS = 200;

interface Waiting {
  readonly relaxed: boolean;
  run(tx: Transaction): Promise<unknown>;
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

type Outcome = { readonly result: unknown } | { readonly error: unknown };

export function createGroupCommit(database: Database): GroupCommit {
  const queue: Waiting[] = [];
  let running = false;

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      const group = queue.splice(0, MOST_UNITS);
      try {
        const outcomes = await commitGroup(database, group);
        for (const [index, outcome] of outcomes.entries()) {
          if ("error" in outcome) group[index]!.reject(outcome.error);
          else group[index]!.resolve(outcome.result);
        }
      } catch (error) {
        for (const unit of group) unit.reject(error);
      }
      // Who was told just now may have more to submit for the next group.
      await nextTurn();
    }
    running = false;
  }

  return {
    submit<Result>(unit: (tx: Transaction) => Promise<Result>, how: Durability = {}): Promise<Result> {
      return new Promise<Result>((resolve, reject) => {
        queue.push({ relaxed: how.relaxed === true, run: unit, resolve: resolve as (result: unknown) => void, reject });
        if (running) return;
        running = true;
        void nextTurn().then(drain);
      });
    },
  };
}

async function commitGroup(database: Database, group: readonly Waiting[]): Promise<readonly Outcome[]> {
  const how = { relaxed: group.every((unit) => unit.relaxed) };
  // Savepoints cost PostgreSQL two round trips for each unit, and units rarely fail: the group is first run without them.
  if (database.dialect === "postgres") {
    const results = await commitTogether(database, group, how);
    if (results !== undefined) return results.map((result) => ({ result }));
  }
  return database.transaction(async (tx) => {
    const outcomes: Outcome[] = [];
    for (const unit of group) outcomes.push(await outcomeOf(tx, unit));
    return outcomes;
  }, how);
}

async function outcomeOf(tx: Transaction, unit: Waiting): Promise<Outcome> {
  beginUnit(tx);
  try {
    return { result: await runInSavepoint(tx, () => unit.run(tx)) };
  } catch (error) {
    // Those before it are undone as well, and those after it would run outside of any transaction.
    if (error instanceof TransactionLost) throw error.cause;
    return { error };
  }
}

/** The results of all units, or `undefined`, and nothing changed, when one of them failed. */
async function commitTogether(
  database: Database,
  group: readonly Waiting[],
  how: Durability,
): Promise<readonly unknown[] | undefined> {
  let failed = false;
  try {
    return await database.transaction(async (tx) => {
      const results: unknown[] = [];
      for (const unit of group) {
        beginUnit(tx);
        try {
          results.push(await unit.run(tx));
        } catch (error) {
          failed = true;
          throw error;
        }
      }
      return results;
    }, how);
  } catch (error) {
    if (failed) return undefined;
    throw error;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

import { AsyncLocalStorage } from "node:async_hooks";
import { sql } from "kysely";
import type { Queries, Transaction } from "./database.ts";

/** What is known of an open transaction beside its connection. */
interface OpenTransaction {
  open: boolean;
  /** What is still to be done in it, by key. */
  before: Map<string, (tx: Transaction) => Promise<void>>;
  /** What happens when it is committed, by key. */
  after: Map<string, () => void>;
  /** What parts of the program remember of it. */
  values: Map<object, unknown>;
}

const transactions = new WeakMap<Transaction, OpenTransaction>();
const current = new AsyncLocalStorage<OpenTransaction>();

/** PostgreSQL ended the transaction to let others go on: serialization failure and deadlock. */
const RUN_AGAIN: ReadonlySet<unknown> = new Set(["40001", "40P01"]);
const MOST_RUNS = 5;

/**
 * Runs `action` once the transaction is committed, never when it is rolled back. Of several actions with the same key only the last
 * runs. An action must not throw.
 */
export function afterCommit(tx: Transaction, key: string, action: () => void): void {
  transactionOf(tx).after.set(key, action);
}

/**
 * Runs `action` within the transaction when its work is done, right before it is committed: for what holds others up, or is written better
 * all at once. Of several actions with the same key only the last runs. They run in the order of their keys.
 */
export function beforeCommit(tx: Transaction, key: string, action: (tx: Transaction) => Promise<void>): void {
  transactionOf(tx).before.set(key, action);
}

/** Something that is remembered of an open transaction. */
export interface TransactionValue<Value> {
  get(tx: Transaction): Value | undefined;
  /** The value is replaced, never changed: what a savepoint undoes is undone here as well. */
  set(tx: Transaction, value: Value): void;
}

/** Values of one unit of work are forgotten when the next unit begins in the same transaction. */
export function transactionValue<Value>(of: "transaction" | "unit" = "transaction"): TransactionValue<Value> {
  const key = { of };
  return {
    get: (tx) => transactionOf(tx).values.get(key) as Value | undefined,
    set: (tx, value) => void transactionOf(tx).values.set(key, value),
  };
}

/** From here on the transaction works for somebody else. */
export function beginUnit(tx: Transaction): void {
  const { values } = transactionOf(tx);
  for (const key of values.keys()) if ((key as { readonly of: string }).of === "unit") values.delete(key);
}

/** Refuses what would wait for the open transaction of the caller, and so for ever. */
export function refuseInsideTransaction(): void {
  if (current.getStore()?.open === true) {
    throw new Error("inside a transaction only the transaction itself reads and writes the database");
  }
}

export async function runTransaction<Result>(
  kysely: Queries,
  work: (tx: Transaction) => Promise<Result>,
  /** What is to be done after the commit; left out: it is done at once. */
  committed: (action: () => void) => void = (action) => action(),
): Promise<Result> {
  refuseInsideTransaction();
  for (let run = 1; ; run += 1) {
    const state: OpenTransaction = { open: true, before: new Map(), after: new Map(), values: new Map() };
    try {
      const result = await kysely.transaction().execute((tx) => {
        transactions.set(tx, state);
        return current.run(state, async () => {
          const result = await work(tx);
          for (const key of [...state.before.keys()].sort()) await state.before.get(key)?.(tx);
          return result;
        });
      });
      state.open = false;
      for (const action of state.after.values()) committed(action);
      return result;
    } catch (error) {
      state.open = false;
      if (run >= MOST_RUNS || !RUN_AGAIN.has((error as { code?: unknown }).code)) throw error;
    }
  }
}

/** The database gave up the whole transaction (a full disk, a broken connection), so that nothing in it can go on. Its cause says why. */
export class TransactionLost extends Error {}

/**
 * Runs `work` so that its failure undoes only what it did itself.
 *
 * Throws what `work` throws, or `TransactionLost`.
 */
export async function runInSavepoint<Result>(tx: Transaction, work: () => Promise<Result>): Promise<Result> {
  const state = transactionOf(tx);
  const kept = { before: new Map(state.before), after: new Map(state.after), values: new Map(state.values) };
  await sql`savepoint part`.execute(tx);
  try {
    const result = await work();
    await sql`release savepoint part`.execute(tx);
    return result;
  } catch (error) {
    Object.assign(state, kept);
    await undoSavepoint(tx, error);
    throw error;
  }
}

async function undoSavepoint(tx: Transaction, cause: unknown): Promise<void> {
  try {
    await sql`rollback to savepoint part`.execute(tx);
    await sql`release savepoint part`.execute(tx);
  } catch {
    throw new TransactionLost("the database gave up the transaction", { cause });
  }
}

function transactionOf(tx: Transaction): OpenTransaction {
  const state = transactions.get(tx);
  if (state?.open !== true) throw new Error("the transaction is not open, or was not begun by Database.transaction");
  return state;
}

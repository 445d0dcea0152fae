import type { Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import { afterCommit, type Transaction } from "../platform/database/index.ts";
import { saveSessions } from "./session-store.ts";
import type { SqlTransaction } from "./sql.ts";
import type { Executor } from "./task-model.ts";

/** Until when the leases of executors live that are connected here. */
export interface ExecutorSessions {
  /**
   * Stores that executors are alive, of those whose lease is half over; `force`: of all.
   * @returns those
   */
  keep(
    tx: Transaction,
    sql: SqlTransaction,
    executors: readonly Executor[],
    force?: boolean,
  ): Promise<readonly Executor[]>;
  /** Nothing has to be stored of it yet. */
  isKept(executor: Executor): boolean;
  /** Its connection is gone. */
  ended(executor: Executor): void;
}

export interface ExecutorSessionsParts {
  readonly clock: Clock;
  /** Milliseconds an executor's leases live without a sign of life. */
  readonly lease: number;
  /** Tells the sweeper of a time to look at. */
  readonly sweepBy: (tx: Transaction, at: number) => void;
}

export function createExecutorSessions({ clock, lease, sweepBy }: ExecutorSessionsParts): ExecutorSessions {
  /** Until when each executor's leases live, as stored last. */
  const sessions = new Map<Id, { readonly session: string; readonly until: number }>();

  function isKept({ id, session }: Executor): boolean {
    const known = sessions.get(id);
    if (known?.session !== session) return false;
    const left = known.until - clock.now();
    // More than a lease is: the clock was put back.
    return left >= lease / 2 && left <= lease;
  }

  return {
    isKept,
    async keep(tx, sql, executors, force = false) {
      const until = clock.now() + lease;
      const stale = new Map<Id, Executor>();
      for (const one of executors) if (force || !isKept(one)) stale.set(one.id, one);
      if (stale.size === 0) return [];
      await saveSessions(
        sql,
        [...stale.values()].map((one) => ({ id: one.id, session: one.session, until })),
      );
      for (const one of stale.values()) {
        // Not before: one that was undone would not be stored again, and so never run out.
        afterCommit(tx, `session ${one.id}`, () => sessions.set(one.id, { session: one.session, until }));
      }
      sweepBy(tx, until);
      return [...stale.values()];
    },
    ended({ id, session }) {
      if (sessions.get(id)?.session === session) sessions.delete(id);
    },
  };
}

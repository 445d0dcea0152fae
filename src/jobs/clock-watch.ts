import type { CancelTimer, Clock } from "../kernel/clock.ts";
import { messageOf } from "../kernel/errors.ts";
import type { Database, Transaction } from "../platform/database/index.ts";
import type { Logger } from "../platform/logging/index.ts";
import { extendSessions } from "./session-store.ts";
import { sqlOf } from "./sql.ts";
import type { SqlTransaction } from "./sql.ts";
import type { Wakes } from "./wakes.ts";

/**
 * Notices when the machine's clock is put to another time, or stood still with the machine: timers go on by a source of their own, so a tick
 * that should be seconds away and is an hour away tells. What is stored as a time and means a duration is then set right: leases, time-outs,
 * and what was to be done at once. A `delay` ends at a time of the clock, and keeps it.
 */
export interface ClockWatch {
  start(): void;
  /** Before anything is taken for too late: puts right what a jump made wrong. */
  check(): Promise<void>;
  stop(): void;
}

export interface ClockWatchParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Logger;
  readonly wakes: Wakes;
  /** Milliseconds an executor's leases live without a sign of life. */
  readonly lease: number;
  /** Tells the sweeper of a time to look at. */
  readonly sweepBy: (tx: Transaction, at: number) => void;
}

/** Milliseconds between ticks. */
const TICK = 5_000;
/** Milliseconds a tick may be off: the event loop may be busy, and clocks are put right by a little all the time. */
const SLACK = 10_000;

export function createClockWatch(parts: ClockWatchParts): ClockWatch {
  const { database, clock, log, wakes } = parts;
  let last = 0;
  let cancel: CancelTimer = () => undefined;
  let repairing: Promise<void> = Promise.resolve();

  function tick(): void {
    look();
    cancel = clock.after(TICK, tick);
  }

  function look(): void {
    const now = clock.now();
    const off = now - last - TICK;
    const jumped = off > SLACK || now < last - SLACK;
    last = now;
    if (!jumped) return;
    log.warn({ milliseconds: off }, "the clock jumped, or the machine stood still: leases and time-outs begin anew");
    repairing = repairing
      .then(() => repair(off))
      .catch((error: unknown) => log.error({ error: messageOf(error) }, "times could not be put right"));
  }

  async function repair(off: number): Promise<void> {
    await database.transaction(async (tx) => {
      const sql = sqlOf(database, tx);
      const now = clock.now();
      await extendSessions(sql, now + parts.lease);
      await putRight(sql, now, off);
      wakes.jobsRunnable(tx);
      parts.sweepBy(tx, now);
    });
  }

  return {
    start() {
      last = clock.now();
      cancel = clock.after(TICK, tick);
    },
    async check() {
      const now = clock.now();
      if (now - last > TICK + SLACK || now < last - SLACK) look();
      await repairing;
    },
    stop: () => cancel(),
  };
}

async function putRight(sql: SqlTransaction, now: number, off: number): Promise<void> {
  // The executor ends what takes too long; this is for executors that do not.
  await sql.rows(
    "UPDATE task SET due_at = due_at + ? WHERE due_at IS NOT NULL AND outside IS NULL AND status IN ('leased', 'started')",
    [off],
  );
  if (off > 0) return;
  await sql.rows("UPDATE task SET not_before = not_before + ? WHERE status = 'ready' AND not_before > ?", [off, now]);
  await sql.rows(
    `UPDATE job SET runnable_at = ? WHERE runnable_at > ? AND (wake_at IS NULL OR runnable_at < wake_at OR status IN ('running', 'paused', 'failed'))`,
    [now, now],
  );
}

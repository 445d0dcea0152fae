import type { Clock } from "../kernel/clock.ts";
import type { Bus } from "../platform/bus/index.ts";
import type { Database } from "../platform/database/index.ts";
import { createWaker } from "../platform/events/index.ts";
import { AUDIT_SUBJECT, entryOf, lineOf, type Audit } from "./audit.ts";
import { exportLine, type AuditEntry, type Chain } from "./audit-model.ts";
import { walkAudit, type AuditPlace, type AuditVerdict } from "./audit-verify.ts";

/** What entries are asked for. */
export interface AuditFilter {
  /** The name or id of who acted. */
  readonly actor?: string | undefined;
  /** `secret.read`, or `secret.*` for all of a room. */
  readonly action?: string | undefined;
  readonly subjectKind?: string | undefined;
  /** The name or id of what it was done to. */
  readonly subject?: string | undefined;
  /** Epoch milliseconds, included. */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
}

export interface AuditReader {
  /** The newest first, those before an entry. */
  list(chain: Chain, filter: AuditFilter, before: number | undefined, limit: number): Promise<readonly AuditEntry[]>;
  /**
   * Lines of an export, the oldest first, from an entry on (1: all). With `follow` it goes on with what is added, until the signal.
   * @yields text without a line break
   */
  lines(
    chain: Chain,
    from: number,
    options: { readonly since?: number | undefined; readonly follow?: boolean; readonly signal?: AbortSignal },
  ): AsyncGenerator<string>;
  verify(chain: Chain, known?: AuditPlace): Promise<AuditVerdict>;
}

/** Entries that are read at once. */
const AT_ONCE = 1000;
const NEVER = new AbortController().signal;

export function createAuditReader(parts: {
  readonly database: Database;
  readonly audit: Audit;
  readonly bus: Bus;
  readonly clock: Clock;
}): AuditReader {
  const { database, audit, bus, clock } = parts;

  function page(chain: Chain, from: number, to: number) {
    return database.kysely
      .selectFrom("audit_entries")
      .selectAll()
      .where("chain", "=", chain)
      .where("seq", ">=", from)
      .where("seq", "<=", to)
      .orderBy("seq")
      .limit(AT_ONCE)
      .execute();
  }

  return {
    async list(chain, filter, before, limit) {
      let query = database.kysely.selectFrom("audit_entries").selectAll().where("chain", "=", chain);
      const { actor, action, subject, subjectKind, since, until } = filter;
      if (before !== undefined) query = query.where("seq", "<", before);
      if (actor !== undefined)
        query = query.where((one) => one.or([one("actor_name", "=", actor), one("actor_id", "=", actor)]));
      if (action?.endsWith(".*") === true)
        // The dot's next character in the order of code points: what begins with the room's name.
        query = query.where("action", ">=", action.slice(0, -1)).where("action", "<", `${action.slice(0, -2)}/`);
      else if (action !== undefined) query = query.where("action", "=", action);
      if (subjectKind !== undefined) query = query.where("subject_kind", "=", subjectKind);
      if (subject !== undefined)
        query = query.where((one) => one.or([one("subject_name", "=", subject), one("subject_id", "=", subject)]));
      if (since !== undefined) query = query.where("time", ">=", since);
      if (until !== undefined) query = query.where("time", "<=", until);
      return (await query.orderBy("seq", "desc").limit(limit).execute()).map(entryOf);
    },
    async *lines(chain, from, { since = 0, follow = false, signal = NEVER }) {
      const waker = createWaker(clock, (wake) => bus.subscribe(AUDIT_SUBJECT, (of) => of === chain && wake()), signal);
      let next = from;
      try {
        while (!signal.aborted) {
          waker.reset();
          const rows = await page(chain, next, Number.MAX_SAFE_INTEGER);
          for (const row of rows) {
            next = row.seq + 1;
            if (row.time >= since) yield exportLine(lineOf(row), row.hash);
          }
          if (rows.length > 0) continue;
          if (!follow) return;
          await waker.wait();
        }
      } finally {
        waker.close();
      }
    },
    async verify(chain, known) {
      // What is added meanwhile is looked at another time.
      const head = await audit.head(chain);
      const walk = walkAudit(known);
      for (let from = 1; from <= head.seq;) {
        const rows = await page(chain, from, head.seq);
        if (!rows.every((row) => walk.next({ seq: row.seq, hash: row.hash, prev: row.prev, line: lineOf(row) }))) break;
        from = (rows.at(-1)?.seq ?? head.seq) + 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return walk.end(head);
    },
  };
}

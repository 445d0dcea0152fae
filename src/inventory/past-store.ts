import { AUDIT_MIGRATION, type Audit } from "../access/index.ts";
import { GantryError } from "../kernel/errors.ts";
import type { Id } from "../kernel/ids.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Database } from "../platform/database/index.ts";
import { HISTORY_BEGINS, HISTORY_TOO_LONG } from "./errors.ts";
import type { Kind } from "./kinds.ts";
import type { Snapshot } from "./model.ts";
import { asItWas, nothingUndone, undo, type Undone } from "./past.ts";

/** The inventory as it was. */
export interface Past {
  /**
   * Everything that was committed until then (epoch milliseconds), that moment included.
   *
   * Errors: `history_begins` for a time before anything was kept; `history_too_long` when more changes lie in between than are undone at once.
   */
  snapshot(tenantId: Id, at: number): Promise<Snapshot>;
  /** Since when history is kept; epoch milliseconds. */
  since(): Promise<number>;
}

/** Changes that are undone at most: some seconds. */
const MOST_ENTRIES = 500_000;
/** Entries that are read at once. */
const AT_ONCE = 2000;
/** Times of which the inventory is kept: whoever looks at a time asks several questions about it. */
const MOST_KEPT = 4;

const WRITES = ["inventory.created", "inventory.changed", "inventory.removed"] as const;

interface Kept {
  readonly tenantId: Id;
  /** The last entry that is in it. */
  readonly seq: number;
  readonly snapshot: Snapshot;
}

export function createPast(parts: {
  readonly database: Database;
  readonly audit: Audit;
  readonly present: (tenantId: Id) => Promise<Snapshot>;
  readonly mostEntries?: number;
}): Past {
  const { database, audit, present, mostEntries = MOST_ENTRIES } = parts;
  const { kysely } = database;
  let kept: readonly Kept[] = [];

  async function since(): Promise<number> {
    const row = await kysely
      .selectFrom("migration")
      .select("applied_at")
      .where("name", "=", AUDIT_MIGRATION)
      .executeTakeFirstOrThrow();
    return row.applied_at;
  }

  /** Undoes what lies between the two, both known by the last entry that is in them. */
  async function walkBack(tenantId: Id, from: Kept, target: number, at: number): Promise<Undone> {
    const undone = nothingUndone(from.snapshot);
    let [seq, count] = [from.seq, 0];
    while (seq > target) {
      const entries = await kysely
        .selectFrom("audit_entries")
        .select(["seq", "time", "action", "subject_kind", "subject_id", "data"])
        .where("chain", "=", tenantId)
        .where("seq", "<=", seq)
        .where("seq", ">", target)
        .where("action", "in", WRITES)
        .orderBy("seq", "desc")
        .limit(AT_ONCE)
        .execute();
      for (const { action, subject_kind: kind, subject_id: id, data } of entries) {
        const told = action === "inventory.created" ? {} : (JSON.parse(data) as JsonObject);
        undo(undone, from.snapshot, { action, kind: kind as Kind, id: id ?? "", data: told });
      }
      const last = entries.at(-1);
      if (!undone.exists) throw tooEarly(at, last?.time ?? 0, "the tenant is there");
      if (last === undefined || entries.length < AT_ONCE) break;
      seq = last.seq - 1;
      count += entries.length;
      if (count >= mostEntries) throw tooLong(at, mostEntries);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return undone;
  }

  return {
    since,
    async snapshot(tenantId, at) {
      const begin = await since();
      if (at < begin) throw tooEarly(at, begin, "history is kept");
      // The snapshot has at least what was told before it was read, and at most what is told after it: to undo what it has not changes nothing.
      const told = await audit.head(tenantId);
      const snapshot = await present(tenantId);
      const head = await audit.head(tenantId);
      const target = await lastBefore(database, tenantId, told.seq, at);
      const from = kept
        .filter((one) => one.tenantId === tenantId && one.seq >= target)
        .reduce((a, b) => (b.seq <= a.seq ? b : a), { tenantId, seq: head.seq, snapshot });
      if (from.seq === target && from.snapshot !== snapshot) return from.snapshot;
      const past = asItWas(from.snapshot, await walkBack(tenantId, from, target, at));
      kept = [{ tenantId, seq: target, snapshot: past }, ...kept.filter(({ seq }) => seq !== target)].slice(
        0,
        MOST_KEPT,
      );
      return past;
    },
  };
}

/** The number of the last entry that is not later than a time; times never go back in a chain. 0: there is none. */
async function lastBefore({ kysely }: Database, tenantId: Id, head: number, at: number): Promise<number> {
  let [low, high] = [0, head];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const row = await kysely
      .selectFrom("audit_entries")
      .select("time")
      .where("chain", "=", tenantId)
      .where("seq", "=", middle)
      .executeTakeFirst();
    if (row !== undefined && row.time <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

function tooEarly(at: number, since: number, what: string): GantryError {
  const begin = new Date(since).toISOString();
  return new GantryError(HISTORY_BEGINS, `${what} since ${begin}: nothing is known of ${new Date(at).toISOString()}`, {
    details: { since },
  });
}

function tooLong(at: number, most: number): GantryError {
  const message = `more than ${most.toLocaleString("en")} changes were made since ${new Date(at).toISOString()}`;
  return new GantryError(HISTORY_TOO_LONG, message, { details: { most } });
}

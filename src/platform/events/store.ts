import { type RawBuilder, type Selectable, type SelectQueryBuilder, sql } from "kysely";
import type { Id } from "../../kernel/ids.ts";
import type { Json } from "../../kernel/json.ts";
import type { Database, Queries, Tables, Transaction } from "../database/index.ts";
import type { Event, EventDraft, EventFilter } from "./model.ts";
import { cursorOf, type Position } from "./position.ts";

export async function insertEvents(
  database: Database,
  tx: Transaction,
  events: readonly (EventDraft & { readonly id: Id; readonly at: number })[],
): Promise<void> {
  await database.bulkInsert(tx, {
    table: "event",
    columns: ["id", "tenant_id", "at", "type", "subject_kind", "subject_id", "data"],
    rows: events.map(({ id, tenantId, at, type, subject, data }) => [
      id,
      tenantId,
      at,
      type,
      subject.kind,
      subject.id,
      JSON.stringify(data),
    ]),
  });
}

/**
 * Which rows may be read. On PostgreSQL a transaction that is still open may hold rows that come before others already committed. So
 * rows are read in the order of (transaction, sequence), and only those of transactions older than every open one: nothing can
 * appear before a place that was read. On SQLite there is one writer, and nothing is ever late.
 */
function settled(database: Database): RawBuilder<boolean> {
  return database.dialect === "postgres"
    ? sql`transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint`
    : sql`true`;
}

/** The place behind the last event that may be read. */
export async function lastPosition(database: Database): Promise<Position> {
  const row = await database.kysely
    .selectFrom("event")
    .select(["transaction_id as transaction", "sequence"])
    .where(settled(database))
    .orderBy("transaction_id", "desc")
    .orderBy("sequence", "desc")
    .limit(1)
    .executeTakeFirst();
  return row ?? floorPosition(database.kysely);
}

/** The place up to which nothing is kept. */
export function floorPosition(queries: Queries): Promise<Position> {
  return queries
    .selectFrom("event_floor")
    .select(["transaction_id as transaction", "sequence"])
    .executeTakeFirstOrThrow();
}

/** At most `limit` wanted events behind `after`, up to and with `end`, in order. */
export async function selectEvents(
  database: Database,
  range: { readonly after: Position; readonly end: Position; readonly limit: number },
  filter: EventFilter,
): Promise<readonly { readonly event: Event; readonly position: Position }[]> {
  const query = database.kysely
    .selectFrom("event")
    .selectAll()
    .where(compared(database, ">", range.after))
    .where(compared(database, "<=", range.end))
    .orderBy("transaction_id")
    .orderBy("sequence")
    .limit(range.limit);
  const rows = await filtered(query, filter).execute();
  return rows.map((row) => ({ event: eventOf(row), position: positionIn(row) }));
}

/** The event of an id, once it may be read. */
export async function selectEvent(database: Database, tenantId: Id, id: Id): Promise<Event | undefined> {
  const row = await database.kysely
    .selectFrom("event")
    .selectAll()
    .where("id", "=", id)
    .where("tenant_id", "=", tenantId)
    .where(settled(database))
    .executeTakeFirst();
  return row === undefined ? undefined : eventOf(row);
}

function positionIn(row: Selectable<Tables["event"]>): Position {
  return { transaction: row.transaction_id, sequence: row.sequence };
}

function eventOf(row: Selectable<Tables["event"]>): Event {
  return {
    id: row.id,
    tenantId: row.tenant_id,
    at: row.at,
    type: row.type,
    subject: { kind: row.subject_kind, id: row.subject_id },
    data: JSON.parse(row.data) as Json,
    cursor: cursorOf(positionIn(row)),
  };
}

function filtered<Output>(
  query: SelectQueryBuilder<Tables, "event", Output>,
  { tenantId, types, subject }: EventFilter,
): SelectQueryBuilder<Tables, "event", Output> {
  let result = query;
  if (tenantId !== undefined) result = result.where("tenant_id", "=", tenantId);
  if (subject !== undefined) result = result.where("subject_kind", "=", subject.kind);
  if (subject?.id !== undefined) result = result.where("subject_id", "=", subject.id);
  if (types === undefined) return result;
  return result.where(({ or, and, eb }) =>
    or(
      types.map((type) => {
        if (!type.endsWith(".*")) return eb("type", "=", type);
        // From `job.` to the first text behind all that begin so: `/` follows `.`.
        const room = type.slice(0, -2);
        return and([eb("type", ">=", `${room}.`), eb("type", "<", `${room}/`)]);
      }),
    ),
  );
}

/** SQLite uses only the first column of a pair for a range. There all rows are of transaction 0, so that the second one says all. */
function compared(
  { dialect }: Database,
  operator: "<" | "<=" | ">",
  { transaction, sequence }: Position,
): RawBuilder<boolean> {
  return dialect === "sqlite"
    ? sql`(transaction_id = 0 and sequence ${sql.raw(operator)} ${sequence})`
    : sql`(transaction_id, sequence) ${sql.raw(operator)} (${transaction}, ${sequence})`;
}

/** The first event, in the order of the stream, that did not happen before a time. */
export function firstSince(database: Database, at: number): Promise<Position | undefined> {
  return database.kysely
    .selectFrom("event")
    .select(["transaction_id as transaction", "sequence"])
    .where("at", ">=", at)
    .where(settled(database))
    .orderBy("transaction_id")
    .orderBy("sequence")
    .limit(1)
    .executeTakeFirst();
}

/** Deletes the oldest events, at most `limit`, and only those before `kept`; raises the floor. Returns how many. */
export function deleteOldest(database: Database, kept: Position | undefined, limit: number): Promise<number> {
  return database.transaction(async (tx) => {
    const oldest = await tx
      .selectFrom("event")
      .select(["transaction_id", "sequence"])
      .where(settled(database))
      .where(kept === undefined ? sql<boolean>`true` : compared(database, "<", kept))
      .orderBy("transaction_id")
      .orderBy("sequence")
      .limit(limit)
      .execute();
    const last = oldest.at(-1);
    if (last === undefined) return 0;
    await tx.updateTable("event_floor").set(last).execute();
    const position = { transaction: last.transaction_id, sequence: last.sequence };
    await tx
      .deleteFrom("event")
      .where(compared(database, "<=", position))
      .execute();
    return oldest.length;
  });
}

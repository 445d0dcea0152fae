import type { Clock } from "../../kernel/clock.ts";
import { GantryError } from "../../kernel/errors.ts";
import type { Id, Random } from "../../kernel/ids.ts";
import type { Bus } from "../bus/index.ts";
import { openedSecrets } from "../redaction/index.ts";
import { afterCommit, type Database, type Transaction } from "../database/index.ts";
import { EVENTS_GONE } from "./errors.ts";
import type { Cursor, Event, EventDraft, EventFilter, EventPage, ReadOptions } from "./model.ts";
import { cursorOf, isBefore, type Position, positionOf, samePosition } from "./position.ts";
import {
  deleteOldest,
  firstSince,
  floorPosition,
  insertEvents,
  lastPosition,
  selectEvent,
  selectEvents,
} from "./store.ts";
import { createWaker } from "./waker.ts";

/** The one append-only stream of what happened. Webhooks, the console and `gantry events` all read it. */
export interface EventStream {
  /** Adds events within the caller's transaction; readers are woken (bus subject `events`) once it is committed. */
  append(tx: Transaction, events: readonly EventDraft[]): Promise<void>;
  /** Errors: `events_gone`, `cursor_invalid`. */
  read(options: ReadOptions): Promise<EventPage>;
  /** One event; undefined when there is none of this id, or it is no longer kept. */
  find(tenantId: Id, id: Id): Promise<Event | undefined>;
  /** The end of the stream now: what is read after it is new. */
  end(): Promise<Cursor>;
  /**
   * Every wanted event after the cursor, for ever, each once and in order, also those that commit late. Ends when `signal` is aborted.
   * `after` left out: from the end as it is at the first `next()`. `passed` is told each place up to which everything wanted was given.
   *
   * Errors: `events_gone`, `cursor_invalid`.
   */
  follow(
    after: Cursor | undefined,
    signal: AbortSignal,
    filter?: EventFilter,
    passed?: (cursor: Cursor) => void,
  ): AsyncGenerator<Event, void, undefined>;
  /**
   * Deletes what happened before a time (epoch milliseconds).
   * @returns events deleted
   */
  prune(before: number): Promise<number>;
}

export interface EventStreamParts {
  readonly database: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: Random;
}

const SUBJECT = "events";
/** Events read at once while following. */
const PAGE = 500;
/** Events deleted in one transaction. */
const PRUNED_AT_ONCE = 5000;

export function createEventStream({ database, bus, clock, random }: EventStreamParts): EventStream {
  async function read({ after, limit, ...filter }: ReadOptions): Promise<EventPage> {
    // Before anything is read, so that the page's cursor passes over nothing that is committed meanwhile.
    const end = await lastPosition(database);
    const start = after === undefined ? await floorPosition(database.kysely) : positionOf(after);
    // No reader was ever given a place behind the end: this one comes from before an older state was restored.
    if (after !== undefined && isBefore(end, start))
      throw new GantryError(EVENTS_GONE, "this cursor lies behind the end of the stream; it is not of this stream");
    const found = isBefore(start, end) ? await selectEvents(database, { after: start, end, limit }, filter) : [];
    // After everything is read, so that a deletion meanwhile does not look like a gap.
    if (after !== undefined) await refuseGone(start);
    const more = found.length === limit;
    const reached = more ? (found.at(-1)?.position ?? start) : later(start, end);
    return { events: found.map((one) => one.event), cursor: cursorOf(reached), more };
  }

  async function refuseGone(start: Position): Promise<void> {
    const floor = await floorPosition(database.kysely);
    if (isBefore(start, floor)) throw new GantryError(EVENTS_GONE, "events after this cursor are no longer kept");
  }

  async function end(): Promise<Cursor> {
    return cursorOf(await lastPosition(database));
  }

  async function* follow(
    after: Cursor | undefined,
    signal: AbortSignal,
    filter: EventFilter = {},
    passed: (cursor: Cursor) => void = () => {},
  ): AsyncGenerator<Event, void, undefined> {
    const waker = createWaker(clock, (wake) => bus.subscribe(SUBJECT, wake), signal);
    try {
      let cursor = after ?? (await end());
      while (!signal.aborted) {
        waker.reset();
        const page = await read({ ...filter, after: cursor, limit: PAGE });
        for (const event of page.events) {
          if (signal.aborted) return;
          yield event;
        }
        cursor = page.cursor;
        passed(cursor);
        if (!page.more) await waker.wait();
      }
    } finally {
      waker.close();
    }
  }

  return {
    async append(tx, events) {
      if (events.length === 0) return;
      const at = clock.now();
      await insertEvents(
        database,
        tx,
        events.map((event) => ({ ...event, data: openedSecrets.json(event.data), id: random.id(), at })),
      );
      afterCommit(tx, SUBJECT, () => bus.publish(SUBJECT, null));
    },
    read,
    find: (tenantId, id) => selectEvent(database, tenantId, id),
    end,
    follow,
    async prune(before) {
      const kept = await firstSince(database, before);
      let deleted = 0;
      for (;;) {
        const some = await deleteOldest(database, kept, PRUNED_AT_ONCE);
        deleted += some;
        if (some < PRUNED_AT_ONCE) return deleted;
      }
    },
  };
}

function later(a: Position, b: Position): Position {
  return isBefore(a, b) || samePosition(a, b) ? b : a;
}

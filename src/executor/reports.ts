import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import {
  inPieces,
  type ItemEnding,
  type LinkSession,
  type SessionLog,
  type TaskEnding,
  type TaskRef,
} from "../link/index.ts";
import { failureOf } from "./call.ts";
import type { Journal } from "./journal.ts";

/** What the executor tells the server of its tasks, in the right order with the journal. */
export interface Reports {
  /** Shares one message with the others of this turn. `waits`: it goes on when the server has answered. */
  started(ref: TaskRef, waits: boolean): void;
  /** An item of a list ended, as the journal knows: told soon, together with others. */
  itemEnded(ref: TaskRef): void;
  /** Writes the result to the journal, and sends it when it is on disk. */
  ended(ref: TaskRef, ending: TaskEnding): void;
  acknowledged(ref: TaskRef): void;
  /** Resolves when the server has every result, or after so many milliseconds. */
  settled(milliseconds: number, clock: Clock): Promise<void>;
}

/** Bytes of item results in one message: half a frame. */
const ITEMS_BYTES = 512 * 1024;
/** Milliseconds between two tellings of how items ended. */
const ITEMS_EVERY = 200;

export function createReports(session: LinkSession, journal: Journal, clock: Clock, log: SessionLog): Reports {
  let starting: TaskRef[] = [];
  let someWait = false;
  /** Lists of which items ended that nobody was told of, and how many of them were. */
  const untold = new Map<string, TaskRef>();
  const told = new Map<string, number>();
  let telling: Promise<void> | undefined;
  const open = new Set<string>();
  let settled: (() => void) | undefined;

  function flushStarted(): void {
    if (starting.length === 0) return;
    const tasks = starting;
    const patient = !someWait;
    starting = [];
    someWait = false;
    for (const some of inPieces(tasks)) session.send({ type: "started", tasks: some }, patient);
  }

  async function onDisk(ref: object): Promise<void> {
    try {
      await journal.sync();
    } catch (error) {
      // The server may well be able to keep what this disk cannot.
      log.warn({ ...ref, error: messageOf(error) }, "the journal cannot be written");
    }
  }

  /** The journal has them in the order in which they ended. */
  function sendItems(ref: TaskRef, all: readonly ItemEnding[]): void {
    const key = keyOf(ref);
    for (const some of itemPieces(all.slice(told.get(key) ?? 0))) session.send({ type: "items", ...ref, items: some });
    told.set(key, all.length);
  }

  /** Only what was on the way to the disk before is on it now. */
  async function tell(): Promise<void> {
    const lists = [...untold.values()].map((ref) => ({ ref, items: journal.itemsOf(ref) }));
    untold.clear();
    await onDisk({});
    flushStarted();
    for (const { ref, items } of lists) sendItems(ref, items);
  }

  function tellSoon(): void {
    clock.after(ITEMS_EVERY, () => {
      telling = tell().finally(() => {
        telling = undefined;
        if (untold.size > 0) tellSoon();
      });
    });
  }

  async function report(ref: TaskRef, ending: TaskEnding): Promise<void> {
    untold.delete(keyOf(ref));
    const items = journal.itemsOf(ref);
    journal.ended(ref, ending);
    await telling;
    await onDisk(ref);
    flushStarted();
    sendItems(ref, items);
    told.delete(keyOf(ref));
    try {
      session.send({ type: "result", ...ref, ...ending });
    } catch (error) {
      if (!(error instanceof GantryError)) throw error;
      session.send({ type: "result", ...ref, outcome: "failed", error: failureOf(error) });
    }
  }

  return {
    started(ref, waits) {
      if (starting.length === 0) setImmediate(flushStarted);
      starting.push(ref);
      someWait ||= waits;
    },
    itemEnded(ref) {
      if (untold.size === 0 && telling === undefined) tellSoon();
      untold.set(keyOf(ref), ref);
    },
    ended(ref, ending) {
      open.add(ref.task);
      void report(ref, ending);
    },
    acknowledged(ref) {
      open.delete(ref.task);
      if (open.size === 0) settled?.();
    },
    settled(milliseconds, clock) {
      if (open.size === 0) return Promise.resolve();
      return new Promise((resolve) => {
        settled = resolve;
        clock.after(milliseconds, resolve);
      });
    },
  };
}

function keyOf({ task, attempt }: TaskRef): string {
  return `${task}/${attempt}`;
}

function itemPieces(items: readonly ItemEnding[]): ItemEnding[][] {
  const pieces: ItemEnding[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (bytes + size > ITEMS_BYTES) {
      pieces.push([]);
      bytes = 0;
    }
    pieces.at(-1)?.push(item);
    bytes += size;
  }
  return pieces;
}

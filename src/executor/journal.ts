import { constants, write as writeTo } from "node:fs";
import { type FileHandle, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { GantryError } from "../kernel/errors.ts";
import type { ItemEnding, TaskEnding, TaskMessage, TaskRef } from "../link/index.ts";
import { syncFolder } from "../platform/files/index.ts";
import { JOURNAL_DAMAGED } from "./errors.ts";
import { isSafeItem } from "./list.ts";

/**
 * What an executor must know after its own crash: which tasks it began and how those it finished ended, until the server has the
 * results. Lines of JSON, only appended; many tasks share one fsync. Rewritten without what is done when it has grown.
 */

/** One task the journal knows. */
export interface JournalEntry {
  readonly task: string;
  readonly attempt: number;
  /** Its idempotency key: what it started is marked with it. */
  readonly key: string;
  /** May simply be done again. */
  readonly safe: boolean;
  /** Kept for batches only: they go on after a crash. Parameters may hold secrets, so what is not needed is not written. */
  readonly batch: TaskMessage | null;
  /** Of a batch that holds secrets: no more than what it takes to say how far it came. */
  readonly outline: BatchOutline | null;
  /** Of a batch: when this executor stopped, none of its items was under way. */
  idle: boolean;
  /** How often it was gone on with after another start of the executor. */
  resumed: number;
  /** Items of a batch that ended, by number. */
  readonly items: Map<number, ItemEnding>;
  /** Set when it finished. */
  ending: TaskEnding | undefined;
}

/** What the journal keeps of a batch that holds secrets. */
export interface BatchOutline {
  /** The numbers of its items, in their order. */
  readonly order: readonly number[];
  /** Those of them that may run again when nobody knows whether they had run. */
  readonly again: readonly number[];
  /** Whether it goes on after an item that failed. Undefined: an earlier release wrote this. */
  readonly keepGoing: boolean | undefined;
}

export interface Journal {
  /** What was left from before, in the order it began. */
  entries(): readonly JournalEntry[];
  /** Items of a batch that ended. */
  itemsOf(ref: TaskRef): readonly ItemEnding[];
  started(message: TaskMessage): void;
  item(ref: TaskRef, item: ItemEnding): void;
  /** Of a batch: whether it is certain that none of its items is under way. */
  idle(ref: TaskRef, idle: boolean): void;
  /** Of a batch: it is gone on with. Returns how often it was, with this time. */
  resumed(ref: TaskRef): number;
  ended(ref: TaskRef, ending: TaskEnding): void;
  /** The server has the result, or wants none. */
  forget(ref: TaskRef): void;
  /** Resolves when everything written before is on disk. Rejects when it is not; then it is as if it had not been written. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const record = z.union([
  z.object({
    started: z.string(),
    attempt: z.int(),
    key: z.string(),
    safe: z.boolean(),
    batch: z.custom<TaskMessage>().optional(),
    order: z.array(z.int()).optional(),
    again: z.array(z.int()).optional(),
    keepGoing: z.boolean().optional(),
    /** In a later line about a task that is known already, and alone of use there: an earlier release, gone back to, reads over it. */
    resumed: z.int().optional(),
  }),
  z.object({ item: z.string(), attempt: z.int(), ending: z.custom<ItemEnding>((value) => typeof value === "object") }),
  z.object({ ended: z.string(), attempt: z.int(), ending: z.custom<TaskEnding>((value) => typeof value === "object") }),
  z.object({ idle: z.string(), attempt: z.int(), value: z.boolean() }),
  z.object({ forgotten: z.string(), attempt: z.int() }),
]);
type JournalRecord = z.output<typeof record>;

/** Bytes below which rewriting is not worth it. */
const SMALL = 1024 * 1024;

/** Opens or makes the journal. Throws `executor_journal_damaged`. */
export async function openJournal(path: string): Promise<Journal> {
  const entries = new Map<string, JournalEntry>();
  const kept = replay(await readOrEmpty(path), entries, path);
  let file = await openAt(path, kept);
  let size = kept;
  /** Size after the last rewriting: twice of that is too much. */
  let base = kept;
  let pending: string[] = [];
  let round: Promise<void> | undefined;

  function write(one: JournalRecord): void {
    apply(entries, one);
    pending.push(`${JSON.stringify(one)}\n`);
  }

  async function writeRound(): Promise<void> {
    const text = pending.join("");
    pending = [];
    try {
      size += await writeAll(file, text, size);
    } catch (error) {
      // Half a line must not stay in front of later ones.
      await file.truncate(size).catch(() => undefined);
      throw error;
    }
    if (size > SMALL && size > base * 2) await rewrite();
  }

  /** What is pending is not in the file yet, but in the entries already: replaying it again changes nothing. */
  async function rewrite(): Promise<void> {
    const text = [...entries.values()]
      .flatMap(recordsOf)
      .map((one) => `${JSON.stringify(one)}\n`)
      .join("");
    const fresh = await open(`${path}.new`, NEW, 0o600);
    const length = await writeAll(fresh, text, 0);
    await rename(`${path}.new`, path);
    await syncFolder(dirname(path));
    await file.close();
    file = fresh;
    size = length;
    base = Math.max(size, SMALL);
  }

  /** One round at a time; whoever asks during a round shares the next. */
  let next: Promise<void> | undefined;
  function sync(): Promise<void> {
    if (round === undefined) {
      if (pending.length === 0) return Promise.resolve();
      round = writeRound().finally(() => {
        round = undefined;
      });
      return round;
    }
    next ??= round
      .catch(() => undefined)
      .then(() => {
        next = undefined;
        return sync();
      });
    return next;
  }

  return {
    entries: () => [...entries.values()],
    itemsOf: (ref) => [...(entries.get(keyOf(ref.task, ref.attempt))?.items.values() ?? [])],
    started: (message) =>
      write({
        started: message.task,
        attempt: message.attempt,
        key: message.key,
        safe: message.safeToRepeat,
        // What holds secrets is not written: after a crash the server has to give the rest of such a batch again.
        ...(message.batch === null
          ? {}
          : message.hide === undefined
            ? { batch: message }
            : outlineOf(message, message.batch)),
      }),
    item: (ref, ending) => write({ item: ref.task, attempt: ref.attempt, ending }),
    idle: (ref, value) => write({ idle: ref.task, attempt: ref.attempt, value }),
    resumed(ref) {
      const { task, attempt } = ref;
      const entry = entries.get(keyOf(task, attempt));
      if (entry === undefined) return 0;
      write({ started: task, attempt, key: entry.key, safe: entry.safe, resumed: entry.resumed + 1 });
      return entry.resumed;
    },
    ended: (ref, ending) => write({ ended: ref.task, attempt: ref.attempt, ending }),
    forget: (ref) => write({ forgotten: ref.task, attempt: ref.attempt }),
    sync,
    async close() {
      await sync();
      await file.close();
    },
  };
}

function outlineOf(message: TaskMessage, batch: NonNullable<TaskMessage["batch"]>): WrittenOutline {
  const again = batch.filter((one) => isSafeItem(message, one)).map(({ item }) => item);
  return written({ order: batch.map(({ item }) => item), again, keepGoing: message.keepGoing });
}

type WrittenOutline = { order: number[]; again: number[]; keepGoing?: boolean };

function written({ order, again, keepGoing }: BatchOutline): WrittenOutline {
  return { order: [...order], again: [...again], ...(keepGoing === undefined ? {} : { keepGoing }) };
}

function keyOf(task: string, attempt: number): string {
  return `${task}/${attempt}`;
}

function apply(entries: Map<string, JournalEntry>, one: JournalRecord): void {
  if ("started" in one) {
    const key = keyOf(one.started, one.attempt);
    const { attempt, safe, order, again = [], keepGoing, resumed = 0 } = one;
    const known = entries.get(key);
    if (known !== undefined) known.resumed = Math.max(known.resumed, resumed);
    else {
      entries.set(key, {
        task: one.started,
        attempt,
        key: one.key,
        safe,
        batch: one.batch ?? null,
        outline: order === undefined ? null : { order, again, keepGoing },
        idle: false,
        resumed,
        items: new Map(),
        ending: undefined,
      });
    }
  } else if ("item" in one) {
    const entry = entries.get(keyOf(one.item, one.attempt));
    if (entry !== undefined && !entry.items.has(one.ending.item)) entry.items.set(one.ending.item, one.ending);
  } else if ("idle" in one) {
    const entry = entries.get(keyOf(one.idle, one.attempt));
    if (entry !== undefined) entry.idle = one.value;
  } else if ("ended" in one) {
    const key = keyOf(one.ended, one.attempt);
    const entry = entries.get(key);
    // What failed before it could begin was never recorded as begun.
    if (entry === undefined) {
      entries.set(key, {
        task: one.ended,
        attempt: one.attempt,
        key: one.ended,
        safe: false,
        batch: null,
        outline: null,
        idle: false,
        resumed: 0,
        items: new Map(),
        ending: one.ending,
      });
    } else entry.ending = one.ending;
  } else entries.delete(keyOf(one.forgotten, one.attempt));
}

function recordsOf(entry: JournalEntry): JournalRecord[] {
  const { task, attempt } = entry;
  return [
    {
      started: task,
      attempt,
      key: entry.key,
      safe: entry.safe,
      ...(entry.batch === null ? {} : { batch: entry.batch }),
      ...(entry.outline === null ? {} : written(entry.outline)),
      ...(entry.resumed === 0 ? {} : { resumed: entry.resumed }),
    },
    ...[...entry.items.values()].map((ending) => ({ item: task, attempt, ending })),
    ...(entry.idle ? [{ idle: task, attempt, value: true }] : []),
    ...(entry.ending === undefined ? [] : [{ ended: task, attempt, ending: entry.ending }]),
  ];
}

/** Returns how many bytes are good. A torn last line was never confirmed to anybody: it is cut off. */
function replay(bytes: Buffer, entries: Map<string, JournalEntry>, path: string): number {
  const end = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, end).toString().split("\n").slice(0, -1);
  for (const [index, line] of lines.entries()) {
    try {
      apply(entries, record.parse(JSON.parse(line)));
    } catch (error) {
      throw new GantryError(JOURNAL_DAMAGED, `line ${index + 1} of ${path} cannot be read`, {
        cause: error,
        where: { file: path, line: index + 1 },
      });
    }
  }
  return end;
}

async function readOrEmpty(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return Buffer.alloc(0);
    throw error;
  }
}

/** What is written is on the disk when the write returns: one errand to the thread pool instead of two for each round. */
const OLD = constants.O_RDWR | constants.O_DSYNC;
const NEW = OLD | constants.O_CREAT | constants.O_TRUNC;

async function openAt(path: string, size: number): Promise<FileHandle> {
  const file = await open(path, size === 0 ? NEW : OLD, 0o600);
  await file.truncate(size);
  await file.datasync();
  await syncFolder(dirname(path));
  return file;
}

/** Returns how many bytes there were. */
async function writeAll(file: FileHandle, text: string, position: number): Promise<number> {
  const size = Buffer.byteLength(text);
  let done = await writeText(file.fd, text, position);
  while (done < size) done += (await file.write(Buffer.from(text), done, size - done, position + done)).bytesWritten;
  return size;
}

/** By its number, as text: a thousand short items wait for a thousand of these, and the handle's own costs three times as much. */
function writeText(file: number, text: string, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    writeTo(file, text, position, "utf8", (error, size) => (error === null ? resolve(size) : reject(error)));
  });
}

import type { Clock } from "../kernel/clock.ts";
import { GantryError, messageOf } from "../kernel/errors.ts";
import type {
  BroughtFile,
  Ending,
  HeldTask,
  LinkSession,
  Module,
  QueryMessage,
  ReliableMessage,
  SessionHandlers,
  SessionLog,
  TaskEnding,
  TaskMessage,
  TaskRef,
} from "../link/index.ts";
import { createStopper, failureOf, interruptedEnding, type Stopper, stoppedEnding } from "./call.ts";
import { EXECUTOR_BUSY, JOURNAL_FAILED } from "./errors.ts";
import type { BatchOutline, Journal, JournalEntry } from "./journal.ts";
import { LEFT } from "./context.ts";
import { LAST_WORDS } from "./output.ts";
import { answerQuery } from "./query.ts";
import { isSafeItem, listEnding } from "./list.ts";
import { createReports, type Reports } from "./reports.ts";
import { runTask } from "./task.ts";

/**
 * What a worker and an agent both are: it takes tasks, does them within the limit of each module, and reports. It promises that a
 * task that is not safe to repeat is never begun twice, whatever crashes, and that every task it took gets a result.
 */

export interface ExecutorOptions {
  readonly modules: readonly Module[];
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: SessionLog;
  /** Where content named by its hash comes from. */
  content(sha256: string, from?: number, size?: number): AsyncIterable<Uint8Array>;
  /** Brings a file to the server. Left out: nobody takes it. */
  bring?(task: string, file: BroughtFile): Promise<void>;
  /** Starts the link with these handlers. */
  startSession(handlers: SessionHandlers, held: () => HeldTask[]): LinkSession;
  /** Called at start for a task that a crash cut off, before it is reported: ends what it left running. `key` as functions saw it. */
  cleanUp?(key: string): Promise<void>;
}

export interface Executor {
  /** Tasks it holds, results not yet acknowledged included. */
  held(): HeldTask[];
  /** Takes nothing more, stops what runs, reports it as interrupted, and ends. */
  stop(): Promise<void>;
}

interface Held {
  readonly message: TaskMessage;
  readonly ref: TaskRef;
  readonly stopper: Stopper;
  phase: HeldTask["phase"];
  grant: PromiseWithResolvers<void>;
  /** Resolves when nothing of it runs any more. */
  over: Promise<void>;
}

const STARTED_ANEW = "the worker or agent was started anew in the middle of a list of which it keeps nothing";
/** Questions answered at the same time. */
const MOST_QUERIES = 64;

export async function startExecutor(options: ExecutorOptions): Promise<Executor> {
  const { journal, log } = options;
  const modules = new Map(options.modules.map((module) => [module.name, module]));
  const held = new Map<string, Held>();
  /** Finished, until the server has the result. */
  const finished = new Map<string, TaskRef>();
  const queues = new Map<string, Held[]>();
  const running = new Map<string, number>();
  let roomAgain = Promise.withResolvers<void>();
  let stopping = false;
  let asked = 0;

  const left = journal.entries();
  await cleanUp(left);
  const session = options.startSession(
    {
      task: take,
      granted(tasks) {
        for (const ref of tasks) ours(ref)?.grant.resolve();
      },
      forget(tasks) {
        for (const ref of tasks) forget(ref);
      },
      cancel(ref) {
        ours(ref)?.stopper.stop("cancelled");
      },
      query(message) {
        void answer(message);
      },
      acknowledged,
      disconnected: moreRoom,
    },
    heldTasks,
  );
  const reports: Reports = createReports(session, journal, options.clock, log);
  // In the same turn as the session's start: what is left must be among what this executor says it holds.
  for (const entry of left) recover(entry);

  function heldTasks(): HeldTask[] {
    return [
      ...[...held.values()].map(({ ref, phase, message }) => ({ ...ref, phase, module: message.module })),
      ...[...finished.values()].map((ref) => ({ ...ref, phase: "finished" as const, module: "" })),
    ];
  }

  function ours(ref: TaskRef): Held | undefined {
    const found = held.get(ref.task);
    return found?.ref.attempt === ref.attempt ? found : undefined;
  }

  function take(message: TaskMessage): void {
    const ref = { task: message.task, attempt: message.attempt };
    const old = held.get(ref.task);
    const done = finished.get(ref.task);
    if (stopping) return;
    // Told twice: it is on its way, or its result is.
    if ((old !== undefined && old.ref.attempt >= ref.attempt) || (done !== undefined && done.attempt >= ref.attempt))
      return;
    if (done !== undefined) forget(done);
    if (old !== undefined) old.stopper.stop("forgotten");
    const one: Held = {
      message,
      ref,
      stopper: createStopper(),
      phase: "queued",
      grant: Promise.withResolvers<void>(),
      over: old?.over ?? Promise.resolve(),
    };
    held.set(ref.task, one);
    queueOf(message.module).push(one);
    pump(message.module);
  }

  function queueOf(module: string): Held[] {
    let queue = queues.get(module);
    if (queue === undefined) {
      queue = [];
      queues.set(module, queue);
    }
    return queue;
  }

  function pump(module: string): void {
    const queue = queueOf(module);
    // A module nobody has fails each of its tasks: no limit is needed for that.
    const limit = modules.get(module)?.limit ?? Number.POSITIVE_INFINITY;
    while (!stopping && queue.length > 0 && (running.get(module) ?? 0) < limit) {
      const one = queue.shift() as Held;
      running.set(module, (running.get(module) ?? 0) + 1);
      const before = one.over;
      one.over = before
        .then(() => run(one))
        .finally(() => {
          running.set(module, (running.get(module) ?? 1) - 1);
          pump(module);
        });
    }
  }

  async function run(one: Held): Promise<void> {
    const { ref, stopper } = one;
    if (stopper.reason !== undefined) return conclude(one, stoppedEnding(stopper.reason));
    one.phase = "started";
    reports.started(ref, !one.message.safeToRepeat);
    try {
      const begun = await begin(one);
      if (begun !== undefined) return conclude(one, begun);
      return conclude(one, await runTask({ ...surroundings(one), done: [], resumed: 0 }));
    } catch (error) {
      return conclude(one, { outcome: "failed", error: failureOf(error) });
    }
  }

  /**
   * What is not safe to repeat begins only when the server says that it is still this executor's, and when the journal knows of it.
   * Returns how it ended if it does not begin.
   */
  async function begin(one: Held): Promise<Ending | typeof LEFT | undefined> {
    const { message, ref, stopper } = one;
    journal.started(message);
    if (message.safeToRepeat) {
      // Only to be found after a crash, so nobody waits for it; a task that is over within this turn is written once.
      setImmediate(() => {
        journal
          .sync()
          .catch((error: unknown) => log.warn({ ...ref, error: messageOf(error) }, "the journal cannot be written"));
      });
      return undefined;
    }
    try {
      await Promise.all([Promise.race([one.grant.promise, aborted(stopper)]), journal.sync()]);
    } catch (error) {
      const failure = failureOf(new GantryError(JOURNAL_FAILED, `the journal cannot be written: ${messageOf(error)}`));
      return { outcome: "failed", error: failure };
    }
    if (stopper.reason === undefined) return undefined;
    if (stopper.reason !== "stopping" || message.batch === null) return neverBegan(stopper);
    journal.idle(ref, true);
    return LEFT;
  }

  function surroundings(one: Held) {
    return {
      modules,
      message: one.message,
      stopper: one.stopper,
      clock: options.clock,
      content: options.content,
      ...(options.bring === undefined ? {} : { bring: options.bring }),
      session,
      journal,
      roomAgain: () => roomAgain.promise,
      ref: one.ref,
      itemEnded: () => reports.itemEnded(one.ref),
    };
  }

  /** The slot is free at once; the report waits for the disk. */
  function conclude(one: Held, ending: Ending | typeof LEFT): void {
    // Still held, and in the journal as begun.
    if (ending === LEFT) return;
    if (held.get(one.ref.task) === one) held.delete(one.ref.task);
    if (one.stopper.reason === "forgotten") journal.forget(one.ref);
    else finish(one.ref, ending);
  }

  function finish(ref: TaskRef, ending: TaskEnding): void {
    finished.set(ref.task, ref);
    reports.ended(ref, ending);
  }

  function forget(ref: TaskRef): void {
    ours(ref)?.stopper.stop("forgotten");
    if (finished.get(ref.task)?.attempt === ref.attempt) finished.delete(ref.task);
    if (ours(ref) === undefined) journal.forget(ref);
  }

  function acknowledged(message: ReliableMessage): void {
    if (message.type === "output") moreRoom();
    if (message.type !== "result") return;
    const ref = { task: message.task, attempt: message.attempt };
    if (finished.get(ref.task)?.attempt === ref.attempt) finished.delete(ref.task);
    journal.forget(ref);
    reports.acknowledged(ref);
  }

  function moreRoom(): void {
    roomAgain.resolve();
    roomAgain = Promise.withResolvers<void>();
  }

  async function answer(message: QueryMessage): Promise<void> {
    if (asked >= MOST_QUERIES) {
      const error = failureOf(new GantryError(EXECUTOR_BUSY, `${asked} questions are being answered already`));
      return session.reply({ type: "reply", query: message.query, error });
    }
    asked += 1;
    const reply = await answerQuery(modules, message, options);
    asked -= 1;
    return session.reply(reply);
  }

  async function cleanUp(entries: readonly JournalEntry[]): Promise<void> {
    for (const { task, attempt, key, ending } of entries) {
      if (ending !== undefined) continue;
      log.warn({ task, attempt }, "a crash cut this task off");
      await options.cleanUp?.(key);
    }
  }

  function recover(entry: JournalEntry): void {
    const ref = { task: entry.task, attempt: entry.attempt };
    if (entry.ending !== undefined) finish(ref, entry.ending);
    else if (entry.batch !== null) goOn(entry, entry.batch);
    // The server gives it out again, and counts: it may be the task itself that ends whoever begins it, before a word of it has left.
    else if (entry.safe) finish(ref, interruptedEnding());
    else if (entry.outline !== null) finish(ref, endOutlined(entry, entry.outline));
    else finish(ref, interruptedEnding());
  }

  /** A list that held secrets: this executor cannot go on with it, but knows how far it came. */
  function endOutlined({ items, idle, task, attempt }: JournalEntry, outline: BatchOutline): TaskEnding {
    const ended = [...items.values()];
    const under = outline.order.find((item) => !items.has(item));
    const isOver = outline.keepGoing === false && ended.some(({ outcome }) => outcome !== "done");
    if (under === undefined || isOver) return listEnding(ended, outline.order.length, undefined);
    if (idle || outline.again.includes(under)) return { ...interruptedEnding(STARTED_ANEW), resumable: true };
    journal.item({ task, attempt }, { item: under, ...interruptedEnding() });
    return interruptedEnding();
  }

  /**
   * A list goes on behind its last finished item. What was under way there is interrupted, unless it may run again. Only what is safe to repeat
   * as a whole goes on at once: the server may have given up the rest meanwhile.
   */
  function goOn(entry: JournalEntry, message: TaskMessage): void {
    const one: Held = {
      message,
      ref: { task: entry.task, attempt: entry.attempt },
      stopper: createStopper(),
      phase: "started",
      grant: Promise.withResolvers<void>(),
      over: Promise.resolve(),
    };
    held.set(entry.task, one);
    const next = message.batch?.find(({ item }) => !entry.items.has(item));
    if (next !== undefined && !entry.idle && !isSafeItem(message, next))
      journal.item(one.ref, { item: next.item, ...interruptedEnding() });
    if (entry.items.size > 0) reports.itemEnded(one.ref);
    one.over = goOnGranted(one, entry);
  }

  async function goOnGranted(one: Held, entry: JournalEntry): Promise<void> {
    const { message, ref, stopper } = one;
    try {
      const isOver = !message.keepGoing && [...entry.items.values()].some(({ outcome }) => outcome !== "done");
      if (!message.safeToRepeat && !isOver) {
        reports.started(ref, true);
        await Promise.race([one.grant.promise, aborted(stopper)]);
      }
      if (entry.idle && stopper.reason === undefined) journal.idle(ref, false);
      const resumed = journal.resumed(ref);
      // The server takes no number of a chunk twice.
      await journal.sync();
      conclude(one, await runTask({ ...surroundings(one), done: [...entry.items.values()], resumed }));
    } catch (error) {
      conclude(one, { outcome: "failed", error: failureOf(error) });
    }
  }

  return {
    held: heldTasks,
    async stop() {
      stopping = true;
      queues.clear();
      const under = [...held.values()].filter(({ phase }) => phase === "started");
      for (const one of under) one.stopper.stop("stopping");
      await Promise.all(under.map(({ over }) => over));
      await reports.settled(LAST_WORDS, options.clock);
      session.close("the executor is stopping");
      for (const module of options.modules) await module.close?.();
      await journal.close();
    },
  };
}

function aborted(stopper: Stopper): Promise<void> {
  return new Promise((resolve) => {
    stopper.signal.addEventListener("abort", () => resolve());
  });
}

/** Stopped before the first step: it is certain that nothing happened. */
function neverBegan(stopper: Stopper): Ending {
  return stoppedEnding(stopper.reason ?? "cancelled");
}

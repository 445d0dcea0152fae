import type { CancelTimer, Clock } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Executor, ItemReport, ItemResult, OutputChunk, TaskRef, TaskResult, TaskService } from "../jobs/index.ts";
import {
  type Ending,
  type ExecutorMessage,
  type HeldTask,
  inPieces,
  type ItemEnding,
  type ReliableMessage,
  type ServerMessage,
} from "../link/index.ts";

/**
 * Takes in what an executor reports of its tasks. What arrives while one round is being committed shares the next: one executor's
 * thousands of small reports become a few commits. Acknowledged is only what is committed.
 */

export interface Receiver {
  take(messages: readonly ExecutorMessage[], bytes: number): void;
  stop(): void;
}

export interface LineCount {
  last: number;
}

export interface ReceiverParts {
  readonly tasks: TaskService;
  readonly clock: Clock;
  readonly lines: LineCount;
  readonly executor: Pick<Executor, "id">;
  write(message: ServerMessage): void;
  /** As far as it is known here. */
  isSafeToRepeat(task: Id): boolean;
  /** Stops and goes on reading from the connection. */
  pause(): void;
  resume(): void;
  held(tasks: readonly HeldTask[]): Promise<void>;
  /** The executor is done with this task. */
  ended(ref: TaskRef): void;
  /** Nothing of this round is acknowledged, and nothing more is taken. */
  failed(error: unknown): void;
}

/** Milliseconds that what nobody waits for waits for more: most verbs have ended by then, and cost one commit. */
const PATIENCE = 100;

/** Bytes of frames that wait for no more, neither for being taken in nor for the word that they were. */
const ENOUGH = 256 * 1024;

/**
 * Milliseconds for which the word that something was taken in may wait for others. Nobody waits for it: the executor keeps that much more, and
 * when thousands report at once, they are all taken in before the first is told so.
 */
const TOLD_WITHIN = 500;

/** Bytes of frames waiting to be taken in, at which reading stops. */
const HIGH_WATER = 8 * 1024 * 1024;

type Report = ReliableMessage | Extract<ExecutorMessage, { type: "held" }>;

export function createReceiver(parts: ReceiverParts): Receiver {
  const { tasks } = parts;
  let queue: Report[] = [];
  const held: HeldTask[] = [];
  let waitingBytes = 0;
  let paused = false;
  let running = false;
  let stopped = false;
  let waiting: CancelTimer | undefined;
  /** Something in the queue is waited for. */
  let urgent = false;
  /** The last message that was taken in and not acknowledged, and how much came since the last word. */
  let takenIn: number | undefined;
  let takenBytes = 0;
  let telling: CancelTimer | undefined;

  /** At once, or when what waits has waited. */
  function runOrWait(): void {
    if (isUrgent()) void run();
    else if (queue.length > 0) waiting ??= parts.clock.after(PATIENCE, () => void run());
  }

  function isUrgent(): boolean {
    return urgent || waitingBytes > ENOUGH;
  }

  /** The executor waits until it may begin, and others for what ended. Nobody waits for a word about what goes on. */
  function isWaitedFor(message: Report): boolean {
    if (message.type === "started") return !message.tasks.every(({ task }) => parts.isSafeToRepeat(task));
    return message.type === "result" || message.type === "held";
  }

  async function run(): Promise<void> {
    waiting?.();
    waiting = undefined;
    running = true;
    try {
      do {
        const round = queue;
        const bytes = waitingBytes;
        queue = [];
        waitingBytes = 0;
        urgent = false;
        if (paused && !stopped) {
          paused = false;
          parts.resume();
        }
        await takeIn(round, bytes);
      } while (isUrgent() || (stopped && queue.length > 0));
    } catch (error) {
      stopped = true;
      parts.failed(error);
    } finally {
      running = false;
    }
    if (!stopped) runOrWait();
  }

  async function takeIn(round: typeof queue, bytes: number): Promise<void> {
    // Only ever the first on a connection; everything else is about what it says.
    for (const message of round) {
      if (message.type !== "held") continue;
      held.push(...message.tasks);
      if (message.more !== true) await parts.held(held.splice(0));
    }
    const reports = round.filter((message) => message.type !== "held");
    const { results, running } = resultsOf(reports);
    const finished = new Set(results.map(keyOf));
    const { executor } = parts;
    const begun = reports.flatMap((message) => (message.type === "started" ? message.tasks : []));
    // What began and ended within one round needs no word of its own about its beginning.
    const started = begun
      .filter((ref) => !finished.has(keyOf(ref)))
      .map((ref) => ({ ...ref, safeToRepeat: parts.isSafeToRepeat(ref.task) }));
    const beginnings = new Set(begun.map(keyOf));
    const output = reports.flatMap((message) => (message.type === "output" ? [chunkOf(message)] : []));
    const lines = reports.flatMap((message) =>
      message.type === "message" && message.sequence > parts.lines.last ? [message] : [],
    );
    const told = results.map((one) => (beginnings.has(keyOf(one)) ? { ...one, began: true } : one));
    const said = { output, messages: lines, items: running, results: told };
    const [answer] = await Promise.all([
      started.length > 0 ? tasks.started(executor, started) : undefined,
      // What ended has ended whatever began meanwhile: neither waits for the other.
      Object.values(said).some((some) => some.length > 0) ? tasks.report(executor, said) : undefined,
    ]);
    parts.lines.last = lines.at(-1)?.sequence ?? parts.lines.last;
    if (stopped) return;
    for (const tasks of inPieces(answer?.granted ?? [])) parts.write({ type: "granted", tasks });
    for (const tasks of inPieces(answer?.refused ?? [])) parts.write({ type: "forget", tasks });
    for (const ref of answer?.refused ?? []) parts.ended(ref);
    const last = reports.at(-1);
    if (last !== undefined) acknowledge(last.sequence, bytes);
    for (const ref of results) parts.ended(ref);
  }

  function acknowledge(sequence: number, bytes: number): void {
    takenIn = sequence;
    takenBytes += bytes;
    if (takenBytes > ENOUGH) tell();
    else telling ??= parts.clock.after(TOLD_WITHIN, tell);
  }

  function tell(): void {
    telling?.();
    telling = undefined;
    takenBytes = 0;
    if (takenIn !== undefined) parts.write({ type: "ack", sequence: takenIn });
    takenIn = undefined;
  }

  /** Results with those of their items, and items of lists that are still running. */
  function resultsOf(reports: readonly ReliableMessage[]): {
    readonly results: readonly TaskResult[];
    readonly running: readonly ItemReport[];
  } {
    const items = new Map<string, ItemReport & { readonly items: ItemResult[] }>();
    const results: TaskResult[] = [];
    for (const message of reports) {
      if (message.type === "items") {
        const { task, attempt } = message;
        const known = items.get(keyOf(message)) ?? { task, attempt, items: [] };
        items.set(keyOf(message), known);
        for (const one of message.items) known.items.push(itemOf(one));
      } else if (message.type === "result") {
        const { task, attempt, resumable } = message;
        const own = items.get(keyOf(message));
        items.delete(keyOf(message));
        results.push({
          task,
          attempt,
          ...endingOf(message),
          ...(own === undefined ? {} : { items: own.items }),
          ...(resumable === undefined ? {} : { resumable }),
        });
      }
    }
    return { results, running: [...items.values()] };
  }

  return {
    take(messages, bytes) {
      if (stopped) return;
      for (const message of messages) {
        if (!("sequence" in message) && message.type !== "held") continue;
        queue.push(message);
        urgent ||= isWaitedFor(message);
      }
      waitingBytes += bytes;
      if (waitingBytes > HIGH_WATER && !paused && running) {
        paused = true;
        parts.pause();
      }
      if (!running) runOrWait();
    },
    stop() {
      stopped = true;
      telling?.();
      // What was heard is taken in, although there is nobody to answer: a task that ends whoever begins it is known to have begun.
      queue = queue.filter((message) => message.type !== "held");
      if (!running && queue.length > 0) void run();
    },
  };
}

function keyOf({ task, attempt }: TaskRef): string {
  return `${task}/${attempt}`;
}

function endingOf({ outcome, value, error }: Ending): Pick<TaskResult, "outcome" | "value" | "error"> {
  const { code, message, details } = error ?? {};
  return {
    outcome,
    ...(outcome === "done" ? { value: value ?? null } : {}),
    ...(message === undefined || code === undefined
      ? {}
      : { error: { message, code, ...(details === undefined ? {} : { details }) } }),
  };
}

function itemOf({ item, startedAt, milliseconds, ...ending }: ItemEnding): ItemResult {
  return {
    item,
    ...endingOf(ending),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(milliseconds === undefined ? {} : { milliseconds }),
  };
}

function chunkOf(message: Extract<ExecutorMessage, { type: "output" }>): OutputChunk {
  const { task, attempt, stream, index, item } = message;
  const data = Buffer.from(message.data, "base64");
  return { task, attempt, stream, sequence: index, data, ...(item === undefined ? {} : { item }) };
}

import type { Clock } from "../kernel/clock.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { Ending, FunctionContext, ItemEnding, ModuleFunction, TaskMessage, TaskRef } from "../link/index.ts";
import { runCall, type Stopper } from "./call.ts";
import { hidingOutput, redactorOf } from "./hiding.ts";
import type { Journal } from "./journal.ts";
import { createTaskOutput, type OutputSession } from "./output.ts";

/** One task from its first step to its last: a single call, or the calls of a batch one after the other. */

export interface TaskRun {
  readonly message: TaskMessage;
  readonly ref: TaskRef;
  readonly wanted: ModuleFunction;
  readonly stopper: Stopper;
  /** Items that ended before a crash. */
  readonly done: readonly ItemEnding[];
  readonly journal: Journal;
  readonly session: OutputSession;
  readonly clock: Clock;
  content(sha256: string): AsyncIterable<Uint8Array>;
  roomAgain(): Promise<void>;
}

/** Never throws. */
export async function runTask(run: TaskRun): Promise<Ending> {
  const { message, ref, stopper, clock } = run;
  const redactor = redactorOf(message);
  const output = hidingOutput(createTaskOutput(run.session, ref, run.roomAgain), redactor);
  /** An ending goes to the disk, too. */
  function hidden<One extends Ending>(ending: One): One {
    return redactor.json(ending as unknown as JsonObject) as unknown as One;
  }
  const context: FunctionContext = {
    key: message.key,
    attempt: message.attempt,
    signal: stopper.signal,
    clock,
    content: run.content,
    output: output.output,
    message: output.message,
    room: output.room,
    ...(message.hide === undefined ? {} : { hiding: () => redactor.stream() }),
  };
  const cancelLimit = stopper.limit(message.timeout, clock);
  try {
    if (message.batch === null) return hidden(await runCall(run.wanted, message.parameters, context, stopper));
    return await runBatch(run, message.batch, context, hidden);
  } finally {
    output.end();
    cancelLimit();
  }
}

/** Milliseconds of calls one after the other before others get a turn. */
const LONGEST_TURN = 20;

async function runBatch(
  run: TaskRun,
  batch: NonNullable<TaskMessage["batch"]>,
  context: FunctionContext,
  hidden: (ending: ItemEnding) => ItemEnding,
): Promise<Ending> {
  const ended = new Map(run.done.map((item) => [item.item, item]));
  let turn = performance.now();
  for (const { item, parameters } of batch) {
    if (ended.has(item)) continue;
    // Calls that never wait would keep everything else waiting: heartbeats, cancels, other tasks.
    if (performance.now() - turn > LONGEST_TURN) {
      await new Promise((resolve) => setImmediate(resolve));
      turn = performance.now();
    }
    const ending = await runCall(
      run.wanted,
      parameters,
      { ...context, key: `${run.message.key}/${item}` },
      run.stopper,
    );
    const itemEnding = hidden({ item, ...ending });
    ended.set(item, itemEnding);
    run.journal.item(run.ref, itemEnding);
    if (ending.outcome !== "done" && (!run.message.keepGoing || run.stopper.reason !== undefined)) break;
    // What may not run twice is on disk as done before the next one begins, so that a crash names the right one.
    if (!run.message.safeToRepeat) await run.journal.sync();
  }
  return batchEnding([...ended.values()], batch.length);
}

/** The task is done when every item is; otherwise it ends as the first of them that did not. */
function batchEnding(items: readonly ItemEnding[], count: number): Ending {
  const bad = items.filter(({ outcome }) => outcome !== "done").sort((a, b) => a.item - b.item)[0];
  if (bad === undefined) return { outcome: "done", value: { items: count } };
  const error = bad.error ?? { code: "function_failed", message: "an item failed" };
  return { outcome: bad.outcome, error: { ...error, details: { ...error.details, item: bad.item } } };
}

import { GantryError, messageOf } from "../kernel/errors.ts";
import type { Ending, ItemEnding, ModuleFunction, TaskMessage } from "../link/index.ts";
import type { Redactor } from "../platform/redaction/index.ts";
import { failureOf, findFunction, runCall, stoppedEnding } from "./call.ts";
import { hidden, LEFT, type TaskRun, withContext } from "./context.ts";
import { JOURNAL_FAILED } from "./errors.ts";
import type { TaskOutput } from "./output.ts";

/**
 * The items of a list, one after the other. The journal knows where the list stands: what is not safe to repeat begins only when all before it is
 * on the disk as ended, and is on the disk as ended before anything else begins, so that a crash names the right one.
 */

export type ListItem = NonNullable<TaskMessage["batch"]>[number];

/** May run again when nobody knows whether it had run. */
export function isSafeItem(message: TaskMessage, { safeToRepeat }: ListItem): boolean {
  return safeToRepeat ?? message.safeToRepeat;
}

/** Milliseconds of calls one after the other before others get a turn. */
const LONGEST_TURN = 20;

export async function runList(
  run: TaskRun,
  batch: readonly ListItem[],
  output: TaskOutput,
  redactor: Redactor,
): Promise<Ending | typeof LEFT> {
  const { message, stopper, journal } = run;
  const ended = new Map(run.done.map((item) => [item.item, item]));
  let bad = run.done.some(({ outcome }) => outcome !== "done");
  let onDisk = false;
  let turn = performance.now();

  async function sync(): Promise<void> {
    if (onDisk) return;
    try {
      await journal.sync();
    } catch (error) {
      throw new GantryError(JOURNAL_FAILED, `the journal cannot be written: ${messageOf(error)}`);
    }
    onDisk = true;
  }

  function note(item: ItemEnding): void {
    ended.set(item.item, item);
    bad ||= item.outcome !== "done";
    journal.item(run.ref, item);
    onDisk = false;
    run.itemEnded();
  }

  for (const one of batch) {
    if (ended.has(one.item)) continue;
    if (stopper.reason !== undefined || (bad && !message.keepGoing)) break;
    // Calls that never wait would keep everything else waiting: heartbeats, cancels, other tasks.
    if (performance.now() - turn > LONGEST_TURN) {
      await new Promise((resolve) => setImmediate(resolve));
      turn = performance.now();
    }
    const wanted = foundOf(run, one);
    if (!("run" in wanted)) {
      note({ item: one.item, ...wanted });
      continue;
    }
    const safe = isSafeItem(message, one);
    if (!safe || wanted.survivesRestart === true) await sync();
    if (wanted.survivesRestart === true) {
      // What was written is kept in memory alone, and a node that reboots may lose its network before its agent is asked to stop.
      await output.arrived(run.clock);
      if (run.stopper.reason !== undefined) break;
    }
    const startedAt = run.clock.now();
    const began = performance.now();
    const ending = await withContext(run, output, redactor, one.item, (context) =>
      runCall(wanted, one.parameters, context, stopper),
    );
    // It begins again at the next start.
    if (stopper.reason === "stopping" && safe && ending.outcome !== "done") return LEFT;
    const took = Math.round((performance.now() - began) * 10) / 10;
    note({ item: one.item, ...hidden(redactor, ending), startedAt, milliseconds: took });
    if (!safe) await sync();
  }
  if (stopper.reason === "stopping" && ended.size < batch.length && (message.keepGoing || !bad)) {
    journal.idle(run.ref, true);
    return LEFT;
  }
  return listEnding([...ended.values()], batch.length, stopper.reason);
}

/** An item that names nothing this executor can do fails by itself. */
function foundOf({ modules, message }: TaskRun, item: ListItem): ModuleFunction | Ending {
  try {
    return findFunction(modules, message.module, item.function ?? message.function);
  } catch (error) {
    return { outcome: "failed", error: failureOf(error) };
  }
}

/** The list is done when every item is; otherwise it ends as the first of them that did not. */
export function listEnding(
  items: readonly ItemEnding[],
  count: number,
  reason: Parameters<typeof stoppedEnding>[0] | undefined,
): Ending {
  const bad = items.filter(({ outcome }) => outcome !== "done").sort((a, b) => a.item - b.item)[0];
  if (bad === undefined) {
    if (reason !== undefined && items.length < count) return stoppedEnding(reason);
    return { outcome: "done", value: { items: count } };
  }
  const error = bad.error ?? { code: "function_failed", message: "an item failed" };
  return { outcome: bad.outcome, error: { ...error, details: { ...error.details, item: bad.item } } };
}

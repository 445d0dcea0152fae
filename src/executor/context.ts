import type { Clock } from "../kernel/clock.ts";
import type { JsonObject } from "../kernel/json.ts";
import type { BroughtFile, Ending, FunctionContext, ItemEnding, Module, TaskMessage, TaskRef } from "../link/index.ts";
import type { RedactedStream, Redactor } from "../platform/redaction/index.ts";
import type { Stopper } from "./call.ts";
import { hidingOutput } from "./hiding.ts";
import type { Journal } from "./journal.ts";
import type { OutputSession, TaskOutput } from "./output.ts";

export interface TaskRun {
  readonly modules: ReadonlyMap<string, Module>;
  readonly message: TaskMessage;
  readonly ref: TaskRef;
  readonly stopper: Stopper;
  /** Items that ended before a crash. */
  readonly done: readonly ItemEnding[];
  /** How often it was gone on with after another start of the executor. */
  readonly resumed: number;
  readonly journal: Journal;
  readonly session: OutputSession;
  readonly clock: Clock;
  content(sha256: string, from?: number, size?: number): AsyncIterable<Uint8Array>;
  bring?(task: string, file: BroughtFile): Promise<void>;
  roomAgain(): Promise<void>;
  /** An item of a list ended, and the journal knows of it. */
  itemEnded(): void;
}

/** What a call leaves to the next start of this executor: it goes on there. */
export const LEFT = Symbol("left");

/** An ending goes to the disk, too. */
export function hidden<One extends Ending>(redactor: Redactor, ending: One): One {
  return redactor.json(ending as unknown as JsonObject) as unknown as One;
}

/** What one call sees of the world. Nothing of its output is held back when this resolves. */
export async function withContext<Result>(
  run: TaskRun,
  output: TaskOutput,
  redactor: Redactor,
  item: number | undefined,
  work: (context: FunctionContext) => Promise<Result>,
): Promise<Result> {
  const { message } = run;
  const own = hidingOutput(output, redactor, item);
  try {
    return await work({
      key: item === undefined ? message.key : `${message.key}/${item}`,
      attempt: message.attempt,
      ...(item === undefined ? {} : { item }),
      ...(message.shared === undefined ? {} : { shared: message.shared }),
      signal: run.stopper.signal,
      clock: run.clock,
      content: run.content,
      ...(run.bring === undefined ? {} : { bring: (file: BroughtFile) => run.bring!(run.ref.task, file) }),
      output: own.output,
      message: own.message,
      room: own.room,
      ...(message.hide === undefined ? {} : { hiding: (): RedactedStream => redactor.stream() }),
    });
  } finally {
    own.end();
  }
}

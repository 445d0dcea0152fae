import type { RedactedStream, Redactor } from "../platform/redaction/index.ts";
import type { OutputChunk, TaskRef } from "./task-model.ts";

/**
 * Takes values of secrets out of what tasks write, also where a value begins in one chunk and ends in another. What may be the beginning
 * of one waits in memory for the task's next chunk, or its end.
 */
export interface RedactedOutput {
  /** The same chunks, in the same order. One that was taken before is left out. */
  take(chunks: readonly OutputChunk[]): readonly OutputChunk[];
  /** What still waits of tasks that ended, as chunks behind their last ones. */
  end(tasks: readonly TaskRef[]): readonly OutputChunk[];
}

interface Waiting {
  last: number;
  readonly streams: Map<OutputChunk["stream"], RedactedStream>;
}

/** Tasks whose output waits at the same time; those that wait longest give theirs up. */
const MOST_WAITING = 10_000;

export function createRedactedOutput(redactor: Redactor): RedactedOutput {
  /** Only of tasks of which something waits. */
  const waiting = new Map<string, Waiting>();

  function takeOne(chunk: OutputChunk): OutputChunk | undefined {
    const key = `${chunk.task}/${chunk.attempt}`;
    const one = waiting.get(key) ?? { last: -1, streams: new Map<OutputChunk["stream"], RedactedStream>() };
    if (chunk.sequence <= one.last) return undefined;
    one.last = chunk.sequence;
    const stream = one.streams.get(chunk.stream) ?? redactor.stream();
    const data = stream.push(chunk.data);
    if (stream.held > 0) one.streams.set(chunk.stream, stream);
    else one.streams.delete(chunk.stream);
    waiting.delete(key);
    if (one.streams.size > 0) waiting.set(key, one);
    if (waiting.size > MOST_WAITING) waiting.delete(waiting.keys().next().value!);
    return data === chunk.data ? chunk : { ...chunk, data };
  }

  return {
    take: (chunks) => chunks.flatMap((chunk) => takeOne(chunk) ?? []),
    end: (tasks) =>
      tasks.flatMap(({ task, attempt }) => {
        const key = `${task}/${attempt}`;
        const one = waiting.get(key);
        waiting.delete(key);
        return [...(one?.streams ?? [])].map(([stream, held], index) => ({
          task,
          attempt,
          stream,
          sequence: one!.last + 1 + index,
          data: held.end(),
        }));
      }),
  };
}

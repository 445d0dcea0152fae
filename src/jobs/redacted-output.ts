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
  readonly streams: Map<OutputChunk["stream"], { readonly held: RedactedStream; readonly item: number | undefined }>;
}

/** Tasks whose output waits at the same time; those that wait longest give theirs up. */
const MOST_WAITING = 10_000;

export function createRedactedOutput(redactor: Redactor): RedactedOutput {
  /** Only of tasks of which something waits. */
  const waiting = new Map<string, Waiting>();

  function takeOne(chunk: OutputChunk): readonly OutputChunk[] {
    const key = `${chunk.task}/${chunk.attempt}`;
    const one: Waiting = waiting.get(key) ?? { last: -1, streams: new Map() };
    if (chunk.sequence <= one.last) return [];
    one.last = chunk.sequence;
    const before = one.streams.get(chunk.stream);
    // What another item of a list wrote is not the beginning of what this one writes. Between two chunks there is room for its rest.
    const over = before !== undefined && before.item !== chunk.item;
    const rest = over ? [withData({ ...chunk, sequence: chunk.sequence - 0.5 }, before.held.end(), before.item)] : [];
    const stream = before === undefined || over ? redactor.stream() : before.held;
    const data = stream.push(chunk.data);
    if (stream.held > 0) one.streams.set(chunk.stream, { held: stream, item: chunk.item });
    else one.streams.delete(chunk.stream);
    waiting.delete(key);
    if (one.streams.size > 0) waiting.set(key, one);
    if (waiting.size > MOST_WAITING) waiting.delete(waiting.keys().next().value!);
    return [...rest, data === chunk.data ? chunk : { ...chunk, data }];
  }

  return {
    take: (chunks) => chunks.flatMap(takeOne),
    end: (tasks) =>
      tasks.flatMap(({ task, attempt }) => {
        const key = `${task}/${attempt}`;
        const one = waiting.get(key);
        waiting.delete(key);
        return [...(one?.streams ?? [])].map(([stream, { held, item }], index) =>
          withData({ task, attempt, stream, sequence: one!.last + 1 + index }, held.end(), item),
        );
      }),
  };
}

function withData(chunk: Omit<OutputChunk, "data" | "item">, data: Uint8Array, item: number | undefined): OutputChunk {
  const { task, attempt, stream, sequence } = chunk;
  return { task, attempt, stream, sequence, data, ...(item === undefined ? {} : { item }) };
}

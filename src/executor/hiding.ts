import type { OutputStream, TaskMessage } from "../link/index.ts";
import { openedSecrets, type RedactedStream, type Redactor } from "../platform/redaction/index.ts";
import type { TaskOutput } from "./output.ts";

/**
 * What takes secrets out of what a task writes and answers, before it reaches the disk or the link. It knows those that this task was given,
 * and those that tasks before it were given: what one of them left on the node, another may print.
 */
export function redactorOf({ hide = [] }: TaskMessage): Redactor {
  for (const { name, value } of hide) openedSecrets.add(name, Buffer.from(value, "base64"));
  return openedSecrets;
}

export interface HidingOutput extends Pick<TaskOutput, "message" | "room"> {
  output(stream: OutputStream, chunk: Uint8Array): void;
  /** Sends what was held back: nothing follows. */
  end(): void;
}

/** Of one call. `item`: its number in a batch. */
export function hidingOutput(output: TaskOutput, redactor: Redactor, item?: number): HidingOutput {
  const streams: Partial<Record<OutputStream, RedactedStream>> = {};

  function pass(stream: OutputStream, bytes: Uint8Array): void {
    if (bytes.length > 0) output.output(stream, bytes, item);
  }

  return {
    output(stream, chunk) {
      pass(stream, (streams[stream] ??= redactor.stream()).push(chunk));
    },
    message: (text) => output.message(redactor.text(text)),
    room: output.room,
    end() {
      if (streams.stdout !== undefined) pass("stdout", streams.stdout.end());
      if (streams.stderr !== undefined) pass("stderr", streams.stderr.end());
    },
  };
}

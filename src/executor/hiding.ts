import type { OutputStream, TaskMessage } from "../link/index.ts";
import { createRedactor, openedSecrets, type RedactedStream, type Redactor } from "../platform/redaction/index.ts";
import type { TaskOutput } from "./output.ts";

/** What takes the secrets a task was given out of what it writes and answers, before it reaches the disk or the link; undefined: it has none. */
export function redactorOf({ hide }: TaskMessage): Redactor | undefined {
  if (hide === undefined || hide.length === 0) return undefined;
  const redactor = createRedactor();
  for (const { name, value } of hide) {
    redactor.add(name, Buffer.from(value, "base64"));
    // For the log of this process.
    openedSecrets.add(name, Buffer.from(value, "base64"));
  }
  return redactor;
}

export interface HidingOutput extends TaskOutput {
  /** Sends what was held back: nothing follows. */
  end(): void;
}

export function hidingOutput(output: TaskOutput, redactor: Redactor): HidingOutput {
  const streams: Record<OutputStream, RedactedStream> = { stdout: redactor.stream(), stderr: redactor.stream() };

  function pass(stream: OutputStream, bytes: Uint8Array): void {
    if (bytes.length > 0) output.output(stream, bytes);
  }

  return {
    output: (stream, chunk) => pass(stream, streams[stream].push(chunk)),
    message: (text) => output.message(redactor.text(text)),
    room: output.room,
    end() {
      for (const stream of ["stdout", "stderr"] as const) pass(stream, streams[stream].end());
    },
  };
}

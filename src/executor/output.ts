import type { Clock } from "../kernel/clock.ts";
import type { LinkSession, OutputStream, TaskRef } from "../link/index.ts";
import { OUTPUT_CHUNK } from "../link/index.ts";

/** Live output of one attempt of a task, on its way to the server. */
export interface TaskOutput {
  /** `item`: of a batch, who wrote it. */
  output(stream: OutputStream, chunk: Uint8Array, item?: number): void;
  message(text: string): void;
  /** Undefined: there is room. */
  room(): Promise<void> | undefined;
  /** Resolves when the server has what was written, or is away, or takes too long. */
  arrived(clock: Pick<Clock, "after">): Promise<void>;
}

export type OutputSession = Pick<LinkSession, "send" | "unacknowledgedOutput" | "connected">;

/** Base64 bytes the server has not acknowledged: more waits while connected… */
const HIGH_WATER = 4 * 1024 * 1024;
/** …and is left out while not. */
const MOST_KEPT = 16 * 1024 * 1024;
const MESSAGE_LENGTH = 10_000;
/** Milliseconds to get what was said to the server before this executor ends, or something that may end it begins. */
export const LAST_WORDS = 3000;
/** Numbers of chunks for each time that a task is gone on with: more than one start of an executor writes. */
const NUMBERS = 2 ** 32;

/** @param resumed how often the attempt was gone on with: nobody knows any more how many chunks were sent before */
export function createTaskOutput(
  session: OutputSession,
  ref: TaskRef,
  roomAgain: () => Promise<void>,
  resumed: number,
): TaskOutput {
  let index = resumed * NUMBERS;
  let leftOut = 0;

  function send(stream: OutputStream, data: Uint8Array, item: number | undefined): void {
    const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
    const of = item === undefined ? {} : { item };
    session.send({ type: "output", task: ref.task, attempt: ref.attempt, stream, index, data: base64, ...of }, true);
    index += 1;
  }

  function isFull(): boolean {
    return session.connected && session.unacknowledgedOutput() > HIGH_WATER;
  }

  async function untilRoom(): Promise<void> {
    while (isFull()) await roomAgain();
  }

  return {
    output(stream, chunk, item) {
      for (let at = 0; at < chunk.length; at += OUTPUT_CHUNK) {
        const piece = chunk.subarray(at, at + OUTPUT_CHUNK);
        if (session.unacknowledgedOutput() > MOST_KEPT) {
          leftOut += piece.length;
          continue;
        }
        if (leftOut > 0) {
          send("stderr", Buffer.from(`\n[${leftOut} bytes of output left out: the server was away]\n`), item);
          leftOut = 0;
        }
        send(stream, piece, item);
      }
    },
    message(text) {
      session.send({ type: "message", task: ref.task, attempt: ref.attempt, text: text.slice(0, MESSAGE_LENGTH) });
    },
    room: () => (isFull() ? untilRoom() : undefined),
    async arrived(clock) {
      let late = false;
      const time = Promise.withResolvers<void>();
      const cancel = clock.after(LAST_WORDS, () => {
        late = true;
        time.resolve();
      });
      while (session.connected && session.unacknowledgedOutput() > 0 && !late)
        await Promise.race([roomAgain(), time.promise]);
      cancel();
    },
  };
}

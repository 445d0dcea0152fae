import { createTail } from "../executor/index.ts";
import type { FunctionContext, OutputStream } from "../link/index.ts";

/** What a verb has written: the end of each stream, with secrets taken out. */
export interface Said {
  /** At most the last `bytes` of a stream, or as much as is kept. */
  text(stream: OutputStream, bytes?: number): string;
  /** Something in front of a stream was dropped. */
  cut(stream: OutputStream): boolean;
}

export interface Listening extends Said {
  push(stream: OutputStream, chunk: Uint8Array): void;
  /** Nothing comes any more. Harmless when said twice. */
  end(): void;
}

/** Bytes of each stream that are kept. */
const KEPT_BYTES = 256 * 1024;

export function listen(context: Pick<FunctionContext, "hiding">): Listening {
  // Made when something is written: most write to one of them, many to none.
  const streams: Partial<Record<OutputStream, ReturnType<typeof createStream>>> = {};
  return {
    push: (stream, chunk) => (streams[stream] ??= createStream(context)).push(chunk),
    end() {
      streams.stdout?.end();
      streams.stderr?.end();
    },
    text: (stream, bytes = KEPT_BYTES) => streams[stream]?.tail.text(bytes) ?? "",
    cut: (stream) => streams[stream]?.tail.cut ?? false,
  };
}

function createStream(context: Pick<FunctionContext, "hiding">) {
  const tail = createTail(KEPT_BYTES);
  // A secret must not be cut in two by what is kept of the output: its half would not be known any more.
  let hiding = context.hiding?.();
  return {
    tail,
    push: (chunk: Uint8Array) => tail.push(hiding?.push(chunk) ?? chunk),
    end() {
      if (hiding !== undefined) tail.push(hiding.end());
      hiding = undefined;
    },
  };
}
